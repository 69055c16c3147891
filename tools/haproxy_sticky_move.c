/* anyportctl haproxy sticky move - makes a client stick to another node. */
#include "commands.h"
#include "sticky_places.h"
#include "table.h"

#include "util/clock.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIES = 3, SETTLES_MS = 500, PERIOD_MS = 50 };

struct move {
	const struct sticky_places *places;
	const char *key, *node;
	char **was; /* the node of each load balancer before; NULL: none */
};

/* The node that the key leads to, or NULL.  False, and why: no answer. */
static bool node_now(const struct stick_place *place, const char *key, char **node,
		     char why[RUNTIME_WHY_MAX])
{
	struct stick_tables tables;
	const char *found = NULL;

	*node = NULL;
	if (!stick_read(place, key, &tables, why))
		return false;
	if (tables.entry_count > 0)
		found = stick_node(place->seen, &tables.entries[0]);
	if (found != NULL)
		*node = mem_strdup(found);
	show_table_free(&tables);
	return true;
}

static bool takes_clients(const struct sticky_places *places, const char *node)
{
	for (size_t i = 0; i < places->count; i++) {
		const struct observed_balancer *o = places->list[i].seen;
		const struct stat_row *row = observe_find(o, node)->row;

		if (!stat_is_up(row))
			return cli_fail("%s: %s is %s: the client would move away again at once",
					o->balancer->name, node, row->status) == EXIT_DONE;
	}
	return true;
}

/* First no load balancer has an entry whose key would win, then each gets the new one. */
static bool change(const struct move *m, char why[RUNTIME_WHY_MAX])
{
	for (size_t i = 0; i < m->places->count; i++)
		if (!stick_clear_key(&m->places->list[i], m->key, why))
			return false;
	for (size_t i = 0; i < m->places->count; i++)
		if (!stick_set(&m->places->list[i], m->key, m->node, why))
			return false;
	return true;
}

static bool is_there(const struct move *m, size_t n, char why[RUNTIME_WHY_MAX])
{
	char *now;
	bool good = node_now(&m->places->list[n], m->key, &now, why);

	if (good && (now == NULL || strcmp(now, m->node) != 0)) {
		snprintf(why, RUNTIME_WHY_MAX, "%.60s: it leads to %.100s",
			 m->places->list[n].seen->balancer->name, now != NULL ? now : "no node");
		good = false;
	}
	free(now);
	return good;
}

/* Stays so for a while: peers may still tell of what was before. */
static bool holds(const struct move *m, char why[RUNTIME_WHY_MAX])
{
	struct timespec period = { 0, PERIOD_MS * 1000000 };
	int64_t end = clock_ms() + (m->places->count > 1 ? SETTLES_MS : 0);

	do {
		for (size_t i = 0; i < m->places->count; i++)
			if (!is_there(m, i, why))
				return false;
		nanosleep(&period, NULL);
	} while (clock_ms() < end);
	return true;
}

static int print(const struct cli *cli, const struct move *m, const char *why)
{
	static const struct table_column columns[] = {
		{ "balancer", "BALANCER", TABLE_TEXT },
		{ "key", "KEY", TABLE_TEXT },
		{ "was", "WAS", TABLE_TEXT },
		{ "node", "NOW", TABLE_TEXT },
	};
	json_t *rows = json_array();

	if (why != NULL) {
		json_decref(rows);
		return cli_fail("%s", why);
	}
	for (size_t i = 0; i < m->places->count; i++)
		json_array_append_new(rows, json_pack("{s:s s:o s:s? s:s}", "balancer",
						      m->places->list[i].seen->balancer->name,
						      "key", sticky_places_key(m->key), "was",
						      m->was[i], "node", m->node));
	if (cli_json(cli))
		table_print_json(stdout, rows);
	else
		table_print(stdout, columns, ARRAY_LEN(columns), rows);
	json_decref(rows);
	return EXIT_DONE;
}

static int move(const struct cli *cli, struct move *m)
{
	char why[RUNTIME_WHY_MAX];
	bool good = false;

	for (size_t i = 0; i < m->places->count; i++)
		if (!node_now(&m->places->list[i], m->key, &m->was[i], why))
			return print(cli, m, why);
	for (int n = 0; n < TRIES && !good; n++)
		good = change(m, why) && holds(m, why);
	return print(cli, m, good ? NULL : why);
}

static int run(struct cli *cli)
{
	struct sticky_places places;
	struct move m = { &places, cli_argument(cli, 0), cli_argument(cli, 1), NULL };
	int status = sticky_places_find(&places, cli);

	if (status == EXIT_DONE &&
	    (!sticky_places_have(&places, m.node) || !takes_clients(&places, m.node)))
		status = EXIT_FINDINGS;
	if (status == EXIT_DONE) {
		m.was = mem_zalloc((places.count + 1) * sizeof *m.was);
		status = move(cli, &m);
		for (size_t i = 0; i < places.count; i++)
			free(m.was[i]);
		free(m.was);
	}
	sticky_places_free(&places);
	return status;
}

static const struct cli_option options[] = { STICKY_OPTIONS, { 0 } };

static const struct cli_example examples[] = {
	{ "anyportctl haproxy sticky move orders n2 -s lb1=10.0.0.11:9999 -s lb2=10.0.0.12:9999",
	  "a heavy client to the node that has least to do, on both of a pair" },
	{ 0 },
};

const struct cli_command haproxy_sticky_move_command = {
	.words = "haproxy sticky move",
	.arguments = "KEY NODE",
	.least = 2,
	.most = 2,
	.json = true,
	.what = "make a client stick to another node",
	.about =
		"Clears the key's entry on every load balancer, sets it anew, and checks that all of them "
		"lead to the node and still do when peers have talked.  A key that sticks nowhere yet is "
		"set beforehand.  Open connections stay where they are: the client's next one goes to "
		"the node.  An entry that connections track can't be moved.",
	.options = options,
	.examples = examples,
	.run = run,
};
