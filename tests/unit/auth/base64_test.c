/* The letters of RFC 4648, both ways. */
#include "auth/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *bytes, *letters;
} vectors[] = { /* RFC 4648, 10 */
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "+/+/" }
};

static void assert_is(const struct buf *b, const char *text)
{
	assert_int_equal(b->len, strlen(text));
	assert_true(b->len == 0 || memcmp(b->data, text, b->len) == 0);
}

static void both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		struct buf b;

		buf_init(&b, 100);
		base64_append(&b, vectors[i].bytes, strlen(vectors[i].bytes));
		assert_is(&b, vectors[i].letters);
		buf_clear(&b);
		assert_true(base64_read(&b, vectors[i].letters, strlen(vectors[i].letters)));
		assert_is(&b, vectors[i].bytes);
		buf_deinit(&b);
	}
}

static void all_bytes_come_back(void **state)
{
	uint8_t all[256];
	struct buf letters, bytes;

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)(i * 7 + 3);
	buf_init(&letters, 1000);
	buf_init(&bytes, 1000);
	base64_append(&letters, all, sizeof all);
	assert_true(base64_read(&bytes, letters.data, letters.len));
	assert_int_equal(bytes.len, sizeof all);
	assert_memory_equal(bytes.data, all, sizeof all);
	buf_deinit(&letters);
	buf_deinit(&bytes);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const bad[] = { "Z",	     "Zg",    "Zg=",  "Zg===", "====",
					   "=Zg=",   "Zm9v=", "Zh==", "Zm9=",  "Zg==Zg==",
					   "Zm\n8=", "Zm-_",  "Z g=", "*m8=" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buf b;

		buf_init(&b, 100);
		assert_false(base64_read(&b, bad[i], strlen(bad[i])));
		buf_deinit(&b);
	}
}

static void more_than_fits_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 2);
	assert_false(base64_read(&b, "Zm9v", 4));
	buf_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways),
		cmocka_unit_test(all_bytes_come_back),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(more_than_fits_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
