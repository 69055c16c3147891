/* consistency_parts.h - the parts of consistency.c, one a file.
 *
 * Each looks at one side of a plan.  Those with `ports` need its ports to be known.
 */
#ifndef HAPROXY_CONSISTENCY_PARTS_H
#define HAPROXY_CONSISTENCY_PARTS_H

#include "plan/findings.h"
#include "plan/model.h"

/* consistency_nodes.c: who the nodes are */
void consistency_nodes(const struct haproxy_plan *plan, struct findings *f);
void consistency_node_ports(const struct haproxy_plan *plan, struct findings *f);
/* consistency_front.c: what clients reach and what else listens */
void consistency_front(const struct haproxy_plan *plan, struct findings *f);
void consistency_front_ports(const struct haproxy_plan *plan, struct findings *f);
/* HAProxy must not reach itself by the nodes of `to` where it listens for `plan`. */
void consistency_loop(const struct haproxy_plan *plan, const struct haproxy_plan *to,
		      struct findings *f);
/* consistency_fronts.c: several listeners, in one HAProxy */
void consistency_fronts(const struct haproxy_plan *first, struct findings *f);
/* consistency_keys.c: stickiness, balance, peers, limits by key */
void consistency_keys(const struct haproxy_plan *plan, struct findings *f);
void consistency_keys_ports(const struct haproxy_plan *plan, struct findings *f);
/* consistency_tls.c */
void consistency_tls(const struct haproxy_plan *plan, struct findings *f);
/* consistency_size.c: words, numbers and times */
void consistency_words(const struct haproxy_plan *plan, struct findings *f);
void consistency_times(const struct haproxy_plan *plan, struct findings *f);
void consistency_sizes_ports(const struct haproxy_plan *plan, struct findings *f);

/* consistency_ports.c */
/* Whether who listens on the one can be reached at the other. */
bool consistency_same_place(const char *a, const char *b);
/* The ports of a node that HAProxy's listeners lead to. */
struct haproxy_ports consistency_reached(const struct haproxy_plan *plan);
bool consistency_overlap(const struct haproxy_ports *a, const struct haproxy_ports *b);
bool consistency_within(const struct haproxy_ports *inner, const struct haproxy_ports *outer);
/* Whether HAProxy can take it as one word, as it is. */
bool consistency_is_plain_word(const char *s);

#endif
