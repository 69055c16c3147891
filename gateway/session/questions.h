/* questions.h - what a worker's clients ask brokers, asked once for all who ask the same.
 *
 * Whoever asks a question joins one that is open: same principal, same API and version, same bytes
 * behind the request's head, and no broker has been asked yet, so that every asker gets what was
 * asked after it came.  The first asker leads: its connections ask, and what it got is everybody's.
 * When the first one ends before there is an answer, the next one leads, and asks anew.
 *
 *   OPEN --a broker is asked--> ASKED --its answer is there--> ANSWERED
 *     ^                           | `-------nobody has one----> FAILED
 *     `--the leader ended---------'
 *
 * A question is freed with its last asker.  A worker's own; one thread.
 * Tests: tests/unit/session/joint_test.c
 */
#ifndef SESSION_QUESTIONS_H
#define SESSION_QUESTIONS_H

#include "kafka/api.h"
#include "session/request.h"

enum {
	QUESTIONS_SLOTS = 512,
	/* A broker that is silent for so long keeps those who ask the same no longer from asking
	 * another one. */
	QUESTIONS_PATIENCE_MS = 500,
};

enum question_state { QUESTION_OPEN, QUESTION_ASKED, QUESTION_ANSWERED, QUESTION_FAILED };

/* Two requests may share an answer when all of this is the same. */
struct question_key {
	const char *principal;	     /* to brokers: see client_principal */
	const void *told;	     /* how brokers are told: see client_told */
	const void *as, *at_brokers; /* whom it is there: client's came.as, and its claim's word */
	const struct kapi *api;
	int version;
	const uint8_t *body; /* behind the request's head */
	uint32_t size;
};

/* What all askers get; borrowed by their replies.  The memory for it is held by the first asker
 * (request's answers_hold), whose pace counts; the next one has it when the first has gone. */
struct question_answer {
	uint8_t *frame; /* the broker's, on the heap; ids changed in place */
	uint32_t size;	/* of its body */
	uint8_t *front; /* what differs from client to client, as it came; in the arena */
	uint32_t front_size;
	const struct snapshot
		*snapshot;  /* by which the rest was written: the front agrees with it */
	struct gather rest; /* behind that, for everybody */
	struct arena arena;
};

struct question {
	struct question *next, **prev; /* of the slot; prev NULL: nobody can find it any more */
	uint64_t hash;
	struct question_key key; /* copies */
	enum question_state state;
	ev_tstamp asked_at;
	struct asker *first, **last; /* the first leads */
	struct question_answer answer;
};

/* A request that asks; in its arena. */
struct asker {
	struct asker *next, **prev;
	struct question *question;
	struct request *request;
};

struct questions {
	struct question *slots[QUESTIONS_SLOTS];
};

/* Joins the open question of this key, or begins it; the key is copied then. */
void questions_join(struct questions *all, const struct question_key *key, struct asker *a);
/* The request ends.  A next leader is woken. */
void questions_leave(struct questions *all, struct asker *a);

static inline bool question_is_led_by(const struct asker *a)
{
	return a->question->first == a;
}
/* When the leader may ask: now, or as long as another question of this key is with a broker later
 * (the time is given; an answer to that one wakes the leader). */
ev_tstamp question_may_ask_at(const struct questions *all, const struct question *q);
void question_asked(struct question *q, ev_tstamp now);
/* No broker has it any more: whoever comes may join again. */
void question_open_again(struct question *q);
/* ANSWERED (`answer` is filled) or FAILED: nobody joins any more, all are woken, and so is who waits
 * to ask the same anew. */
void question_settle(struct questions *all, struct question *q, enum question_state state);

#endif
