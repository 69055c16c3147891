/* rules.h - what goes wrong with Kafka behind a haproxy.cfg, as rows.
 *
 * A rule has an id ("K07") that stays its own for ever, says why it matters for Kafka and
 * how to mend it, and has a function that looks at a parsed configuration.  Most of what
 * the rules find, `haproxy -c` does not say.
 *
 *   struct findings found = { 0 };
 *   rules_check(cfg, &facts, &found);     all of them, sorted by file and line
 *   rules_fix(cfg, &facts);               edits lines where the mend is mechanical
 *
 * The rows are in the files of this folder, one a theme.
 * Tests: tests/unit/haproxy/rules/rules_test.c, tests/golden/haproxy-rules
 */
#ifndef RULES_RULES_H
#define RULES_RULES_H

#include "cfg/cfg.h"
#include "util/compiler.h"
#include "version/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct balancers;
struct config;
struct look;
struct finding;

enum rule_severity {
	RULE_ADVICE,  /* works, could be better */
	RULE_WARNING, /* will hurt some day */
	RULE_ERROR    /* does not do what it says */
};

/* What a rule must be shown besides the file. */
enum rule_needs {
	RULE_FILE,    /* nothing */
	RULE_MACHINE, /* this machine, on which HAProxy is to run */
	RULE_GATEWAY, /* the gateway's configuration */
	RULE_LIVE,    /* a running HAProxy */
	RULE_VERSION  /* which HAProxy it is for */
};

struct rule {
	const char *id, *name;
	enum rule_severity severity; /* the worst that it finds */
	enum rule_needs needs;
	const char *haproxy; /* what `haproxy -c` makes of it: "refuses", "warns", "silent" */
	const char *why, *mend;
	void (*look)(struct look *l);
	/* Edits the configuration so that the finding goes; false: it can't be done without
	 * knowing what was meant.  The line is NULL where the finding has none.  NULL: never mechanical. */
	bool (*fix)(struct cfg *cfg, const struct finding *finding);
	/* From a version on, `haproxy -c` makes something else of it. */
	struct rule_change {
		struct version since;
		const char *haproxy; /* NULL ends the list */
	} changes[3];
};

struct finding {
	const struct rule *rule;
	enum rule_severity severity;
	struct cfg_line *line; /* NULL: of the file as a whole */
	const char *file;      /* borrowed from the configuration; may be NULL with no line */
	int number;	       /* of the line; 0: none */
	char *what;	       /* a sentence without a full stop */
	char *detail;	       /* for the fix; may be NULL */
};

struct findings {
	struct finding *list;
	size_t count;
};

/* What is known besides the files; all of it may be left out. */
struct rule_facts {
	bool machine;			   /* HAProxy runs on this machine: look at its files */
	int64_t descriptors;		   /* that HAProxy may open; 0: not known */
	const struct config *gateway;	   /* of the nodes behind it, or NULL */
	const struct balancers *balancers; /* the one that runs with it, or NULL */
	struct version version;		   /* of the HAProxy that reads it; 0.0.0: not known */
};

/* All rules in the order of their ids; how many. */
enum { RULES_MAX = 128 };
size_t rules_all(const struct rule *all[RULES_MAX]);
/* NULL: there is none. */
const struct rule *rules_find(const char *id);

/* Adds what the rules find.  The findings borrow from cfg. */
void rules_check(struct cfg *cfg, const struct rule_facts *facts, struct findings *findings);
/* Mends what can be mended; how many findings that were. */
size_t rules_fix(struct cfg *cfg, const struct rule_facts *facts);

/* Both by each of several listeners, each of which is the only one of its configuration: for files that are
 * in front of all of them.  What is found by some of them says by which; facts->gateway is not asked. */
void rules_check_each(struct cfg *cfg, const struct rule_facts *facts,
		      const struct config *const *gateways, size_t count,
		      struct findings *findings);
size_t rules_fix_each(struct cfg *cfg, const struct rule_facts *facts,
		      const struct config *const *gateways, size_t count);

size_t findings_count(const struct findings *findings, enum rule_severity severity);
void findings_deinit(struct findings *findings);
/* What `haproxy -c` of that version makes of it: "refuses", "warns", "silent". */
const char *rule_haproxy(const struct rule *rule, const struct version *version);
/* "error", "warning", "advice". */
const char *rule_severity_name(enum rule_severity severity);

#endif
