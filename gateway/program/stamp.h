/* stamp.h - whether a file is still the one that was read.
 *
 * Tests: tests/integration/operate/tls_renewal.py
 */
#ifndef PROGRAM_STAMP_H
#define PROGRAM_STAMP_H

#include <stdint.h>

/* What a file is, wherever links lead: another one, or other bytes, is another number.  0: none is
 * there, or the path is NULL. */
uint64_t stamp_of(const char *path);

#endif
