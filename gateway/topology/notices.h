/* notices.h - what workers noticed, collected until the topology looks.
 *
 * Bounded: what does not fit any more is "something, nobody knows what".  Any
 * thread may add; each such call says whether the topology must be woken, which
 * is once until it takes what is there.
 * Tests: tests/unit/topology/coordinators_test.c
 */
#ifndef TOPOLOGY_NOTICES_H
#define TOPOLOGY_NOTICES_H

#include "topology/names.h"

#include <pthread.h>

enum { NOTICES_BROKERS = 64 }; /* lost, each by somebody; further ones are missed */

struct notices {
	bool all;
	struct names names, ids;
	struct loss {
		int32_t broker;
		uint64_t who; /* lost it */
	} losses[NOTICES_BROKERS];
	size_t loss_count;
};

struct notice_board {
	pthread_mutex_t lock;
	struct notices now;
	bool is_woken;
};

void notice_board_init(struct notice_board *b);
void notice_board_deinit(struct notice_board *b);
MUST_CHECK bool notice_topic(struct notice_board *b, const void *name, size_t len, bool by_id);
MUST_CHECK bool notice_broker(struct notice_board *b, int32_t broker, uint64_t who);
MUST_CHECK bool notice_all(struct notice_board *b);
/* Takes all notices that have come in; the caller calls notices_deinit. */
struct notices notices_take(struct notice_board *b);
void notices_deinit(struct notices *n);

#endif
