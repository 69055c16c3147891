/* scram.h - a client's exchange by SCRAM, with a nonce of the caller's: for what must be repeatable.
 *
 * mechanism.h has the mechanisms, whose nonces are drawn.
 * Tests: tests/unit/auth/scram_test.c
 */
#ifndef AUTH_SCRAM_H
#define AUTH_SCRAM_H

#include "auth/mechanism.h"

/* `nonce`: printable, without a comma. */
struct mechanism_run *scram_begin(const struct credentials *as, const char *nonce);

#endif
