/* rows.h - files of rows beside anyport.conf, in libconfig's format: what is wrong is told with file and line.
 *
 * Tests: tests/unit/config/identity_map_test.c, tests/unit/config/users_file_test.c
 */
#ifndef CONFIG_ROWS_H
#define CONFIG_ROWS_H

#include "util/compiler.h"

#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>

enum { ROWS_WHY_MAX = 512 };

/* Of one file; all is borrowed. */
struct rows_reader {
	const char *path;
	char *why; /* ROWS_WHY_MAX bytes */
};

/* Opens and reads the file; `take`, which may fail too, gets what it says.  False, and why. */
MUST_CHECK bool rows_read(const struct rows_reader *r,
			  bool (*take)(const struct rows_reader *r, const config_t *file, void *to),
			  void *to);
/* Always false, and why, with the line of `at`. */
PRINTF_LIKE(3, 4)
bool rows_no(const struct rows_reader *r, const config_setting_t *at, const char *fmt, ...);
/* Fills *to with a copy of a text that must be there, and not empty. */
MUST_CHECK bool rows_text(const struct rows_reader *r, const config_setting_t *row, const char *key,
			  char **to);
/* False: the row has a setting that is none of the keys. */
MUST_CHECK bool rows_has_only(const struct rows_reader *r, const config_setting_t *row,
			      const char *const *keys, size_t count);
bool rows_has_controls(const char *text);

/* Rows of one kind, of `size` bytes each. */
struct rows_kind {
	size_t size;
	/* One that is zeroed.  False, and why. */
	bool (*take)(const struct rows_reader *r, const config_setting_t *row, void *to);
	int (*order)(const void *a,
		     const void *b); /* as qsort has it; 0: it may not be there twice */
	/* Always false, and why: the row is there twice. */
	bool (*twice)(const struct rows_reader *r, const config_setting_t *list, const void *row);
};

/* The rows of a list, in order: *rows is the caller's to free, and has *count of them, of which the last one may not be
 * whole where it is false, and why. */
MUST_CHECK bool rows_take(const struct rows_reader *r, const config_setting_t *list,
			  const struct rows_kind *kind, void **rows, size_t *count);

#endif
