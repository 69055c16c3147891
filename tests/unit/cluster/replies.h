/* replies.h - answers of brokers to a node, by their rows. */
#ifndef UNIT_CLUSTER_REPLIES_H
#define UNIT_CLUSTER_REPLIES_H

#include "kafka/encode.h"

#include <string.h>

/* What an answer says; as much of it as its API has. */
struct said {
	int error;
	int32_t node, generation;
	const char *member_id, *leader;
	const char *members[4]; /* ids, up to the first NULL */
	struct buf data;	/* the records of a Fetch; what each member says, or gets */
	int64_t offset;
};

static inline void said_text(struct encode_value *v, const char *text)
{
	v->bytes = (const uint8_t *)(text != NULL ? text : "");
	v->len = text != NULL ? (uint32_t)strlen(text) : 0;
}

static inline int said_members(const struct said *s)
{
	int n = 0;

	while (n < 4 && s->members[n] != NULL)
		n++;
	return n;
}

static inline bool said_fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct said *s = ctx;

	switch (f->is) {
	case ERROR_CODE:
		v->number = s->error;
		return true;
	case TOPICS:
	case PARTITIONS:
		v->number = 1;
		return true;
	case GROUP_MEMBERS:
		v->number = said_members(s);
		return true;
	case MEMBER_ID:
		said_text(v, f->depth > 0 ? s->members[f->index[0]] : s->member_id);
		return true;
	case GROUP_LEADER:
		said_text(v, s->leader);
		return true;
	case MEMBER_DATA:
	case RECORD_BYTES:
		v->bytes = s->data.len > 0 ? s->data.data : (const uint8_t *)"";
		v->len = (uint32_t)s->data.len;
		return true;
	case GENERATION_ID:
		v->number = s->generation;
		return true;
	case NODE_ID:
		v->number = s->node;
		return true;
	case OFFSET:
		v->number = s->offset;
		return true;
	default:
		return false;
	}
}

/* Of an empty buffer. */
MUST_CHECK static inline bool said_write(const struct said *s, enum api_key key, int version,
					 struct buf *body)
{
	return encode_message(api_of((int)key), version, RESPONSE, said_fill, (void *)(uintptr_t)s,
			      body);
}

#endif
