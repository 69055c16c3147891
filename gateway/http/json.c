#include "http/json.h"

#include "util/mem.h"
#include "util/text.h"

#include <assert.h>
#include <string.h>

json_t *json_text_n(const char *s, size_t n)
{
	json_t *value = json_stringn(s, n);
	char *copy;

	if (value != NULL)
		return value;
	copy = mem_alloc(n + 1);
	for (size_t i = 0; i < n; i++)
		copy[i] = (unsigned char)s[i] >= 0x80 ? '?' : s[i];
	value = json_stringn(copy, n);
	free(copy);
	return value;
}

json_t *json_text(const char *s)
{
	return s != NULL ? json_text_n(s, strlen(s)) : json_null();
}

json_t *json_host_port(const char *host, int port)
{
	char both[TEXT_HOST_MAX + 16];

	text_host_port_print(both, sizeof both, host, port);
	return json_text(both);
}

char *json_done(json_t *o)
{
	char *out = json_dumps(o, JSON_COMPACT);

	assert(out != NULL);
	json_decref(o);
	return out;
}
