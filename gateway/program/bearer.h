/* bearer.h - where the gateway's own token of OAUTHBEARER comes from, and the next one before it ends.
 *
 * Either a file that somebody else writes anew (file:///…), which is read again when it changes, or a
 * token endpoint that is asked by client credentials (RFC 6749, 4.4) and asked again when four fifths of
 * a token's time are over.  A thread of its own does it: nobody else waits for a file or a server.
 * While there is no newer token the last one stays, and the account says what the trouble is.
 * Tests: tests/integration/operate/own_account.py
 */
#ifndef PROGRAM_BEARER_H
#define PROGRAM_BEARER_H

#include "auth/account.h"
#include "config/config.h"

struct bearer;

/* Begins at once.  Borrows both. */
struct bearer *bearer_new(const struct config *config, struct account *account);
/* Fine with NULL. */
void bearer_free(struct bearer *b);

#endif
