#include "http/daemons.h"

#include "http/visitors.h"
#include "util/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum {
	SILENCE_MAX_S = 10,
	MEMORY_A_CONNECTION = 16 << 10, /* a request's head and an answer's */
	STACK_A_CONNECTION = 512 << 10,
};

static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

struct one {
	struct host host;
	char *certificate, *key; /* NULL: it is without TLS */
	struct one *before;
};

struct daemons {
	struct visitors *visitors;
	MHD_AccessHandlerCallback on_request;
	void *ctx;
	struct one *now; /* and those before it */
};

struct daemons *daemons_new(int fd, MHD_AccessHandlerCallback on_request, void *ctx)
{
	struct daemons *d = mem_zalloc(sizeof *d);

	d->visitors = visitors_new(fd);
	d->on_request = on_request;
	d->ctx = ctx;
	return d;
}

/* With poll: the library's epoll misses the end of a connection that comes
 * together with an unfinished request. */
static struct MHD_Daemon *start_daemon(struct daemons *d, struct one *one)
{
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, one->certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, one->key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)priorities },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION |
			 MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET;
	bool has_tls = one->certificate != NULL;

	return MHD_start_daemon(
		has_tls ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, d->on_request, d->ctx,
		MHD_OPTION_CONNECTION_LIMIT, VISITORS_DAEMON_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		SILENCE_MAX_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_A_CONNECTION,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_A_CONNECTION,
		MHD_OPTION_NOTIFY_CONNECTION, visitors_note, &one->host, MHD_OPTION_ARRAY,
		has_tls ? tls : tls + ARRAY_LEN(tls) - 1, MHD_OPTION_END);
}

/* Signals are for the main thread: none of ours takes any. */
static bool start_threads(struct daemons *d, struct one *one)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	one->host.daemon = start_daemon(d, one);
	started = one->host.daemon != NULL && visitors_let_in(d->visitors, &one->host);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

/* Who is there still is cut off. */
static void stop(struct one *one)
{
	if (one->host.daemon != NULL)
		MHD_stop_daemon(one->host.daemon);
	free(one->certificate);
	tls_pem_wipe(one->key);
	free(one);
}

bool daemons_begin(struct daemons *d, const struct tls_context *context)
{
	struct one *one = mem_zalloc(sizeof *one);

	if (context != NULL)
		tls_context_pem(context, &one->certificate, &one->key);
	if (!start_threads(d, one)) {
		stop(one);
		return false;
	}
	one->before = d->now;
	d->now = one;
	return true;
}

void daemons_sweep(struct daemons *d)
{
	struct one **at = &d->now->before, *one;

	while ((one = *at) != NULL) {
		if (visitors_are_at(d->visitors, &one->host)) {
			at = &one->before;
		} else {
			*at = one->before;
			stop(one);
		}
	}
}

void daemons_free(struct daemons *d)
{
	if (d == NULL)
		return;
	visitors_close(d->visitors);
	for (struct one *one = d->now, *before; one != NULL; one = before) {
		before = one->before;
		stop(one);
	}
	visitors_free(d->visitors);
	free(d);
}
