/* cut_off.h - connections to several brokers could not be made, and none that was in between.
 *
 * Written on the worker's thread, read on any.
 * Tests: tests/unit/session/cut_off_test.c
 */
#ifndef SESSION_CUT_OFF_H
#define SESSION_CUT_OFF_H

#include <stdatomic.h>
#include <stdint.h>

struct cut_off {
	_Atomic uint64_t opened; /* so many had been opened when that began */
	int32_t first;		 /* broker that failed; NO_BROKER: none has */
	_Atomic int64_t since;	 /* clock_ms: another one failed too; 0: none has */
	_Atomic int64_t until;	 /* clock_ms: the last one failed */
};

void cut_off_init(struct cut_off *o);
/* A connection to this broker could not be made; `opened`: how many have been, in all. */
void cut_off_failed(struct cut_off *o, int32_t broker, uint64_t opened, int64_t now);
/* For how long that has gone on; 0: it is not so, or nobody has tried for of_late_ms. */
int64_t cut_off_ms(const struct cut_off *o, uint64_t opened, int64_t now, int64_t of_late_ms);

#endif
