/* The bytes that a broker's own tools read, as measured on Kafka 4.4. */
#include "cluster/subscription.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void check_bytes(struct buf *got, const char *bytes, size_t n)
{
	assert_int_equal(got->len, n);
	assert_memory_equal(got->data, bytes, n);
	buf_clear(got);
}

static void what_is_written(void **state)
{
	static const char subscription[] = "\0\0"
					   "\0\0\0\1"
					   "\0\4__gw"
					   "\0\0\0\2UD";
	static const char nothing[] = "\0\0"
				      "\0\0\0\0"
				      "\0\0\0\3MAP";
	static const char two[] = "\0\0"
				  "\0\0\0\1"
				  "\0\4__gw"
				  "\0\0\0\2"
				  "\0\0\0\1\0\0\0\5"
				  "\0\0\0\3MAP";
	static const int32_t partitions[] = { 1, 5 };
	struct buf data, out;

	(void)state;
	buf_init(&data, 100);
	buf_init(&out, 100);
	buf_append(&data, "UD", 2);
	subscription_write(&out, "__gw", &data);
	check_bytes(&out, subscription, sizeof subscription - 1);
	buf_clear(&data);
	buf_append(&data, "MAP", 3);
	assignment_write(&out, "__gw", NULL, 0, &data);
	check_bytes(&out, nothing, sizeof nothing - 1);
	assignment_write(&out, "__gw", partitions, 2, &data);
	check_bytes(&out, two, sizeof two - 1);
	buf_deinit(&data);
	buf_deinit(&out);
}

/* Version 3 of a Java consumer: what follows the user data is passed over. */
static void later_versions_are_read(void **state)
{
	static const char v3[] = "\0\3"
				 "\0\0\0\1"
				 "\0\4__gw"
				 "\0\0\0\2UD"
				 "\0\0\0\0"
				 "\xff\xff\xff\xff"
				 "\0\2r1";
	const uint8_t *data;
	size_t len;

	(void)state;
	assert_true(subscription_read(v3, sizeof v3 - 1, &data, &len));
	assert_int_equal(len, 2);
	assert_memory_equal(data, "UD", 2);
}

/* A consumer that is none of us has no user data, and is no node. */
static void no_user_data_is_none(void **state)
{
	static const char null[] = "\0\0"
				   "\0\0\0\0"
				   "\xff\xff\xff\xff";
	const uint8_t *data;
	size_t len;

	(void)state;
	assert_true(subscription_read(null, sizeof null - 1, &data, &len));
	assert_int_equal(len, 0);
	assert_true(assignment_read("", 0, &data, &len));
	assert_int_equal(len, 0);
}

static void what_is_cut_off_is_refused(void **state)
{
	static const char full[] = "\0\0"
				   "\0\0\0\1"
				   "\0\4__gw"
				   "\0\0\0\1"
				   "\0\0\0\1"
				   "\0\0\0\3MAP";
	static const char huge[] = "\0\0"
				   "\xff\xff\xff\xff"
				   "\xff\xff\xff\xff";
	const uint8_t *data;
	size_t len;

	(void)state;
	for (size_t n = 1; n < sizeof full - 1; n++)
		assert_false(assignment_read(full, n, &data, &len));
	assert_true(assignment_read(full, sizeof full - 1, &data, &len));
	assert_memory_equal(data, "MAP", len);
	assert_false(assignment_read(huge, sizeof huge - 1, &data, &len));
	assert_false(subscription_read(huge, sizeof huge - 1, &data, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written),
		cmocka_unit_test(later_versions_are_read),
		cmocka_unit_test(no_user_data_is_none),
		cmocka_unit_test(what_is_cut_off_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
