/* call.h - asks one broker a few things and hears the answers.
 *
 * A call is one connection for the gateway's own requests: whole requests go
 * out in the order in which they were sent, as many at a time as the owner
 * likes (up to CALL_PIPELINE_MAX), and whole answers come back in that order.
 * What clients say never passes here.
 *
 * Everything happens on the loop's thread.  Callbacks come from the loop, never
 * from inside a function of this file, and may call any of them.
 *
 * The connection is a link (link.h); its loss is told once, by on_closed, and also when it was
 * lost from the start.  While the link logs in again, requests wait; their time runs.
 *
 * Tests: tests/unit/upstream/call_test.c, tests/unit/upstream/call_login_test.c
 */
#ifndef UPSTREAM_CALL_H
#define UPSTREAM_CALL_H

#include "kafka/say.h"
#include "upstream/link.h"
#include "util/compiler.h"

#include <ev.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct call;

enum {
	CALL_PIPELINE_MAX = 256,
	CALL_REQUEST_MAX = 32 * 1024 * 1024, /* bytes of a request */
};

struct call_options {
	const struct sockaddr *address; /* copied */
	socklen_t address_len;
	int connect_timeout_ms;
	uint32_t max_answer;   /* bytes of the largest frame that is taken */
	const char *client_id; /* borrowed; NULL: the gateway's own */
	const struct link_terms
		*terms;	  /* borrowed for the time of the call; NULL: TCP as it is, and
					 * nobody logs in */
	const char *host; /* see struct link_wanted; so is the port */
	int port;
};

struct call_events {
	void (*on_connected)(void *owner); /* may be NULL */
	/* The last one.  `error` is an errno or 0.  Every request in flight has
	 * been answered with NULL before. */
	void (*on_closed)(void *owner, enum link_end end, int error);
};

/* `body` is all that stands behind the answer's header, borrowed for the time
 * of the call; NULL: no answer will come. */
typedef void (*call_answer)(void *owner, const uint8_t *body, uint32_t len);

/* One request, as its sender has it.  Borrowed for the time of the call that it is given to. */
struct call_request {
	enum api_key key;
	int version;	       /* one that the API's rows have */
	struct say_pairs says; /* its body */
	int timeout_ms;
	call_answer answer;
	void *owner; /* of the answer */
};

/* Starts to connect; never blocks, never NULL.  Borrows the loop, the events
 * and the owner. */
struct call *call_new(struct ev_loop *loop, const struct call_options *options,
		      const struct call_events *events, void *owner);
/* Closes now; fine with NULL and inside a callback; no callback follows. */
void call_free(struct call *c);

/* Sends one request: header and body are written here, after its API's rows.  When no
 * answer has come after timeout_ms the whole call ends, for answers can't be told apart but by
 * their order.  False: CALL_PIPELINE_MAX are in flight, the call has ended, or the body can't be
 * said in that version or is longer than CALL_REQUEST_MAX; nothing was sent and no answer
 * follows. */
MUST_CHECK bool call_send(struct call *c, const struct call_request *request);

/* For the log. */
const char *call_error_text(int error);
/* The same in the words of what failed, where there are some; while the call stands. */
const char *call_reason(const struct call *c, int error);
/* Those words alone: why the broker can't be asked, by TLS, or since it refused the login; NULL: that
 * is not what failed. */
const char *call_refusal(const struct call *c);

#endif
