/* What the nodes say over their HTTP API: whose connections they have, and what must not leak. */
#include "verify.h"

#include "util/mem.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

enum { CONNECTIONS_MAX = 5000 };

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* Ours are known by their client ids. */
static void count_ours(const struct verify *v, struct verify_node *n)
{
	char path[64], why[HTTP_CLIENT_WHY_MAX];
	const json_t *list;
	json_t *answer, *c;
	size_t i;

	snprintf(path, sizeof path, "/v1/connections?limit=%d", CONNECTIONS_MAX);
	answer = node_ask_json(&v->way, n->url, path, v->timeout_ms, why);
	list = json_object_get(answer, "connections");
	n->connections = json_is_array(list) ? 0 : -1;
	json_array_foreach((json_t *)list, i, c)
	{
		if (strncmp(text(c, "client_id"), v->run, strlen(v->run)) == 0)
			n->connections++;
	}
	json_decref(answer);
}

static void add_broker(struct verify *v, const char *host, int port)
{
	char where[TEXT_HOST_MAX + 16];

	text_host_port_print(where, sizeof where, host, port);
	for (size_t i = 0; i < v->broker_count; i++) {
		if (strcmp(v->brokers[i], where) == 0)
			return;
	}
	v->brokers = mem_realloc(v->brokers, (v->broker_count + 1) * sizeof *v->brokers);
	v->brokers[v->broker_count++] = mem_strdup(where);
}

/* Its brokers' own addresses, and where it would send clients for each. */
static void learn_brokers(struct verify *v, const struct verify_node *n)
{
	char host[TEXT_HOST_MAX], why[HTTP_CLIENT_WHY_MAX];
	json_t *answer = node_ask_json(&v->way, n->url, "/v1/brokers", v->timeout_ms, why), *b;
	size_t i;
	int port;

	json_array_foreach(json_object_get(answer, "brokers"), i, b)
	{
		const json_t *told = json_object_get(b, "advertised");

		add_broker(v, text(b, "host"), (int)json_integer_value(json_object_get(b, "port")));
		if (text_host_port(text(told, "address"), host, &port) && port > 0)
			verify_endpoint(v, host, port)->broker =
				(int32_t)json_integer_value(json_object_get(told, "id"));
	}
	json_decref(answer);
}

static void ask_node(struct verify *v, struct verify_node *n)
{
	char why[HTTP_CLIENT_WHY_MAX];
	json_t *answer = node_ask_json(&v->way, n->url, "/v1/node", v->timeout_ms, why);

	n->connections = -1;
	if (answer == NULL) {
		n->says = mem_strdup(why);
		verify_find(v, "node %s: %s", n->name, why);
		return;
	}
	n->says = mem_strdup(text(answer, "status"));
	verify_same_cluster(v, n->name,
			    json_string_value(json_object_get(answer, "kafka_cluster_id")));
	json_decref(answer);
	count_ours(v, n);
	learn_brokers(v, n);
}

void verify_nodes(struct verify *v)
{
	for (size_t i = 0; i < v->node_count; i++)
		ask_node(v, &v->nodes[i]);
}
