#include "session/reading.h"

#include "session/audit.h"
#include "session/ending.h"
#include "kafka/wire.h"
#include "session/doorway.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/request.h"
#include "session/routing.h"
#include "session/send.h"
#include "util/log.h"
#include "util/clock.h"
#include "util/mem.h"

#include <assert.h>
#include <string.h>

enum {
	CLIENT_ID_KEPT = 255,
};

/* --- bytes --- */

/* No more will come.  A client that has only stopped sending is still answered. */
static bool end_of_input(struct client *c)
{
	if (conn_is_lost(&c->conn))
		client_fail(c, "closed by the client");
	else if (conn_has_ended(&c->conn) && c->in.state != IN_HEAD)
		client_fail(c, "closed by the client in mid-frame");
	else if (conn_has_ended(&c->conn))
		client_end(c, "closed by the client");
	return false;
}

/* True: there is more in the buffer than before. */
static bool read_more(struct client *c)
{
	uint32_t n;

	if (conn_may_read(&c->conn) && conn_is_full(&c->conn)) {
		client_fail(c, "a head that fills the buffer");
		return false;
	}
	n = conn_fill(&c->conn, UINT32_MAX);
	if (n > 0)
		c->tally.moved_at = client_now(c);
	hold_moved(&c->in.frame, n);
	return n > 0 || end_of_input(c);
}

static void bad_frame(struct client *c, const char *why)
{
	stats_add(&c->worker->stats, STAT_BAD_FRAMES, 1);
	client_end(c, why);
}

/* --- a frame's head --- */

/* A hello instead of a frame: its client must not get a byte, and who runs it should know. */
static bool is_tls(const struct client *c)
{
	static const uint8_t hello[] = { 0x16, 3 };
	char address[ADDRESS_TEXT];

	if (c->came.tls.version != NULL || c->tally.in > 0 || conn_len(&c->conn) < sizeof hello ||
	    memcmp(conn_data(&c->conn), hello, sizeof hello) != 0)
		return false;
	address_text(&c->came.peer, address);
	log_warn("client=%s event=no_tls reason=\"TLS at a plaintext port\"", address);
	return true;
}

/* Whether brokers serve this version, or the API answers whatever is asked. */
static bool is_served(const struct client *c, const struct request_head *h)
{
	const struct snapshot *s = c->worker->snapshot;
	const bool is_of_login = h->key == KEY_SASL_HANDSHAKE || h->key == KEY_SASL_AUTHENTICATE;

	if (is_of_login && config_judges(c->worker->config))
		return kversions_has(api_versions(h->api), h->version);
	return h->api->route == HERE || (kversions_has(s->offers[h->key], h->version) &&
					 advertise_serves(c->came.entrance->listener, h->api));
}

/* For who asks who is connected; a client hardly ever changes its id. */
static void keep_client_id(struct client *c, const struct request_head *head)
{
	const uint8_t *id = conn_data(&c->conn) + head->client_id_at;
	size_t len = head->client_id_len > 0 ? (size_t)head->client_id_len : 0;

	if (len > CLIENT_ID_KEPT)
		len = CLIENT_ID_KEPT;
	if (c->client_id == NULL
		    ? len == 0
		    : strlen(c->client_id) == len && memcmp(c->client_id, id, len) == 0)
		return;
	uses_change_client(c);
	free(c->client_id);
	c->client_id = len > 0 ? mem_strndup((const char *)id, len) : NULL;
}

/* A drain: what has come by now is still read, and nothing after it. */
static bool last_look(struct client *c)
{
	if (c->life.state == LIFE_LAST_LOOK) {
		client_set_life(c, LIFE_DRAINING, NULL);
		conn_look_again(&c->conn);
		return read_more(c) || !client_is_closing(c);
	}
	(void)inbound_stop(c); /* between frames, so there is no request */
	return true;
}

static bool wait_for_head(struct client *c)
{
	if (conn_len(&c->conn) == 0)
		c->in.since = 0;
	else if (c->in.since == 0)
		c->in.since = client_now(c);
	return read_more(c);
}

static void begin_request(struct client *c, const struct request_head *head)
{
	struct request *r = request_new(c, head);
	uint32_t size = request_frame_size(r);

	keep_client_id(c, head);
	stats_request(&c->worker->stats, head->key);
	uses_begin(c);
	c->share.requests--;
	/* a block is all there is, so from here on the frame is not moved before it is held: the
	 * layout points into it */
	assert(!conn_fits(&c->conn, INBUF_BLOCK + 1));
	conn_reserve(&c->conn, size < INBUF_BLOCK ? size : INBUF_BLOCK);
	inbound_route(c, r);
}

static bool begin_served(struct client *c, const struct request_head *head, bool is_open)
{
	const int64_t now = clock_ms();

	standstill_look(c->worker, now);
	if (client_is_closing(c))
		return false;
	if (!is_served(c, head)) {
		bad_frame(c, "a version that the brokers don't serve");
		return false;
	}
	begin_request(c, head);
	c->in.request->head_is_open = is_open;
	c->in.request->heard = door_hear(&c->door, head->key, now);
	c->in.request->must_be_whole = audit_wants(c, c->in.request);
	return true;
}

/* A frame without a head: a step of a login by SaslHandshake 0. */
static bool bare_step(struct client *c, uint32_t max)
{
	uint32_t size;

	if (conn_len(&c->conn) < HEAD_SIZE_BYTES)
		return wait_for_head(c);
	size = wire_get32(conn_data(&c->conn));
	if (size == 0 || size > max) {
		bad_frame(c, "a frame that no broker would take");
		return false;
	}
	doorway_hear_bare(c, size);
	return true;
}

/* No frame is begun now; but a client that is lost meanwhile is noticed.  One that has only stopped
 * sending has its turn for what it sent. */
static bool wait_for_turn(struct client *c)
{
	uint32_t n;

	if (requests_are_many(c) || !conn_may_read(&c->conn) || conn_is_full(&c->conn))
		return false;
	n = conn_fill(&c->conn, UINT32_MAX);
	if (conn_is_lost(&c->conn))
		client_fail(c, "closed by the client");
	return n > 0;
}

/* No frame is begun while a login is judged; who has gone meanwhile needs no answer. */
static bool wait_for_login(struct client *c)
{
	uint32_t n = 0;

	if (conn_may_read(&c->conn) && !conn_is_full(&c->conn))
		n = conn_fill(&c->conn, UINT32_MAX);
	if (conn_is_lost(&c->conn) || (conn_has_ended(&c->conn) && conn_len(&c->conn) == 0))
		client_fail(c, "closed by the client");
	return n > 0;
}

static bool head_step(struct client *c)
{
	struct request_head head;
	uint32_t max = door_frame_max(&c->door, (uint32_t)c->worker->config->max_frame_bytes);

	if (client_is_draining(c) && conn_len(&c->conn) == 0)
		return last_look(c);
	if (door_is_waiting(&c->door))
		return wait_for_login(c);
	if (!inbound_may_begin(c))
		return wait_for_turn(c);
	if (door_is_bare(&c->door))
		return bare_step(c, max);
	switch (head_read(conn_data(&c->conn), conn_len(&c->conn), max, &head)) {
	case HEAD_MORE:
		/* tagged fields may be as long as a frame; what is in front of them is there */
		if (conn_is_full(&c->conn))
			return begin_served(c, &head, true);
		return wait_for_head(c);
	case HEAD_BAD:
		bad_frame(c, is_tls(c) ? "TLS at a plaintext port"
				       : "a frame that no broker would take");
		return false;
	case HEAD_OK:
		return begin_served(c, &head, false);
	}
	return false;
}

/* --- its body, as far as routing needs it --- */

static uint32_t frame_there(const struct client *c, const struct request *r)
{
	uint32_t n = conn_len(&c->conn), size = request_frame_size(r);

	return n < size ? n : size;
}

/* Waits for memory, or the client fails. */
static bool wait_for_memory(struct client *c)
{
	if (!client_is_closing(c))
		inbound_wait_for_memory(c);
	return !client_is_closing(c);
}

/* The frame does not fit a block and must be held: memory for all of it. */
static bool hold(struct client *c, struct request *r)
{
	uint32_t size = request_frame_size(r);

	if (!hold_get(c, &c->in.frame, BUDGET_FRAMES, size))
		return wait_for_memory(c);
	hold_pace(&c->in.frame);
	conn_reserve(&c->conn, size);
	layout_init(&r->layout, &r->arena); /* what it points to has moved */
	r->was_walked = false;
	return true;
}

/* Takes the walk over what is there.  False: the message is malformed. */
static bool walk_on(struct client *c, struct request *r)
{
	uint32_t body = request_frame_size(r) - r->head.body_at;
	struct walk_event e;
	enum walk_result got = WALK_MORE;

	if (!r->was_walked) {
		walk_init(&r->walk, api_plan(r->head.api, r->head.version, REQUEST), body);
		r->was_walked = true;
	}
	walk_input(&r->walk, conn_data(&c->conn) + r->head.body_at + r->walk.pos,
		   frame_there(c, r) - r->head.body_at - r->walk.pos);
	while (!r->layout.is_full && (got = walk_next(&r->walk, &e)) == WALK_EVENT)
		layout_event(&r->layout, &e);
	if (got == WALK_DONE && !r->layout.is_full)
		r->layout.done = r->layout.all_seen = true;
	return got != WALK_BAD;
}

/* The layout of a frame that is all there, counted and paid for.  True: it goes on. */
static bool lay_out(struct client *c, struct request *r)
{
	const struct plan *plan = api_plan(r->head.api, r->head.version, REQUEST);
	const uint8_t *body = conn_data(&c->conn) + r->head.body_at;
	const uint32_t size = request_frame_size(r) - r->head.body_at;
	struct layout_sum sum;
	int64_t bytes;

	if (!layout_count(&sum, plan, body, size)) {
		bad_frame(c, sum.layout.is_full ? "a request for too many things"
						: "a malformed request");
		return false;
	}
	bytes = routing_memory(c, r, &sum);
	if (bytes > LAYOUT_FREE && !hold_get(c, &r->layout_hold, BUDGET_LAYOUTS, bytes))
		return wait_for_memory(c);
	layout_init(&r->layout, &r->arena);
	layout_read_counted(&r->layout, &sum, plan, body, size);
	r->layout.all_seen = true;
	r->is_laid_out = true;
	return true;
}

static bool read_body(struct client *c, struct request *r)
{
	if (!conn_fits(&c->conn, request_frame_size(r)) && conn_is_full(&c->conn))
		return hold(c, r);
	return read_more(c);
}

static void on_told(void *owner, int32_t broker)
{
	struct client *c = owner;

	(void)broker;
	inbound_route_again(c);
	client_wake(c);
}

/* The topology is asked once. */
static void ask(struct client *c, struct request *r, enum course_need need)
{
	struct topology_query *q = need == NEED_TOPICS ? routing_ask_topics(c, r, on_told)
						       : routing_ask_coordinators(c, r, on_told);

	r->was_asked = need == NEED_TOPICS || r->layout.has_key ||
		       r->asked_to >= r->layout.item_count;
	if (q != NULL)
		inbound_ask(c, q);
}

static bool route(struct client *c, struct request *r)
{
	struct sending to;
	enum course_need need = routing_decide(c, r, &to);

	switch (need) {
	case NEED_NOTHING:
		if (audit_wants(c, r))
			audit_begin(c, r);
		routing_commit(c, r, &to);
		return true;
	case NEED_MORE:
		return read_body(c, r);
	case NEED_WHOLE:
		r->must_be_whole = true;
		return read_body(c, r);
	case NEED_LAYOUT:
		r->must_be_whole = r->must_be_laid_out = true;
		return request_is_whole(c, r) || read_body(c, r);
	case NEED_TOPICS:
	case NEED_COORDINATORS:
		ask(c, r, need);
		return true;
	case NEED_END:
		stats_add(&c->worker->stats, STAT_BAD_FRAMES, to.is_malformed);
		client_end(c, to.closes);
		return false;
	case NEED_CLOSE:
		client_fail(c, to.closes);
		return false;
	}
	return false;
}

/* All of a frame is there whose head did not fit a block.  False: no broker would take it. */
static bool close_head(struct client *c, struct request *r)
{
	const uint32_t max = request_frame_size(r);

	r->head_is_open = false;
	return head_read(conn_data(&c->conn), conn_len(&c->conn), max, &r->head) == HEAD_OK;
}

/* Whether its layout has to be paid for before anything is made of it: it has not had room, or the
 * frame is held, so that what is made of it may be large. */
static bool must_be_laid_out(const struct client *c, const struct request *r)
{
	return !r->is_laid_out && (r->must_be_laid_out || r->layout.is_full ||
				   (c->in.frame.reservation != NULL && routing_needs_walk(r)));
}

static bool route_step(struct client *c)
{
	struct request *r = c->in.request;
	bool is_whole = frame_there(c, r) == request_frame_size(r);

	if (is_whole)
		hold_rest(&c->in.frame);
	if (r->head_is_open && !is_whole)
		return read_body(c, r);
	if (r->head_is_open && !close_head(c, r)) {
		bad_frame(c, "a frame that no broker would take");
		return false;
	}
	if (routing_needs_walk(r) && !r->layout.done && !r->layout.is_full && !walk_on(c, r)) {
		bad_frame(c, "a malformed request");
		return false;
	}
	if (r->must_be_whole && !is_whole)
		return read_body(c, r);
	if (is_whole && must_be_laid_out(c, r))
		return lay_out(c, r);
	return route(c, r);
}

static bool memory_step(struct client *c)
{
	if (hold_waits(&c->in.frame) || hold_waits(&c->in.request->layout_hold))
		return false;
	inbound_route_again(c);
	return true;
}

static bool swallow_step(struct client *c)
{
	if (conn_len(&c->conn) == 0)
		return read_more(c);
	inbound_swallow_some(c);
	return true;
}

bool reading_step(struct client *c)
{
	switch (c->in.state) {
	case IN_HEAD:
		return head_step(c);
	case IN_ROUTE:
		return route_step(c);
	case IN_SEND:
		return send_step(c, c->in.request);
	case IN_SWALLOW:
		return swallow_step(c);
	case IN_BUDGET:
		return memory_step(c);
	case IN_ASK:
	case IN_STOPPED:
		return false;
	}
	return false;
}
