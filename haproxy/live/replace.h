/* replace.h - puts a new text into a file's place at once, or leaves the old one.
 *
 * Tests: tests/integration/haproxy/check.py
 */
#ifndef LIVE_REPLACE_H
#define LIVE_REPLACE_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* Writes a draft next to it, flushes it to disk and renames it.  The mode and owner of the old
 * file stay; a new one gets 0644.  A symbolic link stays one: what it leads to is replaced.
 * False: errno says why, nothing was changed. */
MUST_CHECK bool replace_file(const char *path, const char *text, size_t size);

#endif
