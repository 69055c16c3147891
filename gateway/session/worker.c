#include "session/worker.h"

#include "session/client.h"
#include "balance/nodes.h"
#include "util/log.h"
#include "util/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ACCEPTS_AT_ONCE = 64,
	SHUN_S = 2,
	PIPES_MAX = 64, /* a worker; each 512 KiB */
};

/* --- brokers --- */

void worker_shun(struct worker *w, int32_t broker)
{
	struct shunned *slot = &w->shunned[0];

	for (struct shunned *s = w->shunned; s < w->shunned + WORKER_SHUNNED; s++) {
		if (s->broker == broker || s->until < slot->until)
			slot = s;
		if (s->broker == broker)
			break;
	}
	*slot = (struct shunned){ broker, ev_now(w->loop) + SHUN_S };
}

static bool is_shunned(const struct worker *w, int32_t broker)
{
	for (const struct shunned *s = w->shunned; s < w->shunned + WORKER_SHUNNED; s++) {
		if (s->broker == broker && s->until > ev_now(w->loop))
			return true;
	}
	return false;
}

static uint32_t next_random(struct worker *w)
{
	w->random = w->random * 1664525u + 1013904223u;
	return w->random >> 8;
}

int32_t worker_any_broker(struct worker *w, int32_t not_this)
{
	const struct snapshot *s = w->snapshot;
	int32_t fallback = NO_BROKER;
	size_t start;

	if (s->broker_count == 0)
		return NO_BROKER;
	start = next_random(w) % s->broker_count;
	for (size_t i = 0; i < s->broker_count; i++) {
		const struct broker *b = &s->brokers[(start + i) % s->broker_count];

		if (b->id == not_this || b->address_len == 0)
			continue;
		if (!is_shunned(w, b->id))
			return b->id;
		if (fallback == NO_BROKER)
			fallback = b->id;
	}
	return fallback != NO_BROKER ? fallback : s->brokers[start].id;
}

/* --- accepting --- */

static void take_connection(struct worker *w, int fd, const struct sockaddr_storage *peer, int port)
{
	if (!admission_enter(w->shared->admission)) {
		stats_add(&w->stats, STAT_CLIENTS_REFUSED_LIMIT, 1);
		log_warn("worker=%d event=refused reason=\"max_connections reached\"", w->index);
		close(fd);
		return;
	}
	client_new(w, fd, peer, port);
}

/* How many connections there were, at most `max`. */
static int accept_some(struct worker *w, const ev_io *listener, int max)
{
	struct sockaddr_storage peer;
	socklen_t len;
	int fd, n = 0;

	for (; n < max; n++) {
		len = sizeof peer;
		memset(&peer, 0, sizeof peer);
		fd = accept4(listener->fd, (struct sockaddr *)&peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			take_connection(w, fd, &peer, (int)(listener - w->listeners));
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			log_error("worker=%d event=accept err=\"%s\"", w->index, strerror(errno));
		break;
	}
	return n;
}

static void on_listener(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	accept_some(io->data, io, ACCEPTS_AT_ONCE);
}

void worker_close_port(struct worker *w, int port)
{
	ev_io *io = &w->listeners[port];

	if (io->fd < 0)
		return;
	ev_io_stop(w->loop, io);
	/* who is in the queue has been told that it is connected */
	while (accept_some(w, io, ACCEPTS_AT_ONCE) == ACCEPTS_AT_ONCE)
		;
	close(io->fd);
	io->fd = -1;
}

/* --- letters --- */

void worker_post(struct worker *w, void (*deliver)(struct letter *letter, void *worker))
{
	struct letter *l = mem_zalloc(sizeof *l);

	l->deliver = deliver;
	mailbox_post(&w->mailbox, l);
}

struct listen_letter {
	struct letter letter;
	int port_count;
	int fds[];
};

static void deliver_listen(struct letter *letter, void *owner)
{
	struct listen_letter *l = CONTAINER_OF(letter, struct listen_letter, letter);
	struct worker *w = owner;

	if (w->listeners == NULL) {
		w->advertising.port_count = w->port_count = l->port_count;
		w->listeners = mem_zalloc((size_t)l->port_count * sizeof *w->listeners);
	}
	assert(l->port_count <= w->port_count);
	for (int i = 0; i < l->port_count; i++) {
		ev_io *io = &w->listeners[i];

		ev_io_init(io, on_listener, l->fds[i], EV_READ);
		io->data = w;
		ev_io_start(w->loop, io);
	}
	free(l);
}

void worker_listen(struct worker *w, const int *fds, int port_count)
{
	struct listen_letter *l = mem_alloc(sizeof *l + (size_t)port_count * sizeof l->fds[0]);

	l->letter.deliver = deliver_listen;
	l->port_count = port_count;
	memcpy(l->fds, fds, (size_t)port_count * sizeof l->fds[0]);
	mailbox_post(&w->mailbox, &l->letter);
}

struct shed_letter {
	struct letter letter;
	unsigned count, turn;
	enum stats_counter why;
};

static void deliver_shed(struct letter *letter, void *owner)
{
	struct shed_letter *l = CONTAINER_OF(letter, struct shed_letter, letter);
	struct worker *w = owner;

	w->shed_why = l->why;
	stay_choose(w, l->count, l->turn);
	free(l);
}

void worker_shed(struct worker *w, unsigned count, unsigned turn, enum stats_counter why)
{
	struct shed_letter *l = mem_zalloc(sizeof *l);

	*l = (struct shed_letter){ { .deliver = deliver_shed }, count, turn, why };
	mailbox_post(&w->mailbox, &l->letter);
}

struct call_letter {
	struct letter letter;
	const struct config *config; /* NULL: as it was */
	void (*done)(void *ctx);
	void *ctx;
};

static void reconfigure(struct worker *w, const struct config *config)
{
	if (config->max_connection_age_ms != w->config->max_connection_age_ms)
		w->aging_since = ev_now(w->loop);
	w->config = config;
	for (struct client *c = w->clients, *next; c != NULL; c = next) {
		next = client_next(c);
		client_reconfigure(c);
	}
}

static void deliver_call(struct letter *letter, void *owner)
{
	struct call_letter *l = CONTAINER_OF(letter, struct call_letter, letter);
	struct worker *w = owner;

	if (l->config != NULL)
		reconfigure(w, l->config);
	l->done(l->ctx);
	free(l);
}

void worker_reconfigure(struct worker *w, const struct config *config, void (*done)(void *ctx),
			void *ctx)
{
	struct call_letter *l = mem_zalloc(sizeof *l);

	*l = (struct call_letter){ { .deliver = deliver_call }, config, done, ctx };
	mailbox_post(&w->mailbox, &l->letter);
}

void worker_ping(struct worker *w, void (*done)(void *ctx), void *ctx)
{
	worker_reconfigure(w, NULL, done, ctx);
}

static void deliver_stop(struct letter *letter, void *owner)
{
	struct worker *w = owner;

	free(letter);
	ev_break(w->loop, EVBREAK_ALL);
}

int worker_chosen(const struct worker *w)
{
	return atomic_load(&w->chosen);
}

int worker_returned(const struct worker *w)
{
	return atomic_load(&w->returned);
}

int worker_at_home(const struct worker *w)
{
	return atomic_load(&w->at_home);
}

static void on_snapshot(void *owner, const void *s)
{
	struct worker *w = owner;

	snapshot_unref(w->snapshot);
	w->snapshot = s;
}

static void on_view(void *owner, const void *value)
{
	struct worker *w = owner;
	const struct cluster_view *v = value;

	mapping_free(w->mapping);
	w->advertising.mapping = w->mapping = nodes_mapping(v);
	cluster_view_unref(v);
	atomic_store(&w->at_home, stay_at_home(w));
}

/* --- the thread --- */

static void *run(void *arg)
{
	struct worker *w = arg;
	char name[16]; /* as much as the kernel keeps */

	snprintf(name, sizeof name, "worker-%d", w->index);
	pthread_setname_np(pthread_self(), name);
	ev_run(w->loop, 0);
	return NULL;
}

struct worker *worker_new(const struct shared *shared, int index, void (*on_drained)(void *ctx),
			  void *ctx)
{
	struct worker *w = mem_zalloc(sizeof *w);

	w->shared = shared;
	w->config = shared->config;
	w->port_count = 1;
	draining_init(w);
	w->index = index;
	w->naming_drawn.worker = (uint64_t)index;
	w->on_drained = on_drained;
	w->drained_ctx = ctx;
	w->loop = ev_loop_new(EVFLAG_AUTO);
	w->advertising.config = shared->config;
	w->random = (uint32_t)(uintptr_t)w ^ (uint32_t)getpid();
	w->next_client_id = (uint64_t)index << 48 | 1;
	for (int i = 0; i < WORKER_SHUNNED; i++)
		w->shunned[i].broker = NO_BROKER;
	mailbox_init(&w->mailbox, w->loop, w);
	ready_init(&w->ready, w->loop, client_on_ready);
	bufpool_init(&w->bufs);
	pipepool_init(&w->pipes, PIPES_MAX);
	topology_subscribe(shared->topology, &w->mailbox, on_snapshot);
	cluster_subscribe(shared->cluster, &w->mailbox, on_view);
	if (pthread_create(&w->thread, NULL, run, w) != 0) {
		log_error("worker=%d err=\"no thread\"", index);
		abort();
	}
	return w;
}

void worker_stop(struct worker *w)
{
	worker_post(w, deliver_stop);
	pthread_join(w->thread, NULL);
}

void worker_free(struct worker *w)
{
	w->turns.has_begun = false; /* nobody is told any more */
	while (w->clients != NULL)
		client_free(w->clients, "the node stops");
	for (int i = 0; w->listeners != NULL && i < w->port_count; i++) {
		ev_io_stop(w->loop, &w->listeners[i]);
		if (w->listeners[i].fd >= 0)
			close(w->listeners[i].fd);
	}
	free(w->listeners);
	mailbox_deinit(&w->mailbox);
	ready_deinit(&w->ready);
	pipepool_deinit(&w->pipes);
	bufpool_deinit(&w->bufs);
	snapshot_unref(w->snapshot);
	mapping_free(w->mapping);
	ev_loop_destroy(w->loop);
	free(w);
}

const struct stats *worker_stats(const struct worker *w)
{
	return &w->stats;
}
