#include "topology/inside.h"

#include "util/mem.h"

enum {
	KEY_MAX = 32767, /* a longer coordinator key can't be asked for */
};

static void arm_query_timer(struct topology *t)
{
	const struct topology_query *oldest = TAILQ_FIRST(&t->by_age);
	int64_t left;

	ev_timer_stop(t->loop, &t->query_timer);
	if (oldest == NULL)
		return;
	left = oldest->deadline - clock_ms();
	ev_now_update(t->loop);
	ev_timer_set(&t->query_timer, left > 0 ? (double)left / 1e3 : 0., 0.);
	ev_timer_start(t->loop, &t->query_timer);
}

static void on_query_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct topology *t = CONTAINER_OF(timer, struct topology, query_timer);
	struct topology_query *q;
	int64_t now = clock_ms();

	(void)loop;
	(void)events;
	while ((q = TAILQ_FIRST(&t->by_age)) != NULL && q->deadline <= now)
		query_answer(q, NO_BROKER);
	arm_query_timer(t);
}

static bool can_ask(const struct topology_query *q)
{
	return q->key == NULL || q->len <= KEY_MAX;
}

static void ask_now(struct topology *t, struct topology_query *q)
{
	if (!can_ask(q)) {
		query_answer(q, NO_BROKER);
		return;
	}
	query_begin(q, &t->by_age, clock_ms() + TOPOLOGY_ANSWERS_MS);
	if (!ev_is_active(&t->query_timer))
		arm_query_timer(t);
	if (q->key != NULL)
		finds_ask(t->finds, q);
	else
		refresh_ask(t->refresh, q);
}

/* One query for each key, all at once. */
static void ask_each(struct topology *t, struct topology_query *q)
{
	q->open = q->key_count + 1; /* this function counts too */
	for (size_t i = 0; i < q->key_count; i++) {
		struct topology_query *one = query_new(t, NULL, NULL, NULL);

		one->parent = q;
		one->type = q->type;
		one->key = mem_strndup((const char *)q->keys[i].bytes, q->keys[i].len);
		one->len = q->keys[i].len;
		ask_now(t, one);
	}
	if (--q->open == 0)
		query_answer(q, NO_BROKER);
}

static void deliver_query(struct letter *letter, void *owner)
{
	struct topology *t = owner;
	struct topology_query *q = CONTAINER_OF(letter, struct topology_query, letter);

	if (t->is_stopping)
		query_answer(q, NO_BROKER);
	else if (q->keys != NULL)
		ask_each(t, q);
	else
		ask_now(t, q);
}

static struct topology_query *post_query(struct topology_query *q)
{
	q->letter.deliver = deliver_query;
	mailbox_post(&q->topology->inbox, &q->letter);
	return q;
}

struct topology_query *topology_ask_coordinator(struct topology *t, enum coordinator_type type,
						const void *key, size_t len,
						struct mailbox *mailbox, topology_answer answer,
						void *owner)
{
	struct topology_query *q = query_new(t, mailbox, answer, owner);

	q->type = type;
	q->key = mem_strndup(len > 0 ? key : "", len);
	q->len = len;
	return post_query(q);
}

struct topology_query *topology_ask_coordinators(struct topology *t, enum coordinator_type type,
						 const struct topology_name *keys, size_t count,
						 struct mailbox *mailbox, topology_answer answer,
						 void *owner)
{
	struct topology_query *q = query_new(t, mailbox, answer, owner);

	q->type = type;
	q->keys = mem_zalloc((count + 1) * sizeof *q->keys);
	q->key_count = count;
	for (size_t i = 0; i < count; i++) {
		q->keys[i].bytes =
			(uint8_t *)mem_strndup(keys[i].len > 0 ? keys[i].name : "", keys[i].len);
		q->keys[i].len = (uint32_t)keys[i].len;
	}
	return post_query(q);
}

struct topology_query *topology_ask_topics(struct topology *t, const struct topology_name *topics,
					   size_t count, struct mailbox *mailbox,
					   topology_answer answer, void *owner)
{
	struct topology_query *q = query_new(t, mailbox, answer, owner);

	for (size_t i = 0; i < count && !q->all; i++) {
		struct names *names = topics[i].by_id ? &q->ids : &q->names;

		if (refresh_can_ask(topics[i].name, topics[i].len, topics[i].by_id))
			q->all = !names_add(names, topics[i].name, topics[i].len);
	}
	return post_query(q);
}

void topology_cancel(struct topology_query *q)
{
	q->cancelled = true;
}

/* ---- notices ---- */

static void heed(struct topology *t, const struct notices *n)
{
	for (size_t i = 0; i < n->loss_count; i++)
		brokers_notice(t->brokers, n->losses[i].broker, n->losses[i].who);
	if (n->all) {
		refresh_want_all(t->refresh);
		return; /* metadata of all tells of these topics too */
	}
	for (size_t i = 0; i < n->names.count; i++)
		refresh_want_topic(t->refresh, n->names.all[i].bytes, n->names.all[i].len, false);
	for (size_t i = 0; i < n->ids.count; i++)
		refresh_want_topic(t->refresh, n->ids.all[i].bytes, n->ids.all[i].len, true);
}

static void deliver_notices(struct letter *letter, void *owner)
{
	struct topology *t = owner;
	struct notices n = notices_take(&t->notices);

	(void)letter;
	if (!t->is_stopping)
		heed(t, &n);
	notices_deinit(&n);
}

static void wake_for_notices(struct topology *t, bool must_wake)
{
	if (must_wake)
		mailbox_post(&t->inbox, &t->notice_letter);
}

void topology_notice_topic(struct topology *t, struct topology_name topic)
{
	if (refresh_can_ask(topic.name, topic.len, topic.by_id))
		wake_for_notices(t, notice_topic(&t->notices, topic.name, topic.len, topic.by_id));
}

void topology_notice_coordinator(struct topology *t, enum coordinator_type type, const void *key,
				 size_t len)
{
	coordinators_drop(t->coordinators, (int)type, key, len);
}

void topology_notice_broker(struct topology *t, int32_t broker, uint64_t who)
{
	wake_for_notices(t, notice_broker(&t->notices, broker, who));
}

void topology_notice_all(struct topology *t)
{
	wake_for_notices(t, notice_all(&t->notices));
}

void questions_init(struct topology *t)
{
	TAILQ_INIT(&t->by_age);
	ev_timer_init(&t->query_timer, on_query_timer, 0., 0.);
	notice_board_init(&t->notices);
	t->notice_letter.deliver = deliver_notices;
}

void questions_deinit(struct topology *t)
{
	struct topology_query *q;

	ev_timer_stop(t->loop, &t->query_timer);
	while ((q = TAILQ_FIRST(&t->by_age)) != NULL)
		query_answer(q, NO_BROKER);
	notice_board_deinit(&t->notices);
}
