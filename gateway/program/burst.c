#include "program/burst.h"

#include "util/mem.h"

#include <malloc.h>

enum {
	LEAST_LOOKS = 2, /* giving back takes time: not more often than that */
	LOOSE_LOOKS = 3, /* what the next second's traffic uses again is no burst's */
	LEAST_BYTES = 8 << 20,
	LEAST_FREED = 1 << 20,
};

bool burst_is_over(struct burst *b, int64_t resident, int64_t held)
{
	bool is_quiet = held <= b->held_before, has_ended;

	if (b->least == 0 || (held == 0 && resident < b->least))
		b->least = resident;
	b->held_before = held;
	b->looks++;
	b->idle_looks = held > 0 ? 0 : b->idle_looks + 1;
	b->was_held |= held > 0;
	/* what was not held then, but had by the same clients, is free by now too */
	has_ended = b->was_held && b->idle_looks >= LEAST_LOOKS;
	b->was_held &= !has_ended;
	if (has_ended)
		return true;
	return is_quiet && b->looks >= LEAST_LOOKS && resident - b->least - held >= LEAST_BYTES;
}

bool burst_is_loose(struct burst *b, int64_t resident, int64_t used)
{
	int64_t loose = resident - used;
	bool is_loose;

	if (b->least_loose == 0 || loose < b->least_loose)
		b->least_loose = loose;
	if (used > b->most_used)
		b->most_used = used;
	is_loose = loose - b->least_loose >= LEAST_BYTES && b->most_used - used >= LEAST_FREED;
	b->loose_looks = is_loose ? b->loose_looks + 1 : 0;
	return b->loose_looks >= LOOSE_LOOKS;
}

void burst_ended(struct burst *b, int64_t resident, int64_t held, int64_t used)
{
	/* of what is held some is not resident yet */
	if (resident - held > b->least)
		b->least = resident - held;
	b->looks = 0;
	b->most_used = used;
	b->loose_looks = 0;
}

static int64_t used(void)
{
	struct mallinfo2 m = mallinfo2();

	return (int64_t)(m.uordblks + m.hblkhd);
}

void burst_step(struct burst *b, int64_t held)
{
	int64_t resident = mem_resident();
	bool is_loose = burst_is_loose(b, resident, used());

	if (resident < 0 || !(burst_is_over(b, resident, held) || is_loose))
		return;
	malloc_trim(0);
	burst_ended(b, mem_resident(), held, used());
}
