/* told.h - where a node's clients are told to go: a place for each of its listeners.
 *
 *   place  int8 length | name | int8 length | host | int16 port | int16 ports | int32 first broker |
 *          int8 mode | int8 hint | what later versions add
 *
 * A node with one listener that has no name has none of these: its place is in the member itself
 * (view.h), where nodes of earlier versions look for the first one of all.
 * Tests: tests/unit/cluster/told_test.c, tests/fuzz/identity.c
 */
#ifndef CLUSTER_TOLD_H
#define CLUSTER_TOLD_H

#include "config/listener.h"
#include "util/buf.h"
#include "util/compiler.h"

/* Whether the port that a client came by says which broker it has dialled (gateway.port_is_hint). */
enum member_hint { MEMBER_HINT_UNSAID, MEMBER_NO_HINT, MEMBER_PORT_IS_HINT };

/* Broker N is host : port + (N - min_broker_id). */
struct told_place {
	char *name; /* of the listener; NULL: it has none */
	char *host;
	int port, port_count, min_broker_id;
	enum advertise_mode mode;
	enum member_hint port_hint;
};

/* In the order of the node's configuration, each by a name of its own. */
struct told_places {
	struct told_place *all;
	size_t count;
};

/* Copies the texts. */
void told_add(struct told_places *t, const struct told_place *place);
void told_copy(struct told_places *to, const struct told_places *from);
void told_deinit(struct told_places *t);
bool told_same(const struct told_places *a, const struct told_places *b);
/* By the name, whatever the case of its letters; NULL: there is none. */
const struct told_place *told_find(const struct told_places *t, const char *name);

void told_write(struct buf *out, const struct told_place *place);
/* Adds the place that the bytes are.  False: they are none, or it can't be one more. */
MUST_CHECK bool told_read(struct told_places *t, const uint8_t *bytes, size_t n);

#endif
