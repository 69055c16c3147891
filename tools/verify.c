/* anyportctl verify - connects as clients do, and says what is wrong. */
#include "verify.h"

#include "client_terms.h"
#include "commands.h"
#include "table.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 20, CONNECTIONS_MAX = 10000, STEP_MS = 5000 };

/* --- the command line --- */

static bool read_place(const struct cli *cli, const char *typed, char host[TEXT_HOST_MAX],
		       int *port)
{
	if (text_host_port(typed, host, port) && *port > 0)
		return true;
	cli_usage_error(cli, "\"%s\" is no HOST:PORT", typed);
	return false;
}

static bool read_nodes(const struct cli *cli, struct verify *v)
{
	char host[TEXT_HOST_MAX];
	size_t at = 0;
	int port;

	for (const char *typed; (typed = cli_next(cli, "node-http", &at)) != NULL;) {
		const char *equals = strchr(typed, '=');
		struct verify_node *n;
		char url[TEXT_HOST_MAX + 32];

		if (!read_place(cli, equals != NULL ? equals + 1 : typed, host, &port))
			return false;
		v->nodes = mem_realloc(v->nodes, (v->node_count + 1) * sizeof *v->nodes);
		n = &v->nodes[v->node_count++];
		node_way_base(&v->way, url, sizeof url, equals != NULL ? equals + 1 : typed);
		*n = (struct verify_node){
			.url = mem_strdup(url),
			.connections = -1,
			.name = equals != NULL ? mem_strndup(typed, (size_t)(equals - typed))
					       : mem_strdup(typed)
		};
	}
	return true;
}

/* The values of an option that repeats; *count of them, borrowed. */
static char **all_values(const struct cli *cli, const char *name, size_t *count)
{
	char **list = NULL;
	size_t at = 0;

	*count = 0;
	for (const char *text; (text = cli_next(cli, name, &at)) != NULL;) {
		list = mem_realloc(list, (*count + 1) * sizeof *list);
		list[(*count)++] = mem_strdup(text);
	}
	return list;
}

static bool read_command_line(const struct cli *cli, struct verify *v)
{
	char host[TEXT_HOST_MAX];
	int port;

	v->timeout_ms = (int)cli_time(cli, "timeout", STEP_MS);
	v->connections = (int)cli_number(cli, "connections", CONNECTIONS);
	v->brokers = all_values(cli, "broker", &v->broker_count);
	for (size_t i = 0; i < v->broker_count; i++) {
		if (!read_place(cli, v->brokers[i], host, &port))
			return false;
	}
	for (int i = 0; i < cli_argument_count(cli); i++) {
		if (!read_place(cli, cli_argument(cli, i), host, &port))
			return false;
	}
	return read_nodes(cli, v);
}

/* --- for people and programs --- */

static json_t *step(const char *name, struct times *t)
{
	char text[64];

	times_text(t, text, sizeof text);
	return json_pack("{s:s, s:I, s:s, s:o}", "step", name, "count", (json_int_t)t->count, "ms",
			 text, "times", times_json(t));
}

static json_t *steps(struct verify *v)
{
	return json_pack("[o, o, o, o]", step("connect", &v->connect),
			 step("ApiVersions", &v->versions), step("Metadata", &v->metadata),
			 step("FindCoordinator", &v->coordinator));
}

static json_t *endpoint_rows(const struct verify *v)
{
	json_t *rows = json_array();
	char where[TEXT_HOST_MAX + 16];

	for (size_t i = 0; i < v->endpoint_count; i++) {
		const struct endpoint *e = &v->endpoints[i];

		text_host_port_print(where, sizeof where, e->host, e->port);
		json_array_append_new(
			rows,
			json_pack("{s:s, s:i, s:I, s:s, s:f, s:o}", "address", where, "broker",
				  e->broker, "named", (json_int_t)e->named, "state",
				  e->good ? "answers" : "wrong", "connect_ms", e->connect_ms,
				  "groups", e->groups < 0 ? json_null() : json_integer(e->groups)));
	}
	return rows;
}

static json_t *node_rows(const struct verify *v)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < v->node_count; i++) {
		const struct verify_node *n = &v->nodes[i];

		json_array_append_new(
			rows,
			json_pack("{s:s, s:s, s:s, s:o}", "node", n->name, "url", n->url, "says",
				  n->says != NULL ? n->says : "-", "connections",
				  n->connections < 0 ? json_null() : json_integer(n->connections)));
	}
	return rows;
}

static json_t *report(struct verify *v)
{
	return json_pack("{s:s?, s:I, s:I, s:o, s:o, s:o, s:O, s:O}", "cluster_id", v->cluster_id,
			 "connections", (json_int_t)v->client_count, "answered",
			 (json_int_t)v->good_count, "steps", steps(v), "endpoints",
			 endpoint_rows(v), "nodes", node_rows(v), "topics", v->topics, "findings",
			 v->findings);
}

static void print_part(const json_t *rows, const struct table_column *columns, size_t count)
{
	if (json_array_size(rows) == 0)
		return;
	putchar('\n');
	table_print(stdout, columns, count, rows);
}

static void print(const json_t *all)
{
	static const struct table_column step_columns[] = {
		{ "step", "STEP", TABLE_TEXT },
		{ "count", "TIMES", TABLE_NUMBER },
		{ "ms", "MIN / MEDIAN / MAX MS", TABLE_TEXT },
	};
	static const struct table_column endpoint_columns[] = {
		{ "address", "CLIENTS ARE TOLD", TABLE_TEXT }, { "broker", "BROKER", TABLE_NUMBER },
		{ "named", "ANSWERS", TABLE_NUMBER },	       { "state", "STATE", TABLE_TEXT },
		{ "connect_ms", "CONNECT MS", TABLE_NUMBER },  { "groups", "GROUPS", TABLE_NUMBER },
	};
	static const struct table_column node_columns[] = {
		{ "node", "NODE", TABLE_TEXT },
		{ "says", "SAYS", TABLE_TEXT },
		{ "connections", "OUR CONNECTIONS", TABLE_NUMBER },
	};
	static const struct table_column topic_columns[] = {
		{ "topic", "TOPIC", TABLE_TEXT },
		{ "partitions", "PARTITIONS", TABLE_NUMBER },
		{ "good", "GOOD", TABLE_NUMBER },
		{ "produce_ms", "PRODUCE MS", TABLE_TEXT },
		{ "fetch_ms", "FETCH MS", TABLE_TEXT },
	};
	const char *cluster = json_string_value(json_object_get(all, "cluster_id"));
	json_t *finding;
	size_t i;

	printf("%lld of %lld connections answered, for cluster %s\n\n",
	       (long long)json_integer_value(json_object_get(all, "answered")),
	       (long long)json_integer_value(json_object_get(all, "connections")),
	       cluster != NULL ? cluster : "-");
	table_print(stdout, step_columns, ARRAY_LEN(step_columns), json_object_get(all, "steps"));
	print_part(json_object_get(all, "endpoints"), endpoint_columns,
		   ARRAY_LEN(endpoint_columns));
	print_part(json_object_get(all, "nodes"), node_columns, ARRAY_LEN(node_columns));
	print_part(json_object_get(all, "topics"), topic_columns, ARRAY_LEN(topic_columns));
	putchar('\n');
	json_array_foreach(json_object_get(all, "findings"), i, finding)
	{
		printf("wrong: %s\n", json_string_value(finding));
	}
	if (i == 0)
		puts("nothing is wrong");
}

/* --- all of it --- */

static void close_clients(struct verify *v)
{
	for (size_t i = 0; i < v->client_count; i++)
		kafka_close(&v->clients[i]);
	free(v->clients);
	free(v->client_ids);
}

static void look(const struct cli *cli, struct verify *v)
{
	size_t room = (size_t)v->connections * (size_t)cli_argument_count(cli);
	struct verify_topics topics = { 0 };
	char host[TEXT_HOST_MAX];
	int port;

	v->clients = mem_zalloc(room * sizeof *v->clients);
	v->client_ids = mem_zalloc(room * sizeof *v->client_ids);
	for (int i = 0; i < cli_argument_count(cli); i++) {
		if (text_host_port(cli_argument(cli, i), host, &port))
			verify_bootstrap(v, host, port);
	}
	verify_nodes(v);
	verify_endpoints(v);
	verify_groups(v);
	topics.names = all_values(cli, "topic", &topics.count);
	topics.produces = topics.count > 0 && !cli_flag(cli, "read-only");
	verify_partitions(v, &topics);
	for (size_t i = 0; i < topics.count; i++)
		free(topics.names[i]);
	free(topics.names);
	close_clients(v);
}

static void deinit(struct verify *v)
{
	struct times *all[] = { &v->connect, &v->versions, &v->metadata, &v->coordinator };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		times_deinit(all[i]);
	for (size_t i = 0; i < v->endpoint_count; i++)
		free(v->endpoints[i].host);
	for (size_t i = 0; i < v->broker_count; i++)
		free(v->brokers[i]);
	for (size_t i = 0; i < v->node_count; i++) {
		free(v->nodes[i].name);
		free(v->nodes[i].url);
		free(v->nodes[i].says);
	}
	free(v->endpoints);
	free(v->brokers);
	free(v->nodes);
	free(v->cluster_id);
	node_way_deinit(&v->way);
	ev_loop_destroy(v->loop);
	json_decref(v->findings);
	json_decref(v->topics);
}

static int verify(const struct cli *cli, struct verify *v, const struct client_terms *terms)
{
	json_t *all;
	int status;

	if (!read_command_line(cli, v))
		return EXIT_USAGE;
	v->terms = &terms->terms;
	look(cli, v);
	all = report(v);
	if (cli_json(cli))
		table_print_json(stdout, all);
	else
		print(all);
	status = json_array_size(v->findings) > 0 ? EXIT_FINDINGS : EXIT_DONE;
	json_decref(all);
	return status;
}

static int run(struct cli *cli)
{
	struct verify v = { .findings = json_array(), .topics = json_array() };
	struct client_terms terms;
	int status = EXIT_USAGE;

	if (!apis_compile(stderr))
		return EXIT_FINDINGS;
	v.loop = ev_loop_new(EVFLAG_AUTO);
	snprintf(v.run, sizeof v.run, "anyportctl-verify-%d-%llx", getpid(),
		 (unsigned long long)time(NULL));
	node_way_init(&v.way, cli);
	if (client_terms_init(&terms, cli))
		status = verify(cli, &v, &terms);
	deinit(&v);
	client_terms_deinit(&terms);
	apis_free();
	return status;
}

static const struct cli_option options[] = {
	{ "connections", 'n', CLI_NUMBER, "N", .min = 1, .max = CONNECTIONS_MAX,
	  .what = "to each HOST:PORT, all open at once (20)" },
	{ "topic", 't', CLI_TEXT, "NAME", .repeats = true,
	  .what = "look at this topic only, and produce a record into each of its partitions" },
	{ "read-only", 'r', .what = "produce nothing, not into a --topic either" },
	{ "broker", 0, CLI_TEXT, "HOST:PORT", .repeats = true,
	  .what = "a broker's own address, which no answer may name" },
	{ "node-http", 0, CLI_TEXT, "[NAME=]HOST:PORT", .repeats = true,
	  .what = "a node's HTTP API: tells which connections it has, and its brokers' addresses" },
	NODE_WAY_OPTION,
	CLIENT_TERMS_OPTIONS,
	{ "timeout", 0, CLI_TIME, "TIME", .min = 1, .max = 600000, .what = "of each step (5s)" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl verify kafka.example.com:9092 --broker 10.0.1.1:9092 --broker 10.0.1.2:9092",
	  "through HAProxy, and whether a broker's own address leaks" },
	{ "anyportctl verify kafka.example.com:9092 -X security.protocol=SASL_SSL -F me.properties",
	  "by TLS, as somebody whom the file names: sasl.mechanism, sasl.username, sasl.password" },
	{ "anyportctl verify kafka.example.com:9092 --topic probe --node-http n1=10.0.0.1:8888",
	  "with a record into each partition of \"probe\", and what node n1 says" },
	{ 0 },
};

const struct cli_command verify_command = {
	.words = "verify",
	.arguments = "HOST:PORT...",
	.least = 1,
	.most = -1,
	.json = true,
	.what = "connect as clients do and say what is wrong",
	.about =
		"Opens many connections to where clients begin, each to the next of the name's "
		"addresses, and asks what a client asks first. Then every address that an answer named "
		"must resolve, take a connection and answer for the same cluster, and be none of a "
		"broker's own. Then every partition's leader is asked for the partition's end and "
		"fetched from, at the address that clients are told for it. Where several brokers are told, each "
		"is asked for its groups: a group that two of them tell is counted twice by whoever adds "
		"up. Nothing is produced but "
		"into a topic that is named. Which node has which connection nobody can see from "
		"outside: nodes that --node-http names are asked while the connections are open.",
	.options = options,
	.examples = examples,
	.run = run,
};
