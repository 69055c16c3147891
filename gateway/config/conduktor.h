/* conduktor.h - the names of Conduktor Gateway's environment, for who comes from there.
 *
 * Most of them are options here, by rows of options.c and listeners.c.  Told here are the words that
 * mean the same in values, and the names that are known and that nothing is done with, and why.
 * Tests: tests/unit/config/conduktor_test.c
 */
#ifndef CONFIG_CONDUKTOR_H
#define CONFIG_CONDUKTOR_H

#include <stdbool.h>

/* The value in our words, where it is one of theirs for the option; else as it is. */
const char *conduktor_word(const char *key, const char *text);
/* Of a variable that is no option: why nobody looks at it; NULL: it is none of those that are left out. */
const char *conduktor_leaves_out(const char *variable);
/* A variable that Kubernetes, or Kafka's own scripts, put there: nobody meant it for a gateway. */
bool conduktor_is_of_others(const char *variable, const char *value);

#endif
