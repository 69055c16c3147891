/* anyportctl status - what a node believes: of itself, of the other nodes, of the brokers. */
#include "commands.h"
#include "node_option.h"
#include "table.h"

#include "util/text.h"

#include <string.h>

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* --- rows --- */

static json_t *copy(const json_t *from, const char *key)
{
	const json_t *value = json_object_get(from, key);

	return value != NULL ? json_incref((json_t *)value) : json_null();
}

static json_t *ports_of(const json_t *member)
{
	const json_t *ports = json_object_get(member, "ports");
	json_int_t first = json_integer_value(json_object_get(ports, "first"));
	json_int_t count = json_integer_value(json_object_get(ports, "count"));

	return count > 1
		       ? json_sprintf("%lld-%lld", (long long)first, (long long)(first + count - 1))
		       : json_sprintf("%lld", (long long)first);
}

/* The node that was asked knows of the others whether they drain, and no more. */
static const char *state_of(const json_t *member, const json_t *node)
{
	if (json_is_true(json_object_get(member, "is_self")))
		return text(node, "status");
	return json_is_true(json_object_get(member, "is_draining")) ? "draining" : "member";
}

static json_t *node_row(const json_t *member, const json_t *node)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "node",
			 copy(member, "node_id"), "state", state_of(member, node), "host",
			 copy(member, "host"), "ports", ports_of(member), "rack",
			 copy(member, "rack"), "version", copy(member, "version"), "clients",
			 copy(member, "connections"), "bytes_per_second",
			 copy(member, "bytes_per_second"), "http", copy(member, "http"));
}

/* Without a cluster id a node knows of itself alone. */
static json_t *node_rows(const json_t *node, const json_t *cluster)
{
	json_t *rows = json_array(), *member;
	size_t i;

	json_array_foreach(json_object_get(cluster, "members"), i, member)
	{
		json_array_append_new(rows, node_row(member, node));
	}
	if (json_array_size(rows) == 0)
		json_array_append_new(rows, node_row(node, node));
	return rows;
}

static json_t *broker_rows(const json_t *brokers)
{
	json_t *rows = json_array(), *b;
	size_t i;

	json_array_foreach(json_object_get(brokers, "brokers"), i, b)
	{
		const json_t *told = json_object_get(b, "advertised");
		char place[TEXT_HOST_MAX + 16];

		text_host_port_print(place, sizeof place, text(b, "host"),
				     (int)json_integer_value(json_object_get(b, "port")));
		json_array_append_new(
			rows, json_pack("{s:o, s:s, s:o, s:o, s:o}", "broker", copy(b, "id"),
					"place", place, "rack", copy(b, "rack"), "address",
					copy(b, "address"), "told", copy(told, "address")));
	}
	return rows;
}

/* --- what is wrong --- */

static void find_reasons(json_t *findings, const json_t *node)
{
	const char *status = text(node, "status");
	json_t *reason;
	size_t i;

	if (strcmp(status, "ready") == 0)
		return;
	json_array_append_new(findings,
			      json_sprintf("node %s is %s", text(node, "node_id"), status));
	json_array_foreach(json_object_get(node, "reasons"), i, reason)
	{
		json_array_append(findings, reason);
	}
}

static void find_cluster(json_t *findings, const json_t *cluster)
{
	const char *trouble = text(cluster, "trouble");
	json_t *disagreement;
	size_t i;

	if (trouble[0] != '\0')
		json_array_append_new(findings, json_sprintf("the cluster: %s", trouble));
	json_array_foreach(json_object_get(cluster, "disagreements"), i, disagreement)
	{
		json_array_append(findings, disagreement);
	}
}

/* One broker's place stands for another that has no port of its own. */
static void find_port(json_t *findings, json_int_t id, const json_t *told, bool by_ports)
{
	json_int_t stands = json_integer_value(json_object_get(told, "id"));

	if (!json_is_object(told))
		json_array_append_new(findings,
				      json_sprintf("broker %lld: clients are told no place for it",
						   (long long)id));
	else if (by_ports && stands != id)
		json_array_append_new(
			findings,
			json_sprintf("broker %lld: there is no port for it, broker %lld's is told",
				     (long long)id, (long long)stands));
}

static void find_brokers(json_t *findings, const json_t *node, const json_t *brokers)
{
	bool by_ports = strcmp(text(node, "mode"), "ports") == 0;
	json_t *b;
	size_t i;

	json_array_foreach(json_object_get(brokers, "brokers"), i, b)
	{
		json_int_t id = json_integer_value(json_object_get(b, "id"));

		if (json_is_null(json_object_get(b, "address")))
			json_array_append_new(findings,
					      json_sprintf("broker %lld: %s does not resolve",
							   (long long)id, text(b, "host")));
		find_port(findings, id, json_object_get(b, "advertised"), by_ports);
	}
}

static json_t *findings_of(const json_t *node, const json_t *cluster, const json_t *brokers)
{
	json_t *findings = json_array();

	find_reasons(findings, node);
	find_cluster(findings, cluster);
	find_brokers(findings, node, brokers);
	return findings;
}

/* --- for people --- */

static void print(const json_t *all)
{
	static const struct table_column nodes[] = {
		{ "node", "NODE", TABLE_TEXT },
		{ "state", "STATE", TABLE_TEXT },
		{ "host", "HOST", TABLE_TEXT },
		{ "ports", "PORTS", TABLE_TEXT },
		{ "rack", "RACK", TABLE_TEXT },
		{ "version", "VERSION", TABLE_TEXT },
		{ "clients", "CLIENTS", TABLE_NUMBER },
		{ "bytes_per_second", "A SECOND", TABLE_BYTES },
		{ "http", "HTTP", TABLE_TEXT },
	};
	static const struct table_column brokers[] = {
		{ "broker", "BROKER", TABLE_NUMBER },
		{ "place", "ITS OWN PLACE", TABLE_TEXT },
		{ "rack", "RACK", TABLE_TEXT },
		{ "told", "CLIENTS ARE TOLD", TABLE_TEXT },
	};
	json_t *finding;
	size_t i;

	printf("Kafka cluster %s, %lld topics\n\n", text(all, "kafka_cluster_id"),
	       (long long)json_integer_value(json_object_get(all, "topics")));
	table_print(stdout, nodes, ARRAY_LEN(nodes), json_object_get(all, "nodes"));
	putchar('\n');
	table_print(stdout, brokers, ARRAY_LEN(brokers), json_object_get(all, "brokers"));
	json_array_foreach(json_object_get(all, "findings"), i, finding)
	{
		printf("%swrong: %s\n", i == 0 ? "\n" : "", json_string_value(finding));
	}
}

static int run(struct cli *cli)
{
	json_t *node = node_get(cli, "/v1/node"), *cluster, *brokers, *findings, *all;
	int status;

	if (node == NULL)
		return EXIT_FINDINGS;
	cluster = node_get(cli, "/v1/cluster");
	brokers = node_get(cli, "/v1/brokers");
	findings = findings_of(node, cluster, brokers);
	all = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "kafka_cluster_id",
			copy(node, "kafka_cluster_id"), "topics", copy(brokers, "topics"), "nodes",
			node_rows(node, cluster), "skew", copy(cluster, "skew"), "brokers",
			broker_rows(brokers), "findings", findings);
	if (cli_json(cli))
		table_print_json(stdout, all);
	else
		print(all);
	status = cluster != NULL && brokers != NULL && json_array_size(findings) == 0
			 ? EXIT_DONE
			 : EXIT_FINDINGS;
	json_decref(all);
	json_decref(node);
	json_decref(cluster);
	json_decref(brokers);
	return status;
}

static const struct cli_option options[] = {
	NODE_OPTIONS,
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl status --http 10.0.0.1:8888", "the nodes and brokers that this node knows" },
	{ "anyportctl status --json | jq .findings", "what is wrong, for a program" },
	{ 0 },
};

const struct cli_command status_command = {
	.words = "status",
	.json = true,
	.what = "say what a node knows of the nodes and the brokers",
	.about = "Asks one node, which knows the others of its cluster: how many clients each has "
		 "and what it told last. A node that is not ready, nodes that disagree and brokers "
		 "that clients can't be sent to are wrong.",
	.options = options,
	.examples = examples,
	.run = run,
};
