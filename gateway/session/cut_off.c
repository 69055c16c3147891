#include "session/cut_off.h"

#include "topology/snapshot.h"

void cut_off_init(struct cut_off *o)
{
	*o = (struct cut_off){ .first = NO_BROKER };
}

void cut_off_failed(struct cut_off *o, int32_t broker, uint64_t opened, int64_t now)
{
	if (o->first == NO_BROKER || o->opened != opened) {
		o->opened = opened;
		o->first = broker;
		o->since = 0;
	} else if (o->first != broker && o->since == 0) {
		o->since = now;
	}
	o->until = now;
}

int64_t cut_off_ms(const struct cut_off *o, uint64_t opened, int64_t now, int64_t of_late_ms)
{
	int64_t since = o->since;

	if (since == 0 || now - o->until > of_late_ms || o->opened != opened)
		return 0;
	return now - since + 1;
}
