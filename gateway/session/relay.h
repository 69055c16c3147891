/* relay.h - moves the bytes of one frame from socket to socket as they come.
 *
 * Bytes that are already read are written from where they are; large runs that
 * nobody needs to see are spliced through a pipe.  At most a block and a pipe
 * are held, whatever the frame's size; the slower side sets the pace.
 * Tests: tests/unit/session/relay_test.c, tests/integration/data/big_messages.py
 */
#ifndef SESSION_RELAY_H
#define SESSION_RELAY_H

#include "net/conn.h"

enum relay_result {
	RELAY_DONE,   /* the last byte has left, or leaves with the next conn_flush */
	RELAY_WAIT,   /* for either socket: their hints tell which */
	RELAY_ENOUGH, /* the share is used up */
	RELAY_FROM_LOST,
	RELAY_TO_LOST,
	RELAY_BAD, /* the watcher refused a byte */
};

/* Sees the bytes before they move on; may change them in place. */
struct relay_watcher {
	/* Looks at n bytes, the next ones of the frame; returns how many may go
	 * (the rest is shown again with more behind it), or -1. */
	int64_t (*see)(void *ctx, uint8_t *bytes, uint32_t n);
	/* How many of the next bytes it needs not see at all. */
	uint32_t (*blind)(void *ctx);
	void (*passed)(void *ctx, uint32_t n); /* so many went by unseen */
	void *ctx;
};

struct relay {
	uint32_t left;	 /* bytes of the frame that have not left `from` */
	uint32_t vetted; /* of those in from's buffer: they may go */
	struct pipe *pipe;
	uint64_t moved, spliced; /* in all, for the statistics; the owner resets them */
};

/* A frame of `size` bytes begins at from's buffer or is still to come. */
void relay_start(struct relay *r, uint32_t size);
/* Moves what can be moved until the share is used up, which counts the bytes; the last
 * call may go beyond it. */
enum relay_result relay_run(struct relay *r, struct conn *from, struct conn *to,
			    const struct relay_watcher *watcher, int64_t *share,
			    struct pipepool *pipes);
/* Gives the pipe back; what is in it is lost. */
void relay_stop(struct relay *r, struct pipepool *pipes);

#endif
