#include "loop/budget.h"

#include "util/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/queue.h>

enum { CLASSES = 3 };

/* What a class takes at most in one reservation; the last one takes the rest. */
static const int64_t class_limit[CLASSES] = { 64 << 10, 4 << 20, INT64_MAX };

/* WAITING -> POSTED by whoever gives back, under the lock, while the letter is
 * posted; all other moves by the owner's thread.
 *
 *   WAITING --> POSTED --> HELD --> freed
 *      |           `--> GIVEN_BACK --> freed by the letter
 *      `--> freed
 */
enum state { WAITING, POSTED, HELD, GIVEN_BACK };

struct reservation {
	struct letter letter;
	TAILQ_ENTRY(reservation) link; /* while it waits */
	struct budget *budget;
	struct class *class;
	struct mailbox *mailbox;
	void (*on_grant)(void *owner);
	void *owner;
	int64_t n;
	enum state state;
};

struct class
{
	_Atomic int64_t share;
	int64_t used;			 /* 0 <= used; <= share unless that became less */
	TAILQ_HEAD(, reservation) queue; /* its head doesn't fit, or it is empty */
};

struct budget {
	pthread_mutex_t lock;
	struct class classes[CLASSES];
	unsigned waiting;
};

static void share_out(struct budget *b, int64_t bytes)
{
	b->classes[0].share = bytes / 4;
	b->classes[1].share = bytes / 4;
	b->classes[2].share = bytes - 2 * (bytes / 4);
}

struct budget *budget_new(int64_t bytes)
{
	struct budget *b = mem_zalloc(sizeof *b);

	assert(bytes > 0);
	share_out(b, bytes);
	for (int i = 0; i < CLASSES; i++)
		TAILQ_INIT(&b->classes[i].queue);
	pthread_mutex_init(&b->lock, NULL);
	return b;
}

void budget_free(struct budget *b)
{
	if (b == NULL)
		return;
	for (int i = 0; i < CLASSES; i++)
		assert(b->classes[i].used == 0 && TAILQ_EMPTY(&b->classes[i].queue));
	pthread_mutex_destroy(&b->lock);
	free(b);
}

int64_t budget_size(const struct budget *b)
{
	int64_t size = 0;

	for (int i = 0; i < CLASSES; i++)
		size += b->classes[i].share;
	return size;
}

int64_t budget_largest(const struct budget *b)
{
	return b->classes[CLASSES - 1].share;
}

void budget_read(struct budget *b, int64_t *used, unsigned *waiting)
{
	*used = 0;
	pthread_mutex_lock(&b->lock);
	for (int i = 0; i < CLASSES; i++)
		*used += b->classes[i].used;
	*waiting = b->waiting;
	pthread_mutex_unlock(&b->lock);
}

/* A budget so small that a class's share is less than its limit sends what
 * doesn't fit there to the next class. */
static struct class *class_for(struct budget *b, int64_t n)
{
	int i = 0;

	while (i < CLASSES - 1 && (n > class_limit[i] || n > b->classes[i].share))
		i++;
	return &b->classes[i];
}

/* One that waits from before the budget became less is granted alone. */
static bool fits(const struct class *c, int64_t n)
{
	return n <= c->share - c->used || c->used == 0;
}

/* On the owner's thread. */
static void deliver_grant(struct letter *letter, void *mailbox_owner)
{
	struct reservation *r = CONTAINER_OF(letter, struct reservation, letter);

	(void)mailbox_owner;
	if (r->state == GIVEN_BACK) {
		free(r);
		return;
	}
	r->state = HELD;
	r->on_grant(r->owner);
}

/* Posts under the lock: an owner that gives back at this moment waits here, so
 * it finds either a reservation that waits or a letter that is in its mailbox. */
static void grant_waiting(struct budget *b, struct class *c)
{
	struct reservation *r;

	while ((r = TAILQ_FIRST(&c->queue)) != NULL && fits(c, r->n)) {
		TAILQ_REMOVE(&c->queue, r, link);
		b->waiting--;
		c->used += r->n;
		r->state = POSTED;
		mailbox_post(r->mailbox, &r->letter);
	}
}

void budget_resize(struct budget *b, int64_t bytes)
{
	assert(bytes > 0);
	pthread_mutex_lock(&b->lock);
	share_out(b, bytes);
	for (int i = 0; i < CLASSES; i++)
		grant_waiting(b, &b->classes[i]);
	pthread_mutex_unlock(&b->lock);
}

struct reservation *budget_reserve(struct budget *b, int64_t n, struct mailbox *mailbox,
				   void (*on_grant)(void *owner), void *owner, bool *granted)
{
	struct reservation *r = mem_zalloc(sizeof *r);

	assert(n > 0);
	*r = (struct reservation){ .letter.deliver = deliver_grant,
				   .budget = b,
				   .class = class_for(b, n),
				   .mailbox = mailbox,
				   .on_grant = on_grant,
				   .owner = owner,
				   .n = n };
	pthread_mutex_lock(&b->lock);
	*granted = TAILQ_EMPTY(&r->class->queue) && fits(r->class, n);
	if (*granted) {
		r->class->used += n;
		r->state = HELD;
	} else {
		TAILQ_INSERT_TAIL(&r->class->queue, r, link);
		b->waiting++;
	}
	pthread_mutex_unlock(&b->lock);
	return r;
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
	letter_frees = r->state == POSTED;
	if (r->state == WAITING) {
		TAILQ_REMOVE(&r->class->queue, r, link);
		b->waiting--;
	} else {
		r->class->used -= r->n;
	}
	r->state = GIVEN_BACK;
	grant_waiting(b, r->class);
	pthread_mutex_unlock(&b->lock);
	if (!letter_frees)
		free(r);
}
