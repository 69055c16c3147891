/* base64.h - bytes as the letters of RFC 4648, section 4, and back.
 *
 * With padding, without line breaks, as SCRAM and delegation tokens want it.
 * Tests: tests/unit/auth/base64_test.c
 */
#ifndef AUTH_BASE64_H
#define AUTH_BASE64_H

#include "util/buf.h"
#include "util/compiler.h"

void base64_append(struct buf *out, const void *bytes, size_t n);
/* Appends what the letters stand for.  False: they are none (a stranger among them, a length that
 * is no multiple of four, padding in their midst, bits behind the last byte), and `out` is worthless. */
MUST_CHECK bool base64_read(struct buf *out, const void *letters, size_t n);

#endif
