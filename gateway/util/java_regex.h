/* java_regex.h - regular expressions that mean here what they mean to Java (java.util.regex.Pattern).
 *
 * PCRE2 runs them.  It reads some signs otherwise, and some that Java refuses: a pattern with one of
 * those is refused, by name.  What is left is the same for a text without line ends and other control
 * characters, and with (?i), whose letters beyond ASCII differ, for one of ASCII: another text can't be
 * told.  A match that takes too many steps is given up.
 * Tests: tests/unit/util/java_regex_test.c, tests/conformance/rules.py, tests/fuzz/principal_rules.c
 */
#ifndef UTIL_JAVA_REGEX_H
#define UTIL_JAVA_REGEX_H

#include "util/buf.h"
#include "util/compiler.h"

enum { JAVA_REGEX_WHY_MAX = 200 };

struct java_regex;

enum java_regex_result {
	JAVA_REGEX_YES,
	JAVA_REGEX_NO,
	JAVA_REGEX_UNTOLD, /* Java may say something else, or nobody in time */
};

/* NULL, and why: what is wrong, and at which byte of it, from 1 on. */
MUST_CHECK struct java_regex *java_regex_new(const char *pattern, size_t len,
					     char why[JAVA_REGEX_WHY_MAX]);
/* Fine with NULL. */
void java_regex_free(struct java_regex *r);
unsigned java_regex_groups(const struct java_regex *r);

/* Whether the whole of a text is of that form: Matcher.matches(). */
enum java_regex_result java_regex_matches(const struct java_regex *r, const char *text);

/* The bytes that come in place of a match, piece by piece. */
struct java_regex_piece {
	const char *text; /* NULL: what the group has matched */
	size_t len;
	unsigned group;
};

/* Each place that has that form is replaced: String.replaceAll().  Appends to `to`. */
enum java_regex_result java_regex_replace(const struct java_regex *r, const char *text,
					  const struct java_regex_piece *pieces, size_t count,
					  struct buf *to);

#endif
