#include "config/kinds.h"

#include "config/kinds_haproxy.h"
#include "util/mem.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	int64_t factor;
};

/* The largest first, in the order in which a value is tried when it is printed. */
static const struct unit size_units[] = {
	{ "GiB", 1024 * 1024 * 1024 },
	{ "GB", 1000 * 1000 * 1000 },
	{ "MiB", 1024 * 1024 },
	{ "MB", 1000 * 1000 },
	{ "KiB", 1024 },
	{ "kB", 1000 },
	{ "B", 1 },
	{ "", 1 },
};
static const struct unit time_units[] = {
	{ "h", 3600000 },
	{ "min", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

PRINTF_LIKE(2, 3)
static bool no(char why[KIND_WHY_MAX], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, KIND_WHY_MAX, fmt, args);
	va_end(args);
	return false;
}

static void *field(struct config *c, int at)
{
	return at == OPTION_NOWHERE ? NULL : (char *)c + at;
}

static const void *field_of(const struct config *c, int at)
{
	assert(at != OPTION_NOWHERE);
	return (const char *)c + at;
}

bool kind_wrong(const struct config_option *o, const char *text, char why[KIND_WHY_MAX])
{
	char expects[KIND_WHY_MAX / 2];

	kind_expects(o, expects, sizeof expects);
	return no(why, "\"%.100s\" won't do; it must be %s", text, expects);
}

static void keep_text(struct config *c, int at, const char *text)
{
	char **to = field(c, at);

	if (to == NULL)
		return;
	free(*to);
	*to = *text != '\0' ? mem_strdup(text) : NULL;
}

static void keep_int(struct config *c, int at, int value)
{
	int *to = field(c, at);

	if (to != NULL)
		*to = value;
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
	int which;

	if (!option_has_word(o->words, text, &which))
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
	if (o->at != OPTION_NOWHERE)
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
	if (to != NULL)
		*to = yes;
	return true;
}

static void print_flag(const struct config *c, const struct config_option *o, FILE *out)
{
	fputs(*(const bool *)field_of(c, o->at) ? "true" : "false", out);
}

/* --- sizes, times ------------------------------------------------------- */

/* "512 MiB": a whole number, a blank or none, a unit of the table. */
static bool parse_amount(const char *text, const struct unit *units, size_t n, int64_t *value)
{
	char digits[24];
	size_t length = strspn(text, "0123456789");
	const char *unit = text + length + strspn(text + length, " ");

	if (length == 0 || length >= sizeof digits)
		return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (strcmp(unit, units[i].name) == 0)
			return text_int64(digits, value) &&
			       !__builtin_mul_overflow(*value, units[i].factor, value);
	}
	return false;
}

static void print_amount(int64_t value, const struct unit *units, FILE *out)
{
	while (value % units->factor != 0)
		units++; /* ends: the last factor is 1 */
	fprintf(out, "\"%" PRId64 " %s\"", value / units->factor, units->name);
}

static bool set_size(struct config *c, const struct config_option *o, const char *text,
		     char why[KIND_WHY_MAX])
{
	int64_t *to = field(c, o->at);
	int64_t n;

	if (!parse_amount(text, size_units, ARRAY_LEN(size_units), &n) || n < o->min || n > o->max)
		return kind_wrong(o, text, why);
	if (to != NULL)
		*to = n;
	return true;
}

static void print_size(const struct config *c, const struct config_option *o, FILE *out)
{
	print_amount(*(const int64_t *)field_of(c, o->at), size_units, out);
}

static bool set_time(struct config *c, const struct config_option *o, const char *text,
		     char why[KIND_WHY_MAX])
{
	int64_t n;

	if (!parse_amount(text, time_units, ARRAY_LEN(time_units), &n) || n < o->min || n > o->max)
		return kind_wrong(o, text, why);
	keep_int(c, o->at, (int)n);
	return true;
}

static void print_time(const struct config *c, const struct config_option *o, FILE *out)
{
	print_amount(*(const int *)field_of(c, o->at), time_units, out);
}

/* --- addresses ---------------------------------------------------------- */

static bool set_listener(struct config *c, const struct config_option *o, const char *text,
			 char why[KIND_WHY_MAX])
{
	char host[TEXT_HOST_MAX];
	int port;

	if (!text_host_port(text, host, &port))
		return kind_wrong(o, text, why);
	keep_text(c, o->at, host);
	keep_int(c, o->at_also, port);
	return true;
}

static void print_listener(const struct config *c, const struct config_option *o, FILE *out)
{
	char text[TEXT_HOST_MAX + 16];

	text_host_port_print(text, sizeof text, *(char *const *)field_of(c, o->at),
			     *(const int *)field_of(c, o->at_also));
	kind_print_text(text, out);
}

static bool set_server(struct config *c, const struct config_option *o, const char *text,
		       char why[KIND_WHY_MAX])
{
	char **list = field(c, o->at);
	const char *before = *list != NULL ? *list : "";
	char host[TEXT_HOST_MAX];
	int port;
	char *longer;

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

static bool bit_is_set(const struct in6_addr *addr, unsigned bit)
{
	return addr->s6_addr[bit / 8] >> (7 - bit % 8) & 1;
}

static bool parse_address(const char *text, struct in6_addr *addr, unsigned *bits)
{
	struct in_addr v4;

	*bits = 128;
	if (inet_pton(AF_INET6, text, addr) == 1)
		return true;
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	*bits = 32;
	memset(addr, 0, sizeof *addr);
	memset(addr->s6_addr + 10, 0xff, 2);
	memcpy(addr->s6_addr + 12, &v4, sizeof v4);
	return true;
}

static bool parse_network(const char *text, struct config_net *net)
{
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "/");
	unsigned bits;
	int64_t masked;

	if (n >= sizeof address)
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	if (!parse_address(address, &net->addr, &bits))
		return false;
	masked = bits;
	if (text[n] == '/' && (!isdigit((unsigned char)text[n + 1]) ||
			       !text_int64(text + n + 1, &masked) || masked > bits))
		return false;
	net->bits = (unsigned)masked + (128 - bits);
	return true;
}

static bool set_network(struct config *c, const struct config_option *o, const char *text,
			char why[KIND_WHY_MAX])
{
	struct config_net **nets = field(c, o->at);
	size_t *count = field(c, o->at_also);
	struct config_net net;

	if (!parse_network(text, &net))
		return kind_wrong(o, text, why);
	for (unsigned bit = net.bits; bit < 128; bit++) {
		if (bit_is_set(&net.addr, bit))
			return no(why, "\"%.100s\" has address bits behind its mask", text);
	}
	*nets = mem_realloc(*nets, (*count + 1) * sizeof **nets);
	(*nets)[(*count)++] = net;
	return true;
}

static void print_network(const struct config_net *net, FILE *out)
{
	char text[INET6_ADDRSTRLEN];
	bool v4 = IN6_IS_ADDR_V4MAPPED(&net->addr) && net->bits >= 96;

	if (v4)
		inet_ntop(AF_INET, net->addr.s6_addr + 12, text, sizeof text);
	else
		inet_ntop(AF_INET6, &net->addr, text, sizeof text);
	fprintf(out, "\"%s/%u\"", text, v4 ? net->bits - 96 : net->bits);
}

static void print_networks(const struct config *c, const struct config_option *o, FILE *out)
{
	const struct config_net *nets = *(struct config_net *const *)field_of(c, o->at);
	size_t count = *(const size_t *)field_of(c, o->at_also);

	fputs("( ", out);
	for (size_t i = 0; i < count; i++) {
		print_network(&nets[i], out);
		fputs(i + 1 < count ? ", " : " ", out);
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

/* --- the rows ----------------------------------------------------------- */

static const struct kind kinds[] = {
	[OPTION_TEXT] = { false, true, "a text", set_text, print_text },
	[OPTION_NUMBER] = { false, false, "a number", set_number, print_number },
	[OPTION_FLAG] = { false, false, "true or false", set_flag, print_flag },
	[OPTION_WORD] = { false, true, "one of", set_word, print_word },
	[OPTION_NAME] = { false, true, "one of", set_name, print_text },
	[OPTION_SIZE] = { false, true, "a size such as \"512 MiB\" (B, kB, KiB, MB, MiB, GB, GiB)",
			  set_size, print_size },
	[OPTION_TIME] = { false, true, "a time such as \"30 s\" (ms, s, min, h)", set_time,
			  print_time },
	[OPTION_LISTENER] = { false, true, "\"host\" or \"host:first-port\"", set_listener,
			      print_listener },
	[OPTION_SERVERS] = { true, true, "\"host:port\", several with commas", set_server,
			     print_text, clear_text },
	[OPTION_NETWORKS] = { true, true, "networks such as \"10.0.0.0/8\" or \"::1\"", set_network,
			      print_networks, clear_networks, true },
	[OPTION_RANGE] = { false, true, "\"host\", \"host:first-port\" or \"host:first-last\"",
			   kinds_set_range, kinds_print_range },
	[OPTION_NODES] = { true, false,
			   "nodes, in the file { name = \"n1\"; host = \"10.0.0.1\"; "
			   "http_port = 8888; rack = \"a\"; }, elsewhere n1=10.0.0.1:8888@a",
			   kinds_set_node, kinds_print_nodes, kinds_clear_nodes, true },
	[OPTION_PEERS] = { true, true, "peers such as \"lb1=10.0.0.11:10000\"", kinds_set_peer,
			   kinds_print_peers, kinds_clear_peers, true },
	[OPTION_ROUTES] = { true, true, "server names such as \"broker1.example.com=9093\"",
			    kinds_set_route, kinds_print_routes, kinds_clear_routes, true },
};

const struct kind *kind_of(const struct config_option *option)
{
	return &kinds[option->kind];
}

/* "a|b|c" as "a, b, c". */
static void expects_words(const char *words, char *to, size_t size)
{
	size_t used = (size_t)snprintf(to, size, "one of ");

	for (; used + 3 < size; words++) {
		if (*words == '|') {
			to[used++] = ',';
			to[used++] = ' ';
			continue;
		}
		to[used++] = *words;
		if (*words == '\0')
			return;
	}
	to[used] = '\0';
}

/* The least or the most of a size or time, without its quotes. */
static void amount_text(int64_t value, bool is_time, char text[40])
{
	FILE *out = fmemopen(text, 40, "w");

	if (out == NULL)
		return;
	print_amount(value, is_time ? time_units : size_units, out);
	fclose(out);
	memmove(text, text + 1, strlen(text));
	text[strcspn(text, "\"")] = '\0';
}

void kind_expects(const struct config_option *o, char *to, size_t size)
{
	const char *is = kinds[o->kind].is;
	char least[40] = "";
	char most[40] = "";

	switch (o->kind) {
	case OPTION_NUMBER:
		if (o->max == INT_MAX)
			snprintf(to, size, "%s, %" PRId64 " or more", is, o->min);
		else
			snprintf(to, size, "%s, %" PRId64 " to %" PRId64, is, o->min, o->max);
		break;
	case OPTION_WORD:
	case OPTION_NAME:
		expects_words(o->words, to, size);
		break;
	case OPTION_SIZE:
	case OPTION_TIME:
		amount_text(o->min, o->kind == OPTION_TIME, least);
		amount_text(o->max, o->kind == OPTION_TIME, most);
		snprintf(to, size, "%s, %s to %s", is, least, most);
		break;
	default:
		snprintf(to, size, "%s", is);
	}
}

void kind_print_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if (iscntrl((unsigned char)*text))
			fprintf(out, "\\x%02x", (unsigned)(unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}
