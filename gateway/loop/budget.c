#include "loop/budget.h"

#include "util/clock.h"
#include "util/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/queue.h>

enum {
	CLASSES = 3,
	PARTS = 16,	  /* caps are sixteenths */
	ASIDE = 64,	  /* one such part can be set aside */
	ADDRESSES = 4096, /* addresses that fall together have one share together */
};

/* What a class takes at most in one reservation, and what it leaves to smaller ones. */
static const struct {
	int64_t limit;
	int leaves; /* 32nds of all */
} classes[CLASSES] = { { 64 << 10, 0 }, { 4 << 20, 1 }, { INT64_MAX, 2 } };

/* This kind has a part of its own, the others share the rest. */
static const enum budget_kind apart = BUDGET_SESSIONS;

static const struct {
	int cap;     /* sixteenths that this kind and those before it use together at most */
	int largest; /* in one reservation; a request may have one of each but FRAMES at a time */
} kinds[BUDGET_KINDS] = {
	[BUDGET_FRAMES] = { 10, 9 },  [BUDGET_LAYOUTS] = { 12, 2 },
	[BUDGET_ANSWERS] = { 13, 6 }, [BUDGET_POLLS] = { 14, 4 },
	[BUDGET_REPLIES] = { 16, 3 }, [BUDGET_SESSIONS] = { 16, 16 }, /* of its own part */
};

/* WAITING -> POSTED and HELD -> PRESSED by whoever gives back or waits, under the lock, while the
 * letter is posted; all other moves by the owner's thread.
 *
 *   WAITING --> POSTED --> HELD --> PRESSED --> freed by the letter, or after it
 *      |           `--> GIVEN_BACK --> freed by the letter
 *      `--> freed
 */
enum state { WAITING, POSTED, HELD, PRESSED, GIVEN_BACK };

struct reservation {
	struct letter letter;
	TAILQ_ENTRY(reservation) link; /* while it waits, or is paced */
	struct budget *budget;
	struct budget_asked asked;
	int class;
	enum state state;
	bool has_letter;	/* it is in the mailbox */
	bool is_paced;		/* it is in the budget's list */
	int64_t since;		/* paced: when that began, clock_ms */
	_Atomic uint64_t moved; /* bytes since */
};

TAILQ_HEAD(queue, reservation);

struct budget {
	pthread_mutex_t lock;
	_Atomic int64_t all;
	_Atomic int64_t size; /* without what is set aside */
	int64_t aside;
	int share;
	int64_t used[BUDGET_KINDS];
	struct queue queues[BUDGET_KINDS][CLASSES]; /* of those that wait */
	struct queue paced;
	unsigned waiting;
	int64_t by_address[BUDGET_KINDS][ADDRESSES];
};

struct budget *budget_new(int64_t bytes, int share)
{
	struct budget *b = mem_zalloc(sizeof *b);

	assert(bytes > 0);
	b->all = b->size = bytes;
	b->share = share;
	for (int k = 0; k < BUDGET_KINDS; k++) {
		for (int c = 0; c < CLASSES; c++)
			TAILQ_INIT(&b->queues[k][c]);
	}
	TAILQ_INIT(&b->paced);
	pthread_mutex_init(&b->lock, NULL);
	return b;
}

void budget_free(struct budget *b)
{
	if (b == NULL)
		return;
	for (int k = 0; k < BUDGET_KINDS; k++)
		assert(b->used[k] == 0);
	assert(b->waiting == 0);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

int64_t budget_aside_most(int64_t bytes)
{
	return bytes / ASIDE;
}

static void set_size(struct budget *b)
{
	const int64_t most = budget_aside_most(b->all);

	b->size = b->all - (b->aside < most ? b->aside : most);
}

void budget_set_aside(struct budget *b, int64_t bytes)
{
	b->aside = bytes;
	set_size(b);
}

int64_t budget_size(const struct budget *b)
{
	return b->all;
}

/* Of a budget of so many bytes: what kinds like this one have among them. */
static int64_t part_of(int64_t bytes, enum budget_kind kind)
{
	return kind == apart ? bytes / PARTS : bytes - bytes / PARTS;
}

int64_t budget_largest_of(int64_t bytes, enum budget_kind kind)
{
	int64_t most = part_of(bytes, kind) / PARTS * kinds[kind].largest;

	return most > 0 ? most : 1;
}

int64_t budget_largest(const struct budget *b, enum budget_kind kind)
{
	return budget_largest_of(b->size, kind);
}

static int64_t all_used(const struct budget *b)
{
	int64_t used = 0;

	for (int k = 0; k < BUDGET_KINDS; k++)
		used += b->used[k];
	return used;
}

void budget_read(struct budget *b, int64_t *used, unsigned *waiting)
{
	pthread_mutex_lock(&b->lock);
	*used = all_used(b);
	*waiting = b->waiting;
	pthread_mutex_unlock(&b->lock);
}

/* --- who fits --- */

static int class_of(int64_t n)
{
	int c = 0;

	while (n > classes[c].limit)
		c++;
	return c;
}

static int64_t *of_address(struct budget *b, const struct reservation *r)
{
	return &b->by_address[r->asked.kind][r->asked.address % ADDRESSES];
}

/* Its address has its share already.  One that has none may have anything. */
static bool is_over_share(struct budget *b, const struct reservation *r)
{
	int64_t all = part_of(b->size, r->asked.kind) / PARTS * kinds[r->asked.kind].cap;
	int64_t has = *of_address(b, r);

	return r->asked.address != 0 && has > 0 && has + r->asked.bytes > all * b->share / 100;
}

/* One that waits from before the budget became less is granted alone. */
static bool fits(struct budget *b, const struct reservation *r)
{
	const int64_t part = part_of(b->size, r->asked.kind);
	int64_t used = 0;

	if (r->asked.kind == apart)
		return b->used[apart] + r->asked.bytes <= part;
	if (all_used(b) == b->used[apart])
		return true;
	for (int k = 0; k < (int)apart; k++) {
		int64_t cap =
			part / PARTS * kinds[k].cap - part / (2 * PARTS) * classes[r->class].leaves;

		used += b->used[k];
		if (k >= (int)r->asked.kind && used + r->asked.bytes > cap)
			return false;
	}
	return true;
}

static void use(struct budget *b, const struct reservation *r, int64_t bytes)
{
	b->used[r->asked.kind] += bytes;
	if (r->asked.address != 0)
		*of_address(b, r) += bytes;
}

/* --- letters --- */

/* On the owner's thread. */
static void deliver(struct letter *letter, void *mailbox_owner)
{
	struct reservation *r = CONTAINER_OF(letter, struct reservation, letter);
	struct budget *b = r->budget;
	enum state state;

	(void)mailbox_owner;
	pthread_mutex_lock(&b->lock);
	r->has_letter = false;
	state = r->state;
	if (state == POSTED)
		r->state = HELD;
	pthread_mutex_unlock(&b->lock);
	if (state == GIVEN_BACK)
		free(r);
	else if (state == POSTED)
		r->asked.on_grant(r->asked.owner);
	else
		r->asked.on_press(r->asked.owner);
}

/* Posts under the lock: an owner that gives back at this moment waits here, so
 * it finds either a reservation that waits or a letter that is in its mailbox. */
static void post(struct reservation *r, enum state state)
{
	r->state = state;
	r->has_letter = true;
	r->letter.deliver = deliver;
	mailbox_post(r->asked.mailbox, &r->letter);
}

static void grant_queue(struct budget *b, struct queue *queue)
{
	for (struct reservation *r = TAILQ_FIRST(queue), *next; r != NULL; r = next) {
		next = TAILQ_NEXT(r, link);
		if (is_over_share(b, r))
			continue;
		if (!fits(b, r))
			return;
		TAILQ_REMOVE(queue, r, link);
		b->waiting--;
		use(b, r, r->asked.bytes);
		post(r, POSTED);
	}
}

/* Those first who are nearer to their end. */
static void grant_waiting(struct budget *b)
{
	for (int k = BUDGET_KINDS - 1; b->waiting > 0 && k >= 0; k--) {
		for (int c = 0; c < CLASSES; c++)
			grant_queue(b, &b->queues[k][c]);
	}
}

void budget_resize(struct budget *b, int64_t bytes, int share)
{
	assert(bytes > 0);
	pthread_mutex_lock(&b->lock);
	b->all = bytes;
	set_size(b);
	b->share = share;
	grant_waiting(b);
	pthread_mutex_unlock(&b->lock);
}

/* --- reservations --- */

/* Whether somebody waits before it who does not wait for his own address alone. */
static bool must_queue(struct budget *b, const struct queue *queue)
{
	const struct reservation *r;

	TAILQ_FOREACH(r, queue, link)
	{
		if (!is_over_share(b, r))
			return true;
	}
	return false;
}

struct reservation *budget_reserve(struct budget *b, const struct budget_asked *asked,
				   bool *granted)
{
	struct reservation *r = mem_zalloc(sizeof *r);
	struct queue *queue;

	assert(asked->bytes > 0);
	r->budget = b;
	r->asked = *asked;
	r->class = class_of(asked->bytes);
	queue = &b->queues[asked->kind][r->class];
	pthread_mutex_lock(&b->lock);
	*granted = !is_over_share(b, r) && !must_queue(b, queue) && fits(b, r);
	if (*granted) {
		use(b, r, asked->bytes);
		r->state = HELD;
	} else {
		TAILQ_INSERT_TAIL(queue, r, link);
		b->waiting++;
	}
	pthread_mutex_unlock(&b->lock);
	return r;
}

void budget_shrink(struct reservation *r, int64_t bytes)
{
	struct budget *b = r->budget;

	pthread_mutex_lock(&b->lock);
	assert((r->state == HELD || r->state == PRESSED) && bytes > 0 && bytes <= r->asked.bytes);
	use(b, r, bytes - r->asked.bytes);
	r->asked.bytes = bytes;
	grant_waiting(b);
	pthread_mutex_unlock(&b->lock);
}

struct reservation *budget_split(struct reservation *r, int64_t bytes, void *owner)
{
	struct budget *b = r->budget;
	struct reservation *of = mem_zalloc(sizeof *of);

	pthread_mutex_lock(&b->lock);
	assert((r->state == HELD || r->state == PRESSED) && bytes > 0 && bytes < r->asked.bytes);
	of->budget = b;
	of->asked = r->asked;
	of->asked.bytes = bytes;
	of->asked.owner = owner;
	of->class = r->class;
	of->state = HELD;
	r->asked.bytes -= bytes;
	pthread_mutex_unlock(&b->lock);
	return of;
}

void budget_own(struct reservation *r, void *owner)
{
	if (r != NULL)
		r->asked.owner = owner; /* deliver reads it, on this thread */
}

static void end_pace(struct budget *b, struct reservation *r)
{
	if (r->is_paced)
		TAILQ_REMOVE(&b->paced, r, link);
	r->is_paced = false;
}

void budget_release(struct reservation *r)
{
	struct budget *b;
	bool letter_frees;

	if (r == NULL)
		return;
	b = r->budget;
	pthread_mutex_lock(&b->lock);
	assert(r->state != GIVEN_BACK);
	letter_frees = r->has_letter;
	end_pace(b, r);
	if (r->state == WAITING) {
		TAILQ_REMOVE(&b->queues[r->asked.kind][r->class], r, link);
		b->waiting--;
	} else {
		use(b, r, -r->asked.bytes);
	}
	r->state = GIVEN_BACK;
	grant_waiting(b);
	pthread_mutex_unlock(&b->lock);
	if (!letter_frees)
		free(r);
}

/* --- who is slow --- */

void budget_pace(struct reservation *r)
{
	struct budget *b = r->budget;

	pthread_mutex_lock(&b->lock);
	end_pace(b, r);
	r->is_paced = true;
	r->since = clock_ms();
	r->moved = 0;
	TAILQ_INSERT_TAIL(&b->paced, r, link);
	pthread_mutex_unlock(&b->lock);
}

void budget_moved(struct reservation *r, uint64_t bytes)
{
	if (r != NULL)
		atomic_fetch_add_explicit(&r->moved, bytes, memory_order_relaxed);
}

void budget_rest(struct reservation *r)
{
	struct budget *b = r->budget;

	pthread_mutex_lock(&b->lock);
	end_pace(b, r);
	pthread_mutex_unlock(&b->lock);
}

/* Bytes a second; INFINITY would be as good: it is not slow, or has had too little time. */
static double pace_of(struct reservation *r, int64_t now)
{
	if (r->state != HELD || r->asked.on_press == NULL || now - r->since < BUDGET_LEAST_MS)
		return BUDGET_FAST;
	return (double)r->moved * 1000 / (double)(now - r->since);
}

void budget_press(struct reservation *r)
{
	struct budget *b = r->budget;
	struct reservation *one, *slowest = NULL;
	double least = BUDGET_FAST;
	int64_t now = clock_ms();

	pthread_mutex_lock(&b->lock);
	if (r->state == WAITING) {
		TAILQ_FOREACH(one, &b->paced, link)
		{
			double pace = pace_of(one, now);

			if (pace >= least)
				continue;
			least = pace;
			slowest = one;
		}
	}
	if (slowest != NULL)
		post(slowest, PRESSED);
	pthread_mutex_unlock(&b->lock);
}
