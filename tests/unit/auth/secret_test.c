/* Secrets are wiped, and compared without telling. */
#include "auth/secret.h"

#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_buffer_can_be_used_again(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	secret_buf_deinit(&b); /* of nothing */
	buf_append(&b, "secret", 6);
	secret_buf_deinit(&b);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	buf_append(&b, "other", 5);
	assert_memory_equal(b.data, "other", 5);
	secret_buf_deinit(&b);
}

static void a_text_may_be_none(void **state)
{
	(void)state;
	secret_text_free(NULL);
	secret_text_free(mem_strdup("secret"));
}

static void equal_is_of_one_length(void **state)
{
	(void)state;
	assert_true(secret_equals("abc", 3, "abc", 3));
	assert_false(secret_equals("abc", 3, "abd", 3));
	assert_false(secret_equals("abc", 3, "abcd", 4));
	assert_false(secret_equals("", 0, "a", 1));
	assert_true(secret_equals("", 0, "", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_can_be_used_again),
		cmocka_unit_test(a_text_may_be_none),
		cmocka_unit_test(equal_is_of_one_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
