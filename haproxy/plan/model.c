#include "plan/model.h"

#include "config/config.h"
#include "plan/endpoint.h"
#include "util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_HTTP_PORT = 8888,
	DEFAULT_IDLE_MS = 10 * 60 * 1000,
	DEFAULT_FD_LIMIT = 16384,
	NUMBER_LARGEST = 10000000,
	NODES_MOST = 1000,
	NAME_LONGEST = 64,
	/* sun_path has 108 bytes; HAProxy binds PATH.PID.tmp and renames it. */
	SOCKET_PATH_LONGEST = 90,
};

static const char *const balance_names[] = { [BALANCE_LEASTCONN] = "leastconn",
					     [BALANCE_ROUNDROBIN] = "roundrobin",
					     [BALANCE_RANDOM] = "random",
					     [BALANCE_SOURCE] = "source" };

const char *model_balance_name(enum haproxy_balance balance)
{
	return balance_names[balance];
}

int model_port_count(const struct haproxy_ports *ports)
{
	return ports->last == 0 ? 0 : ports->last - ports->first + 1;
}

int model_connections_of_nodes(const struct haproxy_plan *plan)
{
	long long all = (long long)plan->connections_a_node * (long long)plan->node_count;

	return all < NUMBER_LARGEST ? (int)all : NUMBER_LARGEST;
}

struct sizing model_sizing(const struct haproxy_plan *plan)
{
	struct sizing_input input = { .wanted = plan->maxconn,
				      .nodes_take = model_connections_of_nodes(plan),
				      .fd_limit = plan->fd_limit,
				      .listeners = model_port_count(&plan->listen) + 2,
				      .nodes = (int)plan->node_count,
				      .splice = plan->splice };

	return sizing_of(&input);
}

static struct haproxy_ports ports_from(int first, int count)
{
	struct haproxy_ports ports = { 0 };

	if (count > 0)
		ports = (struct haproxy_ports){ first, first + count - 1 };
	return ports;
}

static void replace(char **string, const char *with)
{
	free(*string);
	*string = mem_strdup(with);
}

static void node_append(struct haproxy_plan *plan, const char *name, const char *host,
			int http_port)
{
	struct haproxy_node *node;

	plan->nodes = mem_realloc(plan->nodes, (plan->node_count + 1) * sizeof *plan->nodes);
	node = &plan->nodes[plan->node_count++];
	node->name = mem_strdup(name);
	node->host = mem_strdup(host);
	node->http_port = http_port;
}

static void nodes_clear(struct haproxy_plan *plan)
{
	for (size_t i = 0; i < plan->node_count; i++) {
		free(plan->nodes[i].name);
		free(plan->nodes[i].host);
	}
	free(plan->nodes);
	plan->nodes = NULL;
	plan->node_count = 0;
}

static bool is_loopback_net(const struct config_net *net)
{
	if (IN6_IS_ADDR_V4MAPPED(&net->addr))
		return net->addr.s6_addr[12] == 127 && net->bits >= 96 + 8;
	return IN6_IS_ADDR_LOOPBACK(&net->addr) && net->bits == 128;
}

static bool trusts_loopback_only(const struct config *config)
{
	for (size_t i = 0; i < config->proxy_trusted_count; i++) {
		if (!is_loopback_net(&config->proxy_trusted[i]))
			return false;
	}
	return true;
}

static void take_config(struct haproxy_plan *plan, const struct config *config)
{
	int count = config->advertised_mode == ADVERTISE_SINGLE ? 1 : config->port_count;

	plan->has_config = true;
	plan->single = config->advertised_mode == ADVERTISE_SINGLE;
	plan->count_is_automatic = count == 0;
	plan->node_ports = ports_from(config->port_start, count);
	plan->advertised = ports_from(config->advertised_port, count);
	plan->listen = ports_from(config->haproxy_listen_port, count);
	if (count == 0) {
		plan->node_ports.first = config->port_start;
		plan->advertised.first = config->advertised_port;
		plan->listen.first = config->haproxy_listen_port;
	}
	replace(&plan->advertised_host, config->advertised_host);
	if (config->haproxy_listen_host != NULL)
		replace(&plan->listen_host, config->haproxy_listen_host);
	plan->node_http_port = config->http_port;
	plan->sends_proxy_header = config->proxy_protocol != PROXY_OFF;
	plan->node_requires_proxy_header = config->proxy_protocol == PROXY_REQUIRE;
	plan->proxy_trusts_loopback_only = trusts_loopback_only(config);
	plan->internal_load_balancing = config->internal_load_balancing;
	plan->idle_timeout_ms = config->idle_timeout_ms;
	plan->connections_a_node = config->max_connections;
	plan->connections_an_address = config->max_connections_per_address;
	for (size_t i = 0; i < config->node_count; i++)
		node_append(plan, config->nodes[i].name, config->nodes[i].host,
			    config->nodes[i].http_port != 0 ? config->nodes[i].http_port
							    : config->http_port);
}

struct haproxy_plan *model_new(const struct config *config)
{
	struct haproxy_plan *plan = mem_zalloc(sizeof *plan);

	plan->listen_host = mem_strdup("0.0.0.0");
	plan->node_http_port = DEFAULT_HTTP_PORT;
	plan->idle_timeout_ms = DEFAULT_IDLE_MS;
	plan->fd_limit = DEFAULT_FD_LIMIT;
	plan->balance = BALANCE_LEASTCONN;
	plan->splice = true;
	if (config != NULL)
		take_config(plan, config);
	return plan;
}

void model_free(struct haproxy_plan *plan)
{
	if (plan == NULL)
		return;
	nodes_clear(plan);
	free(plan->listen_host);
	free(plan->advertised_host);
	free(plan->stats_socket);
	free(plan->stats_host);
	free(plan->user);
	free(plan->group);
	free(plan);
}

const char *model_set_listen(struct haproxy_plan *plan, const char *text)
{
	struct endpoint e;
	const char *mistake = endpoint_parse(text, &e);

	if (mistake != NULL)
		return mistake;
	if (e.first == 0) {
		endpoint_deinit(&e);
		return "the port is missing: HOST:PORT or HOST:PORT-PORT";
	}
	if (e.is_range)
		plan->listen = (struct haproxy_ports){ e.first, e.last };
	else /* as many ports as the configuration says, 0 when it does not */
		plan->listen = (struct haproxy_ports){ e.first, 0 };
	replace(&plan->listen_host, e.host);
	endpoint_deinit(&e);
	return NULL;
}

const char *model_node_name_mistake(const char *name)
{
	size_t length = strlen(name);

	if (length == 0)
		return "the name is missing";
	if (length > NAME_LONGEST)
		return "a node's name has at most 64 characters";
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)name[i];

		if (!isalnum(c) && c != '.' && c != '-' && c != '_')
			return "a node's name is made of letters, digits, '.', '-' and '_'";
	}
	return NULL;
}

/* What comes behind the `=`. */
static const char *add_node(struct haproxy_plan *plan, const char *name, const char *where)
{
	const char *mistake = model_node_name_mistake(name);
	struct endpoint e = { 0 };

	if (mistake == NULL)
		mistake = endpoint_parse(where, &e);
	if (mistake == NULL && e.is_range)
		mistake = "a node has one HTTP port, not a range";
	if (mistake == NULL && plan->nodes_are_given && plan->node_count == NODES_MOST)
		mistake = "there are at most 1000 nodes";
	if (mistake == NULL) {
		if (!plan->nodes_are_given)
			nodes_clear(plan);
		plan->nodes_are_given = true;
		node_append(plan, name, e.host, e.first != 0 ? e.first : plan->node_http_port);
	}
	endpoint_deinit(&e);
	return mistake;
}

const char *model_add_node(struct haproxy_plan *plan, const char *text)
{
	const char *equals = strchr(text, '=');
	const char *mistake;
	char *name;

	if (equals == NULL)
		return "a node is NAME=HOST:HTTP-PORT";
	name = mem_strndup(text, (size_t)(equals - text));
	mistake = add_node(plan, name, equals + 1);
	free(name);
	return mistake;
}

const char *model_set_balance(struct haproxy_plan *plan, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(balance_names); i++) {
		if (strcmp(word, balance_names[i]) == 0) {
			plan->balance = (enum haproxy_balance)i;
			return NULL;
		}
	}
	return "it is one of leastconn, roundrobin, random, source";
}

const char *model_set_stickiness(struct haproxy_plan *plan, const char *word)
{
	if (stickiness_parse(word, &plan->stickiness))
		return NULL;
	return "it is one of none, source, client-id, port";
}

/* Whether HAProxy reads it as one word, as it is. */
static bool is_plain_word(const char *s)
{
	for (; *s != '\0'; s++) {
		if (!isalnum((unsigned char)*s) && strchr("/._-+:@,", *s) == NULL)
			return false;
	}
	return true;
}

const char *model_set_stats_socket(struct haproxy_plan *plan, const char *path)
{
	if (path[0] != '/')
		return "give an absolute path: HAProxy may start in another folder";
	if (strlen(path) > SOCKET_PATH_LONGEST)
		return "a socket's path has at most 90 characters"
		       " (HAProxy binds it under a longer name first)";
	if (!is_plain_word(path))
		return "use letters, digits and / . _ - + : @ , only";
	replace(&plan->stats_socket, path);
	return NULL;
}

const char *model_set_stats_page(struct haproxy_plan *plan, const char *text)
{
	struct endpoint e;
	const char *mistake = endpoint_parse(text, &e);

	if (mistake != NULL)
		return mistake;
	if (e.first == 0 || e.is_range) {
		endpoint_deinit(&e);
		return "the page has one host and one port: HOST:PORT";
	}
	replace(&plan->stats_host, e.host);
	plan->stats_port = e.first;
	endpoint_deinit(&e);
	return NULL;
}

static const char *set_number(int *number, const char *text)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || value < 1 ||
	    value > NUMBER_LARGEST)
		return "it is a number from 1 to 10000000";
	*number = (int)value;
	return NULL;
}

const char *model_set_maxconn(struct haproxy_plan *plan, const char *number)
{
	return set_number(&plan->maxconn, number);
}

const char *model_set_fd_limit(struct haproxy_plan *plan, const char *number)
{
	return set_number(&plan->fd_limit, number);
}

static bool is_user_name(const char *s, size_t length)
{
	if (length == 0 || s[0] == '-')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)s[i]) && strchr("._-", s[i]) == NULL)
			return false;
	}
	return true;
}

const char *model_set_user(struct haproxy_plan *plan, const char *text)
{
	size_t length = strcspn(text, ":");
	const char *group = text[length] == ':' ? text + length + 1 : NULL;

	if (!is_user_name(text, length) || (group != NULL && !is_user_name(group, strlen(group))))
		return "it is NAME or NAME:GROUP, of letters, digits, '.', '-' and '_'";
	free(plan->user);
	plan->user = mem_strndup(text, length);
	replace(&plan->group, group != NULL ? group : plan->user);
	return NULL;
}

/* Ranges whose end is not known yet get the nodes' count, or listen's own. */
static void settle_counts(struct haproxy_plan *plan)
{
	int count;

	if (plan->node_ports.last != 0)
		count = model_port_count(&plan->node_ports);
	else if (plan->listen.last != 0)
		count = model_port_count(&plan->listen);
	else
		count = 0;
	plan->count_is_missing = count == 0;
	if (count == 0)
		return;
	if (plan->listen.last == 0)
		plan->listen = ports_from(plan->listen.first, count);
	if (!plan->has_config)
		return;
	if (plan->node_ports.last == 0)
		plan->node_ports = ports_from(plan->node_ports.first, count);
	if (plan->advertised.last == 0)
		plan->advertised = ports_from(plan->advertised.first, count);
}

/* The first advertised port is the nodes' first one: the rest follows. */
static void settle_map(struct haproxy_plan *plan)
{
	int from = plan->listen.first;

	if (plan->single) {
		plan->port_map = PORT_MAP_FIXED;
		return;
	}
	if (!plan->has_config) {
		plan->node_ports = plan->listen;
		plan->port_map = PORT_MAP_SAME;
		return;
	}
	if (plan->advertised.first >= plan->listen.first &&
	    plan->advertised.first <= plan->listen.last)
		from = plan->advertised.first;
	plan->port_offset = plan->node_ports.first - from;
	plan->port_map = plan->port_offset == 0 ? PORT_MAP_SAME : PORT_MAP_OFFSET;
}

void model_settle(struct haproxy_plan *plan)
{
	settle_counts(plan);
	if (!plan->count_is_missing)
		settle_map(plan);
}
