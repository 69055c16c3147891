/* anyportctl user list - who may log in at the gateway; and what all user commands have in common. */
#include "commands.h"
#include "table.h"
#include "user.h"

#include <stdlib.h>

const char *user_file_of(const struct cli *cli)
{
	const char *path = cli_get(cli, "users");

	if (path == NULL)
		path = getenv("GATEWAY_USERS");
	if (path == NULL || *path == '\0') {
		cli_usage_error(cli, "--users FILE is missing: the file that gateway.users names");
		return NULL;
	}
	return path;
}

bool user_is_name(const struct cli *cli, const char *name)
{
	if (users_file_is_name(name))
		return true;
	cli_usage_error(cli, "a name is 1 to %d bytes without control characters",
			USERS_FILE_NAME_MAX);
	return false;
}

static json_t *rows_of(const struct users_file *f)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < f->count; i++) {
		const struct users_file_row *r = &f->rows[i];
		json_t *row = json_pack("{s:s, s:s, s:i, s:b}", "name", r->name, "mechanism",
					r->mechanism, "iterations", r->iterations, "kafka",
					r->is_kafkas);

		if (row != NULL) /* else the name is no UTF-8 */
			json_array_append_new(rows, row);
	}
	return rows;
}

static int run(struct cli *cli)
{
	static const struct table_column columns[] = {
		{ "name", "NAME", TABLE_TEXT },
		{ "mechanism", "MECHANISM", TABLE_TEXT },
		{ "iterations", "ITERATIONS", TABLE_NUMBER },
		{ "kafka", "KAFKA'S TOO", TABLE_TEXT },
	};
	const char *path = user_file_of(cli);
	char why[USERS_FILE_WHY_MAX];
	struct users_file *f;
	json_t *rows;

	if (path == NULL)
		return EXIT_USAGE;
	f = users_file_read(path, why);
	if (f == NULL)
		return cli_fail("%s", why);
	rows = rows_of(f);
	if (cli_json(cli))
		table_print_json(stdout, rows);
	else
		table_print(stdout, columns, ARRAY_LEN(columns), rows);
	json_decref(rows);
	users_file_free(f);
	return EXIT_DONE;
}

static const struct cli_option options[] = { USERS_OPTION, { 0 } };

static const struct cli_example examples[] = {
	{ "anyportctl user list -u /etc/anyport/users.conf", "whom the nodes let in" },
	{ 0 },
};

const struct cli_command user_list_command = {
	.words = "user list",
	.json = true,
	.what = "who may log in at the gateway",
	.about =
		"A line for each user and mechanism.  Whose credential at the brokers is the same is carried "
		"there as itself; others are whom gateway.identity_map says, or, where "
		"gateway.clients_act_as_gateway is true, the gateway.",
	.options = options,
	.examples = examples,
	.run = run,
};
