/* looks.h - what rows of users look like to whoever asks for them: how many iterations, how long a salt.
 *
 * A name that nobody has is to look like one that somebody has: a user is drawn for it, by chance that is
 * the name's own, and it looks like that user in each mechanism.  Were each mechanism drawn for itself, or the
 * lot cast anew whenever a user comes, names that nobody has would be known by that.
 *
 * Pure.  Tests: tests/unit/auth/looks_test.c
 */
#ifndef AUTH_LOOKS_H
#define AUTH_LOOKS_H

#include <stddef.h>
#include <stdint.h>

enum { LOOKS_HASHES = 2, LOOKS_ANY = -1 };

/* Of one user: a row by each hash; no iterations: there is none. */
struct look {
	struct {
		int iterations;
		size_t salt_len;
	} by[LOOKS_HASHES];
};

struct looks;

struct looks *looks_new(void);
/* Fine with NULL. */
void looks_free(struct looks *l);
/* One user more. */
void looks_add(struct looks *l, const struct look *look);
/* That of some user with a row by that hash, the same each time; as users come and go it becomes another one no more often
 * than their shares ask for.  NULL: there is no such user. */
const struct look *looks_draw(const struct looks *l, const uint64_t chance[2], int hash);

#endif
