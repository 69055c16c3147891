#include "session/seen.h"

#include "kafka/wire.h"
#include "session/inside.h"
#include "session/request.h"
#include "util/hash.h"
#include "util/mem.h"

#include <stdlib.h>

enum { SEEN_MAX = 128 }; /* the one noted first makes room */

struct seen {
	uint64_t subjects[SEEN_MAX];
	uint32_t count;
};

/* --- subjects --- */

static uint64_t subject_of(enum kis is, const uint8_t *name, uint32_t len)
{
	return hash_bytes(name, len) * 2 + 1 + (uint64_t)is;
}

static uint64_t topic_of(const struct layout_topic *t)
{
	return t->name != NULL ? subject_of(TOPIC_NAME, t->name, t->name_len)
			       : subject_of(TOPIC_ID, t->id, t->id != NULL ? WIRE_UUID : 0);
}

/* Calls `each` for every name in the request until it returns false; whether it never did. */
static bool subjects(const struct request *r, bool (*each)(void *ctx, uint64_t subject), void *ctx)
{
	const struct layout *l = &r->layout;
	bool goes_on = true;

	if (l->has_key)
		goes_on = each(ctx, subject_of(l->key_is, l->key, l->key_len));
	for (uint32_t i = 0; goes_on && i < l->topic_count; i++)
		goes_on = each(ctx, topic_of(&l->topics[i]));
	for (uint32_t i = 0; goes_on && l->by_key && i < l->item_count; i++)
		goes_on = each(ctx, subject_of(l->key_is, l->items[i].key, l->items[i].key_len));
	return goes_on;
}

/* --- what was seen --- */

static bool has(void *ctx, uint64_t subject)
{
	const struct seen *s = ctx;
	uint32_t n = s->count < SEEN_MAX ? s->count : SEEN_MAX;

	for (uint32_t i = 0; i < n; i++) {
		if (s->subjects[i] == subject)
			return true;
	}
	return false;
}

static bool note(void *ctx, uint64_t subject)
{
	struct seen *s = ctx;

	if (!has(s, subject))
		s->subjects[s->count++ % SEEN_MAX] = subject;
	return true;
}

/* A part that did not come, or an error anywhere, leaves it open which of them were seen; so does an
 * answer whose errors nobody has looked for. */
static bool is_good(const struct request *r)
{
	if (r->head.api->answer != ANSWER_WATCH)
		return false;
	for (uint32_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].state != PART_ANSWERED)
			return false;
	}
	return r->part_count > 0 && !r->has_error;
}

void seen_note(struct client *c, const struct request *r)
{
	if (!client_is_itself(c) || !is_good(r))
		return;
	if (c->seen == NULL)
		c->seen = mem_zalloc(sizeof *c->seen);
	(void)subjects(r, note, c->seen);
}

bool seen_all(const struct client *c, const struct request *r)
{
	struct seen none = { .count = 0 };

	if (c->claim.account == NULL) /* brokers tell no client from another */
		return true;
	return subjects(r, has, c->seen != NULL ? c->seen : &none);
}

void seen_free(struct client *c)
{
	free(c->seen);
	c->seen = NULL;
}
