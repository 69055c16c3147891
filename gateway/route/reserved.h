/* reserved.h - what of a request is the nodes' own: their group and their topic.
 *
 * No client may have anything to do with either, whatever it names them by: a topic's name or id,
 * a group's name, a key to find a coordinator by, a resource whose settings are asked for.  Of a
 * request that names other things too the rest goes on; what is refused is answered with the code
 * of a broker that gives no right (29, 30).  A list of all there is leaves them out.
 *
 *   by item     a request for several brokers (route/split.h): the item's target is
 *               TARGET_REFUSED, so no broker gets it, and a stub answers it
 *   by entry    a request for one broker: its entry is cut out of the frame, and the stub's entry
 *               is put into the answer (reserved_amend)
 *
 * Pure: no socket, no clock.  Tests: tests/unit/route/reserved_test.c
 */
#ifndef ROUTE_RESERVED_H
#define ROUTE_RESERVED_H

#include "config/config.h"
#include "kafka/api.h"
#include "route/edits.h"
#include "route/layout.h"
#include "topology/snapshot.h"

struct reserved {
	const char *group; /* NULL: this node is alone, and nothing is reserved */
	uint32_t group_len, topic_len;
	char topic[CONFIG_TOPIC_MAX];
};

/* Borrows the config. */
void reserved_init(struct reserved *v, const struct config *config);

bool reserved_is_topic(const struct reserved *v, const uint8_t *name, uint32_t len);
/* Whether the one key of a request, or answer, that has no list of them is the nodes' group, or what
 * the request names beside its key. */
bool reserved_has_group(const struct reserved *v, const struct layout *l);
/* Whether the bytes of a request can name any of it: a quick look that is never wrongly false. */
bool reserved_is_near(const struct reserved *v, const struct snapshot *s, const uint8_t *bytes,
		      size_t n);
/* Marks the items and topics of a request that are refused, whose error is then the code to
 * answer.  Returns how many items there are, of a request without any how many topics. */
uint32_t reserved_mark(const struct reserved *v, const struct snapshot *s, struct layout *l);
/* Takes the nodes' group out of the items of an answer that lists groups, and the items of their
 * topic out of it in one that lists topics. */
void reserved_leave_out(const struct reserved *v, struct layout *answer);

/* Of a marked request: an edit of its frame's body for each entry that is cut out. */
void reserved_cut(const struct layout *l, struct edits *edits, bool compact);
/* Of a marked request: a layout of what is refused and nothing else, in the same arena. */
struct layout reserved_only(const struct layout *l);

/* Entries of an answer: those of its outermost list. */
struct reserved_entries {
	const uint8_t *bytes;
	uint32_t size, count;
};

/* An answer that is changed before it leaves. */
struct reserved_answer {
	const struct kapi *api;
	int version;
	const uint8_t *body;
	uint32_t size;
	struct reserved_entries more; /* put behind those that it has */
};

/* The entries of an answer, borrowed; false: it contradicts its schema. */
MUST_CHECK bool reserved_read_entries(const struct reserved_answer *of,
				      struct reserved_entries *entries);
/* Appends the body without the nodes' topic and with what is to be put into it; false: it
 * contradicts its schema. */
MUST_CHECK bool reserved_amend(const struct reserved *v, struct gather *g,
			       const struct reserved_answer *of);

#endif
