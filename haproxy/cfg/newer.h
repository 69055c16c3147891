/* newer.h - words of haproxy.cfg that not every HAProxy knows.
 *
 * Tests: tests/unit/haproxy/cfg/newer_test.c, tests/golden/haproxy-rules
 */
#ifndef HAPROXY_CFG_NEWER_H
#define HAPROXY_CFG_NEWER_H

#include "cfg/cfg.h"
#include "version/version.h"

struct newer_word {
	const char *word; /* as HAProxy's manual has it: "hash-key" */
	struct version since;
};

/* The first word of a line that this HAProxy does not know and a later one does; false: there
 * is none. */
MUST_CHECK bool newer_in_line(const struct cfg_line *line, const struct version *v,
			      struct newer_word *found);
/* The same of a whole configuration; *line is where. */
MUST_CHECK bool newer_in_cfg(const struct cfg *cfg, const struct version *v,
			     struct newer_word *found, const struct cfg_line **line);
/* "HAProxy 2.6.12 does not know `guid`, which 3.0 does" */
const char *newer_print(const struct newer_word *word, const struct version *v, char *to,
			size_t size);

#endif
