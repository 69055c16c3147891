/* check.h - what single values can't tell: options that contradict each other.
 *
 * Tests: tests/unit/config/config_test.c
 */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/config.h"

#include <stdbool.h>

struct mistakes;

/* Letters that the names of groups, members and topics may have. */
bool check_is_group_letter(char c);

/* Tells every contradiction.  Leaves out what rests on a value already refused. */
void check_all(const struct config *c, struct mistakes *m);

#endif
