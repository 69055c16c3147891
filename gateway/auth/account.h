/* account.h - somebody's credentials as they are now: who logs in asks for them each time anew.
 *
 * A token runs out and another takes its place; what runs with the old one goes on with it until
 * its next login.  What brokers offer is kept here too, for it is learned by logging in.
 * Any thread may call any of these.
 * Tests: tests/unit/auth/login_test.c
 */
#ifndef AUTH_ACCOUNT_H
#define AUTH_ACCOUNT_H

#include "auth/credentials.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account;

/* With one reference.  Takes the credentials; NULL: there are none yet. */
struct account *account_new(struct credentials *first);
/* Another reference, to be freed too. */
struct account *account_get(struct account *a);
/* Whether somebody else has a reference too. */
bool account_is_shared(const struct account *a);
/* With the last reference it ends.  Fine with NULL. */
void account_free(struct account *a);
/* Takes them; NULL: the old ones are of no use any more, and there are no others. */
void account_set(struct account *a, struct credentials *next);
/* A reference, to be put; NULL: there are none now. */
struct credentials *account_now(struct account *a);
/* Why there are none, or no newer ones, in words for people and the log; copied.  NULL: all is well. */
void account_set_trouble(struct account *a, const char *why);
/* The same, as a copy that the caller frees; NULL: there is none. */
char *account_trouble(struct account *a);
/* Brokers that may not know the credentials yet: nobody logs in there by them.  Copies so many ids, in place of those that
 * were said before. */
void account_set_doubts(struct account *a, const int32_t *brokers, size_t count);
/* Takes credentials that those brokers may not know, both at once. */
void account_set_doubted(struct account *a, struct credentials *next, const int32_t *brokers,
			 size_t count);
bool account_is_doubted(struct account *a, int32_t broker);
/* The mechanisms that the broker which was asked last has, with commas; copied. */
void account_note_offers(struct account *a, const char *mechanisms);
/* The same, as a copy that the caller frees; NULL: no broker has been asked yet. */
char *account_offers(struct account *a);

#endif
