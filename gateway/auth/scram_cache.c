#include "auth/scram_cache.h"

#include "auth/secret.h"
#include "util/mem.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SALT_MAX = 64 }; /* bytes of one that is kept; Kafka makes some 26 */

struct salted {
	uint8_t salt[SALT_MAX];
	size_t len; /* 0: nothing is here */
	int iterations;
	struct scram_keys keys;
};

struct scram_cache {
	const struct scram_hash *hash;
	char *password;
	pthread_mutex_t lock;
	struct salted all[SCRAM_CACHE_SALTS];
	unsigned next; /* is overwritten next */
};

struct scram_cache *scram_cache_new(const struct scram_hash *hash, const char *password)
{
	struct scram_cache *c = mem_zalloc(sizeof *c);

	c->hash = hash;
	c->password = mem_strdup(password);
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void scram_cache_free(struct scram_cache *c)
{
	if (c == NULL)
		return;
	secret_text_free(c->password);
	pthread_mutex_destroy(&c->lock);
	OPENSSL_cleanse(c, sizeof *c);
	free(c);
}

static bool find(struct scram_cache *c, const struct scram_salt *salt, struct scram_keys *keys)
{
	const struct salted *found = NULL;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < SCRAM_CACHE_SALTS && found == NULL; i++) {
		const struct salted *s = &c->all[i];

		if (s->len > 0 && s->len == salt->len && s->iterations == salt->iterations &&
		    memcmp(s->salt, salt->bytes, s->len) == 0)
			found = s;
	}
	if (found != NULL)
		*keys = found->keys;
	pthread_mutex_unlock(&c->lock);
	return found != NULL;
}

static void keep(struct scram_cache *c, const struct scram_salt *salt,
		 const struct scram_keys *keys)
{
	struct salted *s;

	if (salt->len > SALT_MAX)
		return;
	pthread_mutex_lock(&c->lock);
	s = &c->all[c->next++ % SCRAM_CACHE_SALTS];
	memcpy(s->salt, salt->bytes, salt->len);
	s->len = salt->len;
	s->iterations = salt->iterations;
	s->keys = *keys;
	pthread_mutex_unlock(&c->lock);
}

void scram_cache_keys(struct scram_cache *c, const struct scram_salt *salt, struct scram_keys *keys)
{
	if (find(c, salt, keys))
		return;
	scram_keys_make(c->hash, c->password, strlen(c->password), salt, keys);
	keep(c, salt, keys);
}
