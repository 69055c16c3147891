/* show_sess.h - `show sess`, `show sess all` and `show sess ID`: who is connected where.
 *
 * The short form has a line a session and no counts of bytes; the long one has a block a
 * session.  Both are told apart by themselves and may follow one another.  The long form's
 * lines differ among versions: words are found by their names.  A session whose bytes are
 * not told (has_totals is false) can't be said to be idle.
 * Tests: tests/unit/haproxy/live/show_sess_test.c
 */
#ifndef LIVE_SHOW_SESS_H
#define LIVE_SHOW_SESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session {
	char *id;	/* "0x55e85c8741e0": what `shutdown session` wants; used again later */
	char *protocol; /* "tcpv4", "unix_stream" */
	char *source;	/* "10.0.0.1:41234" */
	char *frontend, *backend, *server; /* "" when there is none */
	int64_t port; /* that the client came to; -1: not told, as in the short form */
	int64_t age;  /* seconds; -1: not told */
	bool has_totals;
	uint64_t bytes_in, bytes_out; /* from the client, from the server */
	uint64_t buffered; /* held in buffers and pipes; not 0 in the short form when it has some */
};

struct sessions {
	struct session *list;
	size_t count;
};

/* Caller frees. */
struct sessions show_sess_parse(const char *text);
void show_sess_free(struct sessions *sessions);

#endif
