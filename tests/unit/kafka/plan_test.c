#include "kafka/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct plan *compile(const struct kfield *rows, int version, bool flexible)
{
	return plan_compile(rows, version, flexible, stderr);
}

static void check_codes(const struct plan *p, const enum step_code *codes, size_t n)
{
	assert_non_null(p);
	assert_int_equal(p->step_count, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(p->steps[i].code, codes[i]);
}

#define CHECK_CODES(plan, ...)                                     \
	check_codes(plan, (const enum step_code[]){ __VA_ARGS__ }, \
		    sizeof((const enum step_code[]){ __VA_ARGS__ }) / sizeof(enum step_code))

static void version_texts_are_read(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int16_t min, max;
	} cases[] = {
		{ "0+", true, 0, INT16_MAX }, { "3+", true, 3, INT16_MAX }, { "2-5", true, 2, 5 },
		{ "7", true, 7, 7 },	      { "none", true, 0, -1 },	    { NULL, true, 0, -1 },
		{ "", false, 0, 0 },	      { "a", false, 0, 0 },	    { "5-2", false, 0, 0 },
		{ "3-", false, 0, 0 },	      { "3+ ", false, 0, 0 },	    { "-1", false, 0, 0 },
		{ "0-99999", false, 0, 0 },   { "1,3", false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct kversions v;

		assert_int_equal(kversions_parse(cases[i].text, &v), cases[i].good);
		if (cases[i].good) {
			assert_int_equal(v.min, cases[i].min);
			assert_int_equal(v.max, cases[i].max);
		}
	}
}

static void neighbours_nobody_asks_for_are_one_skip(void **state)
{
	static const struct kfield rows[] = { { INT32, "a", "0+" },
					      { INT8, "b", "0+" },
					      { UUID, "c", "1+" },
					      { BOOL, "d", "0" },
					      { INT16, "e", "0+", .is = ERROR_CODE },
					      { INT64, "f", "0+" },
					      { END } };
	struct plan *p = compile(rows, 0, false);

	(void)state;
	CHECK_CODES(p, STEP_SKIP, STEP_INT, STEP_SKIP, STEP_DONE);
	assert_int_equal(p->steps[0].n, 4 + 1 + 1);
	assert_int_equal(p->steps[1].n, 2);
	assert_true(p->steps[1].flags & STEP_SIGNED);
	assert_int_equal(p->steps[2].n, 8);
	plan_free(p);
	p = compile(rows, 1, false);
	assert_int_equal(p->steps[0].n, 4 + 1 + 16);
	plan_free(p);
}

static void arrays_of_fixed_elements_are_one_step(void **state)
{
	static const struct kfield rows[] = { { ARRAY, "ids", "0+", .of = INT32 },
					      { ARRAY, "pairs", "0+", .of = STRUCT },
					      { INT64, "a", "0+" },
					      { INT16, "b", "0+" },
					      { END },
					      { ARRAY, "partitions", "0+", .of = INT32,
						.is = PARTITIONS, .each = PARTITION },
					      { END } };
	struct plan *p = compile(rows, 0, false);

	(void)state;
	CHECK_CODES(p, STEP_ARRAY, STEP_ARRAY, STEP_ARRAY, STEP_INT, STEP_NEXT, STEP_DONE);
	assert_int_equal(p->steps[0].n, 4);
	assert_int_equal(p->steps[0].jump, 1);
	assert_int_equal(p->steps[1].n, 10);
	assert_int_equal(p->steps[2].n, 0);
	assert_int_equal(p->steps[2].jump, 5);
	plan_free(p);
	/* flexible: an element ends with tagged fields, so it has no fixed size */
	p = compile(rows, 0, true);
	CHECK_CODES(p, STEP_ARRAY, STEP_ARRAY, STEP_SKIP, STEP_TAGS, STEP_NEXT, STEP_ARRAY,
		    STEP_INT, STEP_NEXT, STEP_TAGS, STEP_DONE);
	plan_free(p);
}

static void a_null_struct_jumps_over_its_fields(void **state)
{
	static const struct kfield rows[] = { { STRUCT, "s", "0+", .nullable = "1+" },
					      { INT32, "a", "0+" },
					      { END },
					      { INT32, "b", "0+" },
					      { END } };
	struct plan *p = compile(rows, 1, false);

	(void)state;
	CHECK_CODES(p, STEP_NULLABLE, STEP_SKIP, STEP_SKIP, STEP_DONE);
	assert_int_equal(p->steps[0].jump, 2);
	plan_free(p);
	p = compile(rows, 0, false);
	assert_int_equal(p->steps[0].code, STEP_SKIP);
	plan_free(p);
}

static void only_tags_with_a_meaning_are_known(void **state)
{
	static const struct kfield rows[] = {
		{ INT32, "a", "0+" },
		{ INT64, "plain", "2+", .tag = TAG(0) },
		{ STRUCT, "leader", "2+", .tag = TAG(1), .is = CURRENT_LEADER },
		{ INT32, "id", "2+", .is = LEADER_ID },
		{ END },
		{ INT64, "epoch", "3+", .tag = TAG(2), .is = FEATURES_EPOCH },
		{ END }
	};
	struct plan *p = compile(rows, 2, true);

	(void)state;
	CHECK_CODES(p, STEP_SKIP, STEP_TAGS, STEP_INT, STEP_TAGS, STEP_TAG_END, STEP_DONE);
	assert_int_equal(p->tag_count, 1);
	assert_int_equal(p->tags[0].tag, 1);
	assert_int_equal(p->tags[0].first, 2);
	assert_true(p->tags[0].last);
	assert_int_equal(p->steps[1].jump, 5);
	plan_free(p);
	p = compile(rows, 3, true);
	assert_int_equal(p->tag_count, 2);
	assert_false(p->tags[0].last);
	assert_true(p->tags[1].last);
	plan_free(p);
	p = compile(rows, 1, false);
	CHECK_CODES(p, STEP_SKIP, STEP_DONE);
	plan_free(p);
}

static void lengths_are_as_the_version_has_them(void **state)
{
	static const struct kfield rows[] = { { STRING, "s", "0+", .nullable = "1+",
						.is = GROUP_ID },
					      { BYTES, "b", "0+" },
					      { UINT16, "p", "0+", .is = PORT },
					      { END } };
	struct plan *p = compile(rows, 0, false);

	(void)state;
	assert_int_equal(p->steps[0].flags, 0);
	assert_int_equal(p->steps[1].flags, STEP_LONG);
	assert_int_equal(p->steps[2].flags, 0); /* not signed */
	plan_free(p);
	p = compile(rows, 1, true);
	assert_int_equal(p->steps[0].flags, STEP_COMPACT | STEP_NULL_OK);
	plan_free(p);
}

static void check_refused(const struct kfield *rows, const char *part)
{
	char *said = NULL;
	size_t n = 0;
	FILE *why = open_memstream(&said, &n);

	assert_null(plan_compile(rows, 0, true, why));
	fclose(why);
	assert_non_null(strstr(said, part));
	free(said);
}

static void bad_rows_are_refused_with_a_reason(void **state)
{
	static const struct kfield malformed[] = { { INT8, "x", "zero" }, { END } };
	static const struct kfield nullable[] = { { STRING, "y", "0+", .nullable = "+" }, { END } };
	static const struct kfield behind_tag[] = { { INT8, "t", "0+", .tag = TAG(0) },
						    { INT8, "late", "0+" },
						    { END } };
	static const struct kfield no_versions[] = { { INT8, "t", NULL, .tag = TAG(0) }, { END } };

	(void)state;
	check_refused(malformed, "field x, version 0: malformed versions");
	check_refused(nullable, "field y");
	check_refused(behind_tag, "field late, version 0: stands behind a tagged field");
	check_refused(no_versions, "no versions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_texts_are_read),
		cmocka_unit_test(neighbours_nobody_asks_for_are_one_skip),
		cmocka_unit_test(arrays_of_fixed_elements_are_one_step),
		cmocka_unit_test(a_null_struct_jumps_over_its_fields),
		cmocka_unit_test(only_tags_with_a_meaning_are_known),
		cmocka_unit_test(lengths_are_as_the_version_has_them),
		cmocka_unit_test(bad_rows_are_refused_with_a_reason),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
