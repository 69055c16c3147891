/* apply.h - brings a load balancer from the haproxy.cfg that it has to another one.
 *
 * Checked with HAProxy itself first, in a draft next to the file.  What the stats socket can
 * do is done there, and the file is put in place for the next start; anything else is a
 * reload.  A reload that fails puts the old file back: the old worker has never stopped.
 * One process at a time: another one's is refused, but for a dry run, which changes nothing.
 * Tests: tests/integration/haproxy/apply.py
 */
#ifndef LIVE_APPLY_H
#define LIVE_APPLY_H

#include "cfg/diff.h"
#include "live/balancer.h"
#include "live/reload.h"
#include "live/verdict.h"

struct apply {
	const struct balancers *all;
	const struct balancer *balancer; /* its config is the file that is replaced */
	const char *file;		 /* the new one */
	const char *program;		 /* HAProxy, for its verdict */
	struct version version;		 /* its own; VERSION_OLDEST when there is none */
	bool dry_run;			 /* changes nothing */
	bool reloads;			 /* even where the runtime API would do */
	bool may_disconnect;		 /* clients may lose what they connect to */
	int patience_ms;		 /* for peers, and for a new worker */
};

enum apply_outcome {
	APPLY_NOTHING,	   /* the files mean the same, and are the same */
	APPLY_FILE,	   /* the file only: HAProxy has nothing to learn from it */
	APPLY_RUNTIME,	   /* by the commands of the diff */
	APPLY_RELOAD,	   /* by a new worker */
	APPLY_REFUSED,	   /* nothing was changed; why says the reason */
	APPLY_ROLLED_BACK, /* the old file is there again; why says the reason */
	APPLY_FAILED	   /* HAProxy and its file do not go together; why says what is where */
};

struct apply_result {
	enum apply_outcome outcome; /* in a dry run what it would be */
	char why[RUNTIME_WHY_MAX];
	struct diff diff;	/* empty when a file could not be read */
	struct verdict verdict; /* empty when HAProxy was not asked */
	struct reloaded reloaded;
	struct cfg *before, *after; /* for the diff */
};

/* Always fills the result, which is to be freed. */
void apply_run(const struct apply *a, struct apply_result *r);
void apply_result_free(struct apply_result *r);

#endif
