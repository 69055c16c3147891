/* scram_cache.h - what a password is with the salts that it met last.
 *
 * To salt a password takes milliseconds, on a loop that has other work to do, and is the same each time:
 * a user has one salt at all brokers, a delegation token one at each.  Any thread may ask.
 * Tests: tests/unit/auth/scram_cache_test.c
 */
#ifndef AUTH_SCRAM_CACHE_H
#define AUTH_SCRAM_CACHE_H

#include "auth/scram_keys.h"

enum { SCRAM_CACHE_SALTS = 16 };

struct scram_cache;

/* Copies the password, wipes it at the end. */
struct scram_cache *scram_cache_new(const struct scram_hash *hash, const char *password);
/* Fine with NULL. */
void scram_cache_free(struct scram_cache *c);
/* As scram_keys_make; the caller wipes the keys. */
void scram_cache_keys(struct scram_cache *c, const struct scram_salt *salt,
		      struct scram_keys *keys);

#endif
