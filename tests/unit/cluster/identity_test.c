#include "unit/cluster/nodes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct buf written(const struct cluster_member *m)
{
	struct buf out;

	buf_init(&out, IDENTITY_MAX);
	identity_write(&out, m);
	assert_false(out.full);
	return out;
}

static void what_is_written_is_read(void **state)
{
	struct cluster_member m = make_member('c'), got;
	struct buf out;

	(void)state;
	set_text(&m.rack, "rack 1");
	m.is_draining = true;
	m.port_hint = MEMBER_PORT_IS_HINT;
	out = written(&m);
	assert_true(identity_read(&got, out.data, out.len));
	assert_string_equal(got.node_id, "c");
	assert_string_equal(got.host, "10.0.0.3");
	assert_int_equal(got.port, 7000);
	assert_int_equal(got.port_count, 5);
	assert_int_equal(got.min_broker_id, 1);
	assert_int_equal(got.mode, ADVERTISE_PORTS);
	assert_true(got.internal);
	assert_string_equal(got.rack, "rack 1");
	assert_string_equal(got.http, "10.0.0.3:8888");
	assert_string_equal(got.version, "1.2.3");
	assert_string_equal(got.kafka, "kafka-x");
	assert_true(got.settings == m.settings);
	assert_int_equal(got.incarnation, 1000);
	assert_true(got.is_draining);
	assert_int_equal(got.port_hint, MEMBER_PORT_IS_HINT);
	assert_int_equal(got.load_at, -1);
	identity_deinit(&got);
	identity_deinit(&m);
	buf_deinit(&out);
}

/* A node of a later version says more. */
static void unknown_tags_are_passed_over(void **state)
{
	struct cluster_member m = make_member('a'), got;
	struct buf out = written(&m);

	(void)state;
	out.data[1] = 9; /* the version */
	buf_append8(&out, 200);
	buf_append16(&out, 3);
	buf_append(&out, "abc", 3);
	assert_true(identity_read(&got, out.data, out.len));
	assert_string_equal(got.node_id, "a");
	identity_deinit(&got);
	identity_deinit(&m);
	buf_deinit(&out);
}

/* Every cut, and every byte changed: refused, or read as something sound. */
static void strangers_are_checked(void **state)
{
	struct cluster_member m = make_member('a'), got;
	struct buf out = written(&m);
	size_t refused = 0;

	(void)state;
	for (size_t n = 0; n < out.len; n++) {
		if (identity_read(&got, out.data, n))
			identity_deinit(&got);
		else
			refused++;
	}
	assert_true(refused > out.len / 2);
	for (size_t i = 0; i < out.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			out.data[i] ^= (uint8_t)(1 << bit);
			if (identity_read(&got, out.data, out.len)) {
				assert_non_null(got.node_id);
				assert_non_null(got.host);
				assert_in_range(got.port, 1, 65535);
				assert_in_range(got.port_count, 1, 65535);
				identity_deinit(&got);
			}
			out.data[i] ^= (uint8_t)(1 << bit);
		}
	}
	identity_deinit(&m);
	set_text(&m.node_id, "a");
	set_text(&m.host, "two\nlines");
	m.port = m.port_count = 1;
	buf_clear(&out);
	identity_write(&out, &m);
	assert_false(identity_read(&got, out.data, out.len));
	identity_deinit(&m);
	buf_deinit(&out);
}

struct seen {
	size_t count;
	char letters[8];
};

static bool on_entry(void *ctx, const struct map_entry *e)
{
	struct seen *s = ctx;
	struct cluster_member m;

	assert_true(identity_read(&m, e->bytes, e->len));
	s->letters[s->count++] = *m.node_id;
	identity_deinit(&m);
	return true;
}

static bool count_entry(void *ctx, const struct map_entry *e)
{
	size_t *count = ctx;

	(void)e;
	++*count;
	return true;
}

static void a_map_holds_all(void **state)
{
	struct map_entry entries[3];
	struct buf parts[3], map;
	struct seen seen = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct cluster_member m = make_member((char)('a' + i));

		parts[i] = written(&m);
		entries[i] = (struct map_entry){ parts[i].data, parts[i].len };
		identity_deinit(&m);
	}
	buf_init(&map, MAP_MAX);
	map_write(&map, entries, 3);
	assert_true(map_read(map.data, map.len, on_entry, &seen));
	assert_int_equal(seen.count, 3);
	assert_memory_equal(seen.letters, "abc", 3);
	for (size_t n = 0; n < map.len; n++) {
		size_t count = 0;

		assert_false(map_read(map.data, n, count_entry, &count));
	}
	for (size_t i = 0; i < 3; i++)
		buf_deinit(&parts[i]);
	buf_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(unknown_tags_are_passed_over),
		cmocka_unit_test(strangers_are_checked),
		cmocka_unit_test(a_map_holds_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
