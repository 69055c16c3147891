/* ask.h - the bodies of the requests that the topology sends.
 *
 * Each empties `out` and writes one body; false: it did not fit.
 * Tests: tests/unit/topology/learning_test.c
 */
#ifndef TOPOLOGY_ASK_H
#define TOPOLOGY_ASK_H

#include "topology/names.h"
#include "util/buf.h"
#include "util/compiler.h"

MUST_CHECK bool ask_versions(int version, struct buf *out);
MUST_CHECK bool ask_all_topics(int version, struct buf *out);
/* by_id: the names are ids of 16 bytes; version 12 or later. */
MUST_CHECK bool ask_topics(int version, const struct names *names, bool by_id, struct buf *out);
/* One key before version 4. */
MUST_CHECK bool ask_coordinators(int version, int type, const struct name *keys, size_t count,
				 struct buf *out);

#endif
