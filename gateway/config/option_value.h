/* option_value.h - what an option is set to: written as the file has it, or forgotten.
 *
 * Of most kinds, kinds.c knows how; of listeners, which have options of their own, listeners.c.
 * Tests: tests/unit/config/config_test.c, tests/unit/config/listeners_test.c
 */
#ifndef CONFIG_OPTION_VALUE_H
#define CONFIG_OPTION_VALUE_H

#include <stdio.h>

struct config;
struct config_option;

/* As libconfig reads it. */
void option_print(const struct config *c, const struct config_option *o, FILE *out);
/* Of a list: forgets its items. */
void option_clear(struct config *c, const struct config_option *o);

#endif
