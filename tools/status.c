/* anyportctl status - what a node believes: of itself, of the other nodes, of the brokers. */
#include "commands.h"
#include "node_option.h"
#include "status_findings.h"
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

static json_t *one_of_ports(const json_t *place)
{
	const json_t *ports = json_object_get(place, "ports");
	json_int_t first = json_integer_value(json_object_get(ports, "first"));
	json_int_t count = json_integer_value(json_object_get(ports, "count"));

	return count > 1
		       ? json_sprintf("%lld-%lld", (long long)first, (long long)(first + count - 1))
		       : json_sprintf("%lld", (long long)first);
}

/* Of several listeners each by its name: "inside 9092-9096, outside 9192-9196". */
static json_t *ports_of(const json_t *member)
{
	json_t *all = NULL, *listener;
	size_t i;

	json_array_foreach(json_object_get(member, "listeners"), i, listener)
	{
		json_t *one = one_of_ports(listener), *before = all;

		all = json_sprintf("%s%s%s %s", before != NULL ? json_string_value(before) : "",
				   before != NULL ? ", " : "", text(listener, "name"),
				   json_string_value(one));
		json_decref(one);
		json_decref(before);
	}
	return all != NULL ? all : one_of_ports(member);
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

/* Of a broker: an older node says nothing of it. */
static json_t *broker_state(const json_t *broker)
{
	const char *state = text(broker, "state");

	if (strcmp(state, "lost") == 0)
		return json_sprintf(
			"lost for %lld s",
			(long long)json_integer_value(json_object_get(broker, "lost_ms")) / 1000);
	return state[0] != '\0' ? json_string(state) : json_null();
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
			rows, json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "broker",
					copy(b, "id"), "state", broker_state(b), "lost_ms",
					copy(b, "lost_ms"), "lost_why", copy(b, "lost_why"),
					"place", place, "rack", copy(b, "rack"), "address",
					copy(b, "address"), "told", copy(told, "address")));
	}
	return rows;
}

/* --- for people --- */

/* Percent of the bytes on that side that cross zones; -1: none are known of. */
static double share_across(const json_t *all, const char *side)
{
	const json_t *bytes = json_object_get(json_object_get(all, "zone_bytes"), side);
	const double same = json_number_value(json_object_get(bytes, "same"));
	const double other = json_number_value(json_object_get(bytes, "other"));

	return same + other > 0 ? 100 * other / (same + other) : -1;
}

static void print_zones(const json_t *all)
{
	static const char *const sides[][2] = { { "client", "clients" }, { "broker", "brokers" } };

	bool is_told = false;

	for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
		const double share = share_across(all, sides[i][0]);

		if (share < 0)
			continue;
		printf("%sacross zones: %.1f %% of the node's bytes with %s whose zone is known\n",
		       is_told ? "" : "\n", share, sides[i][1]);
		is_told = true;
	}
}

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
		{ "broker", "BROKER", TABLE_NUMBER },	    { "state", "STATE", TABLE_TEXT },
		{ "place", "ITS OWN PLACE", TABLE_TEXT },   { "rack", "RACK", TABLE_TEXT },
		{ "told", "CLIENTS ARE TOLD", TABLE_TEXT },
	};
	json_t *finding;
	size_t i;

	printf("Kafka cluster %s, %lld topics; the node's audit log is %s\n\n",
	       text(all, "kafka_cluster_id"),
	       (long long)json_integer_value(json_object_get(all, "topics")),
	       json_is_true(json_object_get(all, "audit_log")) ? "on" : "off");
	table_print(stdout, nodes, ARRAY_LEN(nodes), json_object_get(all, "nodes"));
	putchar('\n');
	table_print(stdout, brokers, ARRAY_LEN(brokers), json_object_get(all, "brokers"));
	print_zones(all);
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
	findings = status_findings(node, cluster, brokers);
	all = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kafka_cluster_id",
			copy(node, "kafka_cluster_id"), "topics", copy(brokers, "topics"),
			"audit_log", copy(node, "audit_log"), "zone_bytes",
			copy(node, "zone_bytes"), "nodes", node_rows(node, cluster), "skew",
			copy(cluster, "skew"), "brokers", broker_rows(brokers), "findings",
			findings);
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
	.about =
		"Asks one node, which knows the others of its cluster: how many clients each has "
		"and what it told last. A node that is not ready, nodes that disagree, brokers that "
		"do not answer the node and brokers that clients can't be sent to are wrong. STATE is what the "
		"node that is asked says of itself; of another it knows that it is there, `member`, or "
		"that it drains, `draining`: `--http` asks that one.",
	.options = options,
	.examples = examples,
	.run = run,
};
