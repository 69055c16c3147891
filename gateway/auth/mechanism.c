#include "auth/mechanism.h"

#include <string.h>

static const struct mechanism *const all[] = { &mechanism_plain, &mechanism_scram_sha_256,
					       &mechanism_scram_sha_512, &mechanism_oauthbearer };

const struct mechanism *mechanism_by_name(const void *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strlen(all[i]->name) == len && memcmp(all[i]->name, name, len) == 0)
			return all[i];
	}
	return NULL;
}
