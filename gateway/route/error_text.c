#include "route/error_text.h"

#include "kafka/errors.h"
#include "topology/snapshot.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Brokers say who asked what, and where, in the message of this code: with their own addresses. */
static void say_shortly(uint8_t *text, uint32_t n)
{
	static const char words[] = "Cluster authorization failed.";
	uint32_t said = n < sizeof words - 1 ? n : sizeof words - 1;

	memcpy(text, words, said);
	memset(text + said, ' ', n - said);
}

static bool is_of_name(uint8_t c)
{
	return isalnum(c) || c == '-' || c == '_';
}

/* Whether [at, end) of the text is a name of its own and no part of another one; a dot may stand behind a
 * name as the end of a sentence. */
static bool is_whole(const uint8_t *text, uint32_t n, uint32_t at, uint32_t end)
{
	if (at > 0 && (is_of_name(text[at - 1]) || text[at - 1] == '.'))
		return false;
	if (end == n)
		return true;
	if (text[end] == '.')
		return end + 1 == n || !is_of_name(text[end + 1]);
	return !is_of_name(text[end]);
}

/* Behind a port, where a colon and digits stand there; else where it began. */
static uint32_t behind_port(const uint8_t *text, uint32_t n, uint32_t at)
{
	uint32_t end = at + 1;

	if (at >= n || text[at] != ':')
		return at;
	while (end < n && isdigit(text[end]))
		end++;
	return end > at + 1 ? end : at;
}

/* A name without a dot may be a word that means something else, unless a port stands behind it.
 * Clients say what stands in a text: it takes time that grows as the text does. */
static void hide_host(const char *host, uint8_t *text, uint32_t n)
{
	const uint32_t len = (uint32_t)strlen(host);
	const bool is_plain = strpbrk(host, ".:") == NULL;
	uint32_t at = 0;

	while (len > 0 && at + len <= n) {
		const uint8_t *found = memmem(text + at, n - at, host, len);
		uint32_t end;

		if (found == NULL)
			return;
		at = (uint32_t)(found - text);
		end = behind_port(text, n, at + len);
		if (is_whole(text, n, at, at + len) && (!is_plain || end > at + len))
			memset(text + at, '*', end - at);
		at++;
	}
}

void error_text_hide(const struct snapshot *s, int error, uint8_t *text, uint32_t n)
{
	if (error == ERROR_CLUSTER_AUTHORIZATION_FAILED) {
		say_shortly(text, n);
		return;
	}
	for (size_t i = 0; n > 0 && i < s->broker_count; i++)
		hide_host(s->brokers[i].host, text, n);
}
