/* What a broker is told of the partitions that are read there, and what becomes of it. */
#include "kafka/errors.h"
#include "kafka/wire.h"
#include "route/fetched_inside.h"

enum { SESSION_EPOCH_LAST = -1 };

static uint32_t run_of(const struct fetched_item *from, bool gone)
{
	uint32_t n = 0;

	for (const struct fetched_item *i = from; i != NULL && i->topic == from->topic;
	     i = TAILQ_NEXT(i, link))
		n += i->is_gone == gone;
	return n;
}

/* Behind the items of its topic that stand beside it. */
static const struct fetched_item *behind_run(const struct fetched_item *from)
{
	const struct fetched_item *i = from;

	while (i != NULL && i->topic == from->topic)
		i = TAILQ_NEXT(i, link);
	return i;
}

static void put_partition(struct gather *g, const struct fetched_item *i)
{
	if (i->is_gone)
		wire_put32(gather_space(g, 4), (uint32_t)i->partition);
	else
		gather_copy(g, i->bytes, i->len);
}

/* Those of the list that are read, or those that are to be forgotten, by topics. */
static void put_topics(struct gather *g, const struct fetched_list *list, bool gone, bool compact)
{
	uint32_t topics = 0;

	for (const struct fetched_item *i = TAILQ_FIRST(list); i != NULL; i = behind_run(i))
		topics += run_of(i, gone) > 0;
	edits_gather_count(g, topics, compact);
	for (const struct fetched_item *i = TAILQ_FIRST(list), *end; i != NULL; i = end) {
		const struct fetched_topic *t = i->topic;
		const uint32_t n = run_of(i, gone);

		end = behind_run(i);
		if (n == 0)
			continue;
		gather_copy(g, t->bytes, t->head);
		edits_gather_count(g, n, compact);
		for (; i != end; i = TAILQ_NEXT(i, link)) {
			if (i->is_gone == gone)
				put_partition(g, i);
		}
		if (gone && compact)
			*gather_space(g, 1) = 0; /* no tagged fields */
		else
			gather_copy(g, t->bytes + t->head, t->tail);
	}
}

static void put_number(uint8_t *body, const struct layout_value *v, uint32_t n)
{
	if (v->size == 4)
		wire_put32(body + v->at, n);
}

static void put_front(struct gather *g, const struct fetched_broker *b,
		      const struct fetched_terms *t)
{
	const struct layout *l = t->layout;
	uint8_t *body = gather_space(g, l->array_at);
	int32_t epoch = b->begins || b->session == 0 ? 0 : b->epoch;

	if (t->ends)
		epoch = SESSION_EPOCH_LAST;
	memcpy(body, t->frame + t->head->body_at, l->array_at);
	put_number(body, &l->max_wait_ms, t->wait_ms);
	put_number(body, &l->min_bytes, t->min_bytes);
	put_number(body, &l->max_bytes, t->max_bytes);
	put_number(body, &l->session_id, (uint32_t)b->session);
	put_number(body, &l->session_epoch, (uint32_t)epoch);
}

/* The broker has heard of all that has changed. */
static void note_said(struct fetched *f, struct fetched_broker *b)
{
	for (struct fetched_item *i = TAILQ_FIRST(&b->changed), *next; i != NULL; i = next) {
		next = TAILQ_NEXT(i, link);
		i->was_said = true;
		if (i->is_gone)
			fetched_free_item(f, i);
		else
			fetched_set_changed(i, false);
	}
}

/* All that is read is said again, and nothing need be forgotten. */
static void say_all(struct fetched *f, struct fetched_broker *b)
{
	struct fetched_item *i;

	note_said(f, b);
	TAILQ_FOREACH(i, &b->told, link)
	{
		i->is_changed = true;
	}
	TAILQ_CONCAT(&b->changed, &b->told, link);
}

/* What it is to hear next. */
static void note_epoch(struct fetched_broker *b, bool ends)
{
	b->epoch_before = b->epoch;
	if (ends) {
		b->session = 0;
		b->begins = true;
	} else if (!b->begins && b->session != 0) {
		b->epoch = b->epoch == INT32_MAX ? 1 : b->epoch + 1;
	}
}

uint32_t fetched_say(struct fetched *f, int32_t broker, const struct fetched_terms *terms,
		     struct gather *g)
{
	const struct fetched_list nothing = { 0 };
	const struct fetched_list *list = terms->ends ? &nothing : NULL;
	struct fetched_broker *b = fetched_get_broker(f, broker);
	const struct request_head *h = terms->head;
	const uint8_t *body = terms->frame + h->body_at;
	const bool compact = api_is_flexible(h->api, h->version);
	const size_t start = g->size;
	uint8_t *fixed = gather_space(g, HEAD_FIXED);

	if (!terms->ends && (b->begins || b->session == 0))
		say_all(f, b);
	if (list == NULL)
		list = &b->changed;
	b->told_news = !TAILQ_EMPTY(list);
	memcpy(fixed, terms->frame, HEAD_FIXED);
	wire_put32(fixed + HEAD_CORRELATION_AT, terms->correlation_id);
	gather_copy(g, terms->frame + HEAD_FIXED, h->body_at - HEAD_FIXED);
	put_front(g, b, terms);
	put_topics(g, list, false, compact);
	put_topics(g, list, true, compact);
	edits_gather(terms->edits, g, body, f->behind_forgotten,
		     HEAD_SIZE_BYTES + h->size - h->body_at);
	wire_put32(fixed, (uint32_t)(g->size - start - HEAD_SIZE_BYTES));
	note_said(f, b);
	note_epoch(b, terms->ends);
	return ++b->said;
}

void fetched_unsaid(struct fetched *f, int32_t broker, uint32_t said)
{
	struct fetched_broker *b = fetched_find_broker(f, broker);

	if (b == NULL || b->said != said)
		return;
	b->floor = said;
	if (b->told_news)
		b->begins = true;
	else
		b->epoch = b->epoch_before;
}

bool fetched_is_said(const struct fetched *f, int32_t broker, uint32_t said)
{
	const struct fetched_broker *b = fetched_find_broker(f, broker);

	return b != NULL && b->said == said && b->floor < said && TAILQ_EMPTY(&b->changed);
}

bool fetched_is_last(const struct fetched *f, int32_t broker, uint32_t said)
{
	const struct fetched_broker *b = fetched_find_broker(f, broker);

	return b != NULL && b->said == said;
}

bool fetched_heard(struct fetched *f, int32_t broker, uint32_t said, int error, int32_t session)
{
	struct fetched_broker *b = fetched_find_broker(f, broker);

	if (b == NULL || b->said != said)
		return true; /* it has been spoken to since */
	if (error != ERROR_NONE) {
		if (error == ERROR_FETCH_SESSION_ID_NOT_FOUND)
			b->session = 0;
		b->begins = true;
		b->floor = said;
		return false;
	}
	if (b->begins && b->floor >= said) {
		if (session != 0)
			b->session =
				session; /* left since, and said anew: its next question begins */
		return true;
	}
	if (b->begins || b->session == 0 || session == 0) {
		b->session = session;
		b->epoch = 1;
		b->begins = false;
	}
	return true;
}

void fetched_lost(struct fetched *f, int32_t broker)
{
	struct fetched_broker *b = fetched_find_broker(f, broker);

	if (b == NULL)
		return;
	b->begins = true;
	b->floor = b->said;
}

bool fetched_wants(const struct fetched *f, int32_t broker, uint32_t said,
		   const struct layout_topic *topic, int32_t partition)
{
	const struct fetched_broker *b = fetched_find_broker(f, broker);
	const struct fetched_item *i =
		fetched_find_item(f, fetched_find_topic(f, topic), partition, NULL);

	return b != NULL && i != NULL && i->at == b && i->since < said && b->floor < said;
}
