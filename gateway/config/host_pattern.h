/* host_pattern.h - names of brokers in mode `host`: a pattern with {id} where a broker's id stands, or
 * {{nodeId}}, as Conduktor Gateway has it.
 *
 * Tests: tests/unit/config/host_pattern_test.c
 */
#ifndef CONFIG_HOST_PATTERN_H
#define CONFIG_HOST_PATTERN_H

#include "util/text.h"

#include <stdint.h>

/* Whether it has that once, and what it makes is a name. */
bool host_pattern_is_good(const char *pattern);
/* The name of a broker. */
void host_pattern_print(const char *pattern, int32_t id, char to[TEXT_HOST_MAX]);
/* The broker of a name, in letters of any case; -1: it is none of the pattern's. */
int32_t host_pattern_id(const char *pattern, const char *name);

#endif
