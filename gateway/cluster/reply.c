#include "cluster/reply.h"

#include "kafka/walk.h"
#include "topology/snapshot.h"
#include "util/mem.h"

#include <stdlib.h>

/* The newest form that is understood here. */
static const struct {
	enum api_key key;
	int16_t min, max;
} known[] = {
	{ KEY_PRODUCE, 3, 8 },		{ KEY_FETCH, 4, 11 },	  { KEY_LIST_OFFSETS, 1, 3 },
	{ KEY_FIND_COORDINATOR, 0, 3 }, { KEY_JOIN_GROUP, 2, 8 }, { KEY_HEARTBEAT, 0, 4 },
	{ KEY_LEAVE_GROUP, 3, 5 },	{ KEY_SYNC_GROUP, 0, 5 }, { KEY_CREATE_TOPICS, 4, 4 },
};

int reply_version(const struct kversions *offers, enum api_key key)
{
	struct kversions offered = offers[key];

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		int16_t max = known[i].max < offered.max ? known[i].max : offered.max;

		if (known[i].key == key && max >= known[i].min && max >= offered.min)
			return max;
	}
	return -1;
}

static void add_member(struct reply *a)
{
	a->members = mem_realloc(a->members, (a->member_count + 1) * sizeof *a->members);
	memset(&a->members[a->member_count++], 0, sizeof *a->members);
}

static void take(struct reply *a, const struct walk_event *e, const uint8_t *body)
{
	struct reply_bytes here = { e->bytes, e->len };

	if (e->kind == WALK_RUN)
		here.bytes = body + e->at + e->size - e->len;
	switch (e->is) {
	case ERROR_CODE:
		if (a->error == 0)
			a->error = (int)e->number;
		break;
	case NODE_ID:
		a->node = (int32_t)e->number;
		break;
	case GENERATION_ID:
		a->generation = (int32_t)e->number;
		break;
	case GROUP_LEADER:
		a->leader = here;
		break;
	case MEMBER_ID:
		*(a->member_count > 0 ? &a->members[a->member_count - 1].id : &a->member_id) = here;
		break;
	case MEMBER_DATA:
	case RECORD_BYTES:
		*(a->member_count > 0 ? &a->members[a->member_count - 1].data : &a->data) = here;
		break;
	case OFFSET:
		a->offset = e->number;
		break;
	default:
		break;
	}
}

bool reply_read(struct reply *out, enum api_key key, int version, const uint8_t *body, uint32_t len)
{
	struct walk w;
	struct walk_event e;
	enum walk_result got;

	*out = (struct reply){ .node = NO_BROKER, .generation = -1, .offset = -1 };
	walk_init(&w, api_plan(api_of((int)key), version, RESPONSE), len);
	walk_input(&w, body, len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.kind == WALK_ELEMENT && e.is == GROUP_MEMBERS &&
		    out->member_count < REPLY_MEMBERS_MAX)
			add_member(out);
		else if (e.kind == WALK_VALUE || e.kind == WALK_RUN)
			take(out, &e, body);
	}
	if (got == WALK_DONE || out->error != 0)
		return true; /* what stands behind an error nobody needs */
	reply_deinit(out);
	return false;
}

void reply_deinit(struct reply *a)
{
	free(a->members);
	a->members = NULL;
	a->member_count = 0;
}
