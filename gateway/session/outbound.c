/* Answers leave in the order of the requests: only the oldest request's answer
 * is read past its head. */
#include "session/session.h"

#include "kafka/wire.h"

static void finish(struct client *c, struct request *r)
{
	stats_latency(&c->worker->stats, (uint64_t)((client_now(c) - r->started) * 1e6));
	c->moved_at = client_now(c);
	stay_note_answer(c, r);
	request_free(r);
}

static void count_out(struct client *c, size_t n)
{
	stats_add(&c->worker->stats, STAT_CLIENT_BYTES_OUT, n);
	c->bytes_out += n;
	if (n > 0)
		c->moved_at = client_now(c);
}

/* A reply that was made here. */
static bool write_reply(struct client *c, struct request *r)
{
	size_t sent = conn_gather(&c->conn, &r->reply, &r->reply_iov);

	count_out(c, sent);
	if (conn_is_lost(&c->conn))
		client_fail(c, "closed by the client");
	else if (r->reply_iov == r->reply.count)
		finish(c, r);
	return sent > 0;
}

/* The head of an answer that is to be cut through: the client's correlation id
 * goes in.  True: it is there and the answer may pass. */
static bool begin_answer(struct client *c, struct request *r, struct part *p)
{
	struct upstream *u = p->upstream;
	struct conn *in = &u->link.conn;
	bool tags = api_answer_has_tags(r->head.api, r->head.version);
	uint32_t size, skip = 0;
	enum head_result got = HEAD_MORE;

	while (got == HEAD_MORE) {
		if (conn_len(in) >= ANSWER_FIXED) {
			size = wire_get32(conn_data(in));
			if (size < ANSWER_FIXED - HEAD_SIZE_BYTES || size > INT32_MAX ||
			    wire_get32(conn_data(in) + 4) != p->correlation_id)
				break;
			got = HEAD_OK;
			if (tags)
				got = answer_tags_skip(
					conn_data(in) + ANSWER_FIXED, conn_len(in) - ANSWER_FIXED,
					size + HEAD_SIZE_BYTES - ANSWER_FIXED, &skip);
			if (got != HEAD_MORE)
				break;
		}
		if (conn_fill(in, UINT32_MAX) > 0)
			continue;
		if (conn_is_dry(in) || conn_is_full(in))
			break;
		if (!conn_may_read(in))
			return false;
	}
	if (got != HEAD_OK) {
		upstream_lose(u, conn_is_dry(in) ? LINK_CUT : LINK_BAD_ANSWER);
		return false;
	}
	wire_put32(conn_data(in) + 4, r->head.correlation_id);
	relay_start(&c->down, size + HEAD_SIZE_BYTES);
	if (r->head.api->answer == ANSWER_WATCH)
		watch_begin(r, ANSWER_FIXED + skip, size + HEAD_SIZE_BYTES - ANSWER_FIXED - skip);
	r->answer_begun = true;
	return true;
}

static bool pass_answer(struct client *c, struct request *r, struct part *p)
{
	struct upstream *u = p->upstream;
	struct relay_watcher watcher = watch_over(r);
	bool watched = r->head.api->answer == ANSWER_WATCH;
	uint64_t before, spliced;
	enum relay_result got;

	if (!upstream_is_open(u) || upstream_next(u) != p)
		return false;
	if (!r->answer_begun && !begin_answer(c, r, p))
		return upstream_is_lost(u);
	before = c->down.moved;
	spliced = c->down.spliced;
	got = relay_run(&c->down, &u->link.conn, &c->conn, watched ? &watcher : NULL,
			&c->share.bytes, &c->worker->pipes);
	count_out(c, c->down.moved - before);
	stats_add(&c->worker->stats, STAT_BROKER_BYTES_IN, c->down.moved - before);
	stats_add(&c->worker->stats, STAT_SPLICED_BYTES, c->down.spliced - spliced);
	if (c->down.moved > before && r->deadline > 0)
		r->deadline = client_now(c) + c->worker->config->body_timeout_ms / 1000.0;
	switch (got) {
	case RELAY_DONE:
		upstream_answered(u);
		p->upstream = NULL;
		p->state = PART_ANSWERED;
		finish(c, r);
		return true;
	case RELAY_FROM_LOST:
		upstream_lose(u, LINK_CUT);
		return true;
	case RELAY_TO_LOST:
		client_fail(c, "closed by the client");
		return true;
	case RELAY_BAD:
		client_fail(c, "a broker's answer that contradicts its schema");
		return true;
	case RELAY_WAIT:
	case RELAY_ENOUGH:
		break;
	}
	return c->down.moved > before;
}

/* The only part's broker is gone: the client hears what it can do about it. */
static void answer_lost(struct client *c, struct request *r, struct part *p)
{
	int code = lost_code(r, p);

	if (code < 0)
		client_fail(c, "its broker was lost");
	else
		collect_stub(r, code, false);
}

static bool through_step(struct client *c, struct request *r)
{
	struct part *p = &r->parts[0];

	if (p->state == PART_SENT)
		return pass_answer(c, r, p);
	if (p->state != PART_LOST && p->state != PART_UNSENT)
		return false;
	answer_lost(c, r, p);
	return true;
}

static bool held_step(struct client *c, struct request *r)
{
	bool moved = false, final = true;

	if (r->phase == 2) {
		moved = phases_step(c, r, &final);
		if (!final || c->closing != NULL)
			return moved;
		if (!collect_reply(c, r))
			client_fail(c, "a broker's answer that contradicts its schema");
		return true;
	}

	for (uint32_t i = 0; i < r->part_count && c->closing == NULL; i++) {
		struct part *p = &r->parts[i];

		if (p->state == PART_SENT && p->upstream != NULL)
			moved |= collect_part(c, p);
		final &= p->state >= PART_ANSWERED;
	}
	if (!final || c->closing != NULL)
		return moved;
	if (r->phase == 1 && phases_go_on(c, r))
		return true;
	if (!collect_reply(c, r))
		client_fail(c, "its broker was lost, or answered what can't be shown");
	return true;
}

/* acks=0: there is no answer, and no way to say that it failed. */
static bool answerless_step(struct client *c, struct request *r)
{
	for (uint32_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].state != PART_SENT) {
			client_fail(c, "an acks=0 Produce that could not be sent");
			return true;
		}
		r->parts[i].upstream = NULL;
	}
	finish(c, r);
	return true;
}

bool outbound_step(struct client *c)
{
	struct request *r = c->first;

	if (r == NULL || r->kind == REQUEST_NEW)
		return false;
	if (r->replied)
		return write_reply(c, r);
	if (r->phase < 2 && !request_is_sent(r))
		return false;
	if (r->answerless)
		return answerless_step(c, r);
	if (r->deadline == 0)
		r->deadline = client_now(c) + r->allowed;
	return r->kind == REQUEST_THROUGH ? through_step(c, r) : held_step(c, r);
}
