#include "session/reply.h"

#include "kafka/wire.h"
#include "route/stub.h"
#include "session/inside.h"
#include "session/request.h"

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

void reply_end(struct request *r, uint8_t *head)
{
	wire_put32(head, (uint32_t)(r->reply.size - HEAD_SIZE_BYTES));
	r->is_replied = true;
	r->answered = client_now(r->client);
	hold_pace(&r->answers_hold);
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
}

void reply_stub(struct request *r, int code, bool at_top)
{
	struct buf out;

	buf_init(&out, INT32_MAX);
	stub_answer(&out, r->head.api, r->head.version, &r->layout, code, at_top);
	reply_bytes(r, out.data, out.len);
	buf_deinit(&out);
	reply_count_code(r, code);
}
