#include "session/outbound.h"

#include "session/audit.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/losses.h"
#include "session/request.h"
#include "session/seen.h"
#include "session/stay.h"

static void finish(struct client *c, struct request *r)
{
	stats_latency(&c->worker->stats, (uint64_t)((client_now(c) - r->started) * 1e6));
	c->tally.moved_at = client_now(c);
	uses_answered(c, r);
	audit_answered(r);
	stay_note_answer(c, r);
	seen_note(c, r);
	request_free(r);
}

/* A reply that was made here. */
static bool write_reply(struct client *c, struct request *r)
{
	size_t sent = conn_gather(&c->conn, &r->reply, &r->reply_at);

	stats_add(&c->worker->stats, STAT_CLIENT_BYTES_OUT, sent);
	zone_bytes_client(c, sent);
	c->tally.out += sent;
	c->share.bytes -= (int64_t)sent;
	hold_moved(&r->answers_hold, sent);
	hold_moved(&r->reply_hold, sent);
	if (sent > 0)
		c->tally.moved_at = client_now(c);
	if (conn_is_lost(&c->conn))
		client_fail(c, "closed by the client");
	else if (r->reply_at == r->reply.count)
		finish(c, r);
	return sent > 0;
}

/* acks=0: there is no answer, and no way to say that it failed. */
static void end_without_answer(struct client *c, struct request *r)
{
	for (uint32_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].state != PART_SENT) {
			client_fail(c, "an acks=0 Produce that could not be sent");
			return;
		}
		r->parts[i].upstream = NULL;
	}
	finish(c, r);
}

bool outbound_step(struct client *c)
{
	struct request *r = c->out.first;
	enum course_result got;

	if (r == NULL || r->course == NULL || r == c->in.request)
		return false;
	if (r->is_replied)
		return write_reply(c, r);
	if (request_has_no_answer(r)) {
		end_without_answer(c, r);
		return true;
	}
	if (r->deadline == 0)
		losses_begin(c, r);
	got = r->course->answer(c, r);
	if (got == COURSE_ANSWERED)
		finish(c, r);
	return got != COURSE_WAITS;
}
