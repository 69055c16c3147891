/* file.h - the libconfig file as a list of (key, text, line).
 *
 * Keeps libconfig to one place.  It stops at the first syntax error, and wraps
 * integers beyond 32 bits without a word; so numbers are looked at here before
 * it sees them.  `@include` is refused: one file tells all.
 * Tests: tests/unit/config/config_test.c
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "config/options.h"
#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct listener_option;
struct mistakes;

/* One value as text; a list is several in a row with the same name. */
struct file_value {
	const struct config_option *option;
	const char *name; /* the one of its keys that was used */
	char *text;
	int line;
	bool bad;	 /* refused here: told, not to be looked at again */
	size_t listener; /* of gateway.listeners: which, from 1 on; 0: it is none of a listener */
	const struct listener_option *property; /* of that; NULL: its name */
};

struct file_values {
	struct file_value *all; /* in the order of the file */
	size_t count;
	size_t listener_count;
};

/* Tells every unknown key and every value of the wrong type; false when there
 * is nothing to go on with (no file, syntax).  Free in any case. */
MUST_CHECK bool file_read(struct file_values *values, const char *file, struct mistakes *m);
void file_free(struct file_values *values);

#endif
