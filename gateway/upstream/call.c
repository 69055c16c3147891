#include "upstream/call.h"

#include "kafka/head.h"
#include "kafka/wire.h"
#include "util/clock.h"
#include "util/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A request whose answer has not come. */
struct pending {
	struct pending *next;
	const struct kapi *api;
	int version;
	uint32_t correlation_id;
	int64_t deadline; /* clock_ms */
	call_answer answer;
	void *owner;
	struct buf frame; /* until it has left */
	size_t sent;
};

struct call {
	struct link link;
	struct bufpool pool;
	ev_timer timer; /* the next deadline, or a loss that is to be told */
	bool was_told_open, was_told_lost;
	int error; /* LOST: an errno, or 0 */
	uint32_t max_answer;
	const char *client_id;
	uint32_t next_id;
	struct pending *first, **last;
	struct pending *to_send; /* the first one whose frame has not left */
	unsigned in_flight;
	const struct call_events *events;
	void *owner;
	bool in_callback;
	bool freed; /* by its owner, from inside a callback */
};

const char *call_error_text(int error)
{
	return error != 0 ? strerrordesc_np(error) : "-";
}

const char *call_refusal(const struct call *c)
{
	bool is_refused = c->link.state == LINK_LOST && c->link.end == LINK_REFUSED;

	return is_refused ? link_why(&c->link) : tls_why(&c->link.conn);
}

const char *call_reason(const struct call *c, int error)
{
	const char *refusal = call_refusal(c);

	return refusal != NULL ? refusal : call_error_text(error);
}

/* What a loss means is told by the timer, from the loop. */
static void lose(struct call *c, enum link_end end, int error)
{
	if (c->link.state == LINK_LOST)
		return;
	link_lose(&c->link, end);
	c->error = error;
}

/* --- deadlines --- */

/* 0: none. */
static int64_t next_deadline(const struct call *c)
{
	int64_t first = 0;

	for (const struct pending *p = c->first; p != NULL; p = p->next) {
		if (first == 0 || p->deadline < first)
			first = p->deadline;
	}
	return first;
}

static void arm_timer(struct call *c)
{
	struct ev_loop *loop = conn_loop(&c->link.conn);
	bool is_lost = c->link.state == LINK_LOST;
	int64_t at = next_deadline(c), left = at - clock_ms();

	ev_timer_stop(loop, &c->timer);
	if (is_lost ? c->was_told_lost : at == 0)
		return;
	ev_now_update(loop);
	ev_timer_set(&c->timer, is_lost || left <= 0 ? 0. : (double)left / 1e3, 0.);
	ev_timer_start(loop, &c->timer);
}

/* --- answers --- */

static void pending_free(struct pending *p)
{
	buf_deinit(&p->frame);
	free(p);
}

static struct pending *pending_pop(struct call *c)
{
	struct pending *p = c->first;

	c->first = p->next;
	if (c->first == NULL)
		c->last = &c->first;
	if (c->to_send == p)
		c->to_send = p->next;
	c->in_flight--;
	return p;
}

/* Runs one answer's callback; false: the owner freed the call in it. */
static bool answer_one(struct call *c, const uint8_t *body, uint32_t len)
{
	struct pending *p = pending_pop(c);

	p->answer(p->owner, body, len);
	pending_free(p);
	return !c->freed;
}

/* A frame, its size field left out. */
static bool take_frame(struct call *c, const uint8_t *frame, uint32_t size)
{
	uint32_t at = ANSWER_FIXED - HEAD_SIZE_BYTES, tags = 0;
	const struct pending *p = c->first;

	if (p == NULL || p == c->to_send || size < at || wire_get32(frame) != p->correlation_id ||
	    (api_answer_has_tags(p->api, p->version) &&
	     answer_tags_skip(frame + at, size - at, size - at, &tags) != HEAD_OK)) {
		lose(c, LINK_BAD_ANSWER, 0);
		return true;
	}
	return answer_one(c, frame + at + tags, size - at - tags);
}

/* Takes the whole frames that are there; false: the call was freed. */
static bool take_frames(struct call *c)
{
	struct conn *in = &c->link.conn;

	while (link_is_open(&c->link) && conn_len(in) >= HEAD_SIZE_BYTES) {
		uint32_t size = wire_get32(conn_data(in));
		uint8_t *frame;
		bool goes_on;

		if (size > c->max_answer) {
			lose(c, LINK_BAD_ANSWER, EMSGSIZE);
			return true;
		}
		if (conn_len(in) - HEAD_SIZE_BYTES < size)
			break;
		/* its own memory: the owner may free the call */
		frame = conn_take_whole(in, HEAD_SIZE_BYTES + size);
		goes_on = take_frame(c, frame + HEAD_SIZE_BYTES, size);
		free(frame);
		if (!goes_on)
			return false;
	}
	return true;
}

/* Room for the frame that has begun: it grows with what has come, not with what a size field says
 * will come. */
static void make_room(struct conn *in)
{
	uint64_t whole = (uint64_t)wire_get32(conn_data(in)) + HEAD_SIZE_BYTES;
	uint64_t twice = 2 * (uint64_t)conn_len(in);

	conn_reserve(in, (uint32_t)(whole < twice ? whole : twice));
}

static void receive(struct call *c)
{
	struct conn *in = &c->link.conn;
	uint32_t n;

	do {
		if (conn_is_full(in))
			make_room(in);
		n = conn_fill(in, UINT32_MAX);
		if (!take_frames(c))
			return;
	} while ((n > 0 || conn_may_read(in)) && link_is_open(&c->link));
	if (conn_is_dry(in))
		lose(c, LINK_CUT, conn_error(in));
	conn_rest(in);
}

/* --- requests --- */

static void write_some(struct call *c)
{
	struct conn *out = &c->link.conn;

	while (c->to_send != NULL && conn_may_write(out)) {
		struct pending *p = c->to_send;

		if (p->sent == 0 && link_is_due(&c->link))
			break; /* after the login */
		p->sent += conn_write(out, p->frame.data + p->sent,
				      (uint32_t)(p->frame.len - p->sent));
		if (p->sent < p->frame.len)
			continue;
		buf_deinit(&p->frame);
		c->to_send = p->next;
	}
	if (conn_is_lost(out))
		lose(c, LINK_CUT, conn_error(out));
}

/* Nothing has left that is not answered. */
static bool is_quiet(const struct call *c)
{
	return c->first == c->to_send && (c->first == NULL || c->first->sent == 0);
}

/* The one place that writes and says what is waited for, from state. */
static void arm(struct call *c)
{
	if (link_is_open(&c->link))
		write_some(c);
	if (link_is_due(&c->link) && is_quiet(c))
		link_renew(&c->link);
	link_await(&c->link, true, c->to_send != NULL);
	arm_timer(c);
}

/* --- steps --- */

static void release(struct call *c)
{
	while (c->first != NULL)
		pending_free(pending_pop(c));
	bufpool_deinit(&c->pool);
	free(c);
}

/* Everything that runs callbacks runs in here. */
static void guarded(struct call *c, void (*step)(struct call *c))
{
	c->in_callback = true;
	step(c);
	c->in_callback = false;
	if (c->freed)
		release(c);
	else
		arm(c);
}

static void step_link(struct call *c)
{
	if (link_is_open(&c->link) && !c->was_told_open) {
		c->was_told_open = true;
		if (c->events->on_connected != NULL)
			c->events->on_connected(c->owner);
	}
	if (!c->freed && link_is_open(&c->link))
		receive(c);
}

/* The last things an owner is told. */
static void tell_loss(struct call *c)
{
	int error = c->error;

	if (c->link.end == LINK_NOT_CONNECTED) {
		error = conn_error(&c->link.conn);
		error = error != 0 ? error : ETIMEDOUT;
	}
	while (c->first != NULL) {
		if (!answer_one(c, NULL, 0))
			return;
	}
	c->was_told_lost = true;
	c->events->on_closed(c->owner, c->link.end, error);
}

static void step_timer(struct call *c)
{
	int64_t at = next_deadline(c);

	if (c->link.state == LINK_LOST)
		tell_loss(c);
	else if (at != 0 && at <= clock_ms())
		lose(c, LINK_LATE, ETIMEDOUT);
}

static void on_link(void *call)
{
	guarded(call, step_link);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	guarded(CONTAINER_OF(timer, struct call, timer), step_timer);
}

/* --- for its owner --- */

static struct login *own_login(const struct link_terms *terms)
{
	return terms != NULL && terms->account != NULL ? login_new(terms->account) : NULL;
}

struct call *call_new(struct ev_loop *loop, const struct call_options *o,
		      const struct call_events *events, void *owner)
{
	const struct link_wanted wanted = { .address = o->address,
					    .address_len = o->address_len,
					    .timeout_ms = o->connect_timeout_ms,
					    .terms = o->terms,
					    .host = o->host,
					    .port = o->port,
					    .login = own_login(o->terms) };
	struct call *c = mem_zalloc(sizeof *c);

	c->events = events;
	c->owner = owner;
	c->max_answer = o->max_answer;
	c->client_id = o->client_id != NULL ? o->client_id : "anyport";
	c->last = &c->first;
	bufpool_init(&c->pool);
	ev_timer_init(&c->timer, on_timer, 0., 0.);
	link_open(&c->link, &wanted, loop, &c->pool, on_link, c);
	arm(c);
	return c;
}

void call_free(struct call *c)
{
	if (c == NULL || c->freed)
		return;
	ev_timer_stop(conn_loop(&c->link.conn), &c->timer);
	link_close(&c->link);
	c->freed = true;
	if (!c->in_callback)
		release(c);
}

static void add_pending(struct call *c, const struct call_request *r, const struct buf *frame)
{
	struct pending *p = mem_alloc(sizeof *p);

	*p = (struct pending){ .api = api_of((int)r->key),
			       .version = r->version,
			       .correlation_id = c->next_id++,
			       .deadline = clock_ms() + r->timeout_ms,
			       .answer = r->answer,
			       .owner = r->owner,
			       .frame = *frame };
	*c->last = p;
	c->last = &p->next;
	if (c->to_send == NULL)
		c->to_send = p;
	c->in_flight++;
}

bool call_send(struct call *c, const struct call_request *r)
{
	struct buf frame;

	assert(!c->freed);
	if (c->link.state == LINK_LOST || c->in_flight == CALL_PIPELINE_MAX)
		return false;
	buf_init(&frame, CALL_REQUEST_MAX);
	if (!say_frame(api_of((int)r->key), r->version, c->next_id, c->client_id, r->says,
		       &frame)) {
		buf_deinit(&frame);
		return false;
	}
	add_pending(c, r, &frame);
	if (!c->in_callback)
		arm(c);
	return true;
}
