#include "util/text.h"

#include "util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool text_int64(const char *s, int64_t *value)
{
	const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
	long long n;

	if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
		return false;
	errno = 0;
	n = strtoll(s, NULL, 10);
	if (errno != 0)
		return false;
	*value = n;
	return true;
}

static bool parse_port(const char *s, int *port)
{
	int64_t n;

	if (!isdigit((unsigned char)*s) || !text_int64(s, &n) || n < 1 || n > 65535)
		return false;
	*port = (int)n;
	return true;
}

static bool is_host(const char *s, size_t n, bool v6)
{
	if (n == 0 || n >= TEXT_HOST_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (isalnum((unsigned char)s[i]) || strchr("-._", s[i]) != NULL)
			continue;
		if (v6 && (s[i] == ':' || s[i] == '%'))
			continue;
		return false;
	}
	return true;
}

/* Where the host ends and what follows it, from where it begins. */
static size_t host_length(const char *host, bool bracketed)
{
	const char *colon = strchr(host, ':');

	if (bracketed)
		return strcspn(host, "]");
	if (colon == NULL || strchr(colon + 1, ':') != NULL)
		return strlen(host); /* no port: a name, or a v6 address as it is */
	return (size_t)(colon - host);
}

bool text_host_port(const char *s, char host[TEXT_HOST_MAX], int *port)
{
	bool bracketed = *s == '[';
	const char *begin = bracketed ? s + 1 : s;
	size_t n = host_length(begin, bracketed);
	const char *after = begin + n;

	if (strchr(begin, '\0') == after && bracketed)
		return false;
	if (!is_host(begin, n, bracketed || *after == '\0'))
		return false;
	if (bracketed)
		after++;
	*port = 0;
	if (*after != '\0' && (*after != ':' || !parse_port(after + 1, port)))
		return false;
	memcpy(host, begin, n);
	host[n] = '\0';
	return true;
}

int text_host_port_print(char *to, size_t size, const char *host, int port)
{
	bool v6 = strchr(host, ':') != NULL;
	const char *open = v6 ? "[" : "";
	const char *close = v6 ? "]" : "";

	if (port == 0)
		return snprintf(to, size, "%s", host);
	return snprintf(to, size, "%s%s%s:%d", open, host, close, port);
}

char *text_next_item(const char **rest)
{
	const char *begin = *rest;
	size_t n;

	if (begin == NULL)
		return NULL;
	n = strcspn(begin, ",");
	*rest = begin[n] == ',' ? begin + n + 1 : NULL;
	while (n > 0 && isspace((unsigned char)*begin))
		begin++, n--;
	while (n > 0 && isspace((unsigned char)begin[n - 1]))
		n--;
	return mem_strndup(begin, n);
}

/* How long the letter is that a sequence of UTF-8 begins with; 0: it begins with none (RFC 3629). */
static size_t letter_length(const unsigned char *p)
{
	const unsigned char first = p[0];
	const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	const size_t whole = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4 || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < whole; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	}
	return whole;
}

/* C1: a terminal may take them for commands as it does those of one byte. */
static bool is_control(const unsigned char *p)
{
	return *p < ' ' || *p == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0);
}

void text_make_printable(char *s)
{
	for (unsigned char *p = (unsigned char *)s; *p != '\0';) {
		size_t n = letter_length(p);

		if (n == 0 || is_control(p))
			*p++ = '?';
		else
			p += n;
	}
}

enum { DISTANCE_MAX = 64 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One row of the table of distances, from the two rows above it. */
static void distance_row(const char *a, size_t i, const char *b, size_t nb,
			 unsigned rows[][DISTANCE_MAX])
{
	unsigned *now = rows[i % 3];
	const unsigned *up = rows[(i + 2) % 3];
	const unsigned *up2 = rows[(i + 1) % 3];

	now[0] = (unsigned)i;
	for (size_t j = 1; j <= nb; j++) {
		now[j] = least(least(now[j - 1], up[j]) + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
		if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
			now[j] = least(now[j], up2[j - 2] + 1);
	}
}

unsigned text_distance(const char *a, const char *b)
{
	size_t na = strlen(a);
	size_t nb = strlen(b);
	unsigned rows[3][DISTANCE_MAX];

	if (na >= DISTANCE_MAX || nb >= DISTANCE_MAX)
		return 2 * DISTANCE_MAX;
	for (unsigned j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++)
		distance_row(a, i, b, nb, rows);
	return rows[na % 3][nb];
}
