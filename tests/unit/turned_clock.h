/* turned_clock.h - a clock that the test turns: seconds pass at once, for libev's timers too.
 *
 * Defines clock_gettime, so one test program includes it once.
 */
#ifndef UNIT_TURNED_CLOCK_H
#define UNIT_TURNED_CLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t clock_turned_ms;

int clock_gettime(clockid_t id, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, id, now);
	int64_t turned = clock_turned_ms;
	int64_t ns = now->tv_nsec + turned % 1000 * 1000000;

	now->tv_sec += turned / 1000 + ns / 1000000000;
	now->tv_nsec = ns % 1000000000;
	return result;
}

static inline void clock_turn(int64_t ms)
{
	clock_turned_ms += ms;
}

#endif
