/* visitors.h - who is connected to the HTTP server, and the thread that lets them in.
 *
 *   places   0 ........ 96 ............. 128
 *            everyone     the oldest is    nobody is let in: who comes waits in the
 *            stays        dismissed for    kernel's queue until one who was dismissed
 *                         who comes        has really gone
 *
 * A dismissed visitor keeps its place until the thread that serves it has noticed,
 * which takes its time.  Who comes meanwhile must not be given to libmicrohttpd: at
 * its own limit it closes a connection, and 0.9.75 may then keep a lock for ever.
 * Tests: tests/unit/http/server_test.c
 */
#ifndef HTTP_VISITORS_H
#define HTTP_VISITORS_H

#include "util/compiler.h"

#include <microhttpd.h>
#include <stdbool.h>

/* A place is free for us a moment before libmicrohttpd has counted it: one more for that. */
enum { VISITORS_MAX = 128, VISITORS_DAEMON_MAX = VISITORS_MAX + 1 };

struct visitors;

/* Whoever serves visitors.  Filled with zeros but for the daemon before it lets anybody in. */
struct host {
	struct MHD_Daemon *daemon;
	struct visitors *visitors;
	int count; /* of those whom it serves, and of who is just let in */
};

/* Takes fd, which listens and does not block. */
struct visitors *visitors_new(int fd);
/* For MHD_OPTION_NOTIFY_CONNECTION, with the host as its context. */
void visitors_note(void *host, struct MHD_Connection *c, void **context,
		   enum MHD_ConnectionNotificationCode what);
/* From now on visitors are let in to this host, whose daemon has no listening socket of its own; the
 * first time by a new thread with the caller's signal mask.  False: there is no thread to be had. */
MUST_CHECK bool visitors_let_in(struct visitors *v, struct host *host);
/* False: that host, which lets nobody in any more, serves nobody either. */
bool visitors_are_at(struct visitors *v, const struct host *host);
/* Nobody is let in any more, the thread has ended, the port is free.  Before daemons are stopped. */
void visitors_close(struct visitors *v);
/* After the daemons were stopped; fine with NULL. */
void visitors_free(struct visitors *v);

#endif
