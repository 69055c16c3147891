#include "cluster/load.h"

#include "kafka/batch.h"
#include "kafka/wire.h"
#include "util/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct heard {
	unsigned count;
	char node_id[64];
	int64_t incarnation;
	struct cluster_load load;
	struct load_keys keys; /* of the last record that had some */
};

static void on_load(void *owner, const char *node_id, size_t id_len, int64_t incarnation,
		    const struct cluster_load *load)
{
	struct heard *h = owner;

	h->count++;
	assert_true(id_len < sizeof h->node_id);
	memcpy(h->node_id, node_id, id_len);
	h->node_id[id_len] = '\0';
	h->incarnation = incarnation;
	h->load = *load;
}

static void on_keys(void *owner, const char *node_id, size_t id_len, const struct load_keys *keys)
{
	struct heard *h = owner;

	assert_int_equal(id_len, strlen(h->node_id));
	assert_memory_equal(node_id, h->node_id, id_len);
	h->keys = *keys;
}

static const struct load_keys no_keys;

static int64_t read_into(struct heard *h, const struct buf *b, size_t n, int64_t from)
{
	const struct load_events events = { on_load, on_keys, h };

	return load_read(b->data, n, from, &events);
}

static struct buf three_batches(void)
{
	struct cluster_load load = { .connections = 300, .bytes_per_second = 1ull << 40 };
	struct buf b;

	buf_init(&b, 10000);
	for (uint64_t i = 0; i < 3; i++) {
		size_t at = b.len;

		load.connections = 300 + i;
		load_write(&b, 1700000000000, "gateway-node-1", 77, &load, &no_keys, NULL);
		wire_put64(b.data + at, 40 + i); /* as a broker does */
	}
	return b;
}

static void what_is_written_is_read(void **state)
{
	struct buf b = three_batches();
	struct heard h = { 0 };

	(void)state;
	assert_int_equal(read_into(&h, &b, b.len, 40), 43);
	assert_int_equal(h.count, 3);
	assert_string_equal(h.node_id, "gateway-node-1");
	assert_int_equal(h.incarnation, 77);
	assert_int_equal(h.load.connections, 302);
	assert_true(h.load.bytes_per_second == 1ull << 40);
	buf_deinit(&b);
}

/* The end of a Fetch may be a part of a batch: it is fetched again, whole. */
static void a_cut_batch_is_left_for_later(void **state)
{
	struct buf b = three_batches();

	(void)state;
	for (size_t n = 0; n <= b.len; n++) {
		struct heard h = { 0 };

		assert_int_equal(read_into(&h, &b, n, 40), 40 + (int64_t)(n * 3 / b.len));
		assert_int_equal(h.count, n * 3 / b.len);
	}
	buf_deinit(&b);
}

/* What was broken on its way, is compressed or none of ours is passed over, and
 * the next one is read. */
static void what_is_not_ours_is_passed_over(void **state)
{
	struct buf b = three_batches();
	size_t size = b.len / 3;

	(void)state;
	for (size_t at = 16; at < size; at++) {
		struct heard h = { 0 };

		b.data[at] ^= 0x41;
		assert_int_equal(read_into(&h, &b, b.len, 40), 43);
		assert_int_equal(h.count, 2);
		b.data[at] ^= 0x41;
	}
	for (int i = 0; i < 2; i++) {
		struct heard h = { 0 };

		b.data[22] = i == 0 ? 4 : 0x20; /* zstd; a control batch */
		wire_put32(b.data + 17, ~crc32c(UINT32_MAX, b.data + 21, size - 21));
		assert_int_equal(read_into(&h, &b, b.len, 40), 43);
		assert_int_equal(h.count, 2);
	}
	buf_deinit(&b);
}

/* As an older version writes it, and what a newer one may write behind it. */
static struct cluster_load read_value_of(const uint8_t *behind, size_t n)
{
	struct buf value, b;
	struct heard h = { 0 };

	buf_init(&value, 100);
	buf_append16(&value, 1);
	buf_append16(&value, 2);
	buf_append(&value, "n1", 2);
	buf_append64(&value, 77);
	buf_append64(&value, 300);
	buf_append64(&value, 4000);
	buf_append(&value, behind, n);
	buf_init(&b, 10000);
	batch_write(&b, 1700000000000, &(struct record){ "n1", value.data, 2, value.len });
	assert_int_equal(read_into(&h, &b, b.len, 0), 1);
	assert_int_equal(h.count, 1);
	assert_string_equal(h.node_id, "n1");
	assert_int_equal(h.load.connections, 300);
	assert_int_equal(h.load.bytes_per_second, 4000);
	assert_int_equal(h.keys.count, 0);
	buf_deinit(&value);
	buf_deinit(&b);
	return h.load;
}

static void what_it_declines_may_be_left_out(void **state)
{
	static const uint8_t behind[] = { 0x01, 0x02, 0xff, 0xff };

	(void)state;
	assert_int_equal(read_value_of(behind, 0).declines, 0);
	assert_int_equal(read_value_of(behind, 1).declines, 0);
	assert_int_equal(read_value_of(behind, 2).declines, 0x102);
	assert_int_equal(read_value_of(behind, 4).declines, 0x102);
}

static void nobody_declines_more_than_all(void **state)
{
	static const unsigned told[] = { 0, 1, 250, 1000, 1001, 65535 };

	(void)state;
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
		const struct cluster_load load = { 300, 4000, told[i] };
		struct heard h = { 0 };
		struct buf b;

		buf_init(&b, 10000);
		load_write(&b, 1700000000000, "n1", 77, &load, &no_keys, NULL);
		assert_int_equal(read_into(&h, &b, b.len, 0), 1);
		assert_int_equal(h.load.declines, told[i] < 1000 ? told[i] : 1000);
		buf_deinit(&b);
	}
}

static struct buf record_of(const struct load_keys *keys)
{
	const struct cluster_load load = { 300, 4000, 10 };
	struct buf b;

	buf_init(&b, 100000);
	load_write(&b, 1700000000000, "n1", 77, &load, keys, NULL);
	return b;
}

static void keys_go_with_it(void **state)
{
	static const size_t counts[] = { 0, 1, 3, LOAD_KEYS_MAX };
	static struct load_keys keys;

	(void)state;
	for (size_t i = 0; i < LOAD_KEYS_MAX; i++)
		keys.keys[i] = (i + 1) * 0x9e3779b97f4a7c15;
	for (size_t i = 0; i < 2 * sizeof counts / sizeof counts[0]; i++) {
		static struct heard h;
		struct buf b;

		memset(&h, 0, sizeof h);
		keys.asks = i % 2;
		keys.count = counts[i / 2];
		b = record_of(&keys);
		assert_int_equal(read_into(&h, &b, b.len, 0), 1);
		assert_int_equal(h.load.declines, 10);
		assert_int_equal(h.keys.count, keys.count);
		assert_int_equal(h.keys.asks, keys.asks);
		assert_memory_equal(h.keys.keys, keys.keys, keys.count * sizeof keys.keys[0]);
		buf_deinit(&b);
	}
}

/* What says of itself to hold more than there is, or than may be. */
static void too_few_keys_are_none(void **state)
{
	static const uint8_t counts[][4] = { { 0, 0, 0, 2 }, { 0, 0, 7, 0xd1 }, { 0x80, 0, 0, 1 } };
	uint8_t behind[2 + 2 + 4 + 8] = { 0, 5 };

	(void)state;
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		memcpy(behind + 4, counts[i], 4);
		assert_int_equal(read_value_of(behind, sizeof behind).declines, 5);
	}
}

/* The known answer of the checksum, RFC 3720 B.4. */
static void the_checksum_is_castagnoli(void **state)
{
	static const uint8_t digits[] = "123456789";

	(void)state;
	assert_true(~crc32c(UINT32_MAX, digits, 9) == 0xe3069283);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_cut_batch_is_left_for_later),
		cmocka_unit_test(what_is_not_ours_is_passed_over),
		cmocka_unit_test(what_it_declines_may_be_left_out),
		cmocka_unit_test(nobody_declines_more_than_all),
		cmocka_unit_test(keys_go_with_it),
		cmocka_unit_test(too_few_keys_are_none),
		cmocka_unit_test(the_checksum_is_castagnoli),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
