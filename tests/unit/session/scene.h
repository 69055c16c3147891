/* scene.h - a worker without its thread, brokers and clients, all in one test.
 *
 * The worker's loop is turned by hand; its brokers are listening sockets of the test's own, its
 * clients are TCP connections over loopback whose other ends the test has.  The topology is never
 * started: it knows what the test puts into it, and answers when scene_topology_answers is called.
 * Nothing waits for a time: scene_until turns the loop until something holds, or fails after a
 * limit that grows with TEST_PATIENCE.
 */
#ifndef UNIT_SESSION_SCENE_H
#define UNIT_SESSION_SCENE_H

#include "kafka/wire.h"
#include "session/arrival.h"
#include "session/client.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/rebalances.h"
#include "session/request.h"
#include "session/standing.h"
#include "session/token_turns.h"
#include "session/watch.h"
#include "session/worker.h"
#include "session/draining.h"
#include "topology/inside.h"
#include "topology/snapshot_build.h"
#include "util/clock.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	SCENE_BROKERS = 3, /* their ids are 0, 1, 2 */
	SCENE_ENDS = 16,   /* connections to a broker, one after the other */
	SCENE_CLIENTS = 4,
	SCENE_ASKED = 256,
	SCENE_BYTES_MAX = 64 << 20,
	SCENE_LIMIT_S = 20,
	SCENE_LONG_MS = 3600 * 1000, /* a time that does not come */
	SCENE_STILL = 20,	     /* turns in which nothing happens */
};

/* The test's own end of a connection. */
struct scene_end {
	int fd; /* -1: closed */
	struct buf in;
	size_t taken; /* of `in` */
	bool has_ended, was_reset;
};

/* A request, to read or write its answer. */
struct scene_asked {
	int end; /* by which of the broker's connections it came */
	uint32_t correlation_id;
	const struct kapi *api;
	int version;
	bool is_answered;
};

struct scene_asks {
	struct scene_asked all[SCENE_ASKED];
	int count;
};

struct scene_broker {
	int listener, port;
	struct scene_end ends[SCENE_ENDS];
	int end_count;
	struct scene_asks got;
};

struct scene_client {
	struct scene_end end;
	int accepted; /* the worker's end */
	uint64_t id;
	struct scene_asks said;
};

struct scene {
	struct config config;
	struct shared shared;
	struct worker *w;
	struct snapshot *snapshot; /* the worker's; changed by tests before it is used */
	struct scene_broker brokers[SCENE_BROKERS];
	struct scene_client clients[SCENE_CLIENTS];
	int client_count;
	int drained; /* how often that was told */
	ev_timer tick;
};

/* --- sockets --- */

static inline int64_t scene_limit(void)
{
	const char *patience = getenv("TEST_PATIENCE");

	return clock_ms() + SCENE_LIMIT_S * 1000 * (patience != NULL ? atoll(patience) : 1);
}

static inline int scene_listen(struct sockaddr_in *address)
{
	socklen_t len = sizeof *address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
	return fd;
}

static inline void scene_nonblocking(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

/* A connection over loopback: the accepted end, and the test's. */
static inline int scene_pair(int *own, struct sockaddr_storage *peer)
{
	struct sockaddr_in address;
	socklen_t len = sizeof *peer;
	int listener = scene_listen(&address), accepted;

	scene_nonblocking(listener);
	*own = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(*own, (struct sockaddr *)&address, sizeof address), 0);
	memset(peer, 0, sizeof *peer);
	accepted = accept(listener, (struct sockaddr *)peer, &len);
	assert_true(accepted >= 0);
	close(listener);
	scene_nonblocking(accepted);
	scene_nonblocking(*own);
	return accepted;
}

static inline void scene_end_init(struct scene_end *e, int fd)
{
	*e = (struct scene_end){ .fd = fd };
	buf_init(&e->in, SCENE_BYTES_MAX);
	scene_nonblocking(fd);
}

static inline void scene_end_close(struct scene_end *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	buf_deinit(&e->in);
	e->taken = 0;
}

/* With a reset, as a process that dies with unread data does it. */
static inline void scene_end_reset(struct scene_end *e)
{
	struct linger linger = { 1, 0 };

	setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	scene_end_close(e);
}

static inline void scene_end_read(struct scene_end *e)
{
	ssize_t n = 1;

	while (e->fd >= 0 && !e->has_ended && n > 0) {
		size_t before = e->in.len;
		uint8_t *to = buf_extend(&e->in, 64 * 1024);

		assert_non_null(to);
		n = recv(e->fd, to, 64 * 1024, 0);
		e->in.len = before + (n > 0 ? (size_t)n : 0);
		e->was_reset = n < 0 && errno == ECONNRESET;
		e->has_ended = n == 0 || e->was_reset;
	}
}

/* What came and has not been taken. */
static inline size_t scene_unread(const struct scene_end *e)
{
	return e->in.len - e->taken;
}

/* A whole frame that has not been taken, with its size; 0: none is there. */
static inline size_t scene_frame_size(const struct scene_end *e)
{
	size_t n;

	if (scene_unread(e) < 4)
		return 0;
	n = 4 + (size_t)wire_get32(e->in.data + e->taken);
	return scene_unread(e) >= n ? n : 0;
}

/* --- the worker --- */

static inline void scene_on_drained(void *ctx)
{
	struct scene *s = ctx;

	s->drained++;
}

static inline struct worker *scene_worker(struct scene *s)
{
	struct worker *w = mem_zalloc(sizeof *w);

	w->shared = &s->shared;
	w->config = &s->config;
	w->entrances = mem_zalloc(sizeof *w->entrances);
	w->entrance_count = 1;
	w->entrances[0] = (struct entrance){
		.worker = w,
		.listener = &s->config.listener,
		.advertising = { .listener = &s->config.listener, .port_count = SCENE_BROKERS },
		.port_count = SCENE_BROKERS,
	};
	w->port_count = SCENE_BROKERS;
	draining_init(w);
	w->on_drained = scene_on_drained;
	w->drained_ctx = s;
	w->loop = ev_loop_new(EVFLAG_AUTO);
	choice_init(&w->choice, 1);
	ways_init(w);
	own_slots_init(&w->own_slots);
	w->next_client_id = 1;
	mailbox_init(&w->mailbox, w->loop, w);
	ready_init(&w->ready, w->loop, client_on_ready);
	standstill_init(w);
	bufpool_init(&w->bufs);
	pipepool_init(&w->pipes, 8);
	uses_init(&w->uses, (uint32_t)s->config.usage_names);
	return w;
}

static inline struct config scene_config(void)
{
	static char host[] = "gateway", id[] = "a";

	return (struct config){
		.listener = { .advertised_host = host,
			      .advertised_port = 9092,
			      .advertised_mode = ADVERTISE_PORTS,
			      .proxy_protocol = PROXY_OFF },
		.node_id = id,
		.max_connections = 1000,
		.max_frame_bytes = 100 << 20,
		/* 64 MiB for others than sessions */
		.memory_budget_bytes = (int64_t)((64 << 20) / 15 + 1) * 16,
		.fetch_session_slots = 2,
		.follower_reads = true,
		.workers = 1,
		.usage_names = 8,
		.connect_timeout_ms = SCENE_LONG_MS,
		.login_timeout_ms = SCENE_LONG_MS,
		.head_timeout_ms = SCENE_LONG_MS,
		.body_timeout_ms = SCENE_LONG_MS,
		.idle_timeout_ms = SCENE_LONG_MS,
		.request_timeout_ms = SCENE_LONG_MS,
		.metadata_refresh_ms = SCENE_LONG_MS,
	};
}

static inline void scene_add_broker(struct scene *s, int id)
{
	struct scene_broker *b = &s->brokers[id];
	struct broker *known = &s->snapshot->brokers[id];
	struct sockaddr_in address;

	b->listener = scene_listen(&address);
	b->port = ntohs(address.sin_port);
	*known = (struct broker){ .id = id,
				  .host = mem_strdup("127.0.0.1"),
				  .port = b->port,
				  .address_len = sizeof address };
	memcpy(&known->address, &address, sizeof address);
}

/* Each API in all versions that there are rows for. */
static inline void scene_offer_all(struct snapshot *s)
{
	size_t n;
	const struct kapi *const *all = apis_all(&n);

	for (int i = 0; i < SNAPSHOT_KEYS; i++)
		s->offers[i] = (struct kversions){ 0, -1 };
	for (size_t i = 0; i < n; i++) {
		if (all[i]->route >= HERE)
			s->offers[all[i]->key] = api_versions(all[i]);
	}
}

static inline void scene_init(struct scene *s)
{
	memset(s, 0, sizeof *s);
	s->config = scene_config();
	s->shared.config = &s->config;
	s->shared.topology = topology_new(&s->config, NULL);
	s->shared.topology->is_stopping = true; /* it answers at once that it knows no more */
	s->shared.budget = budget_new(s->config.memory_budget_bytes, 100);
	s->shared.rebalances = rebalances_new();
	s->shared.token_turns = token_turns_new();
	s->shared.admission = admission_new(s->config.max_connections, 0);
	places_init(&s->shared.places, s->config.node_id);
	s->snapshot = snapshot_new(NULL);
	s->snapshot->brokers = mem_zalloc(SCENE_BROKERS * sizeof *s->snapshot->brokers);
	s->snapshot->broker_count = SCENE_BROKERS;
	s->snapshot->controller = 0;
	scene_offer_all(s->snapshot);
	for (int i = 0; i < SCENE_BROKERS; i++)
		scene_add_broker(s, i);
	s->w = scene_worker(s);
	s->w->snapshot = s->snapshot;
}

static inline void scene_deinit(struct scene *s)
{
	while (s->w->clients != NULL)
		client_free(s->w->clients, "the test ends");
	topology_free(s->shared.topology);
	worker_free(s->w);
	for (int i = 0; i < s->client_count; i++)
		scene_end_close(&s->clients[i].end);
	for (int i = 0; i < SCENE_BROKERS; i++) {
		for (int k = 0; k < s->brokers[i].end_count; k++)
			scene_end_close(&s->brokers[i].ends[k]);
		if (s->brokers[i].listener >= 0)
			close(s->brokers[i].listener);
	}
	budget_free(s->shared.budget);
	rebalances_free(s->shared.rebalances);
	token_turns_free(s->shared.token_turns);
	admission_free(s->shared.admission);
	places_deinit(&s->shared.places);
}

static inline struct topic *scene_topic(struct scene *s, const char *name, const int32_t *leaders,
					int count)
{
	uint8_t id[16] = { 1, [15] = (uint8_t)(1 + snapshot_topic_count(s->snapshot)) };
	struct topic *t = snapshot_add_topic(s->snapshot, name, strlen(name), id, count);

	for (int i = 0; i < count; i++) {
		t->partitions[i] = partition_unknown;
		t->partitions[i].leader = leaders[i];
		t->partitions[i].leader_epoch = 5;
	}
	return t;
}

static inline void scene_coordinator(struct scene *s, enum coordinator_type type, const char *key,
				     int32_t broker)
{
	coordinators_put(s->shared.topology->coordinators, (int)type, key, strlen(key), broker);
}

/* Questions that wait are answered, and notices are forgotten. */
static inline void scene_topology_answers(struct scene *s)
{
	ev_run(s->shared.topology->loop, EVRUN_NOWAIT);
}

/* The oldest question that waits, NULL: none. */
static inline const struct topology_query *scene_question(const struct scene *s)
{
	const struct letter *l = s->shared.topology->inbox.first;

	while (l == &s->shared.topology->notice_letter)
		l = l->next;
	return l != NULL ? CONTAINER_OF(l, struct topology_query, letter) : NULL;
}

/* What has been noticed and not been forgotten. */
static inline const struct notices *scene_notices(const struct scene *s)
{
	return &s->shared.topology->notices.now;
}

static inline bool scene_noticed_topic(const struct scene *s, const char *name)
{
	const struct names *n = &scene_notices(s)->names;

	for (size_t i = 0; i < n->count; i++) {
		if (n->all[i].len == strlen(name) &&
		    memcmp(n->all[i].bytes, name, strlen(name)) == 0)
			return true;
	}
	return false;
}

/* --- turns --- */

static inline void scene_pull(struct scene *s)
{
	for (int i = 0; i < SCENE_BROKERS; i++) {
		struct scene_broker *b = &s->brokers[i];
		int fd;

		while (b->listener >= 0 && (fd = accept(b->listener, NULL, NULL)) >= 0) {
			assert_true(b->end_count < SCENE_ENDS);
			scene_end_init(&b->ends[b->end_count++], fd);
		}
		for (int k = 0; k < b->end_count; k++)
			scene_end_read(&b->ends[k]);
	}
	for (int i = 0; i < s->client_count; i++)
		scene_end_read(&s->clients[i].end);
}

static inline void scene_on_tick(struct ev_loop *loop, ev_timer *tick, int events)
{
	(void)loop;
	(void)tick;
	(void)events;
}

/* What is there is handled; when there is nothing, a millisecond passes. */
static inline void scene_turn(struct scene *s)
{
	ev_timer_init(&s->tick, scene_on_tick, 0.001, 0.);
	ev_timer_start(s->w->loop, &s->tick);
	ev_run(s->w->loop, EVRUN_ONCE);
	ev_timer_stop(s->w->loop, &s->tick);
	scene_pull(s);
}

/* For what must not happen. */
static inline void scene_be_still(struct scene *s)
{
	for (int i = 0; i < SCENE_STILL; i++)
		scene_turn(s);
}

#define scene_until(s, condition)                             \
	do {                                                  \
		int64_t scene_end_ = scene_limit();           \
                                                              \
		while (!(condition)) {                        \
			assert_true(clock_ms() < scene_end_); \
			scene_turn(s);                        \
		}                                             \
	} while (0)

/* --- clients --- */

static inline void scene_on_nothing(void *owner)
{
	(void)owner;
}

/* The next client, by its number. */
static inline int scene_connect(struct scene *s)
{
	struct scene_client *one = &s->clients[s->client_count];
	struct came came = { .entrance = s->w->entrances, .port = 0, .broker = NO_BROKER };
	struct sockaddr_storage peer;
	struct conn conn;
	int own, fd = scene_pair(&own, &peer);

	assert_true(s->client_count < SCENE_CLIENTS);
	scene_end_init(&one->end, own);
	one->accepted = fd;
	one->id = s->w->next_client_id;
	address_set(&came.peer, &peer);
	assert_true(admission_enter(s->shared.admission));
	assert_true(admission_enter_address(s->shared.admission, &came.peer.any));
	conn_init(&conn, &conn_plain, fd, s->w->loop, &s->w->bufs, scene_on_nothing, s);
	client_new(s->w, &conn, &came);
	return s->client_count++;
}

/* What most tests need: a topic "orders" with a partition at each broker, a group "g" whose
 * coordinator is broker 1, a client. */
static inline void scene_begin(struct scene *s)
{
	static const int32_t leaders[] = { 0, 1, 2 };

	scene_init(s);
	scene_topic(s, "orders", leaders, SCENE_BROKERS);
	scene_coordinator(s, COORDINATOR_GROUP, "g", 1);
	scene_connect(s);
}

/* NULL: it is gone. */
static inline struct client *scene_client(const struct scene *s, int n)
{
	struct client *c = s->w->clients;

	while (c != NULL && c->id != s->clients[n].id)
		c = c->next;
	return c;
}

/* All of it, however long the worker takes. */
static inline void scene_send_all(struct scene *s, int fd, const uint8_t *bytes, size_t n)
{
	int64_t end = scene_limit();

	while (n > 0) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

		assert_true(sent > 0 || errno == EAGAIN);
		assert_true(clock_ms() < end);
		if (sent > 0) {
			bytes += sent;
			n -= (size_t)sent;
		} else {
			scene_turn(s);
		}
	}
}

static inline void scene_client_sends(struct scene *s, int n, const void *bytes, size_t len)
{
	scene_send_all(s, s->clients[n].end.fd, bytes, len);
}

/* Waits until so many bytes are in the worker's socket, unread: it does not turn meanwhile. */
static inline void scene_come(const struct scene *s, int n, size_t bytes)
{
	int64_t end = scene_limit();
	int there = 0;

	while ((size_t)there < bytes) {
		assert_int_equal(ioctl(s->clients[n].accepted, FIONREAD, &there), 0);
		assert_true(clock_ms() < end);
	}
}

/* The timer fires now: what is due is done, and nothing else. */
static inline void scene_clock_fires(struct scene *s, int n)
{
	struct client *c = scene_client(s, n);

	ev_now_update(s->w->loop);
	ev_invoke(s->w->loop, &c->clock.timer, EV_TIMER);
}

static inline void scene_on_no_grant(void *owner)
{
	(void)owner;
	fail();
}

/* Memory of the budget that is somebody else's: it is there at once. */
static inline struct reservation *scene_takes(const struct scene *s, enum budget_kind kind,
					      int64_t bytes)
{
	const struct budget_asked asked = { .kind = kind,
					    .bytes = bytes,
					    .mailbox = &s->w->mailbox,
					    .on_grant = scene_on_no_grant };
	bool granted;
	struct reservation *r = budget_reserve(s->shared.budget, &asked, &granted);

	assert_true(granted);
	return r;
}

/* Bytes of the budget that are held. */
static inline int64_t scene_held(const struct scene *s)
{
	int64_t used;
	unsigned waiting;

	budget_read(s->shared.budget, &used, &waiting);
	return used;
}

static inline uint64_t scene_count(const struct scene *s, enum stats_counter counter)
{
	return s->w->stats.counters[counter];
}

/* --- brokers --- */

/* By which connection a whole request has come; -1: none. */
static inline int scene_broker_has(const struct scene *s, int broker)
{
	const struct scene_broker *b = &s->brokers[broker];

	for (int i = 0; i < b->end_count; i++) {
		if (b->ends[i].fd >= 0 && scene_frame_size(&b->ends[i]) > 0)
			return i;
	}
	return -1;
}

/* It answers nobody any more, and nobody can connect. */
static inline void scene_broker_dies(struct scene *s, int broker)
{
	struct scene_broker *b = &s->brokers[broker];

	for (int i = 0; i < b->end_count; i++)
		scene_end_close(&b->ends[i]);
	if (b->listener >= 0)
		close(b->listener);
	b->listener = -1;
}

static inline int scene_setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as the program does: a splice can't be told not to send it */
	return apis_compile(stderr) ? 0 : -1;
}

static inline int scene_teardown(void **state)
{
	(void)state;
	apis_free();
	return 0;
}

#endif
