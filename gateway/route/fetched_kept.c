/* The partitions that are read, each at its broker, and the memory that they take. */
#include "route/fetched_inside.h"
#include "util/hash.h"
#include "util/mem.h"

#include <assert.h>
#include <stdlib.h>

enum {
	ALLOCATION = 16,		  /* what the heap takes beside an allocation */
	TABLE_BYTES = 4 * sizeof(void *), /* of a table, for each thing in it */
};

struct fetched_topic *fetched_find_topic(const struct fetched *f, const struct layout_topic *topic)
{
	const uint64_t hash = layout_topic_hash(topic);

	for (struct table_node *n = table_first(&f->topics, hash); n != NULL; n = n->next) {
		struct fetched_topic *t = CONTAINER_OF(n, struct fetched_topic, node);

		if (n->hash == hash && layout_same_topic(&t->key, topic))
			return t;
	}
	return NULL;
}

static uint64_t item_hash(const struct fetched_topic *topic, int32_t partition)
{
	const uint64_t pair[] = { (uintptr_t)topic, (uint32_t)partition };

	return hash_bytes(pair, sizeof pair);
}

struct fetched_item *fetched_find_item(const struct fetched *f, const struct fetched_topic *topic,
				       int32_t partition, const struct fetched_broker *gone)
{
	const uint64_t hash = topic != NULL ? item_hash(topic, partition) : 0;

	for (struct table_node *n = topic != NULL ? table_first(&f->items, hash) : NULL; n != NULL;
	     n = n->next) {
		struct fetched_item *i = CONTAINER_OF(n, struct fetched_item, node);

		if (i->topic == topic && i->partition == partition &&
		    (gone != NULL ? i->is_gone && i->at == gone : !i->is_gone))
			return i;
	}
	return NULL;
}

/* --- memory --- */

/* With what is said of it to its broker, and with what another one is to forget of it; its topic may be
 * said again with each of them. */
static size_t item_bytes(uint32_t len, uint32_t topic)
{
	return 2 * (sizeof(struct fetched_item) + ALLOCATION + TABLE_BYTES) + 4 * (size_t)len +
	       2 * (size_t)topic;
}

static size_t topic_bytes(uint32_t len)
{
	return sizeof(struct fetched_topic) + ALLOCATION + TABLE_BYTES + 3 * (size_t)len;
}

static uint32_t head_len(const struct layout_topic *t)
{
	return t->count_at - t->at;
}

static uint32_t topic_len(const struct layout_topic *t)
{
	return head_len(t) + t->end - t->items_end;
}

size_t fetched_bytes(const struct fetched *f)
{
	return sizeof *f + f->bytes;
}

size_t fetched_bytes_with(const struct fetched *f, const struct fetched_request *request)
{
	const struct layout *l = request->layout;
	const struct fetched_topic *topic = NULL;
	size_t more = 0;
	uint32_t last = UINT32_MAX;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++) {
		const struct fetched_item *known;

		if (i->topic != last) {
			last = i->topic;
			topic = fetched_find_topic(f, &l->topics[last]);
			more += topic == NULL ? topic_bytes(topic_len(&l->topics[last])) : 0;
		}
		known = fetched_find_item(f, topic, i->partition, NULL);
		if (known == NULL || known->len != i->end - i->at)
			more += item_bytes(i->end - i->at, topic != NULL
								   ? topic->head + topic->tail
								   : topic_len(&l->topics[last]));
	}
	return fetched_bytes(f) + more;
}

/* --- brokers --- */

struct fetched_broker *fetched_find_broker(const struct fetched *f, int32_t id)
{
	struct fetched_broker *b;

	TAILQ_FOREACH(b, &f->brokers, link)
	{
		if (b->id == id)
			return b;
	}
	return NULL;
}

struct fetched_broker *fetched_get_broker(struct fetched *f, int32_t id)
{
	struct fetched_broker *b = fetched_find_broker(f, id);

	if (b != NULL)
		return b;
	b = mem_zalloc(sizeof *b);
	b->id = id;
	b->begins = true;
	TAILQ_INIT(&b->told);
	TAILQ_INIT(&b->changed);
	TAILQ_INSERT_TAIL(&f->brokers, b, link);
	return b;
}

/* --- items --- */

static struct fetched_list *list_of(struct fetched_item *i)
{
	return i->is_changed ? &i->at->changed : &i->at->told;
}

void fetched_set_changed(struct fetched_item *i, bool is_changed)
{
	TAILQ_REMOVE(list_of(i), i, link);
	i->is_changed = is_changed;
	TAILQ_INSERT_TAIL(list_of(i), i, link);
	if (is_changed)
		i->since = i->at->said;
}

struct fetched_topic *fetched_add_topic(struct fetched *f, const struct layout_topic *like,
					const uint8_t *body)
{
	const uint32_t head = head_len(like), tail = like->end - like->items_end;
	struct fetched_topic *t = mem_zalloc(sizeof *t + head + tail);
	const uint8_t *name = like->name != NULL ? like->name : like->id;

	t->head = head;
	t->tail = tail;
	memcpy(t->bytes, body + like->at, head);
	memcpy(t->bytes + head, body + like->items_end, tail);
	/* where it is named in front of its partitions; what is named may have been kept elsewhere */
	t->key = (struct layout_topic){ .name_len = like->name_len };
	if (like->name != NULL)
		t->key.name = t->bytes + head - like->name_len;
	else
		t->key.id = t->bytes + head - WIRE_UUID;
	assert(memcmp(like->name != NULL ? t->key.name : t->key.id, name,
		      like->name != NULL ? like->name_len : WIRE_UUID) == 0);
	table_add(&f->topics, &t->node, layout_topic_hash(&t->key));
	f->bytes += topic_bytes(head + tail);
	return t;
}

static struct fetched_item *add_item(struct fetched *f, struct fetched_topic *topic,
				     int32_t partition, struct fetched_broker *at, uint32_t len)
{
	struct fetched_item *i = mem_zalloc(sizeof *i + len);

	i->topic = topic;
	i->partition = partition;
	i->at = at;
	i->since = at->said;
	i->is_changed = true;
	i->len = len;
	table_add(&f->items, &i->node, item_hash(topic, partition));
	TAILQ_INSERT_TAIL(&at->changed, i, link);
	topic->items++;
	at->reading++;
	f->reading++;
	f->bytes += item_bytes(len, topic->head + topic->tail);
	return i;
}

void fetched_free_item(struct fetched *f, struct fetched_item *i)
{
	struct fetched_topic *topic = i->topic;

	TAILQ_REMOVE(list_of(i), i, link);
	table_remove(&f->items, &i->node);
	if (!i->is_gone) {
		i->at->reading--;
		f->reading--;
		f->bytes -= item_bytes(i->len, i->topic->head + i->topic->tail);
	}
	if (--topic->items == 0) {
		table_remove(&f->topics, &topic->node);
		f->bytes -= topic_bytes(topic->head + topic->tail);
		free(topic);
	}
	free(i);
}

static void free_list(struct fetched *f, struct fetched_list *list)
{
	for (struct fetched_item *i = TAILQ_FIRST(list), *next; i != NULL; i = next) {
		next = TAILQ_NEXT(i, link);
		fetched_free_item(f, i);
	}
}

/* Where nothing is read any more nothing need be said: the broker's session ends when another begins. */
void fetched_leave_broker(struct fetched *f, struct fetched_broker *b)
{
	free_list(f, &b->told);
	free_list(f, &b->changed);
	b->begins = true;
	b->floor = b->said;
}

void fetched_leave_item(struct fetched *f, struct fetched_item *i)
{
	struct fetched_broker *b = i->at;

	if (b->reading == 1) {
		fetched_leave_broker(f, b);
		return;
	}
	if (!i->was_said || b->begins) {
		fetched_free_item(f, i);
		return;
	}
	fetched_set_changed(i, true);
	i->is_gone = true;
	b->reading--;
	f->reading--;
	f->bytes -= item_bytes(i->len, i->topic->head + i->topic->tail);
}

/* What the broker was to forget is read there again. */
static struct fetched_item *come_back(struct fetched *f, struct fetched_item *gone)
{
	gone->is_gone = false;
	gone->at->reading++;
	f->reading++;
	f->bytes += item_bytes(gone->len, gone->topic->head + gone->topic->tail);
	gone->since = gone->at->said;
	return gone;
}

struct fetched_item *fetched_item_at(struct fetched *f, struct fetched_topic *topic,
				     int32_t partition, struct fetched_broker *at, uint32_t len)
{
	struct fetched_item *i = fetched_find_item(f, topic, partition, NULL), *gone;

	if (i != NULL && i->at == at && i->len == len)
		return i;
	topic->items++; /* it stays while it changes places */
	if (i != NULL)
		fetched_leave_item(f, i);
	gone = fetched_find_item(f, topic, partition, at);
	if (gone != NULL && gone->len != len) {
		/* to be said anew is as good as to be forgotten before */
		fetched_free_item(f, gone);
		gone = NULL;
	}
	i = gone != NULL ? come_back(f, gone) : add_item(f, topic, partition, at, len);
	topic->items--;
	return i;
}
