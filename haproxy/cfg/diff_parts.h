/* diff_parts.h - private to diff*.c: one part of a configuration each. */
#ifndef HAPROXY_CFG_DIFF_PARTS_H
#define HAPROXY_CFG_DIFF_PARTS_H

#include "cfg/diff.h"

/* The same section before and after; one may be NULL, not both. */
struct diff_pair {
	const struct cfg *before_cfg, *after_cfg;
	struct cfg_section *before, *after;
	const struct version *version; /* of the HAProxy that is to do it */
};

/* diff_list.c */
/* A new change at the end of the list; texts are copied, before, after and why may be NULL. */
struct diff_change *diff_add(struct diff *d, const struct diff_pair *pair, enum diff_kind kind,
			     enum diff_class class, const struct cfg_line *line, const char *what,
			     const char *before, const char *after, const char *why);
void diff_command(struct diff_change *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

void diff_items(struct diff *d, const struct diff_pair *pair);
void diff_binds(struct diff *d, const struct diff_pair *pair);
void diff_servers(struct diff *d, const struct diff_pair *pair);

#endif
