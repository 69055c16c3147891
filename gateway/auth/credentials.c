#include "auth/credentials.h"

#include "auth/scram_cache.h"
#include "auth/secret.h"
#include "util/mem.h"

#include <openssl/crypto.h>

struct credentials *credentials_new(const struct mechanism *mechanism)
{
	struct credentials *c = mem_zalloc(sizeof *c);

	c->mechanism = mechanism;
	atomic_init(&c->references, 1);
	return c;
}

struct credentials *credentials_get(struct credentials *c)
{
	atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
	return c;
}

void credentials_put(struct credentials *c)
{
	if (c == NULL || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) > 1)
		return;
	secret_buf_deinit(&c->said);
	scram_cache_free(c->password);
	if (c->keys != NULL)
		OPENSSL_cleanse(c->keys, sizeof *c->keys);
	free(c->keys);
	free(c->user);
	free(c);
}
