/* check_report.h - what `haproxy check` found, for people and for programs. */
#ifndef TOOLS_CHECK_REPORT_H
#define TOOLS_CHECK_REPORT_H

#include "cli.h"

#include "cfg/cfg.h"
#include "config/listener.h"
#include "live/balancer.h"
#include "live/verdict.h"
#include "rules/rules.h"

/* Everything that one run found. */
struct check {
	struct cfg *cfg;
	struct rule_facts facts; /* without a gateway: */
	struct config *config;	 /* of the nodes behind it, or NULL */
	struct config *fronts
		[LISTENERS_MAX]; /* what it is for each listener by which the file is judged */
	size_t front_count;	 /* 0: there is no configuration */
	struct findings findings;
	struct verdict verdict;
	struct balancers balancers; /* the one that is asked with --live */
	char *program;		    /* HAProxy; NULL: not there, or not wanted */
	bool has_verdict;
	size_t fixed;
};

void check_report_print(const struct check *c);
void check_report_json(const struct check *c);
/* One rule, or "all"; the exit status. */
int check_report_explain(const struct cli *cli, const char *id);

#endif
