#include "util/logline.h"

#include "util/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* In front of a value that is a number; nothing that is put into a line has it. */
static const char number_mark = '\1';

void logline_init(struct logline *l)
{
	l->n = 0;
	l->room = sizeof l->text - 1 - LOGLINE_SPARE;
	l->text[0] = '\0';
	l->in_quotes = l->is_cut = false;
}

/* All of it or nothing, and nothing from then on. */
static void put(struct logline *l, const char *bytes, size_t n)
{
	l->is_cut = l->is_cut || l->n + n > l->room;
	if (l->is_cut)
		return;
	memcpy(l->text + l->n, bytes, n);
	l->n += n;
	l->text[l->n] = '\0';
}

/* A letter of which some bytes are missing at the end goes. */
static void drop_last_letter(struct logline *l)
{
	while (l->n > 0 && ((unsigned char)l->text[l->n - 1] & 0xc0) == 0x80)
		l->n--;
	if (l->n > 0 && (unsigned char)l->text[l->n - 1] >= 0xc0)
		l->n--;
	l->text[l->n] = '\0';
}

void logline_close(struct logline *l)
{
	l->room = sizeof l->text - 1;
	if (!l->is_cut)
		return;
	l->is_cut = false;
	drop_last_letter(l);
	if (l->in_quotes)
		put(l, "\"", 1);
	l->in_quotes = false;
}

/* --- formats --- */

static void put_piece(struct logline *l, char *piece)
{
	text_make_printable(piece);
	for (const char *at = piece; *at != '\0'; at++) {
		const char pair[2] = { '\\', *at };

		if (l->in_quotes && (*at == '"' || *at == '\\'))
			put(l, pair, 2);
		else
			put(l, at, 1);
	}
}

/* One conversion, as printf has it. */
struct conversion {
	char text[24]; /* whole numbers: as of a long long, whatever is said */
	char kind;
	unsigned longs; /* that are said; z, j and t are two */
	int stars;	/* the precision is an argument */
};

static bool is_whole(char kind)
{
	return strchr("diux", kind) != NULL;
}

/* Returns what stands behind it. */
static const char *read_conversion(const char *at, struct conversion *c)
{
	size_t n = 0;

	*c = (struct conversion){ 0 };
	c->text[n++] = *at++;
	while (strchr("diuxfgcs%", *at) == NULL && n < sizeof c->text - 4) {
		c->longs += *at == 'l' ? 1 : strchr("zjt", *at) != NULL ? 2 : 0;
		c->stars += *at == '*';
		if (strchr("lzjt", *at) == NULL)
			c->text[n++] = *at;
		at++;
	}
	c->kind = *at;
	if (is_whole(c->kind)) {
		c->text[n++] = 'l';
		c->text[n++] = 'l';
	}
	c->text[n] = c->kind;
	return at + 1;
}

static long long take_signed(unsigned longs, va_list *args)
{
	if (longs == 2)
		return va_arg(*args, long long);
	if (longs == 1)
		return va_arg(*args, long);
	return va_arg(*args, int);
}

static unsigned long long take_unsigned(unsigned longs, va_list *args)
{
	if (longs == 2)
		return va_arg(*args, unsigned long long);
	if (longs == 1)
		return va_arg(*args, unsigned long);
	return va_arg(*args, unsigned);
}

static int print_text(const struct conversion *c, char *to, size_t size, va_list *args)
{
	int precision;

	if (c->stars == 0)
		return snprintf(to, size, c->text, va_arg(*args, const char *));
	precision = va_arg(*args, int);
	return snprintf(to, size, c->text, precision, va_arg(*args, const char *));
}

static int print_conversion(const struct conversion *c, char *to, size_t size, va_list *args)
{
	switch (c->kind) {
	case 'd':
	case 'i':
		return snprintf(to, size, c->text, take_signed(c->longs, args));
	case 'u':
	case 'x':
		return snprintf(to, size, c->text, take_unsigned(c->longs, args));
	case 'f':
	case 'g':
		return snprintf(to, size, c->text, va_arg(*args, double));
	case 's':
		return print_text(c, to, size, args);
	case 'c':
		return snprintf(to, size, c->text, va_arg(*args, int));
	default:
		return snprintf(to, size, "%%");
	}
}

static bool is_number(const struct conversion *c)
{
	return strchr("diufg", c->kind) != NULL;
}

static const char *add_conversion(struct logline *l, const char *at, va_list *args)
{
	struct conversion c;
	char piece[LOGLINE_MAX];
	const char *rest = read_conversion(at, &c);

	if (print_conversion(&c, piece, sizeof piece, args) < 0)
		return rest;
	if (is_number(&c) && l->n > 0 && l->text[l->n - 1] == '=' && !l->in_quotes)
		put(l, &number_mark, 1);
	put_piece(l, piece);
	return rest;
}

void logline_vadd(struct logline *l, const char *fmt, va_list args)
{
	va_list mine;

	va_copy(mine, args);
	while (*fmt != '\0') {
		if (*fmt == '%') {
			fmt = add_conversion(l, fmt, &mine);
			continue;
		}
		if (*fmt == '"' && !l->is_cut)
			l->in_quotes = !l->in_quotes;
		put(l, fmt++, 1);
	}
	va_end(mine);
}

void logline_add(struct logline *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	logline_vadd(l, fmt, args);
	va_end(args);
}

size_t logline_text(const struct logline *l, char to[LOGLINE_MAX])
{
	size_t n = 0;

	for (const char *at = l->text; *at != '\0'; at++) {
		if (*at != number_mark)
			to[n++] = *at;
	}
	to[n] = '\0';
	return n;
}

/* --- JSON --- */

struct json {
	char *to;
	size_t n;
};

/* The value that begins there, without quotes and backslashes of the line; returns what stands
 * behind it. */
static const char *read_value(const char *at, char value[LOGLINE_MAX])
{
	bool is_quoted = *at == '"';
	size_t n = 0;

	at += is_quoted || *at == number_mark;
	while (*at != '\0' && *at != (is_quoted ? '"' : ' ')) {
		at += is_quoted && *at == '\\' && at[1] != '\0';
		value[n++] = *at++;
	}
	value[n] = '\0';
	return is_quoted && *at == '"' ? at + 1 : at;
}

static void put_json(struct json *j, const char *text, size_t n)
{
	memcpy(j->to + j->n, text, n);
	j->n += n;
}

static void put_string(struct json *j, const char *text, size_t n)
{
	put_json(j, "\"", 1);
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '"' || text[i] == '\\')
			put_json(j, "\\", 1);
		put_json(j, &text[i], 1);
	}
	put_json(j, "\"", 1);
}

/* The most that a string of the text takes. */
static size_t string_bytes(const char *text, size_t len)
{
	size_t n = 2;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '"' || text[i] == '\\' ? 2 : 1;
	return n;
}

static void put_pair(struct json *j, const char *key, size_t key_len, const char *value,
		     bool is_number)
{
	if (j->n + string_bytes(key, key_len) + 4 + string_bytes(value, strlen(value)) >=
	    LOGLINE_JSON_MAX)
		return; /* a pair that does not fit is left out whole */
	if (j->n > 1)
		put_json(j, ",", 1);
	put_string(j, key, key_len);
	put_json(j, ":", 1);
	if (is_number)
		put_json(j, value, strlen(value));
	else
		put_string(j, value, strlen(value));
}

/* What was printed may be none (nan), begin with zeros, or have something behind it: "9092-9095". */
static bool is_whole_number(const char *value)
{
	const char *at = value + (*value == '-');
	size_t digits = strspn(at, "0123456789");

	if (digits == 0 || (digits > 1 && *at == '0'))
		return false;
	at += digits;
	if (*at != '.')
		return *at == '\0';
	digits = strspn(++at, "0123456789");
	return digits > 0 && at[digits] == '\0';
}

size_t logline_json(const struct logline *l, char to[LOGLINE_JSON_MAX])
{
	struct json j = { to, 0 };
	const char *at = l->text;
	char value[LOGLINE_MAX] = "";

	put_json(&j, "{", 1);
	while (*at != '\0') {
		const char *key = at;
		size_t key_len = strcspn(key, "= ");
		bool is_number;

		at = key + key_len;
		if (*at != '=') { /* a word alone, or a blank */
			at += *at == ' ';
			continue;
		}
		is_number = at[1] == number_mark;
		at = read_value(at + 1, value);
		put_pair(&j, key, key_len, value, is_number && is_whole_number(value));
	}
	put_json(&j, "}", 1);
	to[j.n] = '\0';
	return j.n;
}
