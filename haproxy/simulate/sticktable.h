/* sticktable.h - a stick table of HAProxy: which server a key sticks to.
 *
 * As HAProxy does it: an entry lives `expire` after the last new connection
 * of its key, however long its connections stay open; a full table throws out
 * its oldest entries, several at once (from 3.0 on it may spare one and take one
 * that is a little younger); an entry whose server is down stays until the key's
 * next connection goes elsewhere.
 * Tests: tests/unit/haproxy/simulate/sticktable_test.c
 */
#ifndef SIMULATE_STICKTABLE_H
#define SIMULATE_STICKTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STICKTABLE_NONE = -1 };

struct sticktable;

/* expire_ms 0: entries stay.  thrown_out: so many at once, from 1 to size. */
struct sticktable *sticktable_new(size_t size, int64_t expire_ms, size_t thrown_out);
void sticktable_free(struct sticktable *t);
struct sticktable *sticktable_copy(const struct sticktable *t);

/* The server, and the entry's time begins anew; or STICKTABLE_NONE. */
int sticktable_match(struct sticktable *t, const void *key, size_t n, int64_t now_ms);
/* Makes or changes the entry. */
void sticktable_store(struct sticktable *t, const void *key, size_t n, int server, int64_t now_ms);

size_t sticktable_used(const struct sticktable *t);
size_t sticktable_most_used(const struct sticktable *t);
/* Entries thrown out to make room, before their time. */
size_t sticktable_evicted(const struct sticktable *t);

#endif
