/* member.h - the life of one member of a consumer group, without its sockets.
 *
 * Says what to do next and is told how it went; time and chance are arguments,
 * so tests turn the clock.  One step is under way at a time.
 *
 *            found            joined            synced
 *   OUT  --(coordinator)-->  OUT  -----> JOINED -----> STABLE --beat--> STABLE
 *    ^                                     |              |
 *    `---- 22, 25, 27, 82, no answer ------+---- 22, 25, 27, 82 --'
 *
 * A coordinator that is lost (no answer, 15, 16) is looked for again; a STABLE
 * member stays one meanwhile and goes on beating in its generation, as long as
 * the group has not given it up.  What fails is tried again after a pause that
 * grows and has a random part.
 * Tests: tests/unit/cluster/member_test.c
 */
#ifndef CLUSTER_MEMBER_H
#define CLUSTER_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MEMBER_ID_MAX = 512, MEMBER_NO_ANSWER = -100 };

enum member_step {
	MEMBER_WAIT,
	MEMBER_FIND, /* the group's coordinator */
	MEMBER_JOIN,
	MEMBER_SYNC,
	MEMBER_BEAT,
};

enum member_state { MEMBER_OUT, MEMBER_JOINED, MEMBER_STABLE };

struct member {
	int session_ms, heartbeat_ms;
	bool is_static; /* it has an instance id; taken away when another took that */
	uint64_t random;
	enum member_state state;
	bool has_coordinator, is_asked, wants_rejoin;
	bool was_fenced;
	char id[MEMBER_ID_MAX]; /* "" before the group gave one */
	int32_t generation;
	int64_t due;	  /* nothing is tried earlier */
	int64_t heard_at; /* when the group last took a beat, or let it in */
	unsigned failures;
	enum member_step failed; /* the last step that did, */
	int error;		 /* and why; 0: the last one was good */
};

void member_init(struct member *m, int session_ms, int heartbeat_ms, bool is_static,
		 uint64_t random);

/* The step to take now; MEMBER_WAIT: none for *wait_ms.  Any other step is under
 * way from then on, until one of the functions below tells how it went. */
enum member_step member_next(struct member *m, int64_t now, int64_t *wait_ms);

/* A step is over; `error`: a code of Kafka's, or MEMBER_NO_ANSWER. */
void member_found(struct member *m, int error, int64_t now);
void member_joined(struct member *m, int error, int32_t generation, const void *id, size_t id_len,
		   int64_t now);
void member_synced(struct member *m, int error, int64_t now);
void member_beaten(struct member *m, int error, int64_t now);

/* The member is to join again, with its id: its own data changed, or the group has it wrong. */
void member_rejoin(struct member *m);
/* Whether it was a member and the group has not heard it for a session. */
bool member_is_apart(const struct member *m, int64_t now);
/* Whether the group does not take it, and will not before somebody changes something. */
bool member_is_refused(const struct member *m);
/* Why it is not a member, for people; NULL: nothing is wrong. */
const char *member_trouble(const struct member *m);

#endif
