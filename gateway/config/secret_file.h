/* secret_file.h - a file that has a secret and nothing else: one line.
 *
 * Tests: tests/unit/config/config_test.c
 */
#ifndef CONFIG_SECRET_FILE_H
#define CONFIG_SECRET_FILE_H

#include "util/compiler.h"

enum { SECRET_FILE_WHY_MAX = 320 };

/* Its text but for the newline at its end; the caller wipes and frees it.  NULL, and why. */
MUST_CHECK char *secret_file_read(const char *path, char why[SECRET_FILE_WHY_MAX]);

#endif
