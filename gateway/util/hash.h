/* hash.h - a hash that peers can't steer: SipHash-1-3 under a secret key.
 *
 * The key is drawn once a process from the kernel, so what a client names its
 * topics and groups can't be chosen to collide.  Never write these values to a
 * file or a peer: another process has another key.
 * Tests: tests/unit/util/hash_test.c
 */
#ifndef UTIL_HASH_H
#define UTIL_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Any thread.  bytes may be NULL when n is 0. */
uint64_t hash_bytes(const void *bytes, size_t n);
/* The same hash under a key of one's own, for what must be alike everywhere
 * (rendezvous hashing); never for tables that peers fill. */
uint64_t hash_keyed(const uint64_t key[2], const void *bytes, size_t n);

#endif
