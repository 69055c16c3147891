/* The life of a member, the clock turned by hand. */
#include "cluster/member.h"

#include "kafka/errors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SESSION = 10000, BEAT = 1000 };

struct life {
	struct member m;
	int64_t now;
};

static struct life born(bool is_static)
{
	struct life l = { .now = 1000000 };

	member_init(&l.m, SESSION, BEAT, is_static, 42);
	return l;
}

/* Lets time pass until something is to be done; how long it took. */
static int64_t next(struct life *l, enum member_step *step)
{
	int64_t began = l->now, wait_ms;

	while ((*step = member_next(&l->m, l->now, &wait_ms)) == MEMBER_WAIT) {
		assert_true(wait_ms > 0); /* else it waits for an answer that nobody owes */
		l->now += wait_ms;
	}
	return l->now - began;
}

static int64_t expect(struct life *l, enum member_step wanted)
{
	enum member_step step;
	int64_t took = next(l, &step);

	assert_int_equal(step, wanted);
	return took;
}

static void join(struct life *l, const char *id, int32_t generation)
{
	expect(l, MEMBER_JOIN);
	member_joined(&l->m, 0, generation, id, strlen(id), l->now);
	expect(l, MEMBER_SYNC);
	member_synced(&l->m, 0, l->now);
}

static struct life grown_up(bool is_static)
{
	struct life l = born(is_static);

	expect(&l, MEMBER_FIND);
	member_found(&l.m, 0, l.now);
	join(&l, "m1", 5);
	assert_int_equal(l.m.state, MEMBER_STABLE);
	assert_null(member_trouble(&l.m));
	return l;
}

static void beat(struct life *l, int error)
{
	expect(l, MEMBER_BEAT);
	member_beaten(&l->m, error, l->now);
}

static void a_member_joins_and_beats(void **state)
{
	struct life l = grown_up(true);

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(expect(&l, MEMBER_BEAT), BEAT);
		member_beaten(&l.m, 0, l.now);
	}
	assert_int_equal(l.m.generation, 5);
	assert_string_equal(l.m.id, "m1");
}

/* KIP-394: a dynamic member gets its id first. */
static void a_dynamic_member_gets_its_id_first(void **state)
{
	struct life l = born(false);

	(void)state;
	expect(&l, MEMBER_FIND);
	member_found(&l.m, 0, l.now);
	expect(&l, MEMBER_JOIN);
	assert_string_equal(l.m.id, "");
	member_joined(&l.m, ERROR_MEMBER_ID_REQUIRED, -1, "anyport-1", 9, l.now);
	assert_int_equal(expect(&l, MEMBER_JOIN), 0);
	assert_string_equal(l.m.id, "anyport-1");
	member_joined(&l.m, 0, 1, "anyport-1", 9, l.now);
	expect(&l, MEMBER_SYNC);
}

static void a_rebalance_keeps_the_id(void **state)
{
	struct life l = grown_up(true);

	(void)state;
	beat(&l, ERROR_REBALANCE_IN_PROGRESS);
	assert_int_equal(expect(&l, MEMBER_JOIN), 0);
	assert_string_equal(l.m.id, "m1");
	member_joined(&l.m, 0, 6, "m1", 2, l.now);
	expect(&l, MEMBER_SYNC);
	member_synced(&l.m, 0, l.now);
	assert_int_equal(l.m.generation, 6);
}

static void what_the_group_forgot_joins_anew(void **state)
{
	struct life l = grown_up(true);

	(void)state;
	beat(&l, ERROR_UNKNOWN_MEMBER_ID);
	assert_int_equal(l.m.state, MEMBER_OUT);
	assert_string_equal(l.m.id, "");
	join(&l, "m2", 7);
	beat(&l, ERROR_ILLEGAL_GENERATION);
	assert_string_equal(l.m.id, "m2");
	join(&l, "m2", 9);
	beat(&l, 0);
}

/* Silence, 15 and 16: another coordinator, the same membership. */
static void a_coordinator_that_is_lost_is_found_again(void **state)
{
	static const int errors[] = { MEMBER_NO_ANSWER, ERROR_NOT_COORDINATOR,
				      ERROR_COORDINATOR_NOT_AVAILABLE };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct life l = grown_up(true);

		beat(&l, errors[i]);
		assert_in_range(expect(&l, MEMBER_FIND), 1, SESSION / 4 * 5 / 4);
		assert_non_null(member_trouble(&l.m));
		member_found(&l.m, 0, l.now);
		assert_int_equal(l.m.state, MEMBER_STABLE);
		assert_int_equal(expect(&l, MEMBER_BEAT), 0);
		member_beaten(&l.m, 0, l.now);
		assert_int_equal(l.m.generation, 5);
		assert_null(member_trouble(&l.m));
	}
}

/* It tries on, ever more slowly but never rarely enough to lose its session. */
static void pauses_grow_to_a_limit(void **state)
{
	struct life l = grown_up(true);
	int64_t last = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		beat(&l, MEMBER_NO_ANSWER);
		last = expect(&l, MEMBER_FIND);
		assert_in_range(last, 1, SESSION / 4 * 5 / 4);
		member_found(&l.m, 0, l.now);
	}
	assert_in_range(last, SESSION / 4 * 3 / 4, SESSION / 4 * 5 / 4);
	assert_true(member_is_apart(&l.m, l.now));
	beat(&l, 0);
	assert_false(member_is_apart(&l.m, l.now));
}

/* Nobody may hammer the brokers because an operator forgot a right. */
static void a_refusal_is_asked_again_rarely(void **state)
{
	struct life l = born(true);
	int64_t took = 0;

	(void)state;
	expect(&l, MEMBER_FIND);
	member_found(&l.m, 0, l.now);
	for (int i = 0; i < 12; i++) {
		took = expect(&l, MEMBER_JOIN);
		member_joined(&l.m, ERROR_GROUP_AUTHORIZATION_FAILED, -1, "", 0, l.now);
		assert_non_null(strstr(member_trouble(&l.m), "no right"));
		assert_true(member_is_refused(&l.m));
	}
	assert_in_range(took, 22000, 38000);
	join(&l, "m1", 1);
	assert_false(member_is_refused(&l.m));
	assert_null(member_trouble(&l.m));
}

/* It was out for long: the group has forgotten it, and takes it as soon as it asks. */
static void after_a_refusal_it_is_soon_back(void **state)
{
	struct life l = grown_up(true);

	(void)state;
	for (int i = 0; i < 12; i++)
		beat(&l, ERROR_GROUP_AUTHORIZATION_FAILED);
	beat(&l, ERROR_UNKNOWN_MEMBER_ID);
	assert_in_range(expect(&l, MEMBER_JOIN), 1, 5000 * 5 / 4);
}

/* Two processes with one name: the later has it, the earlier goes on without. */
static void who_is_fenced_goes_on_without_its_name(void **state)
{
	struct life l = grown_up(true);

	(void)state;
	beat(&l, ERROR_FENCED_INSTANCE_ID);
	assert_false(l.m.is_static);
	assert_true(l.m.was_fenced);
	assert_non_null(strstr(member_trouble(&l.m), "node_id"));
	expect(&l, MEMBER_JOIN);
	assert_string_equal(l.m.id, "");
	member_joined(&l.m, ERROR_MEMBER_ID_REQUIRED, -1, "d1", 2, l.now);
	join(&l, "d1", 8);
	beat(&l, 0);
}

/* Errors that throw out must not make a loop without a pause. */
static void being_thrown_out_again_and_again_is_slow(void **state)
{
	struct life l = grown_up(true);
	int64_t began = l.now;

	(void)state;
	for (int i = 0; i < 10; i++) {
		enum member_step step;

		next(&l, &step);
		if (step == MEMBER_JOIN)
			member_joined(&l.m,
				      i % 2 ? ERROR_UNKNOWN_MEMBER_ID : ERROR_REBALANCE_IN_PROGRESS,
				      -1, "", 0, l.now);
		else
			member_beaten(&l.m, ERROR_UNKNOWN_MEMBER_ID, l.now);
	}
	assert_true(l.now - began > 10000);
}

static void new_data_is_a_new_join(void **state)
{
	struct life l = grown_up(true);

	(void)state;
	member_rejoin(&l.m);
	assert_int_equal(expect(&l, MEMBER_JOIN), 0);
	member_joined(&l.m, 0, 6, "m1", 2, l.now);
	member_rejoin(&l.m); /* changed again: the others wait for the sync, it comes first */
	expect(&l, MEMBER_SYNC);
	member_synced(&l.m, 0, l.now);
	assert_int_equal(expect(&l, MEMBER_JOIN), 0);
}

/* One step at a time: nothing is asked while an answer is owed. */
static void one_step_is_under_way(void **state)
{
	struct life l = born(true);
	int64_t wait_ms;

	(void)state;
	expect(&l, MEMBER_FIND);
	for (int i = 0; i < 5; i++)
		assert_int_equal(member_next(&l.m, l.now + i * SESSION, &wait_ms), MEMBER_WAIT);
}

/* An id that is too long to be said again is none. */
static void an_endless_id_is_refused(void **state)
{
	struct life l = born(true);
	char id[MEMBER_ID_MAX + 1];

	(void)state;
	memset(id, 'x', sizeof id);
	expect(&l, MEMBER_FIND);
	member_found(&l.m, 0, l.now);
	expect(&l, MEMBER_JOIN);
	member_joined(&l.m, 0, 1, id, sizeof id, l.now);
	assert_string_equal(l.m.id, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_joins_and_beats),
		cmocka_unit_test(a_dynamic_member_gets_its_id_first),
		cmocka_unit_test(a_rebalance_keeps_the_id),
		cmocka_unit_test(what_the_group_forgot_joins_anew),
		cmocka_unit_test(a_coordinator_that_is_lost_is_found_again),
		cmocka_unit_test(pauses_grow_to_a_limit),
		cmocka_unit_test(a_refusal_is_asked_again_rarely),
		cmocka_unit_test(after_a_refusal_it_is_soon_back),
		cmocka_unit_test(who_is_fenced_goes_on_without_its_name),
		cmocka_unit_test(being_thrown_out_again_and_again_is_slow),
		cmocka_unit_test(new_data_is_a_new_join),
		cmocka_unit_test(one_step_is_under_way),
		cmocka_unit_test(an_endless_id_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
