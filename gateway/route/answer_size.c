#include "route/answer_size.h"

#include "kafka/api.h"
#include "kafka/walk.h"
#include "kafka/wire.h"
#include "topology/snapshot_build.h"

enum {
	FIXED_BYTES = 256,    /* the header, the cluster's id and what else comes once */
	BROKER_BYTES = 320,   /* with the longest host name that is usual, and a rack */
	TOPIC_BYTES = 40,     /* beside its name */
	PARTITION_BYTES = 56, /* with three replicas, in sync */
	UNKNOWN_TOPIC_BYTES =
		512, /* one that the snapshot does not have: an error, or a few partitions */
};

static uint64_t size_of(const struct topic *t)
{
	return TOPIC_BYTES + t->name_len + (uint64_t)t->partition_count * PARTITION_BYTES;
}

static uint64_t size_of_all(const struct snapshot *s)
{
	const struct topic *t;
	uint64_t size = 0;

	for (size_t at = 0; (t = snapshot_next_topic(s, &at)) != NULL;)
		size += size_of(t);
	return size;
}

/* Version 0 has no null, and means it by an empty list. */
static bool asks_for_all(const struct walk_event *list, int version)
{
	return list->number < 0 || (version == 0 && list->number == 0);
}

/* A topic has a name or an id, and the other one empty or not at all: the topic counts once. */
static uint64_t size_of_named(const struct snapshot *s, const struct walk_event *e)
{
	const struct topic *t;

	if (e->is == TOPIC_NAME && e->number >= 0)
		t = snapshot_topic(s, e->bytes, e->len);
	else if (e->is == TOPIC_ID && !wire_uuid_is_zero(e->bytes))
		t = snapshot_topic_by_id(s, e->bytes);
	else
		return 0;
	return t != NULL ? size_of(t) : UNKNOWN_TOPIC_BYTES;
}

uint64_t answer_size_metadata(const struct snapshot *s, int version, const uint8_t *body,
			      uint32_t size)
{
	uint64_t sum = FIXED_BYTES + s->broker_count * (uint64_t)BROKER_BYTES;
	enum walk_result got;
	struct walk_event e;
	struct walk w;

	walk_init(&w, api_plan(api_of(KEY_METADATA), version, REQUEST), size);
	walk_input(&w, body, size);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.kind == WALK_ARRAY && e.is == TOPICS && asks_for_all(&e, version))
			sum += size_of_all(s);
		else if (e.kind == WALK_VALUE)
			sum += size_of_named(s, &e);
	}
	return got == WALK_DONE ? sum : 0;
}
