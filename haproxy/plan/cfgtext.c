#include "plan/cfgtext.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#define INDENT "    "

enum { WIDTH = 92, COMMENT_LONGEST = 1024 };

/* One word at a time, a new line whenever the next one does not fit. */
static void write_words(FILE *out, const char *indent, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (column > 0 && column + 1 + word > WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		if (column == 0)
			column = (size_t)fprintf(out, "%s#", indent);
		column += (size_t)fprintf(out, " %.*s", (int)word, text);
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void write_comment(FILE *out, const char *indent, const char *fmt, va_list args)
{
	char text[COMMENT_LONGEST];

	vsnprintf(text, sizeof text, fmt, args);
	write_words(out, indent, text);
}

void cfgtext_line(FILE *out, const char *fmt, ...)
{
	va_list args;

	fputs(INDENT, out);
	va_start(args, fmt);
	vfprintf(out, fmt, args);
	va_end(args);
	fputc('\n', out);
}

void cfgtext_why(FILE *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_comment(out, INDENT, fmt, args);
	va_end(args);
}

void cfgtext_head(FILE *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_comment(out, "", fmt, args);
	va_end(args);
}

const char *cfgtext_time(char to[CFGTEXT_TIME_MAX], int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = { { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" } };
	size_t i = 0;

	while (ms % units[i].ms != 0)
		i++; /* ends: the last is 1 */
	snprintf(to, CFGTEXT_TIME_MAX, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
	return to;
}

void cfgtext_host(FILE *out, const char *host)
{
	fprintf(out, strchr(host, ':') != NULL ? "[%s]" : "%s", host);
}

void cfgtext_ports(FILE *out, int first, int last)
{
	fprintf(out, "%d", first);
	if (last != first)
		fprintf(out, "-%d", last);
}
