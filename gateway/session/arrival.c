#include "session/arrival.h"

#include "auth/dn.h"
#include "net/address.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "session/client.h"
#include "session/identity.h"
#include "session/inside.h"
#include "session/principal.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GLANCE = 256 /* most headers are shorter */, ZONE_MOST = 255 };

/* Until the PROXY header is through there is a socket only, then the connection. */
struct arrival {
	struct arrival *next, **prev;
	struct worker *worker;
	struct came came;
	int fd;		 /* -1: the connection has it */
	uint32_t seen;	 /* bytes of a header that is not whole; 0: none */
	bool is_counted; /* admission_enter_address */
	bool is_proxied; /* the port is the one that the PROXY header says */
	ev_io watch;
	ev_timer limit;
	struct conn conn;
};

/* --- its end --- */

static void take_out(struct arrival *a)
{
	struct ev_loop *loop = a->worker->loop;

	ev_io_stop(loop, &a->watch);
	ev_timer_stop(loop, &a->limit);
	*a->prev = a->next;
	if (a->next != NULL)
		a->next->prev = a->prev;
}

/* Nobody has come. */
static void give_up(struct arrival *a, const char *why)
{
	struct worker *w = a->worker;
	char address[ADDRESS_TEXT];

	address_text(&a->came.peer, address);
	log_debug("client=%s event=closed reason=\"%s\"", address, why);
	take_out(a);
	if (a->fd >= 0)
		close(a->fd);
	else
		conn_close(&a->conn);
	identity_forget(&a->came);
	if (a->is_counted)
		admission_leave_address(w->shared->admission, &a->came.peer.any);
	admission_leave(w->shared->admission);
	stats_add(&w->stats, STAT_CLIENTS_CLOSED, 1);
	entrance_count(a->came.entrance, BY_LISTENER_CLOSED, 1);
	free(a);
	worker_client_gone(w);
}

static void refuse(struct arrival *a, enum stats_counter kind, const char *why)
{
	stats_add(&a->worker->stats, kind, 1);
	give_up(a, why);
}

/* --- who came --- */

static void take_tls(struct arrival *a)
{
	struct tls_facts *to = &a->came.tls;
	struct tls_said said;

	if (!tls_said(&a->conn, &said))
		return;
	to->version = said.version;
	if (said.server_name != NULL)
		to->server_name = mem_strdup(said.server_name);
	if (said.peer == NULL)
		return;
	to->subject = dn_text(tls_subject(said.peer));
	to->subject_until = tls_ends(said.peer);
}

/* In mode `host` a name says which broker is meant; it is not known whether there is one. */
static void take_name(struct arrival *a)
{
	struct hint hint = hint_of_name(a->came.entrance->listener, a->came.tls.server_name);

	if (hint.by == HINT_NONE)
		return;
	a->came.hint = hint;
	a->came.broker = hint.broker;
}

static void refuse_name(struct arrival *a, const char *why)
{
	const char *said = a->came.name != NULL ? a->came.name : a->came.tls.subject;
	char *name = principal_printable(said != NULL ? said : "");
	char address[ADDRESS_TEXT];

	address_text(&a->came.peer, address);
	log_warn("client=%s event=no_principal name=\"%s\" reason=\"%s\"", address, name, why);
	free(name);
	refuse(a, STAT_CLIENTS_REFUSED_NAME, why);
}

static void be_client(struct arrival *a)
{
	char why[IDENTITY_WHY_MAX] = "";

	take_tls(a);
	take_name(a);
	if (!identity_take(a->worker, &a->came, why)) {
		refuse_name(a, why);
		return;
	}
	take_out(a);
	client_new(a->worker, &a->conn, &a->came);
	free(a);
}

/* Why, in the log: each kind of failure as often as the log lets it. */
static void refuse_tls(struct arrival *a, const char *why)
{
	char address[ADDRESS_TEXT];

	address_text(&a->came.peer, address);
	log_warn("client=%s event=no_tls reason=\"%s\"", address, why);
	refuse(a, STAT_CLIENTS_REFUSED_TLS, why);
}

static void look_at_layer(struct arrival *a)
{
	if (conn_is_lost(&a->conn) && tls_why(&a->conn) != NULL)
		refuse_tls(a, tls_why(&a->conn));
	else if (conn_is_lost(&a->conn))
		give_up(a, "closed by the client");
	else if (conn_is_opening(&a->conn))
		conn_await(&a->conn, true, true);
	else
		be_client(a);
}

static void on_layer(void *owner)
{
	look_at_layer(owner);
}

/* The broker whose port it is. */
static int32_t broker_of(const struct listener *l, int port)
{
	return l->advertised_mode == ADVERTISE_PORTS ? l->min_broker_id + port : NO_BROKER;
}

/* The context of this moment; the connection keeps it. */
static void put_tls_on(struct arrival *a)
{
	const struct entrance *e = a->came.entrance;
	struct tls_slot *slots = a->worker->shared->client_tls;
	struct tls_context *context = slots != NULL ? tls_slot_get(&slots[e - a->worker->entrances])
						    : NULL;

	if (context != NULL)
		tls_accept(&a->conn, context);
	tls_context_unref(context);
}

/* By the longest network that has the address, else the listener's. */
static char *zone_of(const struct config *c, const struct listener *l, const union address *peer)
{
	const struct config_zone *best = NULL;
	const char *name;

	for (size_t i = 0; i < c->zone_count; i++) {
		const struct config_zone *z = &c->zones[i];

		if (address_is_in(peer, &z->net, 1) &&
		    (best == NULL || z->net.bits > best->net.bits))
			best = z;
	}
	name = best != NULL ? best->name : l->zone;
	return name != NULL ? mem_strdup(name) : NULL;
}

/* All bytes that come now are the connection's own. */
static void admit(struct arrival *a)
{
	const struct listener *l = a->came.entrance->listener;
	struct worker *w = a->worker;
	int fd = a->fd;

	a->is_counted = admission_enter_address(w->shared->admission, &a->came.peer.any);
	if (!a->is_counted) {
		refuse(a, STAT_CLIENTS_REFUSED_ADDRESS, "too many connections from this address");
		return;
	}
	if (a->came.zone == NULL)
		a->came.zone = zone_of(w->config, l, &a->came.peer);
	a->came.broker = broker_of(l, a->came.port);
	a->came.hint = hint_of_port(l, a->came.port, a->is_proxied);
	ev_io_stop(w->loop, &a->watch);
	a->fd = -1;
	conn_init(&a->conn, &conn_plain, fd, w->loop, &w->bufs, on_layer, a);
	put_tls_on(a);
	look_at_layer(a);
}

/* --- the PROXY header --- */

/* The client's own address, and the port that it asked for where that is one of those
 * advertised: the load balancer may send all of them to one port of the node. */
static void take_addresses(struct arrival *a, const struct proxy_header *header)
{
	const struct entrance *e = a->came.entrance;
	union address asked;
	int port;

	address_set(&a->came.peer, &header->source);
	address_set(&asked, &header->destination);
	port = address_port(&asked) - e->listener->advertised_port;
	a->is_proxied = port >= 0 && port < e->port_count;
	if (a->is_proxied)
		a->came.port = port;
}

/* The loop tells when there is more than has been looked at; what is looked at stays in the
 * socket, so it would else tell all the time. */
static void wait_for_more(struct arrival *a, uint32_t seen)
{
	int enough = (int)seen + 1;

	if (a->seen > 0 && seen <= a->seen) {
		give_up(a, "closed by the client in its PROXY header");
		return;
	}
	a->seen = seen;
	setsockopt(a->fd, SOL_SOCKET, SO_RCVLOWAT, &enough, sizeof enough);
	ev_io_start(a->worker->loop, &a->watch);
}

/* Exactly the header's bytes are taken. */
static void take(struct arrival *a, uint8_t *bytes, size_t n)
{
	int one = 1;

	if (n > 0 && recv(a->fd, bytes, n, 0) != (ssize_t)n) {
		give_up(a, "closed by the client"); /* they were there a moment ago */
		return;
	}
	if (a->seen > 0)
		setsockopt(a->fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
	admit(a);
}

/* Its sender is trusted. */
static void take_header(struct arrival *a, const struct proxy_header *header, uint8_t *bytes,
			size_t used)
{
	char why[IDENTITY_WHY_MAX] = "";

	if (!header->is_local)
		take_addresses(a, header);
	if (header->zone != NULL && header->zone_len <= ZONE_MOST)
		a->came.zone = mem_strndup((const char *)header->zone, header->zone_len);
	if (identity_take_header(header, &a->came, why))
		take(a, bytes, used);
	else
		refuse_name(a, why);
}

static bool is_trusted(const struct arrival *a)
{
	const struct config *config = a->worker->config;

	return address_is_in(&a->came.peer, config->proxy_trusted, config->proxy_trusted_count);
}

/* The first n bytes of the connection have been looked at. */
static void judge(struct arrival *a, uint8_t *bytes, uint32_t n)
{
	struct proxy_header header;
	size_t used;

	switch (proxy_read(bytes, n, &header, &used)) {
	case PROXY_HEADER:
		if (!is_trusted(a))
			break;
		take_header(a, &header, bytes, used);
		return;
	case PROXY_NO_HEADER:
		if (a->came.entrance->listener->proxy_protocol != PROXY_ALLOW)
			break;
		take(a, bytes, 0);
		return;
	case PROXY_MORE:
		wait_for_more(a, n);
		return;
	case PROXY_BAD:
		break;
	}
	refuse(a, STAT_CLIENTS_REFUSED_PROXY, "PROXY header missing, malformed or not trusted");
}

static void peek(struct arrival *a)
{
	uint8_t bytes[PROXY_HEADER_MAX];
	size_t room = a->seen >= GLANCE ? sizeof bytes : GLANCE;
	ssize_t n = recv(a->fd, bytes, room, MSG_PEEK);

	if (n > 0)
		judge(a, bytes, (uint32_t)n);
	else if (n == 0)
		give_up(a, "closed by the client");
	else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		ev_io_start(a->worker->loop, &a->watch);
	else
		give_up(a, "lost");
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	peek(io->data);
}

static void on_limit(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	refuse(timer->data, STAT_TIMEOUTS_HEAD, "nobody has said who came");
}

/* --- its beginning --- */

void arrival_new(const struct entrance *e, int fd, const struct sockaddr_storage *peer, int port)
{
	struct worker *w = e->worker;
	struct arrival *a = mem_zalloc(sizeof *a);

	a->worker = w;
	a->fd = fd;
	a->came.entrance = e;
	a->came.port = port;
	address_set(&a->came.peer, peer);
	ev_io_init(&a->watch, on_io, fd, EV_READ);
	ev_timer_init(&a->limit, on_limit, w->config->head_timeout_ms / 1000.0, 0.0);
	a->watch.data = a->limit.data = a;
	a->next = w->arrivals;
	a->prev = &w->arrivals;
	if (a->next != NULL)
		a->next->prev = &a->next;
	w->arrivals = a;
	stats_add(&w->stats, STAT_CLIENTS_ACCEPTED, 1);
	entrance_count(e, BY_LISTENER_ACCEPTED, 1);
	ev_timer_start(w->loop, &a->limit);
	if (e->listener->proxy_protocol == PROXY_OFF)
		admit(a);
	else
		peek(a);
}

void arrivals_free(struct worker *w, const char *why)
{
	for (struct arrival *a = w->arrivals, *next; a != NULL; a = next) {
		next = a->next;
		give_up(a, why);
	}
}
