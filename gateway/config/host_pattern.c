#include "config/host_pattern.h"

#include <stdio.h>
#include <string.h>

static const char mark[] = "{id}";

enum { MARK = sizeof mark - 1, DIGITS = 10 }; /* DIGITS: of the largest id */

static bool is_of_names(const char *text, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._";

	return strspn(text, letters) >= n;
}

bool host_pattern_is_good(const char *pattern)
{
	const char *at = strstr(pattern, mark);
	size_t before;

	if (at == NULL || strlen(pattern) + DIGITS >= TEXT_HOST_MAX)
		return false;
	before = (size_t)(at - pattern);
	return is_of_names(pattern, before) && is_of_names(at + MARK, strlen(at + MARK));
}

void host_pattern_print(const char *pattern, int32_t id, char to[TEXT_HOST_MAX])
{
	const char *at = strstr(pattern, mark);

	snprintf(to, TEXT_HOST_MAX, "%.*s%d%s", (int)(at - pattern), pattern, id, at + MARK);
}

int32_t host_pattern_id(const char *pattern, const char *name)
{
	size_t before = (size_t)(strstr(pattern, mark) - pattern);
	const char *after = pattern + before + MARK;
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
