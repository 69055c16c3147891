/* door.c - whatever a client asks and a broker answers, in any order, the door keeps its promises.
 *
 * Input: is it on | steps, a byte each and what belongs to it.  A step that the door's owner would not
 * make now (an answer to no question, a head where there is none) is left out.
 */
#include "auth/door.h"
#include "fuzz/input.h"
#include "kafka/api_keys.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct scene {
	struct door door;
	struct input in;
	int64_t now;
	bool was_let_in, is_over;
	const struct carried *first; /* mechanism of the first login */
};

static int64_t read_time(struct input *in)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | input_byte(in);
	return (int64_t)value;
}

/* --- the client --- */

static int read_key(struct input *in)
{
	static const int keys[] = { KEY_API_VERSIONS, KEY_SASL_HANDSHAKE, KEY_SASL_AUTHENTICATE };
	uint8_t which = input_byte(in);

	return which < 3 ? keys[which] : which;
}

static void check_passed(const struct scene *s, enum door_state before, int key)
{
	assert(!s->is_over);
	if (before == DOOR_OFF || (before == DOOR_SHUT && key == KEY_API_VERSIONS))
		return;
	assert(s->was_let_in && before == DOOR_OPEN);
	assert(s->door.runs_out_at == 0 || s->now < s->door.runs_out_at);
}

static void hear_head(struct scene *s)
{
	enum door_state before = s->door.state;
	int key = read_key(&s->in);
	enum door_answer answer = door_hear(&s->door, key, s->now);

	switch (answer) {
	case DOOR_PASS:
		check_passed(s, before, key);
		break;
	case DOOR_ASK:
		assert(!s->is_over && before != DOOR_OFF && door_is_waiting(&s->door));
		assert(key == KEY_SASL_HANDSHAKE || key == KEY_SASL_AUTHENTICATE);
		break;
	case DOOR_REFUSE:
	case DOOR_CLOSE:
		assert(s->door.state == DOOR_OVER && !door_is_waiting(&s->door));
		s->is_over = true;
		break;
	}
}

static void hear(struct scene *s)
{
	if (door_is_waiting(&s->door))
		return;
	if (!door_is_bare(&s->door)) {
		hear_head(s);
		return;
	}
	assert(door_hear_bare(&s->door) == DOOR_ASK);
	assert(door_is_waiting(&s->door));
}

/* --- the broker --- */

static void choose(struct scene *s)
{
	struct block name = input_block(&s->in);
	bool was_open = s->door.state == DOOR_OPEN;
	const struct carried *mechanism = carried_of(name.bytes, name.n);

	door_chosen(&s->door, input_byte(&s->in) % 2, mechanism);
	assert(!door_is_waiting(&s->door));
	if (mechanism == NULL)
		assert(was_open ? door_is_open(&s->door) : s->door.state == DOOR_OVER);
	s->is_over |= s->door.state == DOOR_OVER;
}

/* A lifetime is a promise of less, never of more. */
static void check_lifetime(const struct scene *s, int64_t lifetime)
{
	int64_t left = s->door.runs_out_at - s->now;

	if (lifetime <= 0) {
		assert(s->door.runs_out_at == 0);
		return;
	}
	assert(left > 0 && left <= lifetime);
	assert(door_promise(lifetime) > 0 && door_promise(lifetime) <= left);
}

static void judge(struct scene *s)
{
	int error = input_byte(&s->in);
	struct block answer = input_block(&s->in);
	int64_t lifetime = read_time(&s->in);
	const struct carried *by = s->door.mechanism;
	enum door_verdict verdict =
		door_judged(&s->door, error, answer.bytes, answer.n, lifetime, s->now);

	switch (verdict) {
	case DOOR_IN:
		assert(error == 0 && s->door.state == DOOR_OPEN && !s->is_over);
		assert(s->first == NULL || s->first == by); /* nobody becomes another way */
		s->first = by;
		s->was_let_in = true;
		check_lifetime(s, lifetime);
		break;
	case DOOR_MORE:
		assert(error == 0);
		break;
	case DOOR_OUT:
		assert(error != 0 && s->door.state == DOOR_OVER);
		s->is_over = true;
		break;
	}
}

static void answer(struct scene *s)
{
	if (s->door.asked == ASKED_MECHANISM)
		choose(s);
	else if (s->door.asked == ASKED_WHO)
		judge(s);
	else
		door_greeted(&s->door, input_byte(&s->in) % 2);
}

/* --- what always holds --- */

static void check(const struct scene *s)
{
	const struct door *d = &s->door;
	uint32_t usual = 100 << 20;

	assert(!door_is_open(d) || s->was_let_in);
	assert(!(door_is_open(d) && door_is_shut(d)));
	assert(!s->is_over || d->state == DOOR_OVER);
	if (d->state != DOOR_OFF && d->state != DOOR_OPEN)
		assert(door_frame_max(d, usual) == DOOR_FRAME_MAX && door_frame_max(d, 7) == 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct scene s = { .in = { data, size, &arena }, .now = 1 };

	arena_init(&arena);
	door_init(&s.door, input_byte(&s.in) % 8 != 0);
	while (s.in.left > 0) {
		uint8_t step = input_byte(&s.in);

		if (step % 2 == 0)
			hear(&s);
		else
			answer(&s);
		s.now += (int64_t)(step / 2) * 100;
		check(&s);
	}
	arena_deinit(&arena);
	return 0;
}
