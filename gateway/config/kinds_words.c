#include "config/kinds_words.h"

#include "util/compiler.h"
#include "util/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

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

/* What a value of each kind is. */
static const char *const is[] = {
	[OPTION_TEXT] = "a text",
	[OPTION_NUMBER] = "a number",
	[OPTION_FLAG] = "true or false",
	[OPTION_WORD] = "one of",
	[OPTION_NAME] = "one of",
	[OPTION_SIZE] = "a size such as \"512 MiB\" (B, kB, KiB, MB, MiB, GB, GiB)",
	[OPTION_TIME] = "a time such as \"30 s\" (ms, s, min, h)",
	[OPTION_LISTENER] = "\"host\" or \"host:first-port\"",
	[OPTION_SERVERS] = "\"host:port\", several with commas",
	[OPTION_NETWORKS] = "networks such as \"10.0.0.0/8\" or \"::1\"",
	[OPTION_ZONES] = "networks with their zones such as \"10.1.0.0/16=a\"",
	[OPTION_RANGE] = "\"host\", \"host:first-port\" or \"host:first-last\"",
	[OPTION_NODES] = ("nodes, in the file { name = \"n1\"; host = \"10.0.0.1\"; "
			  "http_port = 8888; rack = \"a\"; }, elsewhere n1=10.0.0.1:8888@a"),
	[OPTION_PEERS] = "peers such as \"lb1=10.0.0.11:10000\"",
	[OPTION_FRONTS] = "listeners' places such as \"outside=10.0.0.9:19092\"",
	[OPTION_LISTENERS] = ("listeners, in the file { name = \"inside\"; "
			      "ports = \"9092-9095\"; }, elsewhere variables of each"),
	[OPTION_ROUTES] = "server names such as \"broker1.example.com=9093\"",
};

/* "512 MiB": a whole number, a blank or none, a unit of the table. */
bool kind_parse_amount(const char *text, enum option_kind kind, int64_t *value)
{
	const struct unit *units = kind == OPTION_TIME ? time_units : size_units;
	size_t n = kind == OPTION_TIME ? ARRAY_LEN(time_units) : ARRAY_LEN(size_units);
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

void kind_print_amount(int64_t value, enum option_kind kind, FILE *out)
{
	const struct unit *units = kind == OPTION_TIME ? time_units : size_units;

	while (value % units->factor != 0)
		units++; /* ends: the last factor is 1 */
	fprintf(out, "\"%" PRId64 " %s\"", value / units->factor, units->name);
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
static void amount_text(int64_t value, enum option_kind kind, char text[40])
{
	FILE *out = fmemopen(text, 40, "w");

	if (out == NULL)
		return;
	kind_print_amount(value, kind, out);
	fclose(out);
	memmove(text, text + 1, strlen(text));
	text[strcspn(text, "\"")] = '\0';
}

void kind_expects(const struct config_option *o, char *to, size_t size)
{
	const char *what = is[o->kind];
	char least[40] = "";
	char most[40] = "";

	switch (o->kind) {
	case OPTION_NUMBER:
		if (o->max == INT_MAX)
			snprintf(to, size, "%s, %" PRId64 " or more", what, o->min);
		else
			snprintf(to, size, "%s, %" PRId64 " to %" PRId64, what, o->min, o->max);
		break;
	case OPTION_WORD:
	case OPTION_NAME:
		expects_words(o->words, to, size);
		break;
	case OPTION_SIZE:
	case OPTION_TIME:
		amount_text(o->min, o->kind, least);
		amount_text(o->max, o->kind, most);
		snprintf(to, size, "%s, %s to %s", what, least, most);
		break;
	default:
		snprintf(to, size, "%s", what);
	}
}

bool kind_wrong(const struct config_option *o, const char *text, char why[KIND_WHY_MAX])
{
	char expects[KIND_WHY_MAX / 2];

	kind_expects(o, expects, sizeof expects);
	snprintf(why, KIND_WHY_MAX, "\"%.100s\" won't do; it must be %s", text, expects);
	return false;
}

void kind_print_listener(const char *host, int first, int last, FILE *out)
{
	char text[TEXT_HOST_MAX + 32];
	int n;

	if (first == 0 && strchr(host, ':') != NULL)
		n = snprintf(text, sizeof text, "[%s]", host);
	else
		n = text_host_port_print(text, sizeof text, host, first);
	if (last != 0)
		snprintf(text + n, sizeof text - (size_t)n, "-%d", last);
	kind_print_text(text, out);
}

bool kind_lacks_brackets(const char *text, char why[KIND_WHY_MAX])
{
	const char *colon = strchr(text, ':');

	if (*text == '[' || colon == NULL || strchr(colon + 1, ':') == NULL)
		return false;
	snprintf(why, KIND_WHY_MAX,
		 "\"%.100s\" does not say where its address ends; an IPv6 address stands in "
		 "brackets, as in \"[::1]:9092\"",
		 text);
	return true;
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
