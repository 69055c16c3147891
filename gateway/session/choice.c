#include "session/choice.h"

enum { SHUN_S = 2 };

void choice_init(struct choice *b, uint32_t seed)
{
	*b = (struct choice){ .random = seed };
	for (int i = 0; i < CHOICE_SHUNNED; i++)
		b->shunned[i].broker = NO_BROKER;
}

void choice_shun(struct choice *b, int32_t broker, double now)
{
	struct shunned *slot = &b->shunned[0];

	for (struct shunned *s = b->shunned; s < b->shunned + CHOICE_SHUNNED; s++) {
		if (s->broker == broker || s->until < slot->until)
			slot = s;
		if (s->broker == broker)
			break;
	}
	*slot = (struct shunned){ broker, now + SHUN_S };
}

bool choice_is_shunned(const struct choice *b, int32_t broker, double now)
{
	for (const struct shunned *s = b->shunned; s < b->shunned + CHOICE_SHUNNED; s++) {
		if (s->broker == broker && s->until > now)
			return true;
	}
	return false;
}

static uint32_t next_random(struct choice *b)
{
	b->random = b->random * 1664525u + 1013904223u;
	return b->random >> 8;
}

int32_t choice_any(struct choice *b, const struct snapshot *s, int32_t not_this, double now)
{
	int32_t fallback = NO_BROKER;
	size_t start;

	if (s->broker_count == 0)
		return NO_BROKER;
	start = next_random(b) % s->broker_count;
	for (size_t i = 0; i < s->broker_count; i++) {
		const struct broker *one = &s->brokers[(start + i) % s->broker_count];

		if (one->id == not_this || one->address_len == 0)
			continue;
		if (!choice_is_shunned(b, one->id, now))
			return one->id;
		if (fallback == NO_BROKER)
			fallback = one->id;
	}
	return fallback != NO_BROKER ? fallback : s->brokers[start].id;
}
