/* layout.c - what is found in a message lies in it, in order, and is the same however slowly it comes.
 *
 * Input: api key | version (modulo those it has) | bit 0 direction, rest size of a piece - 1 | the
 * message's body.
 */
#include "kafka/api.h"
#include "route/layout.h"
#include "util/hash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 3, FEW = 100 /* a layout has room for so many before anybody has paid */ };

static bool is_inside(const uint8_t *at, uint32_t len, const uint8_t *body, uint32_t size)
{
	return at == NULL || (at >= body && len <= size && (size_t)(at - body) <= size - len);
}

/* Topics one after the other, their items too, nothing outside of its surroundings. */
static void check_places(const struct layout *l, const uint8_t *body, uint32_t size)
{
	uint32_t at = 0;

	for (uint32_t t = 0; t < l->topic_count; t++) {
		const struct layout_topic *topic = &l->topics[t];

		assert(topic->at >= at && topic->at <= topic->end && topic->end <= size);
		if (topic->items_at != 0) /* some have none by their rows */
			assert(topic->at <= topic->items_at &&
			       topic->items_at <= topic->items_end &&
			       topic->items_end <= topic->end);
		assert(topic->first + topic->count <= l->item_count);
		assert(is_inside(topic->name, topic->name_len, body, size));
		assert(is_inside(topic->id, 16, body, size));
		at = topic->end;
	}
	at = 0;
	for (uint32_t i = 0; i < l->item_count; i++) {
		const struct layout_item *item = &l->items[i];

		assert(item->at >= at && item->at <= item->end && item->end <= size);
		assert(l->by_key || item->topic < l->topic_count);
		assert(is_inside(item->key, item->key_len, body, size));
		assert(item->records_at + item->records_size <= size);
		at = item->end;
	}
	if (l->has_array)
		assert(l->array_at <= l->array_body && l->array_body <= l->array_end &&
		       l->array_end <= size);
}

/* As frames come: a piece more each time, until it is through or contradicts its plan. */
static void read_in_pieces(struct layout *l, const struct plan *plan, const uint8_t *body,
			   uint32_t size, uint32_t piece)
{
	struct walk w;
	struct walk_event e;
	uint32_t shown = 0;
	enum walk_result got;

	walk_init(&w, plan, size);
	do {
		shown = size - shown < piece ? size : shown + piece;
		walk_input(&w, body + w.pos, shown - w.pos);
		while ((got = walk_next(&w, &e)) == WALK_EVENT)
			layout_event(l, &e);
	} while (got == WALK_MORE && shown < size);
}

static void check_same(const struct layout *slow, const struct layout *whole)
{
	if (whole->topic_count + whole->item_count <= FEW)
		assert(slow->topic_count == whole->topic_count &&
		       slow->item_count == whole->item_count);
	assert(slow->item_count <= whole->item_count && slow->topic_count <= whole->topic_count);
	for (uint32_t i = 0; i < slow->item_count; i++) {
		const struct layout_item *a = &slow->items[i], *b = &whole->items[i];

		assert(a->at == b->at && a->topic == b->topic && a->partition == b->partition);
		assert(a->key == b->key && a->key_len == b->key_len);
	}
	assert(slow->acks.number == whole->acks.number &&
	       slow->max_wait_ms.at == whole->max_wait_ms.at);
	assert(slow->has_key == whole->has_key && slow->key == whole->key);
}

/* What was kept outlives the message. */
static void check_kept(const struct layout *l)
{
	for (uint32_t t = 0; t < l->topic_count; t++) {
		if (l->topics[t].name != NULL)
			(void)hash_bytes(l->topics[t].name, l->topics[t].name_len);
	}
	for (uint32_t i = 0; i < l->item_count; i++) {
		if (l->items[i].key != NULL)
			(void)hash_bytes(l->items[i].key, l->items[i].key_len);
	}
}

/* The bytes lie in a block of their own: what is read beyond it, or when it has gone, is caught. */
static void look_at(struct arena *arena, const struct plan *plan, const uint8_t *bytes, uint32_t n,
		    uint32_t piece)
{
	struct layout whole, slow;
	uint8_t *body = malloc(n > 0 ? n : 1);
	bool is_good;

	memcpy(body, bytes, n);
	layout_init(&whole, arena);
	is_good = layout_read(&whole, plan, body, n);
	if (is_good) {
		check_places(&whole, body, n);
		layout_init(&slow, arena);
		read_in_pieces(&slow, plan, body, n, piece);
		check_same(&slow, &whole);
		layout_keep(&whole);
	}
	free(body);
	if (is_good)
		check_kept(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_compiled;
	const struct kapi *api;
	const struct plan *plan;
	struct arena arena;
	struct kversions v;

	if (!is_compiled && !apis_compile(stderr))
		abort();
	is_compiled = true;
	if (size < HEAD || (api = api_of(data[0])) == NULL)
		return 0;
	v = api_versions(api);
	plan = api_plan(api, v.min + data[1] % (v.max - v.min + 1),
			data[2] & 1 ? RESPONSE : REQUEST);
	if (plan == NULL)
		return 0;
	arena_init(&arena);
	look_at(&arena, plan, data + HEAD, (uint32_t)(size - HEAD), (uint32_t)(data[2] >> 1) + 1);
	arena_deinit(&arena);
	return 0;
}
