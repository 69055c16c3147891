/* conn.h - a stream to a peer: clear bytes here, whatever they are on the wire.
 *
 * Calls never block and never call back.  What a call could not do is waited for by
 * conn_await; the loop then runs on_event, whose owner marks itself ready and returns.
 * Three things end a stream, and they are different ones:
 *
 *   conn_has_ended   the peer sends no more; it may still read (half a close)
 *   conn_finish      our own last word: we send no more; the peer may still send
 *   conn_is_lost     reset or failed: no call will do anything more
 *
 *   OPENING --open--> OPEN --conn_finish--> FINISHED
 *       `--------------+----any failure---------+----> LOST
 *
 * Nobody outside of net/ reads or writes the fields of a struct conn.
 * Tests: tests/unit/net/conn_test.c, make lame
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include "net/inbuf.h"
#include "net/pipe.h"
#include "util/gather.h"

#include <ev.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Up to this size a copy is cheaper than a call of its own. */
enum { CONN_SMALL = 8 * 1024 };

struct conn;

/* What stands between clear bytes and the socket.  Functions of a layer say by the conn_…
 * calls below why they could not go on. */
struct conn_layer {
	const char *name;
	/* What comes before the first clear byte; called again, when what it waits for has
	 * come, until it returns true or the connection is lost. */
	bool (*open)(struct conn *c);
	/* How many bytes moved; 0: it was said why not.  What a writev did not take is offered
	 * again first, or nothing ever is. */
	size_t (*read)(struct conn *c, void *to, size_t n);
	size_t (*writev)(struct conn *c, const struct iovec *v, int n);
	bool (*pending)(const struct conn *c);	  /* clear bytes that no poll will announce */
	void (*finish)(struct conn *c);		  /* our last word */
	void (*free)(struct conn *c);		  /* what `of_layer` points to */
	const char *(*why)(const struct conn *c); /* see conn_why; NULL: it has no words */
};

/* TCP as it is. */
extern const struct conn_layer conn_plain;

enum conn_state { CONN_OPENING, CONN_OPEN, CONN_FINISHED, CONN_LOST };

struct conn {
	const struct conn_layer *layer;
	void *of_layer; /* the layer's own; NULL: it has nothing */
	int fd;		/* -1: closed */
	enum conn_state state;
	int error; /* LOST: an errno; 0: the peer closed */
	bool is_connecting;
	bool may_read, may_write; /* a call would not be in vain, for all that is known */
	bool has_ended;
	bool pipes_in, pipes_out;    /* the socket's bytes are clear ones: splice may move them */
	int read_wants, write_wants; /* what of EV_READ | EV_WRITE the next call waits for */
	struct inbuf in;
	struct inbuf out; /* small pieces that leave together: see conn_put */
	struct bufpool *pool;
	struct ev_loop *loop;
	ev_io read_watch, write_watch;
	void (*on_event)(void *owner);
	void *owner;
};

/* Takes a connected socket.  Borrows the loop and the pool; `on_event` runs when something
 * came that conn_await waits for. */
void conn_init(struct conn *c, const struct conn_layer *layer, int fd, struct ev_loop *loop,
	       struct bufpool *pool, void (*on_event)(void *owner), void *owner);
/* Starts to connect; an address that can't even be tried (length 0: there is none) is lost
 * at once. */
void conn_connect(struct conn *c, const struct conn_layer *layer, const struct sockaddr *address,
		  socklen_t len, struct ev_loop *loop, struct bufpool *pool,
		  void (*on_event)(void *owner), void *owner);
/* Puts a layer on a connection on which nothing was read or written yet, in place of the one that
 * it has: it opens as soon as there is a TCP connection.  Takes what is the layer's own. */
void conn_raise(struct conn *c, const struct conn_layer *layer, void *of_layer);
/* `to` becomes what `from` was, with another owner; `from` is closed then, without a word to the
 * peer. */
void conn_hand_over(struct conn *to, struct conn *from, void (*on_event)(void *owner), void *owner);
/* Closes, frees what was read; fine when closed already. */
void conn_close(struct conn *c);

struct ev_loop *conn_loop(const struct conn *c);
bool conn_is_opening(const struct conn *c);
bool conn_is_lost(const struct conn *c);
bool conn_has_ended(const struct conn *c);
/* Neither will more come: ended, or lost. */
bool conn_is_dry(const struct conn *c);
/* Of a lost one: an errno, or 0 when the peer closed. */
int conn_error(const struct conn *c);
/* The same in words, until it is closed: the layer's, where it knows more than the error. */
const char *conn_why(const struct conn *c);
bool conn_may_read(const struct conn *c);
bool conn_may_write(const struct conn *c);
/* The peer has closed, or ended its side, behind whatever has not been read yet; asks the kernel. */
bool conn_end_is_near(const struct conn *c);
/* The next read asks the socket, whatever the last one said: for what has come by now. */
void conn_look_again(struct conn *c);
/* Says what the owner waits for; what is there already is not waited for. */
void conn_await(struct conn *c, bool read, bool write);
/* Our last word: all that was put must have left. */
void conn_finish(struct conn *c);

/* --- what has come and nobody has taken --- */

static inline uint32_t conn_len(const struct conn *c)
{
	return inbuf_len(&c->in);
}

/* The first of conn_len bytes; they may be changed in place. */
static inline uint8_t *conn_data(const struct conn *c)
{
	return inbuf_at(&c->in);
}

/* Reads up to max bytes more: how many came.  0: none now, none ever again, or no room. */
uint32_t conn_fill(struct conn *c, uint32_t max);
void conn_take(struct conn *c, uint32_t n);
/* From now on n bytes fit, counted from conn_data; an owner that asks for more than
 * INBUF_BLOCK has a reservation for them. */
void conn_reserve(struct conn *c, uint32_t n);
/* The same with no more memory than that, for an answer that is held: a block is not needed. */
void conn_hold(struct conn *c, uint32_t n);
/* Reads what fits the memory that there is. */
uint32_t conn_fill_held(struct conn *c);
/* Whether n bytes, counted from conn_data, have room in the memory that there is. */
bool conn_fits(const struct conn *c, uint32_t n);
/* No room for another byte, though all that can be moved has been. */
bool conn_is_full(struct conn *c);
/* The first n bytes as memory of the caller's own, to be freed by free(); no copy when they
 * are all there is in memory made for them. */
uint8_t *conn_take_whole(struct conn *c, uint32_t n);
/* The owner is done for now: memory that isn't needed for what is there goes back. */
void conn_rest(struct conn *c);
/* Throws away all that is there. */
void conn_drop(struct conn *c);

/* --- what is to leave --- */

/* Adds a small piece to those that leave with the next conn_flush; false: it does not fit
 * now.  While there are any, only conn_flush may write. */
bool conn_put(struct conn *c, const void *bytes, uint32_t n);
/* True: nothing is left to be flushed. */
bool conn_flush(struct conn *c);
uint32_t conn_unsent(const struct conn *c); /* put, and not flushed */
/* How many bytes moved; 0: not now, or lost. */
uint32_t conn_write(struct conn *c, const void *bytes, uint32_t n);
/* Writes the message from its piece *at on, which it moves; how many bytes left.  A small
 * message is put. */
size_t conn_gather(struct conn *c, struct gather *g, int *at);

/* --- past the buffers --- */

bool conn_pipes_in(const struct conn *c); /* conn_splice_in is possible */
bool conn_pipes_out(const struct conn *c);
uint32_t conn_splice_in(struct conn *c, struct pipe *pipe, uint32_t max);
uint32_t conn_splice_out(struct conn *c, struct pipe *pipe);

/* --- for layers --- */

void conn_read_blocked(struct conn *c, int wants); /* EV_READ, EV_WRITE */
void conn_write_blocked(struct conn *c, int wants);
void conn_end(struct conn *c);		   /* the peer's last word was read */
void conn_lose(struct conn *c, int error); /* an errno */
/* Which way the kernel may move the bytes past the layer. */
void conn_allow_pipes(struct conn *c, bool in, bool out);

#endif
