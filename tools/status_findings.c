#include "status_findings.h"

#include <stdbool.h>
#include <string.h>

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

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

/* A node that is degraded or unable has named the lost ones among its reasons. */
static bool tells_troubles(const json_t *node)
{
	const char *status = text(node, "status");

	return strcmp(status, "degraded") == 0 || strcmp(status, "unable") == 0;
}

static void find_lost(json_t *findings, json_int_t id, const json_t *broker)
{
	if (strcmp(text(broker, "state"), "lost") != 0)
		return;
	json_array_append_new(
		findings,
		json_sprintf("broker %lld: has not answered for %lld s: %s", (long long)id,
			     (long long)json_integer_value(json_object_get(broker, "lost_ms")) /
				     1000,
			     text(broker, "lost_why")));
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
		else if (!tells_troubles(node))
			find_lost(findings, id, b);
		find_port(findings, id, json_object_get(b, "advertised"), by_ports);
	}
}

json_t *status_findings(const json_t *node, const json_t *cluster, const json_t *brokers)
{
	json_t *findings = json_array();

	find_reasons(findings, node);
	find_cluster(findings, cluster);
	find_brokers(findings, node, brokers);
	return findings;
}
