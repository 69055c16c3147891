/* anyportctl haproxy sticky simulate - what each kind of stickiness would do to the nodes. */
#include "commands.h"
#include "haproxy_version.h"
#include "input.h"
#include "table.h"

#include "simulate/compare.h"
#include "simulate/read.h"
#include "util/mem.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = SIMULATE_KEYS * 4, DEFAULT_RUNS = 20, BAR = 12, LABEL = 64 };

/* --- what to simulate --- */

/* "0.8"; false: it is no such number. */
static bool real_of(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return *text != '\0' && *end == '\0' && *value >= 0 && *value <= 10;
}

static unsigned count_of(const struct cli *cli, const char *name, unsigned standard)
{
	return (unsigned)cli_number(cli, name, standard);
}

/* False, with a message: an exponent is none. */
static bool shape_of(const struct cli *cli, struct population_shape *shape)
{
	*shape = (struct population_shape){
		.clients = count_of(cli, "clients", 200),
		.sources = count_of(cli, "sources", 20),
		.client_ids = count_of(cli, "client-ids", 50),
		.brokers = count_of(cli, "brokers", 3),
		.first_port = count_of(cli, "first-port", 9092),
		.certs = count_of(cli, "certs", 0),
		.arrive_ms = cli_time(cli, "arrive", 600 * 1000),
		.session_ms = cli_time(cli, "session", 8 * 3600 * 1000),
		.length_ms = cli_time(cli, "length", 24 * 3600 * 1000),
	};
	if (!real_of(cli_get(cli, "zipf") ? cli_get(cli, "zipf") : "1", &shape->zipf))
		return cli_usage_error(cli, "--zipf is a number from 0 to 10") == EXIT_DONE;
	if (!real_of(cli_get(cli, "bytes-zipf") ? cli_get(cli, "bytes-zipf") : "1",
		     &shape->bytes_zipf))
		return cli_usage_error(cli, "--bytes-zipf is a number from 0 to 10") == EXIT_DONE;
	return true;
}

/* The number behind the next colon of the text, which ends there, or `standard`. */
static bool next_number(char **rest, int64_t least, int64_t most, int64_t standard, int64_t *value)
{
	char *word = strsep(rest, ":");

	*value = standard;
	return word == NULL || (text_int64(word, value) && *value >= least && *value <= most);
}

/* What is behind the @; false: it is no address. */
static bool take_address(struct balancer_server *s, const char *text)
{
	if (text == NULL)
		return true;
	s->address_length = inet_pton(AF_INET, text, s->address) == 1	 ? 4
			    : inet_pton(AF_INET6, text, s->address) == 1 ? 16
									 : 0;
	return s->address_length > 0;
}

/* NAME[:WEIGHT[:ID]][@ADDRESS], which it takes; false, with a message, when it is none. */
static bool add_node(const struct cli *cli, struct simulate_nodes *nodes, char *text)
{
	struct balancer_server server = { 0 };
	char *address = text, *rest;
	int64_t weight, id;

	rest = strsep(&address, "@");
	strsep(&rest, ":");
	if (nodes->count == SIMULATE_NODES_MAX ||
	    !next_number(&rest, 0, BALANCER_WEIGHT_MAX, 100, &weight) ||
	    !next_number(&rest, 1, INT32_MAX, (int64_t)nodes->count + 1, &id) || rest != NULL ||
	    !take_address(&server, address)) {
		cli_usage_error(
			cli,
			"--node %s: it is NAME[:WEIGHT[:ID]][@ADDRESS] with a weight of 0 to "
			"%d, for at most %d nodes",
			text, BALANCER_WEIGHT_MAX, SIMULATE_NODES_MAX);
		free(text);
		return false;
	}
	server.id = (unsigned)id;
	server.weight = (unsigned)weight;
	nodes->names[nodes->count] = text;
	nodes->servers[nodes->count++] = server;
	return true;
}

static bool nodes_of(const struct cli *cli, struct simulate_nodes *nodes)
{
	size_t at = 0, count = (size_t)cli_number(cli, "nodes", 3);

	*nodes = (struct simulate_nodes){
		.table_size = (size_t)cli_number(cli, "table-size", 102400),
		.table_expire_ms = cli_time(cli, "table-expire", 24 * 3600 * 1000),
	};
	for (const char *text; (text = cli_next(cli, "node", &at)) != NULL;) {
		if (!add_node(cli, nodes, mem_strdup(text)))
			return false;
	}
	while (cli_get(cli, "node") == NULL && nodes->count < count) {
		if (!add_node(cli, nodes, mem_printf("n%zu", nodes->count + 1)))
			return false;
	}
	return true;
}

/* Whether `hash-key addr`, when it is asked for, can be played; false, with a message. */
static bool has_hash_key(const struct cli *cli, const struct simulate_nodes *nodes,
			 const struct balancer_rule *rule)
{
	struct version since = version_since(VERSION_HASH_KEY);
	char here[VERSION_TEXT_MAX], there[VERSION_TEXT_MAX];

	if (rule->hash_key == BALANCER_KEY_ID)
		return true;
	if (!version_has(&rule->version, VERSION_HASH_KEY))
		return cli_usage_error(
			       cli, "--hash-key addr: HAProxy %s can't do that, %s can: --for %s",
			       version_print(&rule->version, here), version_print(&since, there),
			       there) == EXIT_DONE;
	for (size_t i = 0; i < nodes->count; i++) {
		if (nodes->servers[i].address_length == 0)
			return cli_usage_error(cli,
					       "--hash-key addr: the address of %s is not known: "
					       "--node NAME@ADDRESS",
					       nodes->names[i]) == EXIT_DONE;
	}
	return true;
}

static bool rule_of(const struct cli *cli, const struct simulate_nodes *nodes,
		    struct balancer_rule *rule)
{
	const char *words = cli_get(cli, "hash-type"), *key = cli_get(cli, "hash-key");

	*rule = (struct balancer_rule){
		.draws = count_of(cli, "draws", 2),
		.balance_factor = count_of(cli, "hash-balance-factor", 0),
		.hash_key = key != NULL && strcmp(key, "addr") == 0 ? BALANCER_KEY_ADDR
								    : BALANCER_KEY_ID,
	};
	if (haproxy_version_read(cli, NULL, &rule->version) != EXIT_DONE ||
	    !has_hash_key(cli, nodes, rule))
		return false;
	if (lbhash_parse(words == NULL ? "consistent" : words, &rule->hash_type))
		return true;
	return cli_usage_error(cli,
			       "--hash-type \"%s\": it is consistent or map-based, then "
			       "sdbm, djb2, wt6 or crc32, then avalanche",
			       words) == EXIT_DONE;
}

static const char *const balances[] = {
	[BALANCER_LEASTCONN] = "leastconn",
	[BALANCER_ROUNDROBIN] = "roundrobin",
	[BALANCER_RANDOM] = "random",
	[BALANCER_HASH] = "hash",
};

/* Whether the option is not given, or given with this value. */
static bool is_wanted(const struct cli *cli, const char *option, const char *value)
{
	size_t at = 0;
	bool given = false;

	for (const char *text; (text = cli_next(cli, option, &at)) != NULL;) {
		given = true;
		if (strcmp(text, value) == 0)
			return true;
	}
	return !given;
}

static size_t choose(const struct cli *cli, struct compare_row *rows, unsigned sees,
		     const struct balancer_rule *rule)
{
	size_t count = compare_all_choices(rows, ROWS_MAX, sees, rule), kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (is_wanted(cli, "stickiness", simulate_key_name(rows[i].choice.key)) &&
		    is_wanted(cli, "balance", balances[rows[i].choice.rule.kind]))
			rows[kept++] = rows[i];
	}
	return kept;
}

/* --- what it was --- */

/* Each node's place by its name; new names get a place of their own. */
static size_t place_of(struct simulate_nodes *nodes, const char *name)
{
	size_t i = 0;

	while (i < nodes->count && strcmp(nodes->names[i], name) != 0)
		i++;
	if (i == nodes->count && i < SIMULATE_NODES_MAX)
		nodes->names[nodes->count++] = name;
	return i;
}

/* The nodes that connections of the input were on. */
static void observe(const struct population *p, struct simulate_nodes *nodes, double *connections,
		    double *bytes)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct population_connection *c = &p->connections[i];
		int64_t end = c->ends_ms == INT64_MAX ? p->end_ms : c->ends_ms;
		size_t node = c->node == NULL ? SIMULATE_NODES_MAX : place_of(nodes, c->node);

		if (node == SIMULATE_NODES_MAX)
			continue;
		connections[node] += (double)(end - c->begins_ms) + 1;
		bytes[node] += c->bytes;
	}
}

static json_t *shares_json(const struct simulate_nodes *nodes, const double *connections,
			   const double *bytes)
{
	json_t *shares = json_array();
	double all = 0, all_bytes = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		all += connections[i];
		all_bytes += bytes[i];
	}
	for (size_t i = 0; i < nodes->count; i++)
		json_array_append_new(shares,
				      json_pack("{s:s s:f s:f}", "node", nodes->names[i],
						"connections", all > 0 ? connections[i] / all : 0,
						"bytes", all_bytes > 0 ? bytes[i] / all_bytes : 0));
	return shares;
}

/* NULL: the input does not say on which nodes it was. */
static json_t *observed_json(const struct population *p)
{
	struct simulate_nodes nodes = { 0 };
	double connections[SIMULATE_NODES_MAX] = { 0 }, bytes[SIMULATE_NODES_MAX] = { 0 };

	if (p == NULL || (p->sees & 1 << SEES_NODE) == 0)
		return NULL;
	observe(p, &nodes, connections, bytes);
	return json_pack("{s:s s:s s:f s:f s:o}", "stickiness", "(as it was)", "balance", "-",
			 "skew", simulate_skew(connections, nodes.count), "bytes_skew",
			 simulate_skew(bytes, nodes.count), "nodes",
			 shares_json(&nodes, connections, bytes));
}

/* --- what it would be --- */

static json_t *row_json(const struct compare_row *row, const struct simulate_nodes *nodes)
{
	json_t *o = json_pack(
		"{s:s s:s s:I s:f s:f s:f s:f s:f s:f s:f}", "stickiness",
		simulate_key_name(row->choice.key), "balance", balances[row->choice.rule.kind],
		"keys", (json_int_t)(row->keys + 0.5), "skew", row->connections_skew.median,
		"skew_p95", row->connections_skew.p95, "bytes_skew", row->bytes_skew.median,
		"bytes_skew_p95", row->bytes_skew.p95, "stays", row->stays, "moved_when_one_goes",
		row->moved_leaving, "moved_when_one_comes", row->moved_joining);

	if (row->choice.rule.kind == BALANCER_HASH) {
		char words[40];

		lbhash_print(&row->choice.rule.hash_type, words, sizeof words);
		json_object_set_new(o, "hash_type", json_string(words));
	}
	if (simulate_has_table(&row->choice)) {
		json_object_set_new(o, "table_entries",
				    json_integer((json_int_t)row->table_used.p95));
		json_object_set_new(o, "table_evicted",
				    json_integer((json_int_t)row->table_evicted.p95));
		json_object_set_new(o, "table_bytes",
				    json_integer((json_int_t)row->table_bytes.p95));
	}
	json_object_set_new(o, "nodes", shares_json(nodes, row->connections, row->bytes));
	return o;
}

static void print_bar(double share, double most)
{
	int full = most > 0 ? (int)(share / most * BAR + 0.5) : 0;

	for (int i = 0; i < BAR; i++)
		putchar(i < full ? '#' : ' ');
}

/* A line a choice: of each node its share of the connections. */
static void print_chart(const json_t *rows)
{
	size_t i, n;
	json_t *row, *node;
	double most = 0;

	json_array_foreach(rows, i, row)
	{
		json_array_foreach(json_object_get(row, "nodes"), n, node)
		{
			double share = json_real_value(json_object_get(node, "connections"));

			most = share > most ? share : most;
		}
	}
	puts("\nConnections on each node, in the run of median skew:");
	json_array_foreach(rows, i, row)
	{
		char label[LABEL];

		snprintf(label, sizeof label, "%s %s",
			 json_string_value(json_object_get(row, "stickiness")),
			 json_string_value(json_object_get(row, "balance")));
		printf("  %-29s", label);
		json_array_foreach(json_object_get(row, "nodes"), n, node)
		{
			double share = json_real_value(json_object_get(node, "connections"));

			printf(" %s %3.0f%% ", json_string_value(json_object_get(node, "node")),
			       100 * share);
			print_bar(share, most);
		}
		putchar('\n');
	}
}

static void print_rows(const json_t *rows)
{
	static const struct table_column columns[] = {
		{ "stickiness", "STICKINESS", TABLE_TEXT },
		{ "balance", "BALANCE", TABLE_TEXT },
		{ "keys", "KEYS", TABLE_NUMBER },
		{ "skew", "SKEW", TABLE_NUMBER },
		{ "skew_p95", "P95", TABLE_NUMBER },
		{ "bytes_skew", "BYTES", TABLE_NUMBER },
		{ "bytes_skew_p95", "P95", TABLE_NUMBER },
		{ "stays", "STAYS", TABLE_PERCENT },
		{ "moved_when_one_goes", "ONE GOES", TABLE_PERCENT },
		{ "moved_when_one_comes", "ONE COMES", TABLE_PERCENT },
		{ "table_bytes", "TABLE", TABLE_BYTES },
		{ "table_evicted", "EVICTED", TABLE_NUMBER },
	};

	table_print(stdout, columns, ARRAY_LEN(columns), rows);
	print_chart(rows);
}

static void describe(const struct compare_source *source, const struct read_report *report,
		     const struct simulate_nodes *nodes, unsigned runs, int64_t seed)
{
	if (source->read != NULL)
		printf("%s with %zu connections of %u clients", report->kind, source->read->count,
		       source->read->client_count);
	else
		printf("%u clients from %u addresses with %u client.ids, each with %u connections",
		       source->shape->clients, source->shape->sources, source->shape->client_ids,
		       source->shape->brokers + 1);
	printf(", on %zu nodes; %u runs, seed %" PRId64 "\n", nodes->count, runs, seed);
	puts("SKEW: the busiest node to the mean, of open connections, then of bytes; median and "
	     "95th percentile of the runs\nSTAYS: clients whose next connection reaches the same "
	     "node; ONE GOES, ONE COMES: clients that move without need\n");
}

static int compare(const struct cli *cli, const struct compare_source *source,
		   const struct read_report *report, const struct simulate_nodes *nodes)
{
	struct compare_row rows[ROWS_MAX];
	unsigned runs = count_of(cli, "runs", DEFAULT_RUNS);
	int64_t seed = cli_number(cli, "seed", 1);
	unsigned sees = source->read != NULL ? source->read->sees : UINT32_MAX;
	struct balancer_rule rule;
	json_t *out = json_array(), *observed = observed_json(source->read);
	size_t count;

	if (!rule_of(cli, nodes, &rule)) {
		json_decref(out);
		json_decref(observed);
		return EXIT_USAGE;
	}
	if (source->read == NULL && source->shape->client_ids == 0)
		sees &= ~(1U << SEES_CLIENT_ID);
	if (source->read == NULL && source->shape->certs == 0)
		sees &= ~(1U << SEES_CERT);
	count = choose(cli, rows, sees, &rule);
	compare_run(rows, count, nodes, source, runs, (uint64_t)seed);
	if (observed != NULL)
		json_array_append_new(out, observed);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(out, row_json(&rows[i], nodes));
	if (cli_json(cli)) {
		table_print_json(stdout, out);
	} else {
		describe(source, report, nodes, runs, seed);
		print_rows(out);
	}
	json_decref(out);
	if (count == 0)
		return cli_fail("the input does not tell what that stickiness is made of");
	return EXIT_DONE;
}

/* --placements: the population with the node of each connection. */
static int place(const struct cli *cli, struct population *p, const struct simulate_nodes *nodes)
{
	struct compare_row rows[ROWS_MAX];
	struct balancer_rule rule;
	struct prng draws = prng_seeded((uint64_t)cli_number(cli, "seed", 1));
	struct simulate_result result;
	int *placed;

	if (!rule_of(cli, nodes, &rule))
		return EXIT_USAGE;
	if (choose(cli, rows, p->sees, &rule) != 1)
		return cli_usage_error(cli, "--placements needs one --stickiness and one "
					    "--balance that the input tells enough for");
	placed = mem_alloc((p->count + 1) * sizeof *placed);
	simulate_run(&rows[0].choice, nodes, p, &draws, &result, placed);
	for (size_t i = 0; i < p->count; i++)
		p->connections[i].node = placed[i] < 0 ? NULL : nodes->names[placed[i]];
	free(placed);
	population_write(p, stdout);
	return EXIT_DONE;
}

/* What it is given to read; false, with a message. */
static bool read_input(const char *path, struct population *p, struct read_report *report)
{
	size_t n;
	char *text = input_read(path, &n);
	bool good = text != NULL && read_population(p, text, n, report);

	if (text == NULL)
		return false;
	if (!good)
		cli_fail("%s: it is no population, stick table, list of sessions or log, or there "
			 "is nothing in it",
			 path);
	else if (report->bad_lines > 0)
		fprintf(stderr,
			"anyportctl: %s: %zu of %zu lines are left out, the first is line %zu\n",
			path, report->bad_lines, report->lines, report->first_bad);
	free(text);
	return good;
}

static int run_with(const struct cli *cli, const struct simulate_nodes *nodes)
{
	struct population read = { 0 };
	struct population_shape shape;
	struct read_report report = { 0 };
	struct compare_source source = { NULL, &shape };
	const char *path = cli_argument_count(cli) > 0 ? cli_argument(cli, 0) : NULL;
	int status = EXIT_FINDINGS;

	if (!shape_of(cli, &shape))
		return EXIT_USAGE;
	if (path != NULL && !read_input(path, &read, &report)) {
		population_deinit(&read);
		return EXIT_FINDINGS;
	}
	if (path != NULL)
		source.read = &read;
	if (path == NULL && (cli_flag(cli, "placements") || cli_flag(cli, "population"))) {
		struct prng clients = prng_seeded((uint64_t)cli_number(cli, "seed", 1));

		population_make(&read, &shape, &clients);
	}
	if (cli_flag(cli, "placements")) {
		status = place(cli, &read, nodes);
	} else if (cli_flag(cli, "population")) {
		population_write(&read, stdout);
		status = EXIT_DONE;
	} else {
		status = compare(cli, &source, &report, nodes);
	}
	population_deinit(&read);
	return status;
}

static int run(struct cli *cli)
{
	struct simulate_nodes nodes;
	int status = nodes_of(cli, &nodes) ? run_with(cli, &nodes) : EXIT_USAGE;

	for (size_t i = 0; i < nodes.count; i++)
		free((void *)(uintptr_t)nodes.names[i]);
	return status;
}

static const struct cli_option options[] = {
	{ "nodes", 0, CLI_NUMBER, "N", .min = 1, .max = SIMULATE_NODES_MAX,
	  .what = "how many nodes, of weight 100 (3)" },
	{ "node", 0, CLI_TEXT, "NAME[:WEIGHT[:ID]][@ADDRESS]", .repeats = true,
	  .what = "a node, once for each, in the order of the file; instead of --nodes" },
	{ "stickiness", 0, CLI_WORD,
	  .words = "none|source|client-id|source+client-id|port|sni|cert", .repeats = true,
	  .what = "this kind only; repeat for several (all that the input tells)" },
	{ "balance", 0, CLI_WORD, .words = "leastconn|roundrobin|random|hash", .repeats = true,
	  .what = "this one only; repeat for several; hash: of the key, without a table (all)" },
	{ "hash-type", 0, CLI_TEXT, "WORDS",
	  .what = "as in haproxy.cfg: consistent or map-based, a function, avalanche (consistent)" },
	{ "hash-key", 0, CLI_WORD, .words = "id|addr",
	  .what = "what places a node on the circle of a consistent hash: its id, or from HAProxy "
		  "3.0 on its address (id)" },
	{ "hash-balance-factor", 0, CLI_NUMBER, "PERCENT", .min = 101, .max = 65535,
	  .what = "a node takes no more than this of the mean (no bound)" },
	{ "draws", 0, CLI_NUMBER, "N", .min = 1, .max = 100,
	  .what = "how many nodes `balance random` looks at (2)" },
	{ "table-size", 0, CLI_NUMBER, "N", .min = 1, .max = 100000000,
	  .what = "entries of the stick table (102400, which is 100k)" },
	{ "table-expire", 0, CLI_TIME, "TIME", .what = "how long an entry lives unused (1d)" },
	{ "clients", 0, CLI_NUMBER, "N", .min = 1, .max = 100000,
	  .what = "without a FILE: clients, which are applications (200)" },
	{ "sources", 0, CLI_NUMBER, "N", .min = 1, .max = 100000,
	  .what = "addresses they come from; 1: all behind one NAT (20)" },
	{ "client-ids", 0, CLI_NUMBER, "N", .min = 0, .max = 100000,
	  .what = "client.ids they share; 0: none has one (50)" },
	{ "zipf", 0, CLI_TEXT, "S",
	  .what = "how unevenly ids are shared: the k-th as often as 1/k^S (1)" },
	{ "certs", 0, CLI_NUMBER, "N", .min = 0, .max = 100000,
	  .what = "names in client certificates they share (0)" },
	{ "brokers", 0, CLI_NUMBER, "N", .min = 0, .max = 1000,
	  .what = "brokers: a client has a connection to each, and one to bootstrap (3)" },
	{ "first-port", 0, CLI_NUMBER, "PORT", .min = 1, .max = 64000,
	  .what = "of bootstrap and of the first broker; the next ones follow (9092)" },
	{ "bytes-zipf", 0, CLI_TEXT, "S",
	  .what = "how unevenly clients send: the k-th as much as 1/k^S; 0: all alike (1)" },
	{ "arrive", 0, CLI_TIME, "TIME", .max = 365LL * 86400 * 1000,
	  .what = "clients come within this time (10m)" },
	{ "session", 0, CLI_TIME, "TIME", .max = 365LL * 86400 * 1000,
	  .what = "how long a client stays on average before it connects anew; 0s: to the end (8h)" },
	{ "length", 0, CLI_TIME, "TIME", .min = 1, .max = 365LL * 86400 * 1000,
	  .what = "of the time that is simulated (1d)" },
	{ "runs", 0, CLI_NUMBER, "N", .min = 1, .max = COMPARE_RUNS_MAX,
	  .what = "populations to try (20)" },
	{ "seed", 0, CLI_NUMBER, "N", .what = "the same seed, the same numbers (1)" },
	VERSION_OPTION,
	{ "population", .what = "print the connections that would be simulated, as a FILE" },
	{ "placements", .what = "print them with the node that each reaches, for one choice" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy sticky simulate --clients 200 --sources 1 --client-ids 50 --nodes 3",
	  "all clients behind one NAT" },
	{ "echo 'show table anyport_nodes' | socat - /run/haproxy.sock | anyportctl haproxy sticky simulate -",
	  "the clients that a running HAProxy knows" },
	{ "anyportctl haproxy sticky simulate --balance hash --hash-balance-factor 125 /var/log/haproxy.log",
	  "yesterday's connections, without a table" },
	{ 0 },
};

const struct cli_command haproxy_sticky_simulate_command = {
	.words = "haproxy sticky simulate",
	.arguments = "[FILE]",
	.most = 1,
	.json = true,
	.what = "compare kinds of stickiness: how even, who moves, how large a table",
	.about =
		"Plays the connections of Kafka clients through a model of HAProxy, for each kind "
		"of stickiness and each balance.  Hashes are HAProxy's own, so a hash gives each client "
		"the node that HAProxy gives it.  The clients are described by options, or come from a "
		"FILE (- is standard input): what `show table` or `show sess` printed, a log of "
		"connections (option tcplog or the JSON of generated files), or a list of connections "
		"as --population prints it.",
	.options = options,
	.examples = examples,
	.run = run,
};
