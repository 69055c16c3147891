/* certificates.h - the contexts of TLS that the node's connections begin with, and their files.
 *
 * Files are looked at every few seconds, by what stat says of them, so that one that is replaced, or
 * that a link leads elsewhere (Kubernetes does so), is taken without being asked.  New contexts
 * are made whole or not at all: while something is wrong the old ones stay, which is told, and
 * connections keep the one that they began with.
 * All on the main loop, but for what says otherwise.
 * Tests: tests/integration/operate/tls_renewal.py, tests/integration/operate/tls_to_brokers.py
 */
#ifndef PROGRAM_CERTIFICATES_H
#define PROGRAM_CERTIFICATES_H

#include "config/listener.h"
#include "upstream/link.h"

#include <ev.h>
#include <pthread.h>

struct config;

enum {
	CERTIFICATES_LOOK_S = 10,
	CERTIFICATES_SOON_S = 7 * 24 * 3600, /* an end that is near */
};

struct certificates {
	struct tls_slot brokers, http;
	struct tls_slot clients[LISTENERS_MAX]; /* one a listener */
	struct link_terms terms;		/* of links to brokers */
	const struct config *config; /* whose files they are; NULL: nothing was loaded yet */
	uint64_t stamp;		     /* of those files as they were read */
	ev_timer timer;
	pthread_mutex_t lock;	   /* of the next ones */
	char trouble[TLS_WHY_MAX]; /* why newer files were not taken; "": they were */
	/* the listener's certificate is not for the advertised host; "": it is */
	char misnamed[LISTENERS_MAX][TLS_WHY_MAX];
};

void certificates_init(struct certificates *s);
/* Nobody begins a connection any more. */
void certificates_deinit(struct certificates *s);
/* Reads the files and puts new contexts in place, of all sides or of none.  False and why.  Borrows
 * the configuration until the next call. */
MUST_CHECK bool certificates_load(struct certificates *s, const struct config *config,
				  char why[TLS_WHY_MAX]);
/* The same while the node runs: what is wrong is told, in the log too, and the old ones stay.  False:
 * they do, and why. */
bool certificates_renew(struct certificates *s, const struct config *config, char why[TLS_WHY_MAX]);
/* Looks at the files from now on. */
void certificates_watch(struct certificates *s, struct ev_loop *loop);
void certificates_unwatch(struct certificates *s, struct ev_loop *loop);

/* From any thread: when the certificate of a side ends, in seconds since 1970; 0: it has none. */
int64_t certificates_end(struct tls_slot *side);
/* The first end of those for clients, of whatever listener. */
int64_t certificates_end_clients(struct certificates *s);
/* From any thread: what is wrong with them, one after the other by `nth` from 0 on; false: no more. */
bool certificates_trouble(struct certificates *s, int nth, char text[TLS_WHY_MAX]);

#endif
