/* What every kind of advice is said with. */
#include "advise/inside.h"

#include "util/mem.h"

#include <inttypes.h>

char *advise_time(int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = { { 3600000, "h" }, { 60000, "m" }, { 1000, "s" } };

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (ms >= units[i].ms && ms % units[i].ms == 0)
			return mem_printf("%" PRId64 "%s", ms / units[i].ms, units[i].name);
	return mem_printf("%" PRId64 "ms", ms);
}

void advise_say(struct advisor *a, const char *matter, char *now, char *better, bool is_edited,
		char *why)
{
	struct advised *out = a->out;

	out->list = mem_realloc(out->list, (out->count + 1) * sizeof *out->list);
	out->list[out->count++] = (struct advice){ matter, now, better, why, is_edited };
}
