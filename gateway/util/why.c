#include "util/why.h"

#include "util/compiler.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

struct words {
	int error;
	const char *text;
};

static const char *find(const struct words *all, size_t count, int error)
{
	for (size_t i = 0; i < count; i++) {
		if (all[i].error == error)
			return all[i].text;
	}
	return NULL;
}

const char *why_not_found(int error, char words[WHY_WORDS_MAX])
{
	static const struct words all[] = {
		{ EAI_NONAME, "there is no such name" },
		{ EAI_NODATA, "the name has no address" },
		{ EAI_AGAIN, "no name server answers" },
		{ EAI_FAIL, "the name server does not tell" },
		{ EAI_FAMILY, "no address of a kind that can be used" },
		{ EAI_ADDRFAMILY, "no address of a kind that can be used" },
		{ EAI_SERVICE, "no such port" },
		{ EAI_MEMORY, "no memory is left" },
	};
	const char *known = find(all, ARRAY_LEN(all), error);

	if (known != NULL)
		return known;
	if (error == EAI_SYSTEM)
		return why_not_connected(errno, words);
	snprintf(words, WHY_WORDS_MAX, "the look-up failed (error %d)", error);
	return words;
}

const char *why_not_connected(int error, char words[WHY_WORDS_MAX])
{
	static const struct words all[] = {
		{ ECONNREFUSED, "nobody listens there" },
		{ ENOENT, "there is no such socket" },
		{ ECONNRESET, "the other side broke the connection off" },
		{ EPIPE, "the other side broke the connection off" },
		{ EHOSTUNREACH, "no way leads there" },
		{ ENETUNREACH, "no way leads there" },
		{ ETIMEDOUT, "nobody answers there" },
		{ EACCES, "this user may not go there" },
		{ EPERM, "this user may not go there" },
		{ EADDRNOTAVAIL,
		  "no port of this machine is left for it, or it has not that address" },
		{ EMFILE, "no file descriptors are left" },
		{ ENFILE, "no file descriptors are left" },
	};
	const char *known = find(all, ARRAY_LEN(all), error);

	if (known != NULL)
		return known;
	snprintf(words, WHY_WORDS_MAX, "%.60s (errno %d)", strerror(error), error);
	return words;
}
