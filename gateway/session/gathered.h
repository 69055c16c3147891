/* gathered.h - writes what was put together, as far as the socket takes it. */
#ifndef SESSION_GATHERED_H
#define SESSION_GATHERED_H

#include "net/sock.h"
#include "util/gather.h"

/* Writes from piece *at on; *at is g->count when all has left.  A small message
 * is put to leave with others (sock_flush).  Returns the bytes that left. */
size_t gather_write(struct sock *s, struct gather *g, int *at, struct bufpool *bufs);

#endif
