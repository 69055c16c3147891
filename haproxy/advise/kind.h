/* kind.h - which kind of stickiness a haproxy.cfg has, and its change into another one.
 *
 * Tests: tests/unit/haproxy/advise/kind_test.c
 */
#ifndef ADVISE_KIND_H
#define ADVISE_KIND_H

#include "advise/changes.h"
#include "cfg/view.h"
#include "simulate/simulate.h"

struct kind_found {
	enum simulate_key key;
	bool is_known;		      /* false: something else sticks than the kinds we know */
	const struct cfg_line *stick; /* "stick on ..."; NULL: nothing sticks */
	const char *expression;	      /* what it says behind "on"; "" */
};

/* Of the backend; its frontend (may be NULL) tells what a variable holds. */
struct kind_found kind_find(const struct cfg_section *backend, const struct cfg_section *frontend);
/* The frontend that leads to the backend, or NULL. */
struct cfg_section *kind_frontend(const struct cfg *cfg, const struct cfg_section *backend);
/* False, nothing was changed: it takes more than a change of a few lines. */
MUST_CHECK bool kind_change(struct changes *e, const struct cfg_section *backend,
			    const struct cfg_section *frontend, const struct kind_found *now,
			    enum simulate_key to);

#endif
