#include "http/visitors.h"

#include "util/clock.h"
#include "util/mem.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CROWD = 96,    /* beyond this the oldest is dismissed */
	REST_MS = 100, /* before another try when the process has no descriptor left */
};

struct visitor {
	TAILQ_ENTRY(visitor) link; /* while it is not dismissed */
	int fd;
	bool is_listed;
};

struct visitors {
	int fd;		 /* listens; -1: closed */
	bool has_thread; /* let_in runs */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t has_changed;
	struct host *host;	   /* of who comes next */
	TAILQ_HEAD(, visitor) all; /* the oldest first */
	int listed;		   /* in the list */
	int places; /* taken by who is listed, dismissed, or just let in: 0 ... VISITORS_MAX */
	bool is_closing;
};

struct visitors *visitors_new(int fd)
{
	struct visitors *v = mem_zalloc(sizeof *v);

	v->fd = fd;
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->has_changed, NULL);
	TAILQ_INIT(&v->all);
	return v;
}

/* libmicrohttpd closes the connection when its thread sees that the other side is gone. */
static void dismiss(struct visitors *v, struct visitor *who)
{
	TAILQ_REMOVE(&v->all, who, link);
	v->listed--;
	who->is_listed = false;
	shutdown(who->fd, SHUT_RDWR);
}

static struct visitor *enter(struct visitors *v, int fd)
{
	struct visitor *who = mem_zalloc(sizeof *who);

	who->fd = fd;
	who->is_listed = true;
	TAILQ_INSERT_TAIL(&v->all, who, link);
	v->listed++;
	if (v->listed > CROWD)
		dismiss(v, TAILQ_FIRST(&v->all));
	return who;
}

static void give_back_place(struct visitors *v)
{
	v->places--;
	pthread_cond_signal(&v->has_changed);
}

static void leave(struct host *host, struct visitor *who)
{
	struct visitors *v = host->visitors;

	host->count--;
	if (who->is_listed) {
		TAILQ_REMOVE(&v->all, who, link);
		v->listed--;
	}
	give_back_place(v);
	free(who);
}

void visitors_note(void *of, struct MHD_Connection *c, void **context,
		   enum MHD_ConnectionNotificationCode what)
{
	struct host *host = of;
	struct visitors *v = host->visitors;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	pthread_mutex_lock(&v->lock);
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = enter(v, info->connect_fd);
	} else {
		leave(host, *context);
		*context = NULL;
	}
	pthread_mutex_unlock(&v->lock);
}

/* False: there will be none, since the doors close. */
static bool take_place(struct visitors *v)
{
	bool is_open;

	pthread_mutex_lock(&v->lock);
	while (v->places >= VISITORS_MAX && !v->is_closing)
		pthread_cond_wait(&v->has_changed, &v->lock);
	is_open = !v->is_closing;
	v->places += is_open;
	pthread_mutex_unlock(&v->lock);
	return is_open;
}

/* Waits for a descriptor: until a visitor has left, or a moment if none does. */
static void rest(struct visitors *v)
{
	struct timespec until = clock_after(REST_MS);

	pthread_mutex_lock(&v->lock);
	if (!v->is_closing)
		pthread_cond_clockwait(&v->has_changed, &v->lock, CLOCK_MONOTONIC, &until);
	pthread_mutex_unlock(&v->lock);
}

static bool is_out_of_descriptors(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

static void count_at(struct visitors *v, struct host *host, int change)
{
	pthread_mutex_lock(&v->lock);
	host->count += change;
	pthread_mutex_unlock(&v->lock);
}

/* Whoever takes it stays until it is counted there or refused. */
static struct host *next_host(struct visitors *v)
{
	struct host *host;

	pthread_mutex_lock(&v->lock);
	host = v->host;
	host->count++;
	pthread_mutex_unlock(&v->lock);
	return host;
}

static bool give(struct visitors *v, int fd, const struct sockaddr *from, socklen_t len)
{
	struct host *host = next_host(v);
	bool good = MHD_add_connection(host->daemon, fd, from, len) == MHD_YES;
	int err = errno;

	if (!good)
		count_at(v, host, -1);
	errno = err;
	return good;
}

/* False, with errno: nobody was there, or libmicrohttpd closed who was. */
static bool add_next(struct visitors *v)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	struct pollfd p = { .fd = v->fd, .events = POLLIN };
	int fd;

	poll(&p, 1, -1);
	fd = accept4(v->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return fd >= 0 && give(v, fd, (struct sockaddr *)&from, len);
}

static void let_one_in(struct visitors *v)
{
	int err;

	if (add_next(v))
		return;
	err = errno;
	pthread_mutex_lock(&v->lock);
	give_back_place(v);
	pthread_mutex_unlock(&v->lock);
	if (is_out_of_descriptors(err))
		rest(v);
}

static void *let_in(void *visitors)
{
	struct visitors *v = visitors;

	while (take_place(v))
		let_one_in(v);
	return NULL;
}

bool visitors_let_in(struct visitors *v, struct host *host)
{
	host->visitors = v;
	pthread_mutex_lock(&v->lock);
	v->host = host;
	pthread_mutex_unlock(&v->lock);
	if (!v->has_thread)
		v->has_thread = pthread_create(&v->thread, NULL, let_in, v) == 0;
	return v->has_thread;
}

bool visitors_are_at(struct visitors *v, const struct host *host)
{
	bool are;

	pthread_mutex_lock(&v->lock);
	are = host->count > 0;
	pthread_mutex_unlock(&v->lock);
	return are;
}

void visitors_close(struct visitors *v)
{
	pthread_mutex_lock(&v->lock);
	v->is_closing = true;
	pthread_cond_signal(&v->has_changed);
	pthread_mutex_unlock(&v->lock);
	shutdown(v->fd, SHUT_RDWR); /* wakes who polls it */
	if (v->has_thread)
		pthread_join(v->thread, NULL);
	v->has_thread = false;
	close(v->fd);
	v->fd = -1;
}

void visitors_free(struct visitors *v)
{
	if (v == NULL)
		return;
	pthread_cond_destroy(&v->has_changed);
	pthread_mutex_destroy(&v->lock);
	free(v);
}
