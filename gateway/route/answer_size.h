/* answer_size.h - about how many bytes a broker will answer, before it is asked.
 *
 * For what is held: memory is reserved before a broker is asked, so that nothing comes that has no
 * place.  Made of what the snapshot knows of the topics asked for; a guess that errs towards too
 * much, and too little where the cluster has become larger since.  Takes no memory.
 * Tests: tests/unit/route/answer_size_test.c
 */
#ifndef ROUTE_ANSWER_SIZE_H
#define ROUTE_ANSWER_SIZE_H

#include "topology/snapshot.h"

#include <stdint.h>

/* Of the answer to a Metadata request, whose body this is, in bytes; 0: it contradicts its schema. */
uint64_t answer_size_metadata(const struct snapshot *s, int version, const uint8_t *body,
			      uint32_t size);

#endif
