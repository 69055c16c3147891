/* Frame by frame from the client's socket, one at a time: the next frame is
 * looked at when the last one has left. */
#include "session/session.h"

#include "loop/budget.h"
#include "net/proxy.h"
#include "util/mem.h"

#include <string.h>

enum { CLIENT_ID_KEPT = 255 };

/* No more will come.  A client that has only stopped sending is still answered. */
static bool end_of_input(struct client *c)
{
	if (conn_is_lost(&c->conn))
		client_fail(c, "closed by the client");
	else if (conn_has_ended(&c->conn) && c->in_state != IN_HEAD)
		client_fail(c, "closed by the client in mid-frame");
	else if (conn_has_ended(&c->conn))
		client_end(c, "closed by the client");
	return false;
}

/* True: there is more in the buffer than before. */
static bool read_more(struct client *c)
{
	uint32_t n;

	if (!conn_may_read(&c->conn))
		return end_of_input(c);
	if (conn_is_full(&c->conn)) {
		client_fail(c, "a head that fills the buffer");
		return false;
	}
	n = conn_fill(&c->conn, UINT32_MAX);
	if (n > 0)
		c->moved_at = client_now(c);
	return n > 0 || end_of_input(c);
}

/* Who the client is, is known now. */
static bool admit(struct client *c)
{
	c->counted_address =
		admission_enter_address(c->worker->shared->admission, (struct sockaddr *)&c->peer);
	if (!c->counted_address) {
		stats_add(&c->worker->stats, STAT_CLIENTS_REFUSED_ADDRESS, 1);
		client_fail(c, "too many connections from this address");
		return false;
	}
	c->in_state = IN_HEAD;
	return true;
}

static int port_of(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

	if (address->ss_family == AF_INET)
		return ntohs(v4->sin_port);
	return address->ss_family == AF_INET6 ? ntohs(v6->sin6_port) : 0;
}

/* The client's own address, and the port that it asked for where that is one of those
 * advertised: the load balancer may send all of them to one port of the node. */
static void take_addresses(struct client *c, const struct proxy_header *header)
{
	int port = port_of(&header->destination) - c->worker->config->advertised_port;

	c->peer = header->source;
	if (port >= 0 && port < c->worker->port_count)
		c->tenure.port = port;
}

static bool proxy_step(struct client *c)
{
	const struct config *config = c->worker->config;
	struct proxy_header header;
	size_t used;

	if (config->proxy_protocol == PROXY_OFF)
		return admit(c);
	for (;;) {
		switch (proxy_read(conn_data(&c->conn), conn_len(&c->conn), &header, &used)) {
		case PROXY_HEADER:
			if (!proxy_is_trusted(config->proxy_trusted, config->proxy_trusted_count,
					      (struct sockaddr *)&c->peer))
				break;
			conn_take(&c->conn, (uint32_t)used);
			if (!header.is_local)
				take_addresses(c, &header);
			return admit(c);
		case PROXY_NO_HEADER:
			if (config->proxy_protocol == PROXY_ALLOW)
				return admit(c);
			break;
		case PROXY_MORE:
			if (read_more(c))
				continue;
			return false;
		case PROXY_BAD:
			break;
		}
		stats_add(&c->worker->stats, STAT_CLIENTS_REFUSED_PROXY, 1);
		client_fail(c, "PROXY header missing, malformed or not trusted");
		return false;
	}
}

static void bad_frame(struct client *c, const char *why)
{
	stats_add(&c->worker->stats, STAT_BAD_FRAMES, 1);
	client_end(c, why);
}

/* Whether brokers serve this version, or the API answers whatever is asked. */
static bool is_served(const struct client *c, const struct request_head *h)
{
	const struct snapshot *s = c->worker->snapshot;

	return h->api->route == HERE || kversions_has(s->offers[h->key], h->version);
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
	free(c->client_id);
	c->client_id = len > 0 ? mem_strndup((const char *)id, len) : NULL;
}

static bool head_step(struct client *c)
{
	struct request_head head;
	uint32_t max = (uint32_t)c->worker->config->max_frame_bytes;

	if (c->draining && conn_len(&c->conn) == 0) {
		if (c->last_look) {
			c->last_look = false;
			return read_more(c) || c->closing == NULL;
		}
		c->in_state = IN_STOPPED;
		return true;
	}
	if (c->in_flight >= IN_FLIGHT_MAX)
		return false;
	switch (head_read(conn_data(&c->conn), conn_len(&c->conn), max, &head)) {
	case HEAD_MORE:
		if (conn_len(&c->conn) == 0)
			c->frame_since = 0;
		else if (c->frame_since == 0)
			c->frame_since = client_now(c);
		return read_more(c);
	case HEAD_BAD:
		bad_frame(c, "a frame that no broker would take");
		return false;
	case HEAD_OK:
		break;
	}
	if (!is_served(c, &head)) {
		bad_frame(c, "a version that the brokers don't serve");
		return false;
	}
	c->frame_since = client_now(c);
	keep_client_id(c, &head);
	c->inbound = request_new(c, &head);
	stats_request(&c->worker->stats, head.key);
	c->share.requests--;
	conn_reserve(&c->conn, request_frame_size(c->inbound) < INBUF_BLOCK
				       ? request_frame_size(c->inbound)
				       : INBUF_BLOCK);
	c->in_state = IN_ROUTE;
	return true;
}

static uint32_t frame_there(const struct client *c)
{
	uint32_t n = conn_len(&c->conn), size = request_frame_size(c->inbound);

	return n < size ? n : size;
}

static void on_grant(void *owner)
{
	struct client *c = owner;

	if (c->in_state == IN_BUDGET)
		c->in_state = IN_ROUTE;
	c->moved_at = c->frame_since = client_now(c);
	client_wake(c);
}

/* The frame does not fit a block and must be held: memory for all of it. */
static bool hold(struct client *c, struct request *r)
{
	uint32_t size = request_frame_size(r);
	bool granted;

	if (r->held_request == NULL) {
		if (size > budget_largest(c->worker->shared->budget)) {
			client_fail(c, "a request to be held that is larger than the budget");
			return false;
		}
		r->held_request = budget_reserve(c->worker->shared->budget, size,
						 &c->worker->mailbox, on_grant, c, &granted);
		if (!granted) {
			c->in_state = IN_BUDGET;
			return true;
		}
	}
	conn_reserve(&c->conn, size);
	layout_init(&r->layout, &r->arena); /* what it points to has moved */
	r->has_layout = false;
	return true;
}

/* Takes the walk over what is there.  False: the message is malformed. */
static bool walk_on(struct client *c, struct request *r)
{
	uint32_t body = request_frame_size(r) - r->head.body_at;
	struct walk_event e;
	enum walk_result got;

	if (!r->has_layout) {
		walk_init(&r->walk, api_plan(r->head.api, r->head.version, REQUEST), body);
		r->has_layout = true;
	}
	walk_input(&r->walk, conn_data(&c->conn) + r->head.body_at + r->walk.pos,
		   frame_there(c) - r->head.body_at - r->walk.pos);
	while ((got = walk_next(&r->walk, &e)) == WALK_EVENT)
		layout_event(&r->layout, &e);
	if (got == WALK_DONE)
		r->layout.done = r->layout.all_seen = true;
	return got != WALK_BAD;
}

static bool needs_walk(const struct kapi *api)
{
	return api->request != NULL && api->route != HERE &&
	       (api->route >= TO_LEADER || api->lost != LOST_CLOSE);
}

static bool route_step(struct client *c)
{
	struct request *r = c->inbound;
	bool whole = frame_there(c) == request_frame_size(r);

	if (needs_walk(r->head.api) && !r->layout.done && !walk_on(c, r)) {
		bad_frame(c, "a malformed request");
		return false;
	}
	if (dispatch_is_decided(r) || whole) {
		dispatch_request(c, r);
		return true;
	}
	if (!conn_fits(&c->conn, request_frame_size(r)) && conn_is_full(&c->conn))
		return hold(c, r);
	return read_more(c);
}

static bool swallow_step(struct client *c)
{
	uint32_t n = conn_len(&c->conn);

	if (n > c->swallow)
		n = c->swallow;
	conn_take(&c->conn, n);
	c->swallow -= n;
	if (c->swallow == 0) {
		c->in_state = IN_HEAD;
		return true;
	}
	return read_more(c);
}

bool inbound_step(struct client *c)
{
	switch (c->in_state) {
	case IN_PROXY:
		return proxy_step(c);
	case IN_HEAD:
		return head_step(c);
	case IN_ROUTE:
		return route_step(c);
	case IN_SEND:
		return send_step(c, c->inbound);
	case IN_SWALLOW:
		return swallow_step(c);
	case IN_BUDGET:
	case IN_ASK:
	case IN_STOPPED:
		return false;
	}
	return false;
}

bool inbound_is_idle(const struct client *c)
{
	return c->in_state == IN_STOPPED ||
	       ((c->in_state == IN_HEAD || c->in_state == IN_PROXY) && conn_len(&c->conn) == 0);
}
