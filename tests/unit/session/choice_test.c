/* Any broker: all of them by chance, but those that could not be reached of late. */
#include "session/choice.h"

#include "topology/snapshot_build.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { TIMES = 1000, NOW = 100 };

/* Brokers 0, 1, 2 and so on, which can be resolved. */
static struct snapshot *make_snapshot(size_t count)
{
	struct snapshot *s = snapshot_new(NULL);

	s->brokers = mem_zalloc((count + 1) * sizeof *s->brokers);
	s->broker_count = count;
	for (size_t i = 0; i < count; i++)
		s->brokers[i] = (struct broker){ .id = (int32_t)i, .address_len = 16 };
	return s;
}

/* A bit for each broker that is ever chosen. */
static unsigned chosen(struct choice *b, const struct snapshot *s, int32_t not_this, double now)
{
	unsigned seen = 0;

	for (int i = 0; i < TIMES; i++) {
		int32_t id = choice_any(b, s, not_this, now);

		assert_in_range(id, 0, s->broker_count - 1);
		seen |= 1u << id;
	}
	return seen;
}

static void without_brokers_there_is_none(void **state)
{
	struct snapshot *s = make_snapshot(0);
	struct choice b;

	(void)state;
	choice_init(&b, 1);
	assert_int_equal(choice_any(&b, s, NO_BROKER, NOW), NO_BROKER);
	snapshot_unref(s);
}

static void all_have_their_chance(void **state)
{
	struct snapshot *s = make_snapshot(4);
	struct choice b;

	(void)state;
	choice_init(&b, 1);
	assert_int_equal(chosen(&b, s, NO_BROKER, NOW), 15);
	assert_int_equal(chosen(&b, s, 2, NOW), 11);
	s->brokers[0].address_len = 0; /* its name can't be resolved now */
	assert_int_equal(chosen(&b, s, 2, NOW), 10);
	snapshot_unref(s);
}

static void the_shunned_are_left_out_for_a_while(void **state)
{
	struct snapshot *s = make_snapshot(3);
	struct choice b;

	(void)state;
	choice_init(&b, 1);
	choice_shun(&b, 1, NOW);
	assert_int_equal(chosen(&b, s, NO_BROKER, NOW + 1.5), 5);
	choice_shun(&b, 1, NOW + 1.5); /* again: its time begins anew */
	assert_int_equal(chosen(&b, s, NO_BROKER, NOW + 3), 5);
	assert_int_equal(chosen(&b, s, NO_BROKER, NOW + 3.5), 7);
	snapshot_unref(s);
}

/* Better one that could not be reached than none. */
static void when_all_are_shunned_one_of_them_is_tried(void **state)
{
	struct snapshot *s = make_snapshot(2);
	struct choice b;

	(void)state;
	choice_init(&b, 1);
	choice_shun(&b, 0, NOW);
	choice_shun(&b, 1, NOW);
	assert_int_equal(chosen(&b, s, NO_BROKER, NOW), 3);
	assert_int_equal(chosen(&b, s, 0, NOW), 2);
	for (int i = 0; i < 2; i++)
		s->brokers[i].address_len = 0;
	assert_int_equal(chosen(&b, s, NO_BROKER, NOW), 3);
	snapshot_unref(s);
}

static void the_first_to_be_forgotten_makes_room(void **state)
{
	struct snapshot *s = make_snapshot(CHOICE_SHUNNED + 2);
	struct choice b;

	(void)state;
	choice_init(&b, 1);
	for (int32_t i = 0; i <= CHOICE_SHUNNED; i++)
		choice_shun(&b, i, NOW + i / 100.0);
	assert_int_equal(chosen(&b, s, NO_BROKER, NOW + 1), 1u << 0 | 1u << (CHOICE_SHUNNED + 1));
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_brokers_there_is_none),
		cmocka_unit_test(all_have_their_chance),
		cmocka_unit_test(the_shunned_are_left_out_for_a_while),
		cmocka_unit_test(when_all_are_shunned_one_of_them_is_tried),
		cmocka_unit_test(the_first_to_be_forgotten_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
