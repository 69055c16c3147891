#include "net/inbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct bufpool pool;

static void put(struct inbuf *b, uint32_t n, uint8_t first)
{
	assert_true(inbuf_room(b, &pool) >= n);
	for (uint32_t i = 0; i < n; i++)
		b->bytes[b->to++] = (uint8_t)(first + i);
}

static void assert_holds(const struct inbuf *b, uint32_t n, uint8_t first)
{
	assert_int_equal(inbuf_len(b), n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(inbuf_at(b)[i], (uint8_t)(first + i));
}

static void an_empty_one_has_no_memory(void **state)
{
	struct inbuf b = { 0 };
	uint8_t *block;

	(void)state;
	inbuf_rest(&b, &pool);
	assert_int_equal(inbuf_room(&b, &pool), INBUF_BLOCK);
	put(&b, 10, 1);
	block = b.bytes;
	inbuf_take(&b, 10);
	inbuf_rest(&b, &pool);
	assert_null(b.bytes);
	/* the hot block is used again */
	inbuf_room(&b, &pool);
	assert_ptr_equal(b.bytes, block);
	inbuf_drop(&b, &pool);
	assert_null(b.bytes);
}

static void what_is_there_stays_in_order(void **state)
{
	struct inbuf b = { 0 };

	(void)state;
	put(&b, 50000, 0);
	inbuf_take(&b, 40000);
	put(&b, INBUF_BLOCK - 50000, (uint8_t)50000);
	/* the end is reached: it moves to the front */
	assert_int_equal(inbuf_room(&b, &pool), 40000);
	assert_holds(&b, INBUF_BLOCK - 40000, (uint8_t)40000);
	put(&b, 40000, (uint8_t)INBUF_BLOCK);
	assert_int_equal(inbuf_room(&b, &pool), 0);
	assert_holds(&b, INBUF_BLOCK, (uint8_t)40000);
	inbuf_drop(&b, &pool);
}

static void little_that_rests_takes_little(void **state)
{
	struct inbuf b = { 0 };

	(void)state;
	put(&b, 1000, 3);
	inbuf_take(&b, 990);
	inbuf_rest(&b, &pool);
	assert_holds(&b, 10, (uint8_t)(3 + 990));
	assert_true(b.cap < 100);
	/* and goes on */
	put(&b, 500, (uint8_t)(3 + 1000));
	assert_holds(&b, 510, (uint8_t)(3 + 990));
	inbuf_drop(&b, &pool);
}

static void a_reserved_message_fits(void **state)
{
	static const uint32_t sizes[] = { 1, 1000, INBUF_BLOCK, INBUF_BLOCK + 1, 5 * INBUF_BLOCK };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct inbuf b = { 0 };
		uint32_t n;

		put(&b, 60000, 0);
		inbuf_take(&b, 59999);
		inbuf_reserve(&b, &pool, sizes[i]);
		assert_holds(&b, 1, (uint8_t)59999);
		assert_true(b.cap - b.from >= sizes[i]);
		n = sizes[i] - 1;
		memset(b.bytes + b.to, 'x', n);
		b.to += n;
		inbuf_take(&b, sizes[i]);
		inbuf_rest(&b, &pool);
		assert_null(b.bytes);
	}
}

static void the_pool_keeps_a_few(void **state)
{
	struct inbuf b[40] = { 0 };

	(void)state;
	for (int i = 0; i < 40; i++)
		put(&b[i], 1, (uint8_t)i);
	for (int i = 0; i < 40; i++) {
		assert_holds(&b[i], 1, (uint8_t)i);
		inbuf_drop(&b[i], &pool);
	}
	assert_true(pool.count > 0 && pool.count <= 16);
}

static int setup(void **state)
{
	(void)state;
	bufpool_init(&pool);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bufpool_deinit(&pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_has_no_memory),
		cmocka_unit_test(what_is_there_stays_in_order),
		cmocka_unit_test(little_that_rests_takes_little),
		cmocka_unit_test(a_reserved_message_fits),
		cmocka_unit_test(the_pool_keeps_a_few),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
