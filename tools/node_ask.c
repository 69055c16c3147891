#include "node_ask.h"

#include "config/config.h"
#include "util/mem.h"

#include <stdlib.h>

/* NULL: the environment has none.  Caller frees. */
static char *token(void)
{
	struct config *http = config_load_part("gateway.http_", stderr);
	struct config *metrics = config_load_part("gateway.metrics_", stderr);
	const char *found = NULL;
	char *copy;

	if (metrics != NULL)
		found = metrics->metrics_token;
	if (http != NULL && http->http_token != NULL)
		found = http->http_token;
	if (http != NULL && http->http_read_token != NULL)
		found = http->http_read_token;
	copy = found != NULL ? mem_strdup(found) : NULL;
	config_free(http);
	config_free(metrics);
	return copy;
}

bool node_ask(const char *url, long timeout_ms, struct http_answer *answer,
	      char why[HTTP_CLIENT_WHY_MAX])
{
	char *own = token();
	const struct http_extra extra = { .token = own };
	bool good = http_ask("GET", url, &extra, timeout_ms, answer, why);

	free(own);
	return good;
}

json_t *node_ask_json(const char *base, const char *path, long timeout_ms,
		      char why[HTTP_CLIENT_WHY_MAX])
{
	char *own = token();
	const struct http_extra extra = { .token = own };
	json_t *answer = http_get_json(base, path, &extra, timeout_ms, why);

	free(own);
	return answer;
}
