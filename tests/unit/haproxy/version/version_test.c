/* What is said of a version, and what each does. */
#include "version/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct version of(const char *text)
{
	struct version v;

	if (!version_parse(text, &v))
		fail_msg("%s is no version", text);
	return v;
}

static void test_numbers(void **state)
{
	static const char *const wrong[] = { "",     "3",	"3.", "x",    "3.0.",
					     "3.0x", "3.0.11x", ".6", "-1.0", "3.99999999999" };
	struct version v;
	char text[VERSION_TEXT_MAX];

	(void)state;
	v = of("3.0");
	assert_string_equal(version_print(&v, text), "3.0");
	v = of("2.6.12-1+deb12u4");
	assert_string_equal(version_print(&v, text), "2.6.12");
	v = of("3.5-dev5");
	assert_string_equal(version_print(&v, text), "3.5");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		if (version_parse(wrong[i], &v))
			fail_msg("\"%s\" is taken for a version", wrong[i]);
	}
}

static void test_banner(void **state)
{
	struct version v;
	char text[VERSION_TEXT_MAX];

	(void)state;
	assert_true(version_parse_banner("HAProxy version 3.0.11-1+deb13u4 2026/10/15 - "
					 "https://haproxy.org/\nStatus: long-term\n",
					 &v));
	assert_string_equal(version_print(&v, text), "3.0.11");
	assert_true(version_parse_banner("HA-Proxy version 2.2.9-2 2021/02/06\n", &v));
	assert_string_equal(version_print(&v, text), "2.2.9");
	assert_false(version_parse_banner("nginx version: nginx/1.22.1\n", &v));
	assert_false(version_parse_banner("", &v));
}

static void test_order(void **state)
{
	static const char *const up[] = { "1.9.9", "2.6",   "2.6.12", "2.10.1",
					  "3.0",   "3.0.2", "3.0.11" };

	(void)state;
	for (size_t i = 1; i < ARRAY_LEN(up); i++) {
		struct version a = of(up[i - 1]), b = of(up[i]);

		assert_true(version_compare(&a, &b) < 0);
		assert_true(version_compare(&b, &a) > 0);
		assert_int_equal(version_compare(&b, &b), 0);
	}
}

static void test_features(void **state)
{
	struct version v2 = of("2.6.12"), v3 = of("3.0.11"), v32 = of("3.2.26");

	(void)state;
	assert_true(version_has(&v2, VERSION_BALANCE_HASH));
	assert_false(version_has(&v2, VERSION_HASH_KEY));
	assert_true(version_has(&v3, VERSION_HASH_KEY));
	assert_true(version_has(&v3, VERSION_GUID));
	assert_false(version_has(&v3, VERSION_INIT_STATE));
	assert_false(version_has(&v3, VERSION_RECV_ONLY));
	assert_true(version_has(&v32, VERSION_INIT_STATE));
	assert_true(version_has(&v32, VERSION_RECV_ONLY));
	assert_false(version_has(&v32, VERSION_HASH_KEY_GUID));
	for (int i = 0; i < VERSION_FEATURES; i++) {
		struct version since = version_since((enum version_feature)i);

		assert_true(since.major >= 2);
		assert_true(version_has(&since, (enum version_feature)i));
	}
}

static void test_hash_mistake(void **state)
{
	static const struct {
		const char *version;
		bool twice;
	} rows[] = { { "2.6.12", false }, { "2.9.15", false }, { "3.0", true },
		     { "3.0.12", true },  { "3.0.13", false }, { "3.1.9", true },
		     { "3.1.10", false }, { "3.2.6", true },   { "3.2.7", false },
		     { "3.3", false },	  { "3.4.1", false },  { "4.0", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct version v = of(rows[i].version);

		if (version_hashes_ids_twice(&v) != rows[i].twice)
			fail_msg("%s", rows[i].version);
	}
}

/* The measured ones; entry_size.py measures them again. */
static void test_tables(void **state)
{
	static const size_t lengths[] = { 4, 16, 32, 48, 64, 96, 128, 200, 256 };
	static const struct {
		const char *version;
		size_t bytes[ARRAY_LEN(lengths)];
	} rows[] = {
		{ "2.6.12", { 209, 209, 241, 241, 273, 305, 337, 401, 465 } },
		{ "3.0.11", { 194, 194, 227, 227, 259, 324, 324, 389, 454 } },
		{ "3.2.26", { 227, 227, 259, 259, 324, 324, 389, 454, 519 } },
	};
	struct version v2 = of("2.6"), v3 = of("3.0"), v32 = of("3.2");

	(void)state;
	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		struct version v = of(rows[r].version);

		for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
			assert_int_equal(version_entry_bytes(&v, lengths[i]), rows[r].bytes[i]);
	}
	assert_int_equal(version_thrown_out(&v2, 1024), 5);
	assert_int_equal(version_thrown_out(&v3, 102400), 401);
	assert_int_equal(version_thrown_out(&v32, 102400), 100);
	assert_int_equal(version_thrown_out(&v32, 10), 10);
	assert_int_equal(version_thrown_out(&v2, 1), 1);
}

static void test_behaviour(void **state)
{
	struct version v2 = of("2.8"), v3 = of("3.0"), v32 = of("3.2");

	(void)state;
	assert_false(version_leastconn_draws(&v2));
	assert_false(version_leastconn_draws(&v3));
	assert_true(version_leastconn_draws(&v32));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	     cmocka_unit_test(test_banner),
		cmocka_unit_test(test_order),	     cmocka_unit_test(test_features),
		cmocka_unit_test(test_hash_mistake), cmocka_unit_test(test_tables),
		cmocka_unit_test(test_behaviour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
