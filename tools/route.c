/* anyportctl route - where requests for a topic, a group or a transaction go, and why. */
#include "commands.h"
#include "node_option.h"
#include "table.h"

#include "util/text.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 1000, NAME_MAX_BYTES = 249 };

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "-";
}

/* Appends it as it may stand in a URL. */
static void append(char path[PATH_MAX_BYTES], const char *before, const char *value)
{
	char *safe = curl_easy_escape(NULL, value, 0);
	size_t n = strlen(path);

	snprintf(path + n, PATH_MAX_BYTES - n, "%s%s", before, safe);
	curl_free(safe);
}

/* --- one request --- */

/* Why a broker can't be reached, after a comma; "": it can. */
static void print_unreachable(const json_t *broker)
{
	const json_t *lost = json_object_get(broker, "lost_ms");

	if (json_is_true(json_object_get(broker, "is_reachable")))
		return;
	if (json_is_integer(lost))
		printf(", which has not answered for %lld s: %s",
		       (long long)json_integer_value(lost) / 1000, text(broker, "lost_why"));
	else
		fputs(", which does not resolve", stdout);
}

static int print_route(const struct cli *cli, const json_t *route)
{
	const json_t *broker = json_object_get(route, "broker");
	bool reachable = json_is_null(broker) ||
			 json_is_true(json_object_get(broker, "is_reachable"));

	if (cli_json(cli)) {
		table_print_json(stdout, route);
	} else {
		printf("%s goes to %s", text(route, "api"), text(route, "route"));
		if (!json_is_null(broker)) {
			printf(": broker %lld at %s",
			       (long long)json_integer_value(json_object_get(broker, "id")),
			       text(broker, "address"));
			print_unreachable(broker);
		}
		printf("\nbecause %s\n", text(route, "why"));
	}
	return reachable ? EXIT_DONE : EXIT_FINDINGS;
}

static int route_of(const struct cli *cli, const char *topic, const char *partition)
{
	const char *group = cli_get(cli, "group"), *id = cli_get(cli, "transactional-id");
	const char *zone = cli_get(cli, "zone");
	const char *standard = group != NULL  ? "OffsetCommit"
			       : id != NULL   ? "EndTxn"
			       : zone != NULL ? "Fetch"
					      : "Produce";
	char path[PATH_MAX_BYTES] = "/v1/route";
	json_t *route;
	int status;

	append(path, "?api=", cli_get(cli, "api") != NULL ? cli_get(cli, "api") : standard);
	if (topic != NULL)
		append(path, "&topic=", topic);
	if (partition != NULL)
		append(path, "&partition=", partition);
	if (cli_get(cli, "dialled") != NULL)
		append(path, "&dialled=", cli_get(cli, "dialled"));
	if (zone != NULL)
		append(path, "&zone=", zone);
	if (group != NULL)
		append(path, "&group=", group);
	if (id != NULL)
		append(path, "&transactional_id=", id);
	route = node_get(cli, path);
	if (route == NULL)
		return EXIT_FINDINGS;
	status = print_route(cli, route);
	json_decref(route);
	return status;
}

/* --- all partitions of a topic --- */

static const json_t *broker_of(const json_t *brokers, const json_t *id)
{
	json_t *b;
	size_t i;

	json_array_foreach(json_object_get(brokers, "brokers"), i, b)
	{
		if (json_equal(json_object_get(b, "id"), id))
			return b;
	}
	return NULL;
}

static json_t *copy(const json_t *from, const char *key)
{
	const json_t *value = json_object_get(from, key);

	return value != NULL ? json_incref((json_t *)value) : json_null();
}

static json_t *place_of(const json_t *broker)
{
	char place[TEXT_HOST_MAX + 16];

	if (broker == NULL)
		return json_null();
	text_host_port_print(place, sizeof place, text(broker, "host"),
			     (int)json_integer_value(json_object_get(broker, "port")));
	return json_string(place);
}

struct troubles {
	size_t leaderless, lost; /* partitions that no broker leads, or one that does not answer */
};

static json_t *leader_rows(const json_t *topic, const json_t *brokers, struct troubles *t)
{
	json_t *rows = json_array(), *p;
	size_t i;

	*t = (struct troubles){ 0 };
	json_array_foreach(json_object_get(topic, "partitions"), i, p)
	{
		const json_t *leader = broker_of(brokers, json_object_get(p, "leader"));

		t->leaderless += leader == NULL;
		t->lost += json_is_integer(json_object_get(leader, "lost_ms"));
		json_array_append_new(
			rows, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "partition",
					copy(p, "partition"), "leader", copy(p, "leader"), "epoch",
					copy(p, "leader_epoch"), "broker", place_of(leader),
					"state", copy(leader, "state"), "told",
					copy(json_object_get(leader, "advertised"), "address")));
	}
	return rows;
}

static int print_leaders(const struct cli *cli, const json_t *topic, const json_t *brokers)
{
	static const struct table_column columns[] = {
		{ "partition", "PARTITION", TABLE_NUMBER },
		{ "leader", "LEADER", TABLE_NUMBER },
		{ "epoch", "EPOCH", TABLE_NUMBER },
		{ "broker", "AT", TABLE_TEXT },
		{ "state", "IT IS", TABLE_TEXT },
		{ "told", "CLIENTS ARE TOLD", TABLE_TEXT },
	};
	struct troubles t;
	json_t *rows = leader_rows(topic, brokers, &t), *all;

	if (cli_json(cli)) {
		all = json_pack("{s:o, s:O}", "topic", copy(topic, "name"), "partitions", rows);
		table_print_json(stdout, all);
		json_decref(all);
	} else {
		table_print(stdout, columns, ARRAY_LEN(columns), rows);
		if (t.leaderless > 0)
			printf("\nwrong: %zu partitions have no leader\n", t.leaderless);
		if (t.lost > 0)
			printf("\nwrong: partitions that are led by a broker that does not answer: "
			       "%zu\n",
			       t.lost);
	}
	json_decref(rows);
	return t.leaderless + t.lost == 0 ? EXIT_DONE : EXIT_FINDINGS;
}

static int leaders_of(const struct cli *cli, const char *name)
{
	char path[PATH_MAX_BYTES] = "/v1/topics/";
	json_t *topic, *brokers;
	int status = EXIT_FINDINGS;

	append(path, "", name);
	topic = node_get(cli, path);
	brokers = topic != NULL ? node_get(cli, "/v1/brokers") : NULL;
	if (brokers != NULL)
		status = print_leaders(cli, topic, brokers);
	json_decref(topic);
	json_decref(brokers);
	return status;
}

/* --- the command line --- */

static int run(struct cli *cli)
{
	const char *what = cli_argument_count(cli) > 0 ? cli_argument(cli, 0) : NULL;
	const char *slash = what != NULL ? strchr(what, '/') : NULL;
	const bool has_zone = cli_get(cli, "zone") != NULL;
	bool is_key = cli_get(cli, "group") != NULL || cli_get(cli, "transactional-id") != NULL;
	char topic[NAME_MAX_BYTES + 1];
	int64_t partition;

	if (what == NULL && !is_key && cli_get(cli, "api") == NULL)
		return cli_usage_error(cli,
				       "a topic, --group, --transactional-id or --api is needed");
	if (has_zone && slash == NULL)
		return cli_usage_error(cli, "--zone says who reads a partition: TOPIC/PARTITION is "
					    "needed");
	if (what == NULL)
		return route_of(cli, NULL, NULL);
	if ((slash == NULL ? strlen(what) : (size_t)(slash - what)) > NAME_MAX_BYTES)
		return cli_usage_error(cli, "a topic's name has at most %d characters",
				       NAME_MAX_BYTES);
	if (slash == NULL && !is_key && cli_get(cli, "api") == NULL)
		return leaders_of(cli, what);
	if (slash == NULL)
		return route_of(cli, what, NULL);
	if (!text_int64(slash + 1, &partition) || partition < 0)
		return cli_usage_error(cli, "\"%s\" is no partition", slash + 1);
	snprintf(topic, sizeof topic, "%.*s", (int)(slash - what), what);
	return route_of(cli, topic, slash + 1);
}

static const struct cli_option options[] = {
	{ "api", 'a', CLI_TEXT, "NAME", .what = "of the request, as Kafka calls it (Produce)" },
	{ "group", 'g', CLI_TEXT, "ID", .what = "a consumer group: its coordinator" },
	{ "transactional-id", 0, CLI_TEXT, "ID", .what = "a transaction: its coordinator" },
	{ "dialled", 0, CLI_NUMBER, "ID", .min = 0, .max = INT32_MAX,
	  .what = "the broker that the client has dialled: who tells what he has himself" },
	{ "zone", 0, CLI_TEXT, "NAME",
	  .what = "the zone that a consumer is in: which replica it reads" },
	NODE_OPTIONS,
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl route orders", "the leader of each partition" },
	{ "anyportctl route orders/3 --api Fetch --http 10.0.0.1:8888", "one request, and why" },
	{ "anyportctl route orders/3 --zone use1-az2",
	  "which replica a consumer there reads, and why not the leader" },
	{ "anyportctl route --group billing", "where a group's coordinator is" },
	{ "anyportctl route --api ListGroups --dialled 2",
	  "whether who asks broker 2 for its groups gets broker 2's" },
	{ 0 },
};

const struct cli_command route_command = {
	.words = "route",
	.arguments = "[TOPIC[/PARTITION]]",
	.most = 1,
	.json = true,
	.what = "say where a request would go, and why",
	.about = "Asks a node to which broker it would send a request now. A topic alone lists the "
		 "leaders of all of its partitions.",
	.options = options,
	.examples = examples,
	.run = run,
};
