#include "topology/notices.h"

void notice_board_init(struct notice_board *b)
{
	*b = (struct notice_board){ 0 };
	pthread_mutex_init(&b->lock, NULL);
}

void notice_board_deinit(struct notice_board *b)
{
	notices_deinit(&b->now);
	pthread_mutex_destroy(&b->lock);
}

void notices_deinit(struct notices *n)
{
	names_deinit(&n->names);
	names_deinit(&n->ids);
}

/* Whether the topology must be woken; called under the lock. */
static bool wake(struct notice_board *b)
{
	bool was_woken = b->is_woken;

	b->is_woken = true;
	return !was_woken;
}

bool notice_topic(struct notice_board *b, const void *name, size_t len, bool by_id)
{
	bool must_wake;

	pthread_mutex_lock(&b->lock);
	if (!names_add(by_id ? &b->now.ids : &b->now.names, name, len))
		b->now.all = true;
	must_wake = wake(b);
	pthread_mutex_unlock(&b->lock);
	return must_wake;
}

/* Called under the lock. */
static void add_loss(struct notices *n, int32_t broker, uint64_t who)
{
	for (size_t i = 0; i < n->loss_count; i++) {
		if (n->losses[i].broker == broker && n->losses[i].who == who)
			return;
	}
	if (n->loss_count < NOTICES_BROKERS)
		n->losses[n->loss_count++] = (struct loss){ broker, who };
}

bool notice_broker(struct notice_board *b, int32_t broker, uint64_t who)
{
	bool must_wake;

	pthread_mutex_lock(&b->lock);
	add_loss(&b->now, broker, who);
	must_wake = wake(b);
	pthread_mutex_unlock(&b->lock);
	return must_wake;
}

bool notice_all(struct notice_board *b)
{
	bool must_wake;

	pthread_mutex_lock(&b->lock);
	b->now.all = true;
	must_wake = wake(b);
	pthread_mutex_unlock(&b->lock);
	return must_wake;
}

struct notices notices_take(struct notice_board *b)
{
	struct notices taken;

	pthread_mutex_lock(&b->lock);
	taken = b->now;
	b->now = (struct notices){ 0 };
	b->is_woken = false;
	pthread_mutex_unlock(&b->lock);
	return taken;
}
