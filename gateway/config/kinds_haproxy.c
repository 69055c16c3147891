#include "config/kinds_haproxy.h"

#include "util/mem.h"
#include "util/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void *field(struct config *c, int at)
{
	return (char *)c + at;
}

static const void *field_of(const struct config *c, int at)
{
	return (const char *)c + at;
}

static bool is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)s[i]) && strchr("-._", s[i]) == NULL)
			return false;
	}
	return n > 0;
}

static bool parse_port(const char *text, int *port)
{
	int64_t n;

	if (!isdigit((unsigned char)*text) || !text_int64(text, &n) || n < 1 || n > PORT_MOST)
		return false;
	*port = (int)n;
	return true;
}

/* --- host:first-last ---------------------------------------------------- */

/* The `-` between two ports, or NULL: names have such too. */
static const char *find_dash(const char *text)
{
	const char *colon = strrchr(text, ':');
	const char *dash = strrchr(text, '-');

	return colon != NULL && dash != NULL && dash > colon + 1 ? dash : NULL;
}

/* The part before the dash; `*` is every address, as HAProxy has it. */
static bool parse_begin(const char *text, size_t n, char host[TEXT_HOST_MAX], int *first)
{
	char begin[TEXT_HOST_MAX + 16];
	bool every = *text == '*';

	snprintf(begin, sizeof begin, "%s%.*s", every ? "0.0.0.0" : "", (int)n - every,
		 text + every);
	return n < TEXT_HOST_MAX && text_host_port(begin, host, first);
}

KIND_SET(kinds_set_range)
{
	const char *dash = find_dash(text);
	char host[TEXT_HOST_MAX];
	int first = 0, last = 0;
	bool ok = parse_begin(text, dash != NULL ? (size_t)(dash - text) : strlen(text), host,
			      &first);

	if (kind_lacks_brackets(text, why))
		return false;
	if (ok && dash != NULL)
		ok = first != 0 && parse_port(dash + 1, &last) && last >= first;
	if (!ok)
		return kind_wrong(o, text, why);
	free(*(char **)field(c, o->at));
	*(char **)field(c, o->at) = mem_strdup(host);
	((int *)field(c, o->at_also))[0] = first;
	((int *)field(c, o->at_also))[1] = last;
	return true;
}

KIND_PRINT(kinds_print_range)
{
	const int *ports = field_of(c, o->at_also);

	kind_print_listener(*(char *const *)field_of(c, o->at), ports[0], ports[1], out);
}

/* --- nodes -------------------------------------------------------------- */

/* name=host:port@rack, the last two of which may be missing. */
static bool parse_node(const char *text, struct config_node *node)
{
	size_t n = strcspn(text, "=");
	const char *at = strchr(text, '@');
	char host[TEXT_HOST_MAX];
	char *address;
	bool ok;

	if (!is_name(text, n) || text[n] != '=' || (at != NULL && !is_name(at + 1, strlen(at + 1))))
		return false;
	text += n + 1;
	address = mem_strndup(text, at != NULL ? (size_t)(at - text) : strlen(text));
	ok = text_host_port(address, host, &node->http_port);
	free(address);
	if (!ok)
		return false;
	node->name = mem_strndup(text - n - 1, n);
	node->host = mem_strdup(host);
	node->rack = at != NULL ? mem_strdup(at + 1) : NULL;
	return true;
}

static void free_node(struct config_node *node)
{
	free(node->name);
	free(node->host);
	free(node->rack);
}

KIND_SET(kinds_set_node)
{
	struct config_node **nodes = field(c, o->at);
	size_t *count = field(c, o->at_also);
	struct config_node node;

	if (!parse_node(text, &node))
		return kind_wrong(o, text, why);
	for (size_t i = 0; i < *count; i++) {
		if (strcmp((*nodes)[i].name, node.name) == 0) {
			snprintf(why, KIND_WHY_MAX, "two nodes with the name \"%s\"", node.name);
			free_node(&node);
			return false;
		}
	}
	*nodes = mem_realloc(*nodes, (*count + 1) * sizeof **nodes);
	(*nodes)[(*count)++] = node;
	return true;
}

KIND_PRINT(kinds_print_nodes)
{
	const struct config_node *nodes = *(struct config_node *const *)field_of(c, o->at);
	size_t count = *(const size_t *)field_of(c, o->at_also);

	fputs("(", out);
	for (size_t i = 0; i < count; i++) {
		fputs("\n\t\t{ name = ", out);
		kind_print_text(nodes[i].name, out);
		fputs("; host = ", out);
		kind_print_text(nodes[i].host, out);
		if (nodes[i].http_port != 0)
			fprintf(out, "; http_port = %d", nodes[i].http_port);
		if (nodes[i].rack != NULL) {
			fputs("; rack = ", out);
			kind_print_text(nodes[i].rack, out);
		}
		fprintf(out, "; }%s", i + 1 < count ? "," : "\n\t");
	}
	fputc(')', out);
}

KIND_CLEAR(kinds_clear_nodes)
{
	struct config_node **nodes = field(c, o->at);
	size_t *count = field(c, o->at_also);

	while (*count > 0)
		free_node(&(*nodes)[--*count]);
	free(*nodes);
	*nodes = NULL;
}

/* --- peers -------------------------------------------------------------- */

KIND_SET(kinds_set_peer)
{
	struct config_peer **peers = field(c, o->at);
	size_t *count = field(c, o->at_also);
	size_t n = strcspn(text, "=");
	char host[TEXT_HOST_MAX];
	int port;

	if (!is_name(text, n) || text[n] != '=' || !text_host_port(text + n + 1, host, &port) ||
	    port == 0)
		return kind_wrong(o, text, why);
	*peers = mem_realloc(*peers, (*count + 1) * sizeof **peers);
	(*peers)[(*count)++] = (struct config_peer){ mem_strndup(text, n), mem_strdup(host), port };
	return true;
}

KIND_PRINT(kinds_print_peers)
{
	const struct config_peer *peers = *(struct config_peer *const *)field_of(c, o->at);
	size_t count = *(const size_t *)field_of(c, o->at_also);

	fputs("( ", out);
	for (size_t i = 0; i < count; i++) {
		char address[TEXT_HOST_MAX + 16];

		text_host_port_print(address, sizeof address, peers[i].host, peers[i].port);
		fprintf(out, "\"%s=%s\"%s", peers[i].name, address, i + 1 < count ? ", " : " ");
	}
	fputc(')', out);
}

KIND_CLEAR(kinds_clear_peers)
{
	struct config_peer **peers = field(c, o->at);
	size_t *count = field(c, o->at_also);

	while (*count > 0) {
		--*count;
		free((*peers)[*count].name);
		free((*peers)[*count].host);
	}
	free(*peers);
	*peers = NULL;
}

/* --- server names ------------------------------------------------------- */

KIND_SET(kinds_set_route)
{
	struct config_route **routes = field(c, o->at);
	size_t *count = field(c, o->at_also);
	size_t n = strcspn(text, "=");
	int port;

	if (!is_name(text, n) || text[n] != '=' || !parse_port(text + n + 1, &port))
		return kind_wrong(o, text, why);
	*routes = mem_realloc(*routes, (*count + 1) * sizeof **routes);
	(*routes)[(*count)++] = (struct config_route){ mem_strndup(text, n), port };
	return true;
}

KIND_PRINT(kinds_print_routes)
{
	const struct config_route *routes = *(struct config_route *const *)field_of(c, o->at);
	size_t count = *(const size_t *)field_of(c, o->at_also);

	fputs("( ", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "\"%s=%d\"%s", routes[i].name, routes[i].port,
			i + 1 < count ? ", " : " ");
	fputc(')', out);
}

KIND_CLEAR(kinds_clear_routes)
{
	struct config_route **routes = field(c, o->at);
	size_t *count = field(c, o->at_also);

	while (*count > 0)
		free((*routes)[--*count].name);
	free(*routes);
	*routes = NULL;
}
