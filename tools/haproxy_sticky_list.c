/* anyportctl haproxy sticky list - which client sticks to which node. */
#include "commands.h"
#include "sticky_places.h"
#include "table.h"

#include "simulate/simulate.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

struct listing {
	const struct cli *cli;
	json_t *entries, *nodes;
	double *of_node; /* entries of each server, of one load balancer */
};

static json_t *entry_json(const struct stick_place *place, const struct table_entry *e,
			  const char *node)
{
	json_t *row = json_pack("{s:o s:s s:s? s:b}", "key", sticky_places_key(e->key), "balancer",
				place->seen->balancer->name, "node", node, "in_use", e->uses > 0);

	if (e->expires_ms >= 0)
		json_object_set_new(row, "expires", json_real((double)e->expires_ms / 1000));
	if (e->conn_cur >= 0)
		json_object_set_new(row, "connections", json_integer(e->conn_cur));
	return row;
}

static void add_counts(struct listing *l, const struct stick_place *place, double total)
{
	for (size_t i = 0; i < place->seen->server_count; i++) {
		double n = l->of_node[i];

		json_array_append_new(l->nodes,
				      json_pack("{s:s s:s s:I s:f}", "node",
						place->seen->servers[i].row->server, "balancer",
						place->seen->balancer->name, "entries",
						(json_int_t)n, "share", total > 0 ? n / total : 0));
	}
}

static void add_entries(struct listing *l, const struct stick_place *place,
			const struct stick_tables *tables)
{
	const char *wanted = cli_get(l->cli, "server");
	double total = 0;

	for (size_t i = 0; i < tables->entry_count; i++) {
		const struct table_entry *e = &tables->entries[i];
		const char *node = stick_node(place->seen, e);

		if (wanted != NULL && (node == NULL || strcmp(node, wanted) != 0))
			continue;
		total++;
		if (node != NULL)
			l->of_node[observe_find(place->seen, node) - place->seen->servers]++;
		if (!cli_flag(l->cli, "counts"))
			json_array_append_new(l->entries, entry_json(place, e, node));
	}
	add_counts(l, place, total);
}

static bool list_one(struct listing *l, const struct stick_place *place)
{
	struct stick_tables tables;
	char why[RUNTIME_WHY_MAX];

	if (!stick_read(place, cli_get(l->cli, "key"), &tables, why))
		return cli_fail("%s", why) == EXIT_DONE;
	l->of_node = mem_zalloc((place->seen->server_count + 1) * sizeof *l->of_node);
	add_entries(l, place, &tables);
	free(l->of_node);
	show_table_free(&tables);
	return true;
}

/* A terminal shows nothing odd. */
static void print_entries(json_t *rows)
{
	static const struct table_column columns[] = {
		{ "key", "KEY", TABLE_TEXT },
		{ "balancer", "BALANCER", TABLE_TEXT },
		{ "node", "NODE", TABLE_TEXT },
		{ "in_use", "IN USE", TABLE_TEXT },
		{ "expires", "EXPIRES IN", TABLE_SECONDS },
		{ "connections", "CONNECTIONS", TABLE_NUMBER },
	};
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		char *key = mem_strdup(json_string_value(json_object_get(row, "key")));

		for (char *c = key; *c != '\0'; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				*c = '?';
		json_object_set_new(row, "key", json_string(key));
		free(key);
	}
	if (json_array_size(rows) > 0) {
		table_print(stdout, columns, ARRAY_LEN(columns), rows);
		putchar('\n');
	}
}

static void print_counts(const json_t *rows)
{
	static const struct table_column columns[] = {
		{ "node", "NODE", TABLE_TEXT },
		{ "balancer", "BALANCER", TABLE_TEXT },
		{ "entries", "ENTRIES", TABLE_NUMBER },
		{ "share", "SHARE", TABLE_PERCENT },
	};

	table_print(stdout, columns, ARRAY_LEN(columns), rows);
}

static int list_all(const struct cli *cli, const struct sticky_places *places)
{
	struct listing l = { .cli = cli, .entries = json_array(), .nodes = json_array() };
	bool good = cli_get(cli, "server") == NULL ||
		    sticky_places_have(places, cli_get(cli, "server"));

	for (size_t i = 0; good && i < places->count; i++)
		good = list_one(&l, &places->list[i]);
	if (good && cli_json(cli)) {
		json_t *all = json_pack("{s:O s:O}", "entries", l.entries, "nodes", l.nodes);

		table_print_json(stdout, all);
		json_decref(all);
	} else if (good) {
		print_entries(l.entries);
		print_counts(l.nodes);
	}
	json_decref(l.entries);
	json_decref(l.nodes);
	return good ? EXIT_DONE : EXIT_FINDINGS;
}

static int run(struct cli *cli)
{
	struct sticky_places places;
	int status = sticky_places_find(&places, cli);

	if (status == EXIT_DONE)
		status = list_all(cli, &places);
	sticky_places_free(&places);
	return status;
}

static const struct cli_option options[] = {
	STICKY_OPTIONS,
	{ "key", 'k', CLI_TEXT, "KEY", .what = "this entry only" },
	{ "server", 0, CLI_TEXT, "NODE", .what = "those of this node only" },
	{ "counts", .what = "only how many each node has" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy sticky list -c /etc/haproxy/haproxy.cfg --counts",
	  "how evenly clients are spread" },
	{ "anyportctl haproxy sticky list -s lb1=10.0.0.11:9999 -s lb2=10.0.0.12:9999 --key orders",
	  "whether both send that client to the same node" },
	{ 0 },
};

const struct cli_command haproxy_sticky_list_command = {
	.words = "haproxy sticky list",
	.json = true,
	.what = "show which client sticks to which node",
	.about =
		"Shows the entries of the stick table on each load balancer: the key, the node it "
		"leads to, whether connections track it now (it can't be cleared then), and when it "
		"goes; then how many each node has.",
	.options = options,
	.examples = examples,
	.run = run,
};
