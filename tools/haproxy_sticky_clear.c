/* anyportctl haproxy sticky clear - lets clients go where balancing sends them. */
#include "commands.h"
#include "sticky_places.h"
#include "table.h"

#include <string.h>

/* What is to be cleared: a key, what leads to a server, or all. */
struct target {
	const char *key, *server;
};

static bool matches(const struct stick_place *place, const struct table_entry *e,
		    const struct target *t)
{
	const char *node = stick_node(place->seen, e);

	return t->server == NULL || (node != NULL && strcmp(node, t->server) == 0);
}

static bool count(const struct stick_place *place, const struct target *t, json_int_t *n,
		  char why[RUNTIME_WHY_MAX])
{
	struct stick_tables tables;

	*n = 0;
	if (!stick_read(place, t->key, &tables, why))
		return false;
	for (size_t i = 0; i < tables.entry_count; i++)
		*n += matches(place, &tables.entries[i], t);
	show_table_free(&tables);
	return true;
}

static bool clear(const struct stick_place *place, const struct target *t,
		  char why[RUNTIME_WHY_MAX])
{
	if (t->key != NULL)
		return stick_clear_key(place, t->key, why);
	if (t->server != NULL)
		return stick_clear_server(place, t->server, why);
	return stick_clear_all(place, why);
}

/* {"balancer", "cleared", "left", "why"}; whether nothing is left. */
static bool clear_one(const struct stick_place *place, const struct target *t, json_t *rows)
{
	char why[RUNTIME_WHY_MAX] = "", late[RUNTIME_WHY_MAX];
	json_int_t before = 0, after = 0;
	bool good = count(place, t, &before, why) && clear(place, t, why);
	json_t *row;

	if (!count(place, t, &after, late) && good) {
		good = false;
		memcpy(why, late, sizeof why);
	}
	if (good && after > 0)
		snprintf(why, sizeof why, "connections track them, or they came back meanwhile");
	row = json_pack("{s:s s:I s:I}", "balancer", place->seen->balancer->name, "cleared",
			before > after ? before - after : 0, "left", after);
	if (why[0] != '\0')
		json_object_set_new(row, "why", json_string(why));
	json_array_append_new(rows, row);
	return good && after == 0;
}

static int clear_all(const struct cli *cli, const struct sticky_places *places,
		     const struct target *t)
{
	static const struct table_column columns[] = {
		{ "balancer", "BALANCER", TABLE_TEXT },
		{ "cleared", "CLEARED", TABLE_NUMBER },
		{ "left", "LEFT", TABLE_NUMBER },
		{ "why", "BECAUSE", TABLE_TEXT },
	};
	json_t *rows = json_array();
	bool good = true;

	for (size_t i = 0; i < places->count; i++)
		good &= clear_one(&places->list[i], t, rows);
	if (cli_json(cli))
		table_print_json(stdout, rows);
	else
		table_print(stdout, columns, ARRAY_LEN(columns), rows);
	json_decref(rows);
	return good ? EXIT_DONE : EXIT_FINDINGS;
}

static int check_target(const struct cli *cli, const struct target *t)
{
	int given = (t->key != NULL) + (t->server != NULL) + cli_flag(cli, "all");

	if (given != 1)
		return cli_usage_error(cli, "say what to clear: one of --key, --server and --all");
	if (cli_flag(cli, "all") && !cli_flag(cli, "yes"))
		return cli_usage_error(cli,
				       "--all makes every client change its node, most likely: "
				       "add --yes if that is meant");
	return EXIT_DONE;
}

static int run(struct cli *cli)
{
	struct target t = { cli_get(cli, "key"), cli_get(cli, "server") };
	struct sticky_places places;
	int status = check_target(cli, &t);

	if (status != EXIT_DONE)
		return status;
	status = sticky_places_find(&places, cli);
	if (status == EXIT_DONE && t.server != NULL && !sticky_places_have(&places, t.server))
		status = EXIT_FINDINGS;
	if (status == EXIT_DONE)
		status = clear_all(cli, &places, &t);
	sticky_places_free(&places);
	return status;
}

static const struct cli_option options[] = {
	STICKY_OPTIONS,
	{ "key", 'k', CLI_TEXT, "KEY", .what = "the entry with that key" },
	{ "server", 0, CLI_TEXT, "NODE", .what = "those that lead to that node" },
	{ "all", .what = "every entry; needs --yes" },
	{ "yes", 'y', .what = "it is meant" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy sticky clear -s lb1=10.0.0.11:9999 -s lb2=10.0.0.12:9999 --key orders",
	  "let that client go elsewhere, on both of a pair" },
	{ "anyportctl haproxy sticky clear -c /etc/haproxy/haproxy.cfg --server n1",
	  "those that came to n1 while the others were down" },
	{ 0 },
};

const struct cli_command haproxy_sticky_clear_command = {
	.words = "haproxy sticky clear",
	.json = true,
	.what = "forget where clients stick",
	.about =
		"Clears entries of the stick table on every load balancer: peers tell one another what "
		"is set and not what is cleared.  Open connections stay where they are; the client's "
		"next one goes where balancing sends it.  Entries that connections track are left, as "
		"HAProxy refuses to clear them; the exit status is 1 then.",
	.options = options,
	.examples = examples,
	.run = run,
};
