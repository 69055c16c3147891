/* identities.h - whom the gateway's clients are at the brokers, by their principal here.
 *
 * The rows are set as a whole, when their file is another one; whoever asks then gets the new ones, and
 * who has got some keeps them.  Any thread may call any of these.
 * Tests: tests/unit/auth/identities_test.c
 */
#ifndef AUTH_IDENTITIES_H
#define AUTH_IDENTITIES_H

#include "auth/account.h"

#include <stddef.h>

struct identities;

struct identity {
	char *name; /* without "User:" */
	struct account *as;
};

struct identities *identities_new(void);
/* Nobody may use it any more. */
void identities_free(struct identities *i);
/* Takes the list and all in it, which is sorted by name here. */
void identities_set(struct identities *i, struct identity *list, size_t count);
/* A reference, to be freed; NULL: the name is not there. */
struct account *identities_get(struct identities *i, const char *name);

#endif
