/* verdict.h - what the installed HAProxy says of configuration files (`haproxy -c -dW`).
 *
 * Tests: tests/integration/haproxy/check.py
 */
#ifndef LIVE_VERDICT_H
#define LIVE_VERDICT_H

#include "util/compiler.h"
#include "version/version.h"

#include <stdbool.h>
#include <stddef.h>

struct verdict_line {
	char *file;  /* as it was named; NULL: of no file */
	int number;  /* 0: none */
	bool is_bad; /* an alert; else a warning */
	char *what;
};

struct verdict {
	bool accepts;	   /* starts, as far as -c knows */
	bool has_warnings; /* it would with -dW refuse */
	struct verdict_line *lines;
	size_t count;
};

/* The program that is run: what is named, else haproxy in PATH and where Debian has it.
 * Caller frees.  NULL: there is none. */
char *verdict_program(const char *named);
/* What `program -v` says it is.  False: it could not be run, or says no version. */
MUST_CHECK bool verdict_version(const char *program, struct version *version);
/* Runs it on the files, in order.  False: it could not be run; *why says so, caller frees. */
MUST_CHECK bool verdict_get(const char *program, const char *const *files, size_t count,
			    struct verdict *verdict, char **why);
void verdict_deinit(struct verdict *verdict);

#endif
