#include "live/words.h"

#include "util/mem.h"

#include <string.h>

bool words_line(const char **text, struct span *line)
{
	const char *end;

	if (**text == '\0')
		return false;
	line->at = *text;
	end = strchr(*text, '\n');
	line->len = end != NULL ? (size_t)(end - *text) : strlen(*text);
	*text += line->len + (end != NULL);
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

struct span span_after(struct span s, size_t n)
{
	n = n < s.len ? n : s.len;
	return (struct span){ s.at + n, s.len - n };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool words_next(struct span *line, struct span *word)
{
	size_t n = 0;

	while (line->len > 0 && is_blank(line->at[0]))
		*line = span_after(*line, 1);
	while (n < line->len && !is_blank(line->at[n]))
		n += line->at[n] == '\\' && n + 1 < line->len ? 2 : 1;
	*word = (struct span){ line->at, n };
	*line = span_after(*line, n);
	return n > 0;
}

/* A bracket that the value itself opened ("[::1]:9092") belongs to it. */
static size_t value_length(struct span line)
{
	bool is_open = false;
	size_t n = 0;

	for (; n < line.len; n++) {
		char c = line.at[n];

		if (is_blank(c) || c == ',' || c == ')' || (c == ']' && !is_open))
			break;
		is_open = c == '[' || (is_open && c != ']');
	}
	return n;
}

struct span words_value(struct span line, const char *key)
{
	size_t size = strlen(key);

	for (size_t i = 0; i + size <= line.len; i++) {
		bool begins = i == 0 || strchr(" \t,([", line.at[i - 1]) != NULL;

		if (!begins || memcmp(line.at + i, key, size) != 0)
			continue;
		line = span_after(line, i + size);
		return (struct span){ line.at, value_length(line) };
	}
	return (struct span){ line.at, 0 };
}

bool span_begins(struct span s, const char *text)
{
	size_t size = strlen(text);

	return s.len >= size && memcmp(s.at, text, size) == 0;
}

bool span_is(struct span s, const char *text)
{
	return s.len == strlen(text) && span_begins(s, text);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int64_t span_number(struct span s)
{
	bool negative = s.len > 0 && s.at[0] == '-';
	int64_t value = 0;

	s = span_after(s, negative);
	if (s.len == 0 || !is_digit(s.at[0]))
		return -1;
	for (size_t i = 0; i < s.len && is_digit(s.at[i]); i++) {
		if (value > (INT64_MAX - 9) / 10)
			return INT64_MAX;
		value = value * 10 + (s.at[i] - '0');
	}
	return negative ? -value : value;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

uint64_t span_hex(struct span s)
{
	uint64_t value = 0;

	if (span_begins(s, "0x"))
		s = span_after(s, 2);
	for (size_t i = 0; i < s.len && hex_digit(s.at[i]) >= 0; i++)
		value = value << 4 | (uint64_t)hex_digit(s.at[i]);
	return value;
}

static int64_t unit_seconds(char unit)
{
	switch (unit) {
	case 'd':
		return 86400;
	case 'h':
		return 3600;
	case 'm':
		return 60;
	case 's':
		return 1;
	default:
		return 0;
	}
}

int64_t span_seconds(struct span s)
{
	int64_t total = 0;

	if (s.len == 0)
		return -1;
	while (s.len > 0) {
		int64_t n = 0, unit;
		size_t digits = 0;

		for (; digits < s.len && digits < 9 && is_digit(s.at[digits]); digits++)
			n = n * 10 + (s.at[digits] - '0');
		unit = digits > 0 && digits < s.len ? unit_seconds(s.at[digits]) : 0;
		if (unit == 0 || total > INT64_MAX / 2)
			return -1;
		total += n * unit;
		s = span_after(s, digits + 1);
	}
	return total;
}

char *span_dup(struct span s)
{
	return mem_strndup(s.at, s.len);
}
