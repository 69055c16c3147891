#include "session/ports.h"

#include "session/arrival.h"
#include "session/inside.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ACCEPTS_AT_ONCE = 64,
	REST_S = 1,	  /* between two looks whether there are descriptors again */
	PATIENCE_S = 3,	  /* who has waited that long is told to go elsewhere */
	SILENT_MS = 2000, /* no broker has answered for so long: none can be reached */
	TRIED_MS = 3000,  /* no client has tried for so long: the next one may */
};

/* --- who comes could not be served --- */

static bool is_want_of_files(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* The listeners tell all the time of who waits: they are not asked. */
static void set_listening(struct worker *w, bool on)
{
	for (size_t n = 0; n < w->entrance_count; n++) {
		const struct entrance *e = &w->entrances[n];

		for (int i = 0; e->sockets != NULL && i < e->port_count; i++) {
			if (on && e->sockets[i].fd >= 0)
				ev_io_start(w->loop, &e->sockets[i]);
			else
				ev_io_stop(w->loop, &e->sockets[i]);
		}
	}
}

bool ports_lack_files(const struct worker *w)
{
	return atomic_load(&w->rest.is_short);
}

int64_t ports_cut_off_ms(const struct worker *w, int64_t of_late_ms)
{
	if (topology_brokers_lost(w->shared->topology) > 0)
		return 0;
	return cut_off_ms(&w->cut_off, w->stats.counters[STAT_UPSTREAMS_OPENED], clock_ms(),
			  of_late_ms);
}

static bool reaches_brokers(const struct worker *w)
{
	struct topology *t = w->shared->topology;

	return topology_silent_ms(t) <= SILENT_MS &&
	       topology_brokers_lost(t) < w->snapshot->broker_count &&
	       ports_cut_off_ms(w, TRIED_MS) == 0;
}

static void take_rest(struct worker *w, const char *why)
{
	if (w->rest.is_on)
		return;
	w->rest.is_on = true;
	w->rest.since = clock_s();
	log_warn("worker=%d event=held_back reason=\"%s: who comes waits\"", w->index, why);
	set_listening(w, false);
	ev_timer_set(&w->rest.timer, REST_S, REST_S);
	ev_timer_start(w->loop, &w->rest.timer);
}

static void want_files(struct worker *w)
{
	if (ports_lack_files(w))
		return;
	atomic_store(&w->rest.is_short, true);
	take_rest(w, "no file descriptors are left for new clients");
}

static void end_rest(struct worker *w)
{
	ev_timer_stop(w->loop, &w->rest.timer);
	w->rest.is_on = false;
	log_info("worker=%d event=taken_again", w->index);
	set_listening(w, true);
}

static void keep_spare(struct worker *w)
{
	if (w->rest.spare < 0)
		w->rest.spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void give_up_spare(struct worker *w)
{
	if (w->rest.spare >= 0)
		close(w->rest.spare);
	w->rest.spare = -1;
}

static bool is_full(const struct worker *w)
{
	return admission_is_full(w->shared->admission);
}

/* Why who comes is refused, as it is counted. */
static enum stats_counter refusal(struct worker *w)
{
	if (ports_lack_files(w))
		return STAT_CLIENTS_REFUSED_FILES;
	return is_full(w) ? STAT_CLIENTS_REFUSED_LIMIT : STAT_CLIENTS_REFUSED_BROKERS;
}

/* Some of those who have waited in vain. */
static void refuse_some(struct worker *w, const ev_io *listener)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			break;
		stats_add(&w->stats, refusal(w), 1);
		close(fd);
	}
}

static void refuse_at(const struct entrance *e)
{
	for (int i = 0; e->sockets != NULL && i < e->port_count; i++) {
		if (e->sockets[i].fd >= 0)
			refuse_some(e->worker, &e->sockets[i]);
	}
}

static void refuse_who_waits(struct worker *w)
{
	give_up_spare(w);
	for (size_t i = 0; i < w->entrance_count; i++)
		refuse_at(&w->entrances[i]);
	keep_spare(w);
}

static bool has_file_for_client(struct worker *w)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	bool has = admission_may_have_file(w->shared->admission, fd);

	if (fd >= 0)
		close(fd);
	return has;
}

static void look_for_files(struct worker *w)
{
	if (!ports_lack_files(w) || !has_file_for_client(w))
		return;
	atomic_store(&w->rest.is_short, false);
}

static void on_rest(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct worker *w = timer->data;

	(void)loop;
	(void)events;
	keep_spare(w);
	look_for_files(w);
	if (!ports_lack_files(w) && !is_full(w) && reaches_brokers(w))
		end_rest(w);
	else if (clock_s() - w->rest.since >= PATIENCE_S)
		refuse_who_waits(w);
}

void ports_init(struct worker *w)
{
	w->entrance_count = config_listener_count(w->config);
	w->entrances = mem_zalloc(w->entrance_count * sizeof *w->entrances);
	w->port_count = 1;
	for (size_t i = 0; i < w->entrance_count; i++) {
		struct entrance *e = &w->entrances[i];

		e->worker = w;
		e->listener = e->advertising.listener = config_listener(w->config, i);
	}
	ev_timer_init(&w->rest.timer, on_rest, 0., 0.);
	w->rest.timer.data = w;
	w->rest.spare = -1;
	keep_spare(w);
}

/* --- who comes --- */

static void take_connection(const struct entrance *e, int fd, const struct sockaddr_storage *peer,
			    int port)
{
	struct worker *w = e->worker;

	if (!admission_enter(w->shared->admission)) {
		stats_add(&w->stats, STAT_CLIENTS_REFUSED_LIMIT, 1);
		log_warn("worker=%d event=refused reason=\"max_connections reached\"", w->index);
		close(fd);
		return;
	}
	arrival_new(e, fd, peer, port);
}

/* Takes at most `max` of the connections that wait; returns how many there were. */
static int accept_some(const struct entrance *e, const ev_io *socket, int max)
{
	struct worker *w = e->worker;
	struct sockaddr_storage peer;
	socklen_t len;
	int fd, n = 0;

	for (; n < max; n++) {
		len = sizeof peer;
		memset(&peer, 0, sizeof peer);
		fd = accept4(socket->fd, (struct sockaddr *)&peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			take_connection(e, fd, &peer, (int)(socket - e->sockets));
			if (!admission_may_have_file(w->shared->admission, fd))
				want_files(w);
			else if (!is_full(w))
				continue;
			break;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (is_want_of_files(errno))
			want_files(w);
		else if (errno != EAGAIN && errno != EWOULDBLOCK)
			log_error("worker=%d event=accept err=\"%s\"", w->index, strerror(errno));
		break;
	}
	return n;
}

static void on_socket(struct ev_loop *loop, ev_io *io, int events)
{
	const struct entrance *e = io->data;
	struct worker *w = e->worker;

	(void)loop;
	(void)events;
	if (!reaches_brokers(w))
		take_rest(w, "no broker can be reached");
	else if (is_full(w))
		take_rest(w, "max_connections reached");
	else
		accept_some(e, io, ACCEPTS_AT_ONCE);
}

static void close_port(const struct entrance *e, int port)
{
	ev_io *io = &e->sockets[port];

	if (io->fd < 0)
		return;
	ev_io_stop(e->worker->loop, io);
	/* a client in the queue has been told that it is connected */
	while (accept_some(e, io, ACCEPTS_AT_ONCE) == ACCEPTS_AT_ONCE)
		;
	close(io->fd);
	io->fd = -1;
}

void ports_close(struct worker *w, int port)
{
	for (size_t i = 0; i < w->entrance_count; i++) {
		const struct entrance *e = &w->entrances[i];

		if (e->sockets != NULL && port < e->port_count)
			close_port(e, port);
	}
}

struct listen_letter {
	struct letter letter;
	size_t entrance;
	int port_count;
	int fds[];
};

static void deliver_listen(struct letter *letter, void *owner)
{
	struct listen_letter *l = CONTAINER_OF(letter, struct listen_letter, letter);
	struct worker *w = owner;
	struct entrance *e = &w->entrances[l->entrance];

	if (e->sockets == NULL) {
		e->advertising.port_count = e->port_count = l->port_count;
		e->sockets = mem_zalloc((size_t)l->port_count * sizeof *e->sockets);
		w->port_count = e->port_count > w->port_count ? e->port_count : w->port_count;
	}
	assert(l->port_count <= e->port_count);
	for (int i = 0; i < l->port_count; i++) {
		ev_io *io = &e->sockets[i];

		ev_io_init(io, on_socket, l->fds[i], EV_READ);
		io->data = e;
	}
	set_listening(w, !w->rest.is_on);
	free(l);
}

void ports_listen(struct worker *w, size_t entrance, const int *fds, int port_count)
{
	struct listen_letter *l = mem_alloc(sizeof *l + (size_t)port_count * sizeof l->fds[0]);

	l->letter.deliver = deliver_listen;
	l->entrance = entrance;
	l->port_count = port_count;
	memcpy(l->fds, fds, (size_t)port_count * sizeof l->fds[0]);
	mailbox_post(&w->mailbox, &l->letter);
}

static void free_entrance(struct entrance *e)
{
	for (int i = 0; e->sockets != NULL && i < e->port_count; i++) {
		ev_io_stop(e->worker->loop, &e->sockets[i]);
		if (e->sockets[i].fd >= 0)
			close(e->sockets[i].fd);
	}
	free(e->sockets);
	mapping_free(e->mapping);
}

void ports_free(struct worker *w)
{
	ev_timer_stop(w->loop, &w->rest.timer);
	give_up_spare(w);
	for (size_t i = 0; i < w->entrance_count; i++)
		free_entrance(&w->entrances[i]);
	free(w->entrances);
	w->entrances = NULL;
	w->entrance_count = 0;
}
