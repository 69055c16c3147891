#include "session/behind.h"

#include "kafka/errors.h"
#include "kafka/wire.h"
#include "session/inside.h"
#include "session/request.h"
#include "util/mem.h"

#include <stdlib.h>

enum {
	NOTED_S = 30, /* by then a client has heard it */
	NOTED_MAX = 1024,
	NOTED_FIRST = 8,
	/* of a record batch of magic 2, from its first byte on */
	MAGIC_AT = 16,
	PRODUCER_AT = 43,
	EPOCH_AT = 51,
	SEQUENCE_AT = 53,
	KNOWN_AT = 57, /* so much must be there */
	MAGIC = 2,
};

struct noted {
	uint64_t partition; /* hash of its topic and number */
	int64_t producer;
	int16_t epoch;
	int32_t sequence;
	ev_tstamp at;
	bool is_out;	/* it was sent again, and its answer has not come */
	int32_t turned; /* the first one behind that was refused; -1: none was */
};

struct behind {
	struct noted *all;
	uint32_t count, cap;
};

/* --- batches --- */

/* One that is answered, and of so few partitions that each of them can be noted. */
static bool is_produce(const struct request *r)
{
	return r->head.key == KEY_PRODUCE && r->layout.acks.size > 0 &&
	       r->layout.acks.number != 0 && r->layout.item_count <= NOTED_MAX;
}

static bool is_of(const struct part *p, const struct layout_item *i)
{
	return i->target == p->target && i->producer >= 0;
}

static uint64_t batch_at(const struct layout_item *i)
{
	return (uint64_t)i->records_at + i->records_size - i->records_len;
}

/* Of the request's body. */
static uint64_t bytes_there(const struct client *c, const struct request *r)
{
	return conn_len(&c->conn) - r->head.body_at;
}

bool behind_may_read(const struct client *c, const struct request *r)
{
	const struct layout *l = &r->layout;
	const struct layout_item *last;

	if (!is_produce(r) || l->item_count == 0)
		return true;
	last = &l->items[l->item_count - 1];
	return last->records_len < KNOWN_AT || batch_at(last) + KNOWN_AT <= bytes_there(c, r);
}

void behind_read(const struct client *c, struct request *r)
{
	const uint8_t *body = conn_data(&c->conn) + r->head.body_at;
	const uint64_t there = bytes_there(c, r);
	struct layout *l = &r->layout;

	if (!is_produce(r))
		return;
	for (struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		const uint64_t at = batch_at(i);

		i->producer = -1;
		if (i->records_len < KNOWN_AT || at + KNOWN_AT > there ||
		    body[at + MAGIC_AT] != MAGIC)
			continue;
		i->producer = (int64_t)wire_get64(body + at + PRODUCER_AT);
		i->producer_epoch = (int16_t)wire_get16(body + at + EPOCH_AT);
		i->sequence = (int32_t)wire_get32(body + at + SEQUENCE_AT);
	}
}

static uint64_t partition_of(const struct layout *l, const struct layout_item *i)
{
	return layout_partition_hash(&l->topics[i->topic], i->partition);
}

/* --- what is noted --- */

static void forget_old(struct client *c)
{
	struct behind *b = c->behind;
	uint32_t kept = 0;

	for (uint32_t n = 0; n < b->count; n++) {
		if (client_now(c) < b->all[n].at + NOTED_S)
			b->all[kept++] = b->all[n];
	}
	b->count = kept;
	if (kept == 0)
		behind_free(c);
}

static struct noted *find(struct client *c, uint64_t partition)
{
	struct behind *b = c->behind;

	for (uint32_t n = 0; b != NULL && n < b->count; n++) {
		if (b->all[n].partition == partition)
			return &b->all[n];
	}
	return NULL;
}

static void add(struct client *c, const struct noted *noted)
{
	struct behind *b = c->behind;

	if (b == NULL)
		b = c->behind = mem_zalloc(sizeof *b);
	if (b->count == NOTED_MAX)
		return;
	if (b->count == b->cap) {
		b->cap = b->cap > 0 ? 2 * b->cap : NOTED_FIRST;
		b->all = mem_realloc(b->all, b->cap * sizeof *b->all);
	}
	b->all[b->count++] = *noted;
}

/* The producer's state is the one that was noted, and the batch a later one. */
static bool follows(const struct noted *n, const struct layout_item *i)
{
	return n->producer == i->producer && n->epoch == i->producer_epoch &&
	       i->sequence > n->sequence;
}

/* Of what is refused the first batch counts. */
static void note(struct client *c, const struct layout *l, const struct layout_item *i)
{
	const struct noted noted = { partition_of(l, i),
				     i->producer,
				     i->producer_epoch,
				     i->sequence,
				     client_now(c),
				     false,
				     -1 };
	struct noted *before = find(c, noted.partition);

	if (before == NULL)
		add(c, &noted);
	else if (!follows(before, i))
		*before = noted;
}

static void forget(struct client *c, struct noted *n)
{
	*n = c->behind->all[--c->behind->count];
	if (c->behind->count == 0)
		behind_free(c);
}

void behind_refused(struct client *c, const struct part *p)
{
	const struct request *r = p->request;
	const struct layout *l = &r->layout;

	if (!is_produce(r))
		return;
	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		if (is_of(p, i))
			note(c, l, i);
	}
}

/* The batch is not there, and the client sends it again. */
static bool says_not_here(int error)
{
	return error == ERROR_UNKNOWN_TOPIC_OR_PARTITION || error == ERROR_LEADER_NOT_AVAILABLE ||
	       error == ERROR_NOT_LEADER_OR_FOLLOWER || error == ERROR_KAFKA_STORAGE_ERROR ||
	       error == ERROR_UNKNOWN_TOPIC_ID;
}

/* Answers mostly come in the request's order: the search begins behind what was found last. */
static const struct layout_item *item_of(struct request *r, uint64_t partition)
{
	const struct layout *l = &r->layout;

	for (uint32_t n = 0; n < l->item_count; n++) {
		const uint32_t at = (r->behind_at + n) % l->item_count;

		if (l->items[at].producer >= 0 && partition_of(l, &l->items[at]) == partition) {
			r->behind_at = (uint16_t)(at + 1); /* of no more than NOTED_MAX */
			return &l->items[at];
		}
	}
	return NULL;
}

void behind_answered(struct client *c, struct request *r, const struct layout_topic *topic,
		     int32_t partition, int error)
{
	const struct layout_item *i;
	struct noted *noted;

	if (!(says_not_here(error) || c->behind != NULL) || !is_produce(r) ||
	    (topic->name == NULL && topic->id == NULL))
		return;
	noted = find(c, layout_partition_hash(topic, partition));
	i = noted != NULL || says_not_here(error)
		    ? item_of(r, layout_partition_hash(topic, partition))
		    : NULL;
	if (i == NULL)
		return;
	if (says_not_here(error))
		note(c, &r->layout, i);
	else if (noted != NULL && !follows(noted, i))
		forget(c, noted);
}

/* A second time: the client has heard that it was refused, and what it was behind does not come. */
static bool is_again(const struct noted *n, const struct layout_item *i)
{
	return n->turned >= 0 && i->sequence <= n->turned;
}

static enum behind_say ask_of(struct client *c, const struct part *p, const struct layout_item *i)
{
	struct noted *noted = is_of(p, i) ? find(c, partition_of(&p->request->layout, i)) : NULL;

	if (noted == NULL || !follows(noted, i))
		return BEHIND_NONE;
	if (noted->is_out)
		return BEHIND_WAITS;
	if (is_again(noted, i)) {
		forget(c, noted);
		return BEHIND_NONE;
	}
	if (noted->turned < 0)
		noted->turned = i->sequence;
	return BEHIND_REFUSED;
}

/* Those that were refused before are out with it. */
static void go_out(struct client *c, const struct part *p)
{
	const struct layout *l = &p->request->layout;
	struct noted *noted;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		noted = is_of(p, i) ? find(c, partition_of(l, i)) : NULL;
		if (noted != NULL)
			noted->is_out = true;
	}
}

enum behind_say behind_ask(struct client *c, const struct part *p)
{
	const struct request *r = p->request;
	const struct layout *l = &r->layout;
	enum behind_say say, most = BEHIND_NONE;

	if (c->behind == NULL || p->broker != p->target || !is_produce(r))
		return BEHIND_NONE;
	forget_old(c);
	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		say = ask_of(c, p, i);
		most = say > most ? say : most;
	}
	if (most == BEHIND_NONE)
		go_out(c, p);
	return most;
}

void behind_free(struct client *c)
{
	if (c->behind != NULL)
		free(c->behind->all);
	free(c->behind);
	c->behind = NULL;
}
