/* clock.h - a clock that never goes back, and the wall clock. */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The same in seconds.  What sessions measure by: a loop's ev_now goes with the wall clock, and jumps
 * when that is set. */
static inline double clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The moment on the same clock that is `ms` from now, as pthread_cond_clockwait wants it. */
static inline struct timespec clock_after(int64_t ms)
{
	int64_t then = clock_ms() + ms;

	return (struct timespec){ .tv_sec = then / 1000, .tv_nsec = then % 1000 * 1000000 };
}

/* Since 1970, as Kafka's timestamps are; it may go back. */
static inline int64_t clock_wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
