/* options.h - the options of a bind, server or default-server line, by name.
 *
 * What a word means depends on the word before it: some options take a value, most do
 * not.  The table in options.c says which (HAProxy 2.6 to 3.4).  Later words win; "no-x"
 * takes "x" away.
 * Tests: tests/unit/haproxy/cfg/view_test.c
 */
#ifndef HAPROXY_CFG_OPTIONS_H
#define HAPROXY_CFG_OPTIONS_H

#include "cfg/cfg.h"

enum { CFG_OPTIONS_MAX = 256 };

struct cfg_option {
	const char *name;
	const char *value;	     /* "" when it takes none */
	const struct cfg_line *line; /* where it is said */
};

struct cfg_options {
	struct cfg_option list[CFG_OPTIONS_MAX];
	size_t count;
};

/* Adds words [from, end) of the line, which is borrowed. */
void cfg_options_add(struct cfg_options *o, const struct cfg_line *line, int from);
/* NULL: it is not set. */
const struct cfg_option *cfg_option(const struct cfg_options *o, const char *name);
/* Its value, "" when it takes none, NULL when it is not set. */
const char *cfg_option_value(const struct cfg_options *o, const char *name);
bool cfg_has_option(const struct cfg_options *o, const char *name);
/* Whether a server or bind option of that name takes a value. */
bool cfg_option_takes_value(const char *name);

#endif
