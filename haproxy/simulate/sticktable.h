/* sticktable.h - a stick table of HAProxy: which server a key sticks to.
 *
 * As HAProxy 2.6 does it: an entry lives `expire` after the last new connection
 * of its key, however long its connections stay open; a full table throws out
 * its oldest entries, one in 256 at once; an entry whose server is down stays
 * until the key's next connection goes elsewhere.
 * Tests: tests/unit/haproxy/simulate/sticktable_test.c
 */
#ifndef SIMULATE_STICKTABLE_H
#define SIMULATE_STICKTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STICKTABLE_NONE = -1 };

struct sticktable;

/* expire_ms 0: entries stay. */
struct sticktable *sticktable_new(size_t size, int64_t expire_ms);
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

/* Bytes that HAProxy 2.6 allocates for an entry with a server, measured
 * (tests/integration/haproxy/entry_size.py): key_length is 4 for an integer or
 * `ip`, 16 for `ipv6`, N for `string len N`. */
size_t sticktable_entry_bytes(size_t key_length);

#endif
