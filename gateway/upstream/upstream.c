#include "upstream/upstream.h"

#include "kafka/head.h"
#include "kafka/wire.h"
#include "util/mem.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RING_FIRST = 8 };

static void connected(struct upstream *u)
{
	int error = 0;
	socklen_t len = sizeof error;

	ev_timer_stop(u->sock.loop, &u->connect_timer);
	if (getsockopt(u->sock.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
		u->state = UPSTREAM_LOST;
		return;
	}
	u->state = UPSTREAM_OPEN;
	u->was_open = true;
	u->sock.writable = true;
	stats_add(u->stats, STAT_UPSTREAMS_OPENED, 1);
}

static void on_io(struct ev_loop *loop, ev_io *w, int events)
{
	struct upstream *u = w->data;

	(void)loop;
	sock_note(&u->sock, events);
	if (u->state == UPSTREAM_CONNECTING)
		connected(u);
	u->on_event(u->owner);
}

static void on_connect_timeout(struct ev_loop *loop, ev_timer *w, int events)
{
	struct upstream *u = w->data;

	(void)loop;
	(void)events;
	if (u->state == UPSTREAM_CONNECTING)
		u->state = UPSTREAM_LOST;
	u->on_event(u->owner);
}

/* -1: it can't even be tried. */
static int start_connect(const struct sockaddr_storage *address, socklen_t len)
{
	int fd;

	if (len == 0)
		return -1;
	fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)address, len) != 0 && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

struct upstream *upstream_new(struct ev_loop *loop, int32_t broker,
			      const struct sockaddr_storage *address, socklen_t address_len,
			      int timeout_ms, struct stats *stats, void (*on_event)(void *owner),
			      void *owner)
{
	struct upstream *u = mem_zalloc(sizeof *u);
	int fd = start_connect(address, address_len);

	u->broker = broker;
	u->owner = owner;
	u->on_event = on_event;
	u->stats = stats;
	u->idle_since = ev_now(loop);
	ev_timer_init(&u->connect_timer, on_connect_timeout, timeout_ms / 1000.0, 0.0);
	u->connect_timer.data = u;
	u->sock.fd = -1;
	u->sock.loop = loop;
	if (fd < 0) {
		u->state = UPSTREAM_LOST;
		return u;
	}
	sock_init(&u->sock, loop, fd, on_io, u);
	u->state = UPSTREAM_CONNECTING;
	sock_watch(&u->sock, false, true);
	ev_timer_start(loop, &u->connect_timer);
	return u;
}

void upstream_free(struct upstream *u, struct bufpool *pool)
{
	if (u == NULL)
		return;
	ev_timer_stop(u->sock.loop, &u->connect_timer);
	sock_close(&u->sock, pool);
	stats_add(u->stats, u->was_open ? STAT_UPSTREAMS_CLOSED : STAT_UPSTREAMS_FAILED, 1);
	free(u->ring);
	free(u);
}

static void **ring_at(const struct upstream *u, uint32_t i)
{
	return &u->ring[(u->ring_first + i) & (u->ring_cap - 1)];
}

static void ring_add(struct upstream *u, void *who)
{
	if (u->ring_count == u->ring_cap) {
		uint32_t cap = u->ring_cap > 0 ? 2 * u->ring_cap : RING_FIRST;
		void **ring = mem_alloc(cap * sizeof *ring);

		for (uint32_t i = 0; i < u->ring_count; i++)
			ring[i] = *ring_at(u, i);
		free(u->ring);
		u->ring = ring;
		u->ring_first = 0;
		u->ring_cap = cap;
	}
	u->ring_count++;
	*ring_at(u, u->ring_count - 1) = who;
}

void upstream_expect(struct upstream *u, void *who)
{
	assert(who != NULL);
	u->sent++;
	ring_add(u, who);
}

void upstream_expect_nothing(struct upstream *u)
{
	u->sent++;
	ring_add(u, NULL);
}

void *upstream_next(const struct upstream *u)
{
	return u->ring_count > 0 ? *ring_at(u, 0) : NULL;
}

void upstream_answered(struct upstream *u)
{
	assert(u->ring_count > 0);
	u->ring_first = (u->ring_first + 1) & (u->ring_cap - 1);
	u->ring_count--;
	/* everything was answered, so the broker has seen all that went before */
	if (u->ring_count == 0 && u->sent != u->loose_since)
		u->loose = false;
	u->idle_since = ev_now(u->sock.loop);
}

void upstream_pass_on(struct upstream *u, const void *who, void *other)
{
	for (uint32_t i = 0; i < u->ring_count; i++) {
		if (*ring_at(u, i) == who)
			*ring_at(u, i) = other;
	}
}

/* Throws away what has come of an unwanted answer. */
static bool discard_some(struct upstream *u)
{
	uint32_t n = inbuf_len(&u->sock.in);

	if (u->discard == 0) {
		if (n < HEAD_SIZE_BYTES)
			return false;
		u->discard = wire_get32(inbuf_at(&u->sock.in)) + HEAD_SIZE_BYTES;
		if (u->discard < ANSWER_FIXED || u->discard > INT32_MAX) {
			u->state = UPSTREAM_LOST;
			return true;
		}
	}
	if (n > u->discard)
		n = u->discard;
	inbuf_take(&u->sock.in, n);
	u->discard -= n;
	if (u->discard == 0)
		upstream_answered(u);
	return n > 0;
}

bool upstream_discard(struct upstream *u, struct bufpool *pool)
{
	bool any = false;

	while (u->state == UPSTREAM_OPEN && upstream_next(u) == NULL) {
		if (u->ring_count > 0 && discard_some(u)) {
			any = true;
			continue;
		}
		if (!u->sock.readable)
			break;
		stats_add(u->stats, STAT_BROKER_BYTES_IN, sock_read(&u->sock, pool, UINT32_MAX));
		/* bytes that nobody asked for are as bad as a loss */
		if (u->sock.lost || (u->ring_count == 0 && inbuf_len(&u->sock.in) > 0)) {
			u->state = UPSTREAM_LOST;
			any = true;
		}
	}
	return any;
}

void upstream_rearm(struct upstream *u, bool want_write)
{
	if (u->state == UPSTREAM_CONNECTING)
		sock_watch(&u->sock, false, true);
	else if (u->state == UPSTREAM_OPEN)
		sock_watch(&u->sock, !u->sock.readable, want_write && !u->sock.writable);
	else
		sock_watch(&u->sock, false, false);
}
