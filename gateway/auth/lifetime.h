/* lifetime.h - how long a broker says that a login lasts (KIP-368), in milliseconds.
 *
 * Tests: tests/unit/auth/door_test.c, tests/fuzz/door.c
 */
#ifndef AUTH_LIFETIME_H
#define AUTH_LIFETIME_H

#include <stdint.h>

/* What a broker has told, which may be anything; less than none is none.  Times that are a century off
 * can be added and multiplied by a percentage. */
static inline int64_t lifetime_bounded(int64_t told_ms)
{
	const int64_t century_ms = (int64_t)100 * 365 * 24 * 3600 * 1000;

	return told_ms < 0 ? 0 : told_ms < century_ms ? told_ms : century_ms;
}

#endif
