#include "cluster/messages.h"

#include "kafka/encode.h"
#include "kafka/walk.h"
#include "util/mem.h"

#include <stdlib.h>

/* The newest form that is written and read here. */
static const struct {
	enum api_key message;
	int16_t min, max;
} known[] = {
	{ KEY_PRODUCE, 3, 8 },		{ KEY_FETCH, 4, 11 },	  { KEY_LIST_OFFSETS, 1, 3 },
	{ KEY_FIND_COORDINATOR, 0, 3 }, { KEY_JOIN_GROUP, 2, 8 }, { KEY_HEARTBEAT, 0, 4 },
	{ KEY_LEAVE_GROUP, 3, 5 },	{ KEY_SYNC_GROUP, 0, 5 }, { KEY_CREATE_TOPICS, 4, 4 },
};

int message_version(const struct snapshot *s, enum api_key message)
{
	struct kversions offered = s->offers[message];

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		int16_t max = known[i].max < offered.max ? known[i].max : offered.max;

		if (known[i].message == message && max >= known[i].min && max >= offered.min)
			return max;
	}
	return -1;
}

/* --- asking --- */

static void give_text(struct encode_value *v, const char *text)
{
	v->bytes = (const uint8_t *)text;
	v->len = text != NULL ? (uint32_t)strlen(text) : 0;
}

static void give_buf(struct encode_value *v, const struct buf *b)
{
	v->bytes = b->data;
	v->len = (uint32_t)b->len;
}

static bool give_number(struct encode_value *v, int64_t number)
{
	v->number = number;
	return true;
}

static bool is_named(const struct encode_field *f, const char *name)
{
	return f->row->name != NULL && strcmp(f->row->name, name) == 0;
}

/* Fields that are alike in all requests that have them. */
static bool fill_text(const struct group_ask *a, const struct encode_field *f,
		      struct encode_value *v)
{
	const struct {
		const char *name, *text;
	} texts[] = {
		{ "group_id", a->group },
		{ "key", a->group },
		{ "group_instance_id", a->instance_id },
		{ "protocol_type", "consumer" },
		{ "protocol_name", a->protocol },
		{ "topic", a->topic },
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if (!is_named(f, texts[i].name))
			continue;
		give_text(v, texts[i].text);
		return true;
	}
	return false;
}

static bool fill_number(const struct group_ask *a, const struct encode_field *f,
			struct encode_value *v)
{
	const struct {
		const char *name;
		int64_t number;
	} numbers[] = {
		{ "session_timeout_ms", a->session_ms },
		{ "rebalance_timeout_ms", a->rebalance_ms },
		{ "generation_id", a->generation },
		{ "protocols", 1 },
		{ "members", 1 },
		{ "assignments", (int64_t)a->share_count },
		/* of the topic's messages */
		{ "acks", 1 },
		{ "timeout_ms", 5000 },
		{ "topics", 1 },
		{ "topic_data", 1 },
		{ "partitions", 1 },
		{ "partition_data", 1 },
		{ "partition", a->partition },
		{ "partition_index", a->partition },
		{ "index", a->partition },
		{ "fetch_offset", a->offset },
		{ "timestamp", -1 }, /* the end */
		{ "max_wait_ms", a->wait_ms },
		{ "min_bytes", 1 },
		{ "max_bytes", 1 << 20 },
		{ "partition_max_bytes", 1 << 20 },
	};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		if (is_named(f, numbers[i].name))
			return give_number(v, numbers[i].number);
	}
	return false;
}

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct group_ask *a = ctx;
	const struct group_share *share =
		a->share_count > 0 && f->depth > 0 ? &a->shares[f->index[0]] : NULL;

	if (is_named(f, "member_id")) {
		give_text(v, a->member_id);
		if (share != NULL)
			*v = (struct encode_value){ .bytes = share->member_id,
						    .len = share->member_id_len };
	} else if (share != NULL && is_named(f, "assignment")) {
		give_buf(v, &share->assignment);
	} else if (is_named(f, "name")) {
		give_text(v, a->topic != NULL ? a->topic : a->protocol);
	} else if (is_named(f, "metadata")) {
		give_buf(v, a->subscription);
	} else if (is_named(f, "records")) {
		give_buf(v, a->records);
	} else {
		return fill_text(a, f, v) || fill_number(a, f, v);
	}
	return true;
}

static void append_text(struct buf *out, const char *text)
{
	buf_append16(out, (uint16_t)strlen(text));
	buf_append(out, text, strlen(text));
}

/* CreateTopics 4: nobody looks into it for clients, so it has no rows.  Load
 * records are worth nothing after a minute. */
static bool ask_topic(const struct group_ask *a, struct buf *out)
{
	static const char *const configs[][2] = {
		{ "cleanup.policy", "delete" },
		{ "retention.ms", "600000" },
		{ "segment.ms", "600000" },
		{ "segment.bytes", "1048576" },
		{ "compression.type", "uncompressed" },
	};

	buf_append32(out, 1);
	append_text(out, a->topic);
	buf_append32(out, (uint32_t)a->partition_count);
	buf_append16(out, (uint16_t)a->replicas);
	buf_append32(out, 0);
	buf_append32(out, sizeof configs / sizeof configs[0]);
	for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
		append_text(out, configs[i][0]);
		append_text(out, configs[i][1]);
	}
	buf_append32(out, 5000);
	buf_append8(out, false);
	return !out->full;
}

bool ask_message(enum api_key message, int version, const struct group_ask *a, struct buf *out)
{
	buf_clear(out);
	if (message == KEY_CREATE_TOPICS)
		return ask_topic(a, out);
	return encode_message(api_of((int)message), version, REQUEST, fill, (void *)a, out);
}

/* --- answers --- */

/* The error of the topic: behind the throttle time and the topic's name. */
static bool read_topic_answer(struct group_answer *a, const uint8_t *body, uint32_t len)
{
	size_t at = 4 + 4;

	if (len < at + 2)
		return false;
	at += 2 + (size_t)(body[at] << 8 | body[at + 1]);
	if (len < at + 2)
		return false;
	a->error = (int16_t)(body[at] << 8 | body[at + 1]);
	return true;
}

static void add_member(struct group_answer *a)
{
	a->members = mem_realloc(a->members, (a->member_count + 1) * sizeof *a->members);
	memset(&a->members[a->member_count++], 0, sizeof *a->members);
}

static void take(struct group_answer *a, const struct walk_event *e, const uint8_t *body)
{
	struct group_bytes here = { e->bytes, e->len };

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

bool answer_read(struct group_answer *out, enum api_key message, int version, const uint8_t *body,
		 uint32_t len)
{
	struct walk w;
	struct walk_event e;
	enum walk_result got;

	*out = (struct group_answer){ .node = NO_BROKER, .generation = -1, .offset = -1 };
	if (message == KEY_CREATE_TOPICS)
		return read_topic_answer(out, body, len);
	walk_init(&w, api_plan(api_of((int)message), version, RESPONSE), len);
	walk_input(&w, body, len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.kind == WALK_ELEMENT && e.is == GROUP_MEMBERS &&
		    out->member_count < JOIN_MEMBERS_MAX)
			add_member(out);
		else if (e.kind == WALK_VALUE || e.kind == WALK_RUN)
			take(out, &e, body);
	}
	if (got == WALK_DONE || out->error != 0)
		return true; /* what stands behind an error nobody needs */
	answer_deinit(out);
	return false;
}

void answer_deinit(struct group_answer *a)
{
	free(a->members);
	a->members = NULL;
	a->member_count = 0;
}
