/* diff.h - what changes from one haproxy.cfg to another, and what it takes to get there.
 *
 * Blind to comments, blanks, the order of sections and of lines that HAProxy takes in any
 * order, to where a setting is said (defaults or the proxy itself), to "60s" for "1m", and to
 * one range of ports for several.
 *
 * The classes, from the mildest on:
 *   runtime      the stats socket can do it, nothing is started anew
 *   reload       a new worker takes over; open connections live on in the old one
 *   restart      the master itself must start anew: every connection is lost
 *   disconnects  clients lose their connection, or what they connect to
 * A runtime change has the commands that do it, in order.
 * Tests: tests/unit/haproxy/cfg/diff_test.c, tests/integration/haproxy/diff.py
 */
#ifndef HAPROXY_CFG_DIFF_H
#define HAPROXY_CFG_DIFF_H

#include "cfg/cfg.h"
#include "version/version.h"

enum diff_class { DIFF_RUNTIME, DIFF_RELOAD, DIFF_RESTART, DIFF_DISCONNECTS };
enum diff_kind { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED, DIFF_MOVED };

enum { DIFF_COMMANDS_MAX = 5 };

struct diff_change {
	enum diff_kind kind;
	enum diff_class class;
	char *section;			   /* "backend gw" */
	char *what;			   /* "server n1: weight" */
	char *before, *after;		   /* NULL: there is none */
	char *why;			   /* of the class */
	const struct cfg_line *line;	   /* in the new file, or in the old one when removed */
	char *commands[DIFF_COMMANDS_MAX]; /* of a runtime change; ends with NULL when fewer */
	size_t command_count;
	char *server; /* "gw/n1" that is removed or added at run time, else NULL */
};

struct diff {
	struct diff_change *list;
	size_t count;
	enum diff_class worst; /* of a diff with changes */
};

/* Borrows from both files.  `version` is of the HAProxy that is to do it: the commands are for that
 * one. */
struct diff diff_make(const struct cfg *before, const struct cfg *after,
		      const struct version *version);
void diff_free(struct diff *d);
const char *diff_class_name(enum diff_class class);

#endif
