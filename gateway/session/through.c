/* The course of a request with one broker whose answer may pass as it comes. */
#include "kafka/wire.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/reply.h"
#include "session/request.h"
#include "session/send.h"
#include "session/watch.h"

/* The answer's first bytes, as far as its header goes.  *size: of the frame; *head: of the
 * header. */
static enum head_result read_head(const struct conn *in, const struct part *p, uint32_t *size,
				  uint32_t *head)
{
	const struct request_head *h = &p->request->head;
	enum head_result got = HEAD_OK;
	uint32_t tags = 0;

	if (conn_len(in) < ANSWER_FIXED)
		return HEAD_MORE;
	*size = wire_get32(conn_data(in));
	if (*size < ANSWER_FIXED - HEAD_SIZE_BYTES || *size > INT32_MAX ||
	    wire_get32(conn_data(in) + 4) != p->correlation_id)
		return HEAD_BAD;
	*size += HEAD_SIZE_BYTES;
	if (api_answer_has_tags(h->api, h->version))
		got = answer_tags_skip(conn_data(in) + ANSWER_FIXED, conn_len(in) - ANSWER_FIXED,
				       *size - ANSWER_FIXED, &tags);
	*head = ANSWER_FIXED + tags;
	return got;
}

/* The head of the answer: the client's correlation id goes in.  True: it is there and the answer
 * may pass. */
static bool begin(struct client *c, struct request *r, struct part *p)
{
	struct upstream *u = p->upstream;
	struct conn *in = &u->link.conn;
	enum head_result got;
	uint32_t size = 0, head = 0;

	while ((got = read_head(in, p, &size, &head)) == HEAD_MORE && conn_fill(in, UINT32_MAX) > 0)
		;
	if (got == HEAD_MORE && !conn_is_dry(in) && !conn_is_full(in))
		return false;
	if (got != HEAD_OK) {
		upstream_lose(u, conn_is_dry(in) ? LINK_CUT : LINK_BAD_ANSWER);
		return false;
	}
	wire_put32(conn_data(in) + 4, r->head.correlation_id);
	relay_start(&c->out.relay, size);
	if (r->head.api->answer == ANSWER_WATCH)
		watch_begin(r, head, size - head);
	r->is_answered = true;
	r->answered = client_now(c);
	return true;
}

static void count_passed(struct client *c, struct request *r, const struct upstream *u,
			 uint64_t moved, uint64_t spliced)
{
	struct stats *stats = &c->worker->stats;

	stats_add(stats, STAT_CLIENT_BYTES_OUT, moved);
	stats_add(stats, STAT_BROKER_BYTES_IN, moved);
	zone_bytes_client(c, moved);
	zone_bytes_broker(c, u, moved);
	stats_add(stats, STAT_SPLICED_BYTES, spliced);
	c->tally.out += moved;
	if (moved == 0)
		return;
	c->tally.moved_at = client_now(c);
	r->deadline = client_now(c) + c->worker->config->body_timeout_ms / 1000.0;
}

static enum course_result pass(struct client *c, struct request *r, struct part *p)
{
	struct upstream *u = p->upstream;
	struct relay *relay = &c->out.relay;
	struct relay_watcher watcher = watch_over(r);
	uint64_t moved, spliced;
	enum relay_result got;

	if (!upstream_is_open(u) || upstream_next(u) != p)
		return COURSE_WAITS;
	if (!r->is_answered && !begin(c, r, p))
		return upstream_is_lost(u) ? COURSE_MOVED : COURSE_WAITS;
	moved = relay->moved;
	spliced = relay->spliced;
	got = relay_run(relay, &u->link.conn, &c->conn,
			r->head.api->answer == ANSWER_WATCH ? &watcher : NULL, &c->share.bytes,
			&c->worker->pipes);
	count_passed(c, r, u, relay->moved - moved, relay->spliced - spliced);
	switch (got) {
	case RELAY_DONE:
		upstream_answered(u);
		if (r->head.api->answer == ANSWER_WATCH) {
			watch_end(r);
			upstream_mute(u, r->watch.throttle_ms);
			if (r->watch.throttle_ms > 0)
				r->throttled_ms = r->watch.throttle_ms;
		}
		p->upstream = NULL;
		part_set(p, PART_ANSWERED);
		return COURSE_ANSWERED;
	case RELAY_FROM_LOST:
		upstream_lose(u, LINK_CUT);
		return COURSE_MOVED;
	case RELAY_TO_LOST:
		client_fail(c, "closed by the client");
		return COURSE_MOVED;
	case RELAY_BAD:
		client_fail(c, "a broker's answer that contradicts its schema");
		return COURSE_MOVED;
	case RELAY_WAIT:
	case RELAY_ENOUGH:
		break;
	}
	return relay->moved > moved ? COURSE_MOVED : COURSE_WAITS;
}

static enum course_result answer(struct client *c, struct request *r)
{
	struct part *p = r->parts;
	int code;

	if (!part_is_final(p))
		return pass(c, r, p);
	/* the broker is gone: the client hears what it can do about it */
	code = part_lost_code(p);
	if (code == LOST_SAYS_NOTHING)
		client_fail(c, "its broker was lost");
	else
		return reply_stub_seen(r, code, false, r->is_near ? watch_whole : NULL);
	return COURSE_MOVED;
}

const struct course course_through = { .name = "through",
				       .commit = send_begin_one,
				       .answer = answer };
