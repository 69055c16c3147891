/* anyportctl haproxy sticky advise - what to change, by what running load balancers show. */
#include "balancer_options.h"
#include "commands.h"
#include "input.h"
#include "table.h"

#include "advise/advise.h"
#include "simulate/read.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_SIZE = 1 << 20, TABLE_EXPIRE_MS = 86400000 };

struct question {
	const struct cli *cli;
	struct balancers all;
	struct observation seen;
	struct cfg *cfg;
	struct population sessions, log;
	struct facts facts;
	struct advise_file file;
};

/* --- asking --- */

/* The file of the first load balancer that has one. */
static const char *config_of(const struct question *q)
{
	for (size_t i = 0; i < q->all.count; i++)
		if (q->all.list[i].config != NULL)
			return q->all.list[i].config;
	return NULL;
}

static bool read_config(struct question *q)
{
	const char *config = config_of(q);

	if (!cfg_read(q->cfg, config))
		return cli_fail("%s: %s", config, strerror(errno)) == EXIT_DONE;
	if (q->cfg->mistake_count > 0)
		return cli_fail("%s:%d: %s", q->cfg->mistakes[0].file, q->cfg->mistakes[0].line,
				q->cfg->mistakes[0].what) == EXIT_DONE;
	if (!advise_read(&q->file, q->cfg, q->seen.list[0].backend))
		return cli_fail("%s: it has no backend %s", config, q->seen.list[0].backend) ==
		       EXIT_DONE;
	return true;
}

static bool look(struct question *q)
{
	char why[RUNTIME_WHY_MAX];

	q->seen = observe_servers(&q->all, cli_get(q->cli, "backend"));
	for (size_t i = 0; i < q->seen.count; i++)
		if (q->seen.list[i].why[0] != '\0')
			return cli_fail("%s", q->seen.list[i].why) == EXIT_DONE;
	if (q->seen.count > q->all.count)
		return cli_fail(
			       "each listener has a backend of its own: say with --backend which, as %s",
			       q->seen.list[0].backend) == EXIT_DONE;
	if (!read_config(q))
		return false;
	if (!facts_observe(&q->facts, &q->all, &q->seen, &q->sessions, why))
		return cli_fail("%s", why) == EXIT_DONE;
	return true;
}

/* The log, or else the sessions that are open; with a table that nothing is thrown out of, as
 * it is kinds that are compared. */
static bool simulate(struct question *q)
{
	const char *path = cli_argument_count(q->cli) > 0 ? cli_argument(q->cli, 0) : NULL;
	struct read_report report = { 0 };
	bool good = true;
	char *text;
	size_t n;

	if (path != NULL) {
		text = input_read(path, &n);
		good = text != NULL && read_population(&q->log, text, n, &report);
		if (text != NULL && !good)
			cli_fail("%s: nothing in it tells of connections", path);
		free(text);
	}
	if (good)
		facts_simulate(&q->facts, path != NULL ? &q->log : &q->sessions, &q->seen,
			       advise_balance(&q->file), TABLE_SIZE, TABLE_EXPIRE_MS);
	return good;
}

/* --- telling --- */

static json_t *advice_rows(const struct advised *advised)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < advised->count; i++) {
		const struct advice *a = &advised->list[i];

		json_array_append_new(rows, json_pack("{s:s s:s s:s? s:s s:b}", "matter", a->matter,
						      "now", a->now, "better", a->better, "why",
						      a->why, "in_diff", a->is_edited));
	}
	return rows;
}

static json_t *kind_rows(const struct facts *f)
{
	json_t *rows = json_array();

	for (int key = 0; key < SIMULATE_KEYS; key++)
		if (f->kinds[key].is_known)
			json_array_append_new(rows,
					      json_pack("{s:s s:f s:f s:f}", "stickiness",
							simulate_key_name((enum simulate_key)key),
							"skew", f->kinds[key].skew, "bytes_skew",
							f->kinds[key].bytes_skew, "stays",
							f->kinds[key].stays));
	return rows;
}

static char *diff_of(const struct advised *advised)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return mem_strdup("");
	changes_print(&advised->edits, out);
	fclose(out);
	return text;
}

static void print_people(const struct question *q, const struct advised *advised, const char *diff)
{
	static const struct table_column columns[] = {
		{ "stickiness", "STICKINESS", TABLE_TEXT },
		{ "skew", "SKEW", TABLE_NUMBER },
		{ "bytes_skew", "BYTES", TABLE_NUMBER },
		{ "stays", "STAYS", TABLE_PERCENT },
	};
	json_t *kinds = kind_rows(&q->facts);

	printf("%zu sessions of %zu addresses on %zu nodes, skew %.2f, of bytes %.2f\n\n",
	       q->facts.sessions, q->facts.sources, q->facts.nodes, q->facts.skew,
	       q->facts.bytes_skew);
	for (size_t i = 0; i < advised->count; i++) {
		const struct advice *a = &advised->list[i];

		if (a->better != NULL)
			printf("* %s: %s -> %s%s\n  %s\n", a->matter, a->now, a->better,
			       a->is_edited ? "" : " (by hand: haproxy generate makes it)", a->why);
		else
			printf("  %s: %s\n  %s\n", a->matter, a->now, a->why);
	}
	if (json_array_size(kinds) > 0) {
		puts("\nSimulated for these clients:");
		table_print(stdout, columns, ARRAY_LEN(columns), kinds);
	}
	json_decref(kinds);
	if (diff[0] != '\0')
		printf("\n%s", diff);
}

static json_t *advised_json(const struct question *q, const struct advised *advised,
			    const char *diff)
{
	return json_pack("{s:I s:I s:I s:f s:f s:o s:o s:s}", "sessions",
			 (json_int_t)q->facts.sessions, "sources", (json_int_t)q->facts.sources,
			 "nodes", (json_int_t)q->facts.nodes, "skew", q->facts.skew, "bytes_skew",
			 q->facts.bytes_skew, "simulated", kind_rows(&q->facts), "advice",
			 advice_rows(advised), "diff", diff);
}

static bool write_file(const struct question *q)
{
	const char *path = cli_get(q->cli, "output");
	FILE *out;
	bool good;

	if (path == NULL)
		return true;
	out = fopen(path, "wxe");
	if (out != NULL)
		for (size_t i = 0; i < q->cfg->file_count; i++)
			cfg_print(q->cfg, i, out);
	good = out != NULL && !ferror(out);
	good = (out == NULL || fclose(out) == 0) && good;
	if (!good)
		cli_fail("%s: %s", path, strerror(errno));
	return good;
}

static int tell(struct question *q)
{
	struct advised advised = advise(&q->file, &q->facts);
	char *diff = diff_of(&advised);
	bool good = write_file(q);
	int status = advised_changes(&advised) > 0 || !good ? EXIT_FINDINGS : EXIT_DONE;

	if (cli_json(q->cli)) {
		json_t *all = advised_json(q, &advised, diff);

		table_print_json(stdout, all);
		json_decref(all);
	} else {
		print_people(q, &advised, diff);
	}
	free(diff);
	advised_free(&advised);
	return status;
}

static int run(struct cli *cli)
{
	struct question q = { .cli = cli, .cfg = cfg_new() };
	int status;

	population_init(&q.sessions);
	status = balancer_options_read(cli, &q.all);
	if (status == EXIT_DONE && config_of(&q) == NULL)
		status = cli_usage_error(cli, "--config FILE is missing: the advice is about it");
	if (status == EXIT_DONE)
		status = look(&q) && simulate(&q) ? tell(&q) : EXIT_FINDINGS;
	population_deinit(&q.sessions);
	population_deinit(&q.log);
	observe_free(&q.seen);
	balancers_deinit(&q.all);
	cfg_free(q.cfg);
	return status;
}

static const struct cli_option options[] = {
	BALANCER_OPTIONS,
	{ "output", 'o', CLI_TEXT, "FILE",
	  .what = "write the haproxy.cfg with the advice followed there; it must not exist yet" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy sticky advise -c /etc/haproxy/haproxy.cfg", "by what is open now" },
	{ "anyportctl haproxy sticky advise -c /etc/haproxy/haproxy.cfg /var/log/haproxy.log",
	  "by yesterday's connections, which tell client.ids too" },
	{ 0 },
};

const struct cli_command haproxy_sticky_advise_command = {
	.words = "haproxy sticky advise",
	.arguments = "[LOG]",
	.most = 1,
	.json = true,
	.what = "say what to change, by what running load balancers show",
	.about =
		"Looks at the sessions and the stick table of each load balancer and at its haproxy.cfg, "
		"and says which kind of stickiness, table size, expiry, timeouts and limits it would "
		"choose, why, and which lines change.  Kinds are simulated for the clients that are "
		"connected, or for those of a LOG (what `haproxy sticky simulate` reads): HAProxy tells "
		"a session's address and not its client.id.  Nothing is changed.  The exit status is 1 "
		"when something is to be changed.",
	.options = options,
	.examples = examples,
	.run = run,
};
