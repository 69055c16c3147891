/* effective.h - what counts for a section, wherever it is said, in a form to compare.
 *
 * A proxy's items are its own lines and those of its defaults that it does not override.
 * Words that HAProxy reads alike are alike: times in milliseconds, one blank between words.
 * Binds and servers are not among them: see view.h.
 * Tests: tests/unit/haproxy/cfg/diff_test.c
 */
#ifndef HAPROXY_CFG_EFFECTIVE_H
#define HAPROXY_CFG_EFFECTIVE_H

#include "cfg/cfg.h"

struct effective_item {
	char *key;   /* "timeout client", "option redispatch", "tcp-request content" */
	char *value; /* what stands behind it, in one manner of writing */
	char *text;  /* the same as it was written, one blank between words */
	const struct cfg_line *line;
};

enum effective_kind {
	EFFECTIVE_SINGLE, /* the last one counts */
	EFFECTIVE_SET,	  /* each counts, in any order */
	EFFECTIVE_LIST	  /* each counts, in this order */
};

struct effective {
	struct effective_item *items; /* in the order in which HAProxy goes through them */
	size_t count;
};

/* Of a proxy, or of any other section; of global those of all global sections together. */
struct effective effective_of(const struct cfg *cfg, const struct cfg_section *s);
void effective_free(struct effective *e);
enum effective_kind effective_kind_of(const char *key);
/* Whether two values of an option or setting mean the same: "60s" and "1m". */
bool effective_same(const char *a, const char *b);

#endif
