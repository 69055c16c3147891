#include "config/host_pattern.h"

#include "util/compiler.h"

#include <stdio.h>
#include <string.h>

enum { DIGITS = 10 }; /* of the largest id */

/* Where the id stands, and how long its mark is, ours or Conduktor's; NULL: nowhere. */
static const char *mark_of(const char *pattern, size_t *len)
{
	static const char *const marks[] = { "{id}", "{{nodeId}}" };

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		const char *at = strstr(pattern, marks[i]);

		*len = strlen(marks[i]);
		if (at != NULL)
			return at;
	}
	return NULL;
}

static bool is_of_names(const char *text, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._";

	return strspn(text, letters) >= n;
}

bool host_pattern_is_good(const char *pattern)
{
	size_t mark, before;
	const char *at = mark_of(pattern, &mark);

	if (at == NULL || strlen(pattern) + DIGITS >= TEXT_HOST_MAX)
		return false;
	before = (size_t)(at - pattern);
	return is_of_names(pattern, before) && is_of_names(at + mark, strlen(at + mark));
}

void host_pattern_print(const char *pattern, int32_t id, char to[TEXT_HOST_MAX])
{
	size_t mark;
	const char *at = mark_of(pattern, &mark);

	snprintf(to, TEXT_HOST_MAX, "%.*s%d%s", (int)(at - pattern), pattern, id, at + mark);
}

int32_t host_pattern_id(const char *pattern, const char *name)
{
	size_t mark, before = (size_t)(mark_of(pattern, &mark) - pattern);
	const char *after = pattern + before + mark;
	size_t len = strlen(name), rest = strlen(after), digits;
	char number[DIGITS + 1] = "";
	int64_t id;

	if (len <= before + rest || strncasecmp(name, pattern, before) != 0 ||
	    strcasecmp(name + len - rest, after) != 0)
		return -1;
	digits = len - before - rest;
	if (digits > DIGITS || strspn(name + before, "0123456789") < digits)
		return -1;
	memcpy(number, name + before, digits);
	return text_int64(number, &id) && id <= INT32_MAX ? (int32_t)id : -1;
}
