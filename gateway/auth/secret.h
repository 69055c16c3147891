/* secret.h - memory that must not be found after its use.
 *
 * Bytes of a secret are kept in as few places as there is need for, and wiped where they end: freed
 * memory is read by the next owner, a core file or a swap device.
 * Tests: tests/unit/auth/secret_test.c
 */
#ifndef AUTH_SECRET_H
#define AUTH_SECRET_H

#include "util/buf.h"

/* Wipes all that the buffer had room for, and frees it; it can be used again. */
void secret_buf_deinit(struct buf *b);
/* Wipes a text up to its end, and frees it; fine with NULL. */
void secret_text_free(char *text);
/* Whether both are the same bytes, in a time that does not say where they differ. */
bool secret_equals(const void *a, size_t a_len, const void *b, size_t b_len);

#endif
