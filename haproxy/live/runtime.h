/* runtime.h - asks HAProxy on its stats socket or on its master's socket.
 *
 * One command a connection (or several that ';' divides), with a deadline for all of it.  What a
 * command takes in lines of its own follows it behind "<<" and a line feed.
 * A socket is a path, as in the file after `stats socket`, or HOST:PORT; "unix@", "ipv4@"
 * and "ipv6@" in front are taken off.
 *
 * Who is asked on the master's socket: "@1" the worker that listens, "@!PID" any worker,
 * old ones too, nothing the master itself.
 *
 * HAProxy's management guide, chapters 9.3 and 9.4.
 * Tests: tests/unit/haproxy/live/runtime_test.c, tests/integration/haproxy/status.py
 */
#ifndef LIVE_RUNTIME_H
#define LIVE_RUNTIME_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	RUNTIME_ANSWER_MAX = 256 << 20,
	RUNTIME_COMMAND_MAX = 15000, /* what fits into HAProxy's buffer (tune.bufsize, 16 KiB) */
	RUNTIME_WHY_MAX = 512,
	RUNTIME_SAID_MAX = 300,
};

/* The answer's text, or NULL and why, which names the socket and the command: nobody there,
 * not all within timeout_ms, a command that is too long.  Caller frees. */
char *runtime_ask(const char *socket, const char *command, int timeout_ms,
		  char why[RUNTIME_WHY_MAX]);

/* For commands that only act: false, and why with the socket and the command, when HAProxy says
 * more than that it was done. */
MUST_CHECK bool runtime_do(const char *socket, const char *command, int timeout_ms,
			   char why[RUNTIME_WHY_MAX]);

/* What a refusal means, in our words; what is not known is told as HAProxy's own. */
const char *runtime_said(const char *answer, char words[RUNTIME_SAID_MAX]);

/* Whether an answer to a command that acts says that it was done. */
bool runtime_is_done(const char *answer);

#endif
