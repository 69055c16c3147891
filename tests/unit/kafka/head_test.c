#include "kafka/head.h"
#include "kafka/wire.h"
#include "unit/apis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 100 * 1024 * 1024 };

static uint8_t frame[256];

/* Hex with spaces behind the size field, which it counts; returns all of it. */
static size_t make(const char *hex)
{
	size_t n = HEAD_SIZE_BYTES;
	unsigned byte;

	for (; *hex != '\0'; hex += 2) {
		while (*hex == ' ')
			hex++;
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		frame[n++] = (uint8_t)byte;
	}
	wire_put32(frame, (uint32_t)(n - HEAD_SIZE_BYTES));
	return n;
}

/* The head is all there at `at` bytes and not one earlier. */
static struct request_head check_complete_at(size_t at, size_t n)
{
	struct request_head h;

	for (size_t shown = 0; shown < at; shown++)
		assert_int_equal(head_read(frame, shown, MAX, &h), HEAD_MORE);
	for (size_t shown = n; shown >= at; shown--)
		assert_int_equal(head_read(frame, shown, MAX, &h), HEAD_OK);
	return h;
}

static void check_bad(const char *hex)
{
	struct request_head h;
	size_t n = make(hex);

	assert_int_equal(head_read(frame, n, MAX, &h), HEAD_BAD);
}

static void reads_a_plain_head(void **state)
{
	size_t n = make("0003 0004 0000002a 0003 616263 ffffffff 01");
	struct request_head h = check_complete_at(17, n);

	(void)state;
	assert_int_equal(h.size, n - 4);
	assert_int_equal(h.key, 3);
	assert_int_equal(h.version, 4);
	assert_int_equal(h.correlation_id, 42);
	assert_ptr_equal(h.api, api_of(3));
	assert_int_equal(h.client_id_at, 14);
	assert_int_equal(h.client_id_len, 3);
	assert_int_equal(h.body_at, 17);
}

static void a_client_id_may_be_null_or_empty(void **state)
{
	struct request_head h = check_complete_at(14, make("0003 0001 80000001 ffff ffffffff"));

	(void)state;
	assert_int_equal(h.client_id_len, -1);
	assert_int_equal(h.body_at, 14);
	assert_int_equal(h.correlation_id, 0x80000001);
	h = check_complete_at(14, make("0003 0001 00000000 0000 ffffffff"));
	assert_int_equal(h.client_id_len, 0);
	assert_int_equal(h.body_at, 14);
}

static void a_flexible_head_has_tags(void **state)
{
	struct request_head h = check_complete_at(16, make("000c 0004 00000001 0001 61 00 02"));

	(void)state;
	assert_int_equal(h.body_at, 16);
	/* tags 5 (two bytes) and 300 (none) */
	h = check_complete_at(22, make("000c 0004 00000001 0000 02 05 02 aabb ac02 00 02"));
	assert_int_equal(h.body_at, 22);
}

static void api_versions_of_any_version_is_read(void **state)
{
	struct request_head h = check_complete_at(14, make("0012 0063 00000001 0000 ff ff"));

	(void)state;
	assert_int_equal(h.version, 99);
	assert_int_equal(h.body_at, 14);
	h = check_complete_at(15, make("0012 0003 00000001 0000 00 02 61 02 62 00"));
	assert_int_equal(h.body_at, 15);
}

static void an_unserved_version_is_read_for_the_caller_to_judge(void **state)
{
	struct request_head h;
	size_t n = make("0003 0063 00000001 ffff 00");

	(void)state;
	assert_int_equal(head_read(frame, n, MAX, &h), HEAD_OK);
	assert_int_equal(h.version, 99);
	assert_false(kversions_has(api_versions(h.api), h.version));
}

static void bad_sizes_are_refused_before_the_rest_is_there(void **state)
{
	static const uint32_t sizes[] = { 0, 7, 0xffffffff, 0x80000000, MAX + 1u };
	struct request_head h;

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		wire_put32(frame, sizes[i]);
		assert_int_equal(head_read(frame, 3, MAX, &h), HEAD_MORE);
		assert_int_equal(head_read(frame, 4, MAX, &h), HEAD_BAD);
	}
	wire_put32(frame, MAX);
	assert_int_equal(head_read(frame, 4, MAX, &h), HEAD_MORE);
}

/* Brokers answer ApiVersions of any version, to say which they have. */
static void api_versions_of_any_version_are_read(void **state)
{
	struct request_head h = check_complete_at(14, make("0012 ffff 00000001 ffff"));

	(void)state;
	assert_int_equal(h.version, -1);
	h = check_complete_at(14, make("0012 7fff 00000001 ffff"));
	assert_int_equal(h.version, INT16_MAX);
}

static void keys_not_for_clients_are_refused(void **state)
{
	(void)state;
	check_bad("ffff 0000 00000001 ffff");	 /* negative */
	check_bad("03e7 0000 00000001 ffff");	 /* 999 */
	check_bad("005f 0000 00000001 ffff");	 /* 95, one behind the last */
	check_bad("0004 0000 00000001 ffff");	 /* LeaderAndIsr, removed */
	check_bad("0034 0000 00000001 ffff 00"); /* Vote, for controllers */
	check_bad("0053 0000 00000001 ffff 00"); /* InitializeShareGroupState, for brokers */
	check_bad("0003 ffff 00000001 ffff");	 /* version -1 */
	check_bad("4745 5420 2f20485454502f312e310d0a"); /* GET / HTTP/1.1 */
}

static void a_head_beyond_its_frame_is_bad(void **state)
{
	(void)state;
	check_bad("0003 0001 00000001");		    /* no client id */
	check_bad("0003 0001 00000001 00");		    /* half of its length */
	check_bad("0003 0001 00000001 0005 61626364");	    /* one byte missing */
	check_bad("000c 0004 00000001 ffff");		    /* no tags where there must be */
	check_bad("000c 0004 00000001 ffff 01 05 0a aabb"); /* a tag beyond the frame */
	check_bad("000c 0004 00000001 ffff 8080808080");    /* no varint */
	check_bad("000c 0004 00000001 ffff ffffffff0f 00"); /* absurd count */
}

static void answer_tags_are_measured(void **state)
{
	static const uint8_t tags[] = { 2, 0, 1, 0xaa, 9, 0, 0x77 };
	uint32_t len = 0;

	(void)state;
	for (size_t n = 0; n < 6; n++)
		assert_int_equal(answer_tags_skip(tags, n, sizeof tags, &len), HEAD_MORE);
	assert_int_equal(answer_tags_skip(tags, 6, sizeof tags, &len), HEAD_OK);
	assert_int_equal(len, 6);
	assert_int_equal(answer_tags_skip(tags, 7, sizeof tags, &len), HEAD_OK);
	assert_int_equal(len, 6);
	/* what follows belongs to the next frame */
	for (uint32_t left = 0; left < 6; left++)
		assert_int_equal(answer_tags_skip(tags, 7, left, &len), HEAD_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_plain_head),
		cmocka_unit_test(a_client_id_may_be_null_or_empty),
		cmocka_unit_test(a_flexible_head_has_tags),
		cmocka_unit_test(api_versions_of_any_version_is_read),
		cmocka_unit_test(an_unserved_version_is_read_for_the_caller_to_judge),
		cmocka_unit_test(bad_sizes_are_refused_before_the_rest_is_there),
		cmocka_unit_test(api_versions_of_any_version_are_read),
		cmocka_unit_test(keys_not_for_clients_are_refused),
		cmocka_unit_test(a_head_beyond_its_frame_is_bad),
		cmocka_unit_test(answer_tags_are_measured),
	};

	return cmocka_run_group_tests_name("head", tests, apis_set_up, apis_tear_down);
}
