/* A node's places, one a listener: as bytes and back, and nothing that is none. */
#include "cluster/told.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char inside[] = "inside", outside[] = "Outside", host[] = "kafka.example.com";

static const struct told_place one = { inside, host, 9092, 5, 1, ADVERTISE_PORTS, MEMBER_NO_HINT };
static const struct told_place other = {
	outside, host, 65531, 5, 2147483647, ADVERTISE_HOST, MEMBER_PORT_IS_HINT
};

static struct buf written(const struct told_place *place)
{
	struct buf out;

	buf_init(&out, 1024);
	told_write(&out, place);
	return out;
}

static void what_is_written_is_read(void **state)
{
	const struct told_place *const all[] = { &one, &other };
	struct told_places said = { 0 }, got = { 0 }, copy;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct buf b = written(all[i]);

		buf_append(&b, "more", 4); /* of a later version */
		told_add(&said, all[i]);
		assert_true(told_read(&got, b.data, b.len));
		buf_deinit(&b);
	}
	assert_true(told_same(&said, &got));
	assert_int_equal(told_find(&got, "OUTSIDE")->min_broker_id, 2147483647);
	assert_null(told_find(&got, "out"));
	told_copy(&copy, &got);
	assert_true(told_same(&copy, &got));
	copy.all[1].port--;
	assert_false(told_same(&copy, &got));
	told_deinit(&copy);
	told_deinit(&said);
	told_deinit(&got);
}

static void assert_none(const struct told_place *place, size_t less)
{
	struct buf b = written(place);
	struct told_places got = { 0 };

	assert_false(told_read(&got, b.data, b.len - less));
	assert_int_equal(got.count, 0);
	buf_deinit(&b);
}

static void what_is_none_is_refused(void **state)
{
	char blank[] = "a b", empty[] = "";
	struct told_place bad = one;
	struct buf whole = written(&one);

	(void)state;
	for (size_t less = 1; less <= whole.len; less++)
		assert_none(&one, less);
	buf_deinit(&whole);
	bad.name = blank;
	assert_none(&bad, 0);
	bad.name = empty;
	assert_none(&bad, 0);
	bad = one;
	bad.port_count = 0;
	assert_none(&bad, 0);
	bad = one;
	bad.port = 65535;
	assert_none(&bad, 0);
	bad = one;
	bad.min_broker_id = -1;
	assert_none(&bad, 0);
	bad = one;
	bad.mode = (enum advertise_mode)3;
	assert_none(&bad, 0);
}

static void names_differ_and_are_few(void **state)
{
	struct told_places got = { 0 };
	char name[] = "a";
	struct told_place place = one;

	(void)state;
	place.name = name;
	for (int i = 0; i < LISTENERS_MAX; i++, name[0]++) {
		struct buf b = written(&place);

		assert_true(told_read(&got, b.data, b.len));
		assert_false(told_read(&got, b.data, b.len)); /* again */
		buf_deinit(&b);
	}
	for (int i = 0; i < 2; i++, name[0] = 'z') {
		struct buf b = written(&place);

		assert_false(told_read(&got, b.data, b.len));
		buf_deinit(&b);
	}
	told_deinit(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(names_differ_and_are_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
