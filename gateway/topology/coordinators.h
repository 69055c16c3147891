/* coordinators.h - which broker coordinates a group or a transaction.
 *
 * A cache of COORDINATORS_MAX keys, which have COORDINATORS_BYTES together; the oldest ones make room
 * for a new one.
 * All functions may be called from any thread.
 * Tests: tests/unit/topology/coordinators_test.c
 */
#ifndef TOPOLOGY_COORDINATORS_H
#define TOPOLOGY_COORDINATORS_H

#include <stddef.h>
#include <stdint.h>

enum { COORDINATORS_MAX = 65536, COORDINATORS_BYTES = 8 << 20 };

struct coordinators;

struct coordinators *coordinators_new(void);
void coordinators_free(struct coordinators *c);

/* NO_BROKER: not known. */
int32_t coordinators_get(struct coordinators *c, int type, const void *key, size_t len);
/* The same of what was put at this time, of clock_ms, or later. */
int32_t coordinators_get_since(struct coordinators *c, int type, const void *key, size_t len,
			       int64_t since);
void coordinators_put(struct coordinators *c, int type, const void *key, size_t len,
		      int32_t broker);
void coordinators_drop(struct coordinators *c, int type, const void *key, size_t len);
void coordinators_drop_broker(struct coordinators *c, int32_t broker);
void coordinators_drop_all(struct coordinators *c);
size_t coordinators_count(struct coordinators *c);

#endif
