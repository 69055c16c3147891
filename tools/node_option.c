#include "node_option.h"

#include "node_ask.h"

#include <stdio.h>

enum { WITHIN_MS = 5000 };

json_t *node_get(const struct cli *cli, const char *path)
{
	const char *place = cli_get(cli, "http");
	char base[300], why[HTTP_CLIENT_WHY_MAX];
	json_t *answer;

	snprintf(base, sizeof base, "http://%s", place != NULL ? place : "127.0.0.1:8888");
	answer = node_ask_json(base, path, (long)cli_time(cli, "timeout", WITHIN_MS), why);
	if (answer == NULL)
		cli_fail("%s", why);
	return answer;
}
