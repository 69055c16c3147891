/* anyportctl haproxy undrain - gives a node clients again. */
#include "balancer_options.h"
#include "commands.h"
#include "node_places.h"
#include "table.h"

#include "util/clock.h"

#include <string.h>
#include <time.h>

enum { TIMEOUT_MS = 30000, PERIOD_MS = 100 };

static bool takes_clients(const struct stat_row *row)
{
	return stat_is_up(row) && strncmp(row->status, "DRAIN", 5) != 0;
}

static json_t *row_json(const struct node_places *places, size_t n, const struct stat_row *row,
			const char *why)
{
	const char *name = places->list[n].balancer->name, *backend = places->list[n].backend;

	if (row == NULL)
		return json_pack("{s:s s:s s:b s:s}", "balancer", name, "backend", backend, "up",
				 false, "why", why);
	return json_pack("{s:s s:s s:b s:s s:s s:s s:s}", "balancer", name, "backend", backend,
			 "up", takes_clients(row), "state", row->status, "check", row->check_status,
			 "why", row->check_text, "agent", row->agent_status);
}

/* Whether the node takes clients everywhere; *rows tells of each load balancer. */
static bool look(const struct node_places *places, const struct balancers *all, json_t *rows)
{
	bool up = true;

	json_array_clear(rows);
	for (size_t i = 0; i < places->count; i++) {
		struct stat_rows stats;
		const struct stat_row *row;
		char why[RUNTIME_WHY_MAX];
		bool good = node_places_look(places, all, i, &stats, &row, why);

		up &= good && takes_clients(row);
		json_array_append_new(rows, row_json(places, i, good ? row : NULL, why));
		show_stat_free(&stats);
	}
	return up;
}

static bool wait_until_up(const struct node_places *places, const struct balancers *all,
			  int64_t timeout_ms, json_t *rows)
{
	struct timespec period = { 0, PERIOD_MS * 1000000 };
	int64_t end = clock_ms() + timeout_ms;

	while (!look(places, all, rows)) {
		if (clock_ms() >= end)
			return false;
		nanosleep(&period, NULL);
	}
	return true;
}

static void print_end(const char *node, bool up, const json_t *rows)
{
	static const struct table_column columns[] = {
		{ "balancer", "BALANCER", TABLE_TEXT }, { "backend", "BACKEND", TABLE_TEXT },
		{ "state", "STATE", TABLE_TEXT },	{ "check", "CHECK", TABLE_TEXT },
		{ "agent", "AGENT", TABLE_TEXT },	{ "why", "SAYS", TABLE_TEXT },
	};

	table_print(stdout, columns, ARRAY_LEN(columns), rows);
	if (up)
		printf("\n%s takes new clients; those that moved away stay where they are\n", node);
	else
		printf("\n%s is not back: nobody holds it in maintenance any more, but it is not "
		       "up\n",
		       node);
}

static int undrain(const struct cli *cli, const struct balancers *all, struct node_places *places)
{
	json_t *rows = json_array();
	bool up = true;

	if (!node_places_find(places, all, cli_get(cli, "backend"), cli_argument(cli, 0))) {
		json_decref(rows);
		return EXIT_FINDINGS;
	}
	for (size_t i = 0; i < places->count; i++)
		up &= node_places_set(places, all, i, "ready");
	up &= wait_until_up(places, all, cli_time(cli, "timeout", TIMEOUT_MS), rows);
	if (cli_json(cli)) {
		json_t *out = json_pack("{s:s s:b s:O}", "node", places->node, "up", up,
					"balancers", rows);

		table_print_json(stdout, out);
		json_decref(out);
	} else {
		print_end(places->node, up, rows);
	}
	json_decref(rows);
	return up ? EXIT_DONE : EXIT_FINDINGS;
}

static int run(struct cli *cli)
{
	struct balancers all;
	struct node_places places;
	int status = balancer_options_read(cli, &all);

	if (status == EXIT_DONE) {
		status = undrain(cli, &all, &places);
		node_places_free(&places);
	}
	balancers_deinit(&all);
	return status;
}

static const struct cli_option options[] = {
	BALANCER_OPTIONS,
	{ "timeout", 't', CLI_TIME, "TIME", .min = 1, .max = 86400000,
	  .what = "how long the node may take to come up (30s)" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy undrain n1 -s lb1=10.0.0.11:9999 -s lb2=10.0.0.12:9999",
	  "after n1 was started again" },
	{ 0 },
};

const struct cli_command haproxy_undrain_command = {
	.words = "haproxy undrain",
	.arguments = "NODE",
	.least = 1,
	.most = 1,
	.json = true,
	.what = "give a node clients again",
	.about =
		"Takes the node out of maintenance, or of HAProxy's drain, on every load balancer, and "
		"waits until its checks say that it is up.  Clients that stick to another node by now "
		"stay there: new ones come.  The exit status is 1 when it does not come up in time.",
	.options = options,
	.examples = examples,
	.run = run,
};
