#include "config/kinds.h"

#include "config/kinds_haproxy.h"
#include "config/kinds_words.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void *field(struct config *c, int at)
{
	return (char *)c + at;
}

static const void *field_of(const struct config *c, int at)
{
	return (const char *)c + at;
}

static void keep_text(struct config *c, int at, const char *text)
{
	char **to = field(c, at);

	free(*to);
	*to = *text != '\0' ? mem_strdup(text) : NULL;
}

static void keep_int(struct config *c, int at, int value)
{
	*(int *)field(c, at) = value;
}

/* --- text, names, words ------------------------------------------------- */

static bool set_text(struct config *c, const struct config_option *o, const char *text,
		     char why[KIND_WHY_MAX])
{
	if (*text == '\0' && !o->may_be_empty)
		return kind_wrong(o, text, why);
	keep_text(c, o->at, text);
	return true;
}

static void print_text(const struct config *c, const struct config_option *o, FILE *out)
{
	const char *text = *(char *const *)field_of(c, o->at);

	kind_print_text(text != NULL ? text : "", out);
}

static bool set_name(struct config *c, const struct config_option *o, const char *text,
		     char why[KIND_WHY_MAX])
{
	bool is_none = *text == '\0' && o->may_be_empty;
	int which;

	if (!is_none && !option_has_word(o->words, text, &which))
		return kind_wrong(o, text, why);
	keep_text(c, o->at, text);
	return true;
}

_Static_assert(sizeof(enum advertise_mode) == sizeof(int) && sizeof(enum proxy_mode) == sizeof(int),
	       "a word is kept as an int");

static bool set_word(struct config *c, const struct config_option *o, const char *text,
		     char why[KIND_WHY_MAX])
{
	int which;

	if (!option_has_word(o->words, text, &which))
		return kind_wrong(o, text, why);
	memcpy(field(c, o->at), &which, sizeof which);
	return true;
}

static void print_word(const struct config *c, const struct config_option *o, FILE *out)
{
	const char *word = o->words;
	int which;

	memcpy(&which, field_of(c, o->at), sizeof which);
	while (which-- > 0)
		word = strchr(word, '|') + 1;
	fprintf(out, "\"%.*s\"", (int)strcspn(word, "|"), word);
}

/* --- numbers, flags ----------------------------------------------------- */

static bool set_number(struct config *c, const struct config_option *o, const char *text,
		       char why[KIND_WHY_MAX])
{
	int64_t n;

	if (!text_int64(text, &n) || n < o->min || n > o->max)
		return kind_wrong(o, text, why);
	keep_int(c, o->at, (int)n);
	return true;
}

static void print_number(const struct config *c, const struct config_option *o, FILE *out)
{
	fprintf(out, "%d", *(const int *)field_of(c, o->at));
}

static bool set_flag(struct config *c, const struct config_option *o, const char *text,
		     char why[KIND_WHY_MAX])
{
	bool *to = field(c, o->at);
	bool yes = strcasecmp(text, "true") == 0;

	if (!yes && strcasecmp(text, "false") != 0)
		return kind_wrong(o, text, why);
	*to = yes;
	return true;
}

static void print_flag(const struct config *c, const struct config_option *o, FILE *out)
{
	fputs(*(const bool *)field_of(c, o->at) ? "true" : "false", out);
}

/* --- sizes, times ------------------------------------------------------- */

static bool set_size(struct config *c, const struct config_option *o, const char *text,
		     char why[KIND_WHY_MAX])
{
	int64_t *to = field(c, o->at);
	int64_t n;

	if (!kind_parse_amount(text, OPTION_SIZE, &n) || n < o->min || n > o->max)
		return kind_wrong(o, text, why);
	*to = n;
	return true;
}

static void print_size(const struct config *c, const struct config_option *o, FILE *out)
{
	kind_print_amount(*(const int64_t *)field_of(c, o->at), OPTION_SIZE, out);
}

static bool set_time(struct config *c, const struct config_option *o, const char *text,
		     char why[KIND_WHY_MAX])
{
	int64_t n;

	if (!kind_parse_amount(text, OPTION_TIME, &n) || n < o->min || n > o->max)
		return kind_wrong(o, text, why);
	keep_int(c, o->at, (int)n);
	return true;
}

static void print_time(const struct config *c, const struct config_option *o, FILE *out)
{
	kind_print_amount(*(const int *)field_of(c, o->at), OPTION_TIME, out);
}

/* --- addresses ---------------------------------------------------------- */

static bool set_listener(struct config *c, const struct config_option *o, const char *text,
			 char why[KIND_WHY_MAX])
{
	char host[TEXT_HOST_MAX];
	int port;

	if (kind_lacks_brackets(text, why))
		return false;
	if (!text_host_port(text, host, &port))
		return kind_wrong(o, text, why);
	keep_text(c, o->at, host);
	keep_int(c, o->at_also, port);
	return true;
}

static void print_listener(const struct config *c, const struct config_option *o, FILE *out)
{
	kind_print_listener(*(char *const *)field_of(c, o->at),
			    *(const int *)field_of(c, o->at_also), 0, out);
}

static bool set_server(struct config *c, const struct config_option *o, const char *text,
		       char why[KIND_WHY_MAX])
{
	char **list = field(c, o->at);
	const char *before = *list != NULL ? *list : "";
	char host[TEXT_HOST_MAX];
	int port;
	char *longer;

	if (kind_lacks_brackets(text, why))
		return false;
	if (!text_host_port(text, host, &port) || port == 0)
		return kind_wrong(o, text, why);
	longer = mem_printf("%s%s%s", before, *before != '\0' ? "," : "", text);
	free(*list);
	*list = longer;
	return true;
}

static void clear_text(struct config *c, const struct config_option *o)
{
	keep_text(c, o->at, "");
}

/* --- networks ----------------------------------------------------------- */

static bool set_network(struct config *c, const struct config_option *o, const char *text,
			char why[KIND_WHY_MAX])
{
	struct config_net **nets = field(c, o->at);
	size_t *count = field(c, o->at_also);
	struct config_net net;

	if (!kind_parse_net(o, text, strlen(text), &net, why))
		return false;
	*nets = mem_realloc(*nets, (*count + 1) * sizeof **nets);
	(*nets)[(*count)++] = net;
	return true;
}

static void print_networks(const struct config *c, const struct config_option *o, FILE *out)
{
	const struct config_net *nets = *(struct config_net *const *)field_of(c, o->at);
	size_t count = *(const size_t *)field_of(c, o->at_also);

	fputs("( ", out);
	for (size_t i = 0; i < count; i++) {
		fputc('"', out);
		kind_print_net(&nets[i], out);
		fputs(i + 1 < count ? "\", " : "\" ", out);
	}
	fputc(')', out);
}

static void clear_networks(struct config *c, const struct config_option *o)
{
	struct config_net **nets = field(c, o->at);

	free(*nets);
	*nets = NULL;
	*(size_t *)field(c, o->at_also) = 0;
}

/* --- listeners ----------------------------------------------------------- */

/* listeners_read.c takes them, property by property, and option_value.c prints them. */
static bool refuse_listeners(struct config *c, const struct config_option *o, const char *text,
			     char why[KIND_WHY_MAX])
{
	(void)c;
	return kind_wrong(o, text, why);
}

/* --- the rows ----------------------------------------------------------- */

static const struct kind kinds[] = {
	[OPTION_TEXT] = { false, true, set_text, print_text },
	[OPTION_NUMBER] = { false, false, set_number, print_number },
	[OPTION_FLAG] = { false, false, set_flag, print_flag },
	[OPTION_WORD] = { false, true, set_word, print_word },
	[OPTION_NAME] = { false, true, set_name, print_text },
	[OPTION_SIZE] = { false, true, set_size, print_size },
	[OPTION_TIME] = { false, true, set_time, print_time },
	[OPTION_LISTENER] = { false, true, set_listener, print_listener },
	[OPTION_SERVERS] = { true, true, set_server, print_text, clear_text },
	[OPTION_NETWORKS] = { true, true, set_network, print_networks, clear_networks, true },
	[OPTION_ZONES] = { true, true, kinds_set_zone, kinds_print_zones, kinds_clear_zones, true },
	[OPTION_RANGE] = { false, true, kinds_set_range, kinds_print_range },
	[OPTION_NODES] = { true, false, kinds_set_node, kinds_print_nodes, kinds_clear_nodes,
			   true },
	[OPTION_PEERS] = { true, true, kinds_set_peer, kinds_print_peers, kinds_clear_peers, true },
	[OPTION_FRONTS] = { true, true, kinds_set_peer, kinds_print_peers, kinds_clear_peers,
			    true },
	[OPTION_ROUTES] = { true, true, kinds_set_route, kinds_print_routes, kinds_clear_routes,
			    true },
	[OPTION_LISTENERS] = { true, false, refuse_listeners, .may_be_none = true },
};

const struct kind *kind_of(const struct config_option *option)
{
	return &kinds[option->kind];
}
