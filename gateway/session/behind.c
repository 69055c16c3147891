#include "session/behind.h"

#include "kafka/wire.h"
#include "session/inside.h"
#include "session/request.h"
#include "util/hash.h"
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
};

struct behind {
	struct noted *all;
	uint32_t count, cap;
};

/* --- batches --- */

static bool is_produce(const struct request *r)
{
	return r->head.key == KEY_PRODUCE && r->layout.acks.size > 0 && r->layout.acks.number != 0;
}

static bool is_of(const struct part *p, const struct layout_item *i)
{
	return i->target == p->target && i->producer >= 0;
}

void behind_read(const struct client *c, struct request *r)
{
	const uint8_t *body = conn_data(&c->conn) + r->head.body_at;
	const uint64_t there = conn_len(&c->conn) - r->head.body_at;
	struct layout *l = &r->layout;

	if (!is_produce(r))
		return;
	for (struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		const uint64_t at = (uint64_t)i->records_at + i->records_size - i->records_len;

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
	const struct layout_topic *t = &l->topics[i->topic];
	const uint64_t pair[2] = { t->name != NULL ? hash_bytes(t->name, t->name_len)
						   : hash_bytes(t->id, 16),
				   (uint32_t)i->partition };

	return hash_bytes(pair, sizeof pair);
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

void behind_refused(struct client *c, const struct part *p)
{
	const struct request *r = p->request;
	const struct layout *l = &r->layout;

	if (!is_produce(r))
		return;
	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		const struct noted noted = { partition_of(l, i), i->producer, i->producer_epoch,
					     i->sequence, client_now(c) };
		struct noted *before = is_of(p, i) ? find(c, noted.partition) : NULL;

		if (before != NULL && !follows(before, i))
			*before = noted;
		else if (before == NULL && is_of(p, i))
			add(c, &noted);
	}
}

bool behind_is(struct client *c, const struct part *p)
{
	const struct request *r = p->request;
	const struct layout *l = &r->layout;
	struct noted *noted;
	bool is_behind = false;

	if (c->behind == NULL || p->broker != p->target || !is_produce(r))
		return false;
	forget_old(c);
	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		noted = is_of(p, i) ? find(c, partition_of(l, i)) : NULL;
		is_behind |= noted != NULL && follows(noted, i);
	}
	for (const struct layout_item *i = l->items; !is_behind && i < l->items + l->item_count;
	     i++) {
		noted = is_of(p, i) ? find(c, partition_of(l, i)) : NULL;
		if (noted != NULL)
			*noted = c->behind->all[--c->behind->count];
	}
	return is_behind;
}

void behind_free(struct client *c)
{
	if (c->behind != NULL)
		free(c->behind->all);
	free(c->behind);
	c->behind = NULL;
}
