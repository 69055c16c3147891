#include "haproxy_from.h"

#include "cli.h"
#include "config/listeners.h"
#include "config/options.h"
#include "util/mem.h"
#include "util/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TIMEOUT_MS = 5000, TEXT_MAX = 300 };

/* A text that grows. */
struct list {
	char *text;
	size_t length;
};

static void list_add(struct list *l, const char *item)
{
	size_t more = strlen(item);

	l->text = mem_realloc(l->text, l->length + more + 2);
	if (l->length > 0)
		l->text[l->length++] = ',';
	memcpy(l->text + l->length, item, more + 1);
	l->length += more;
}

/* name=host:port@rack; of a host that has its port already, the port is 0. */
static void add_node(struct list *l, const char *name, const char *host, int port, const char *rack)
{
	char address[TEXT_MAX], text[3 * TEXT_MAX];

	text_host_port_print(address, sizeof address, host, port);
	snprintf(text, sizeof text, "%s=%s%s%s", name, address, rack != NULL ? "@" : "",
		 rack != NULL ? rack : "");
	list_add(l, text);
}

static const char *member_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL && *text != '\0' ? text : NULL;
}

static void add_item(struct list *l, const json_t *item)
{
	if (json_is_object(item))
		add_node(l, json_string_value(json_object_get(item, "name")),
			 json_string_value(json_object_get(item, "host")),
			 (int)json_integer_value(json_object_get(item, "http_port")),
			 member_text(item, "rack"));
	else if (json_is_string(item))
		list_add(l, json_string_value(item));
}

/* A value as one types it.  Caller frees. */
static char *text_of(const json_t *value)
{
	struct list l = { mem_strdup(""), 0 };
	char number[32];
	size_t index;
	json_t *item;

	if (json_is_string(value)) {
		list_add(&l, json_string_value(value));
	} else if (json_is_boolean(value)) {
		list_add(&l, json_is_true(value) ? "true" : "false");
	} else if (json_is_integer(value)) {
		snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		list_add(&l, number);
	} else {
		json_array_foreach(value, index, item) add_item(&l, item);
	}
	return l.text;
}

static bool is_of_haproxy(const char *key)
{
	return strncmp(key, "haproxy.", strlen("haproxy.")) == 0;
}

/* What this environment says of HAProxy is said here and now. */
static bool is_said_here(const struct config *c, const struct config_option *o)
{
	return is_of_haproxy(o->key) && c->origins[o - config_options].kind == ORIGIN_ENVIRONMENT;
}

static bool take_listener(struct config *c, const char *url, json_t *listener)
{
	const char *name = json_string_value(json_object_get(listener, "name")), *key;
	struct config_named *n = listeners_add(c, name != NULL ? name : "");
	char why[CONFIG_WHY_MAX];
	json_t *value;

	json_object_foreach(listener, key, value)
	{
		char *text = text_of(value);
		bool ok = strcmp(key, "name") == 0 || listeners_say(n, key, text, why);

		free(text);
		if (!ok) {
			cli_fail("%s: gateway.listeners: %s", url, why);
			return false;
		}
	}
	return true;
}

static bool take_listeners(struct config *c, const char *url, const json_t *list)
{
	size_t index;
	json_t *listener;

	json_array_foreach(list, index, listener)
	{
		if (!take_listener(c, url, listener))
			return false;
	}
	return true;
}

static bool take(struct config *c, const char *url, const json_t *row)
{
	const char *key = json_string_value(json_object_get(row, "name"));
	const json_t *value = json_object_get(row, "value");
	const struct config_option *o = key != NULL ? option_by_key(key) : NULL;
	char why[CONFIG_WHY_MAX];
	char *text;
	bool ok;

	if (o == NULL) {
		fprintf(stderr, "warning: %s has an option %s that is not known here: left out\n",
			url, key != NULL ? key : "without a name");
		return true;
	}
	if (value == NULL || json_is_null(value) || is_said_here(c, o))
		return true;
	if (o->kind == OPTION_LISTENERS)
		return take_listeners(c, url, value);
	text = text_of(value);
	ok = config_set(c, o->key, text, why);
	free(text);
	if (!ok)
		cli_fail("%s: %s: %s", url, key, why);
	return ok;
}

/* NULL, and said why. */
static json_t *ask(const struct node_way *way, const char *url, const char *path)
{
	char why[HTTP_CLIENT_WHY_MAX];
	json_t *answer = node_ask_json(way, url, path, TIMEOUT_MS, why);

	if (answer == NULL)
		cli_fail("%s", why);
	return answer;
}

static bool set(struct config *c, const char *url, const char *key, const char *text)
{
	char why[CONFIG_WHY_MAX];
	bool ok = config_set(c, key, text, why);

	if (!ok)
		cli_fail("%s: %s: %s", url, key, why);
	return ok;
}

/* How many ports the node has found that it needs. */
static bool take_port_count(const struct node_way *way, struct config *c, const char *url)
{
	json_t *node = ask(way, url, "/v1/node");
	char *text;
	bool ok;

	if (node == NULL)
		return false;
	text = text_of(json_object_get(json_object_get(node, "ports"), "count"));
	ok = set(c, url, "gateway.port_count", text);
	free(text);
	json_decref(node);
	return ok;
}

/* A member where HAProxy reaches it: where its HTTP API is, as under external balancing all
 * advertise the load balancer. */
static void add_member(struct list *l, const json_t *member)
{
	const char *http = member_text(member, "http");
	const char *name = member_text(member, "node_id"), *by_tls = "https://";
	char host[TEXT_HOST_MAX];
	int port;

	if (http != NULL && strncmp(http, by_tls, strlen(by_tls)) == 0)
		http += strlen(by_tls);
	if (http != NULL && name != NULL && text_host_port(http, host, &port))
		add_node(l, name, host, port, member_text(member, "rack"));
}

/* The same of those that have names; what is not told stays unknown. */
static void take_count(struct config *c, const json_t *told)
{
	const char *name = json_string_value(json_object_get(told, "name"));
	json_int_t count =
		json_integer_value(json_object_get(json_object_get(told, "ports"), "count"));

	for (size_t i = 0; name != NULL && i < c->named_count; i++) {
		struct config_named *n = &c->named[i];

		if (strcasecmp(n->name, name) == 0 && n->said.port_count == 0 && count > 0 &&
		    count <= PORT_MOST)
			n->said.port_count = (int)count;
	}
}

static bool counts_are_known(const struct config *c)
{
	for (size_t i = 0; i < config_listener_count(c); i++) {
		const struct listener *l = config_listener(c, i);

		if (l->port_count == 0 && l->advertised_mode == ADVERTISE_PORTS)
			return false;
	}
	return true;
}

static bool take_counts(const struct node_way *way, struct config *c, const char *url)
{
	json_t *node = ask(way, url, "/v1/node"), *listener;
	size_t index;

	json_array_foreach(json_object_get(node, "listeners"), index, listener)
		take_count(c, listener);
	listeners_derive(c);
	json_decref(node);
	return node != NULL;
}

static bool take_members(const struct node_way *way, struct config *c, const char *url)
{
	json_t *cluster = ask(way, url, "/v1/cluster"), *member;
	struct list l = { mem_strdup(""), 0 };
	size_t index;
	bool ok = cluster != NULL;

	json_array_foreach(json_object_get(cluster, "members"), index, member)
	{
		if (!json_is_string(json_object_get(member, "distrusted")))
			add_member(&l, member);
	}
	ok = ok && set(c, url, "haproxy.nodes", l.text);
	free(l.text);
	json_decref(cluster);
	return ok;
}

static bool take_all(const struct node_way *way, struct config *c, const char *url,
		     bool needs_nodes)
{
	json_t *answer = ask(way, url, "/v1/config"), *row;
	size_t index;
	bool ok = answer != NULL;

	json_array_foreach(json_object_get(answer, "options"), index, row)
		ok = take(c, url, row) && ok;
	json_decref(answer);
	listeners_derive(c);
	if (ok && !counts_are_known(c))
		ok = c->named_count == 0 ? take_port_count(way, c, url) : take_counts(way, c, url);
	if (ok && needs_nodes && c->node_count == 0 && c->haproxy.discover == NULL)
		ok = take_members(way, c, url);
	return ok;
}

struct config *haproxy_from(const struct node_way *way, const char *url, bool needs_nodes)
{
	struct config *c = config_load_part("", stderr);

	if (c != NULL && !take_all(way, c, url, needs_nodes)) {
		config_free(c);
		c = NULL;
	}
	return c;
}
