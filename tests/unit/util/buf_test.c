#include "util/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void appends_in_network_order(void **state)
{
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_append8(&b, 0x01);
	buf_append16(&b, 0x0203);
	buf_append32(&b, 0x04050607);
	buf_append64(&b, 0x08090a0b0c0d0e0f);
	assert_int_equal(b.len, sizeof want);
	assert_memory_equal(b.data, want, sizeof want);
	assert_false(b.full);
	buf_deinit(&b);
}

static void writes_varints_of_each_length(void **state)
{
	static const struct {
		uint32_t value;
		size_t len;
		uint8_t last;
	} cases[] = { { 0, 1, 0 },	  { 127, 1, 127 },	{ 128, 2, 1 },
		      { 16384, 3, 1 },	  { 2097151, 3, 0x7f }, { 2097152, 4, 1 },
		      { 1u << 28, 5, 1 }, { UINT32_MAX, 5, 15 } };
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_clear(&b);
		buf_append_uvarint(&b, cases[i].value);
		assert_int_equal(b.len, cases[i].len);
		assert_int_equal(b.data[b.len - 1], cases[i].last);
	}
	buf_deinit(&b);
}

static void grows_to_its_maximum_and_says_when_it_is_full(void **state)
{
	uint8_t block[999];
	struct buf b;

	(void)state;
	memset(block, 0x5a, sizeof block);
	buf_init(&b, 2000);
	buf_append(&b, block, sizeof block);
	buf_append(&b, block, sizeof block);
	buf_append16(&b, 7);
	assert_false(b.full);
	assert_int_equal(b.len, 2000);
	assert_true(b.room <= b.max);
	buf_append8(&b, 1);
	assert_true(b.full);
	assert_int_equal(b.len, 2000);
	assert_null(buf_extend(&b, 0)); /* sticks */
	buf_clear(&b);
	assert_false(b.full);
	buf_append8(&b, 1);
	assert_int_equal(b.len, 1);
	buf_deinit(&b);
	assert_int_equal(b.max, 2000);
	assert_null(b.data);
}

static void a_small_maximum_is_kept(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 3);
	buf_append32(&b, 1);
	assert_true(b.full);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	buf_append16(&b, 1);
	buf_append8(&b, 1);
	assert_false(b.full);
	buf_deinit(&b);
}

static void inserts_in_front_and_at_the_end(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	buf_append(&b, "world", 5);
	buf_insert(&b, 0, "a ", 2);
	buf_insert(&b, 7, "!", 1);
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.data, "a world!", 8);
	buf_insert(&b, 2, "xyz", 3);
	assert_true(b.full);
	buf_deinit(&b);
}

static void what_is_reserved_does_not_move(void **state)
{
	uint8_t *at;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_append(&b, "a", 1);
	buf_reserve(&b, 999);
	at = b.data;
	assert_int_equal(b.len, 1);
	for (int i = 0; i < 999; i++)
		buf_append8(&b, (uint8_t)i);
	assert_ptr_equal(b.data, at);
	assert_false(b.full);
	buf_reserve(&b, 1); /* more than the maximum: it says so when it is appended */
	assert_false(b.full);
	buf_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_in_network_order),
		cmocka_unit_test(writes_varints_of_each_length),
		cmocka_unit_test(grows_to_its_maximum_and_says_when_it_is_full),
		cmocka_unit_test(a_small_maximum_is_kept),
		cmocka_unit_test(inserts_in_front_and_at_the_end),
		cmocka_unit_test(what_is_reserved_does_not_move),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
