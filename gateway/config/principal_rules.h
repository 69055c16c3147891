/* principal_rules.h - whom a certificate's name stands for: Kafka's ssl.principal.mapping.rules (KIP-371).
 *
 *     RULE:^CN=(.*?),OU=(.*?),.*$/$1@$2/L, DEFAULT
 *
 * The first rule whose pattern is of the whole name gives the principal: each place of the pattern is
 * replaced, and /L or /U makes it small or capital letters.  DEFAULT is the name as it is.  Patterns are
 * Java's (util/java_regex.h).  A name that no rule is for, or for which it can't be told that Kafka
 * would make the same of it, is nobody's.
 * Tests: tests/unit/config/principal_rules_test.c, tests/conformance/rules.py, tests/fuzz/principal_rules.c
 */
#ifndef CONFIG_PRINCIPAL_RULES_H
#define CONFIG_PRINCIPAL_RULES_H

#include "util/compiler.h"

enum { PRINCIPAL_RULES_WHY_MAX = 300 };

struct principal_rules;

/* NULL for DEFAULT.  NULL, and why: which rule, and where in it. */
MUST_CHECK struct principal_rules *principal_rules_read(const char *text,
							char why[PRINCIPAL_RULES_WHY_MAX]);
/* Fine with NULL. */
void principal_rules_free(struct principal_rules *rules);
/* Caller frees.  NULL, and why: the name is nobody's. */
MUST_CHECK char *principal_rules_name(const struct principal_rules *rules, const char *dn,
				      char why[PRINCIPAL_RULES_WHY_MAX]);

#endif
