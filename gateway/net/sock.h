/* sock.h - a non-blocking stream socket on a loop, with what it has said.
 *
 * Calls never block and never call back.  `readable` and `writable` are hints:
 * set by the loop, cleared by a call that could not go on.  A hint that is not
 * set means that a call would be in vain.
 * Tests: tests/unit/net/sock_test.c
 */
#ifndef NET_SOCK_H
#define NET_SOCK_H

#include "net/inbuf.h"
#include "net/pipe.h"

#include <ev.h>
#include <stdbool.h>
#include <sys/uio.h>

/* Up to this size a copy is cheaper than a call of its own. */
enum { SOCK_SMALL = 8 * 1024 };

struct sock {
	int fd; /* -1: closed */
	bool readable, writable;
	bool lost; /* reset, closed by the peer, or failed: no call will do more */
	struct inbuf in;
	struct inbuf out; /* small pieces that leave together: see sock_put */
	struct ev_loop *loop;
	ev_io read_watch, write_watch;
};

/* Takes the fd.  `on_event` runs when a watched side gets ready, after the
 * hint is set; its watcher's data is `owner`. */
void sock_init(struct sock *s, struct ev_loop *loop, int fd,
	       void (*on_event)(struct ev_loop *, ev_io *, int), void *owner);
/* Closes, frees what was read; fine when closed already. */
void sock_close(struct sock *s, struct bufpool *pool);
/* Says what to wait for. */
void sock_watch(struct sock *s, bool read, bool write);
/* For on_event: notes what the loop found. */
void sock_note(struct sock *s, int events);

/* Adds a small piece to those that leave with the next sock_flush; false: it
 * does not fit now.  While there are any, only sock_flush may write. */
bool sock_put(struct sock *s, struct bufpool *pool, const void *bytes, uint32_t n);
/* True: nothing is left to be flushed. */
bool sock_flush(struct sock *s, struct bufpool *pool);

/* What moved: more than 0 bytes, or 0: not now (the hint is cleared), or
 * `lost` is set. */
uint32_t sock_read(struct sock *s, struct bufpool *pool, uint32_t max); /* into s->in */
uint32_t sock_write(struct sock *s, const void *bytes, uint32_t n);
size_t sock_writev(struct sock *s, const struct iovec *iov, int n);
uint32_t sock_splice_in(struct sock *s, struct pipe *pipe, uint32_t max);
uint32_t sock_splice_out(struct sock *s, struct pipe *pipe);

#endif
