#include "session/reply.h"

#include "kafka/wire.h"
#include "route/stub.h"
#include "session/audit.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/request.h"

enum {
	REPLY_FREE = 64 * 1024, /* what is made within so much is not the budget's */
	STUB_COPIES = 3,	/* while it grows, and the reply's own */
};

uint8_t *reply_begin(struct request *r)
{
	bool tags = api_answer_has_tags(r->head.api, r->head.version);
	uint8_t *head;

	gather_init(&r->reply, &r->arena);
	head = gather_space(&r->reply, ANSWER_FIXED);
	wire_put32(head + 4, r->head.correlation_id);
	if (tags)
		*gather_space(&r->reply, 1) = 0;
	return head;
}

/* What was only needed to make it goes back. */
static void keep_needed(struct request *r)
{
	int64_t more = (int64_t)arena_held(&r->arena) - r->layout_hold.bytes;

	hold_keep(&r->reply_hold, more > 0 ? more : 0);
}

void reply_end(struct request *r, uint8_t *head)
{
	wire_put32(head, (uint32_t)(r->reply.size - HEAD_SIZE_BYTES));
	r->is_replied = true;
	r->answered = client_now(r->client);
	keep_needed(r);
	hold_pace(&r->answers_hold);
	hold_pace(&r->reply_hold);
	request_weigh(r);
}

void reply_bytes(struct request *r, const uint8_t *body, size_t n)
{
	uint8_t *head = reply_begin(r);

	gather_copy(&r->reply, body, n);
	reply_end(r, head);
}

void reply_count_code(struct request *r, int code)
{
	struct stats *stats = &r->client->worker->stats;

	stats_add(stats, STAT_SYNTHESIZED, 1);
	stats_error(stats, code);
	audit_error(r, code);
}

bool reply_may(struct request *r, size_t bytes)
{
	if (r->reply_hold.reservation == NULL && bytes <= REPLY_FREE)
		return true;
	return hold_get(r->client, &r->reply_hold, BUDGET_REPLIES, (int64_t)bytes);
}

static size_t stub_memory(const struct request *r, bool at_top)
{
	return at_top ? 0 : STUB_COPIES * stub_most(r->head.api, r->head.version, &r->layout);
}

bool reply_stub_is_small(const struct request *r, bool at_top)
{
	return stub_memory(r, at_top) <= REPLY_FREE;
}

enum course_result reply_stub_seen(struct request *r, int code, bool at_top, reply_look *look)
{
	struct buf out;

	if (!reply_may(r, stub_memory(r, at_top)))
		return COURSE_WAITS;
	buf_init(&out,
		 at_top ? (size_t)REPLY_FREE : stub_most(r->head.api, r->head.version, &r->layout));
	if (stub_answer(&out, r->head.api, r->head.version, &r->layout, code, at_top) &&
	    (look == NULL || look(r, out.data, (uint32_t)out.len))) {
		reply_bytes(r, out.data, out.len);
		reply_count_code(r, code);
	} else {
		client_fail(r->client, "an error that can't be told");
	}
	buf_deinit(&out);
	return COURSE_MOVED;
}

enum course_result reply_stub(struct request *r, int code, bool at_top)
{
	return reply_stub_seen(r, code, at_top, NULL);
}
