/* What a broker will answer is guessed from what the snapshot has: never less than the answer is,
 * where the snapshot has all of it. */
#include "route/answer_size.h"

#include "messages.h"
#include "topology/snapshot_build.h"
#include "util/mem.h"

enum { TOPICS_MADE = 20, PARTITIONS_EACH = 50, REPLICAS_EACH = 3, BROKERS_MADE = 5 };

static struct snapshot *cluster(void)
{
	struct snapshot *s = snapshot_new(NULL);

	s->brokers = mem_zalloc(BROKERS_MADE * sizeof *s->brokers);
	s->broker_count = BROKERS_MADE;
	for (int i = 0; i < TOPICS_MADE; i++) {
		char *name = mem_printf("topic-%d", i);
		uint8_t id[16] = { 1, [15] = (uint8_t)i };

		snapshot_add_topic(s, name, strlen(name), id, PARTITIONS_EACH);
		free(name);
	}
	return s;
}

/* --- the answer --- */

static bool fill_answer(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	static const uint8_t name[] = "topic-17";
	const uint32_t *topics = ctx;

	switch (f->is) {
	case BROKERS:
		v->number = BROKERS_MADE;
		return true;
	case TOPICS:
		v->number = *topics;
		return true;
	case PARTITIONS:
		v->number = PARTITIONS_EACH;
		return true;
	case NODE_IDS:
		v->number = f->is_element ? 1 : REPLICAS_EACH;
		if (strcmp(f->row->name, "offline_replicas") == 0 && !f->is_element)
			v->number = 0;
		return true;
	case TOPIC_NAME:
		v->bytes = name;
		v->len = sizeof name - 1;
		return true;
	default:
		return false;
	}
}

static size_t size_of_answer(int version, uint32_t topics)
{
	struct buf out;
	size_t size;

	buf_init(&out, MESSAGE_MAX);
	assert_true(encode_message(api_of(KEY_METADATA), version, RESPONSE, fill_answer, &topics,
				   &out));
	size = out.len;
	buf_deinit(&out);
	return size;
}

/* --- the request --- */

/* So many topics by name; -1: null. */
static bool fill_request(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	static char names[TOPICS_MADE][16];
	const int *topics = ctx;

	if (f->is == TOPICS) {
		v->number = *topics;
		return true;
	}
	if (f->is != TOPIC_NAME)
		return false;
	snprintf(names[f->index[0]], sizeof names[0], "topic-%u", (unsigned)f->index[0]);
	v->bytes = (const uint8_t *)names[f->index[0]];
	v->len = (uint32_t)strlen(names[f->index[0]]);
	return true;
}

static uint64_t guess(const struct snapshot *s, int version, int topics)
{
	struct buf out;
	uint64_t size;

	buf_init(&out, MESSAGE_MAX);
	assert_true(encode_message(api_of(KEY_METADATA), version, REQUEST, fill_request, &topics,
				   &out));
	size = answer_size_metadata(s, version, out.data, (uint32_t)out.len);
	if (out.len > 8) /* cut off */
		assert_int_equal(answer_size_metadata(s, version, out.data, 5), 0);
	buf_deinit(&out);
	return size;
}

/* --- the tests --- */

static void assert_good(uint64_t guessed, size_t size)
{
	assert_true(guessed >= size);
	assert_true(guessed < 2 * size + 4096);
}

static void a_guess_is_enough_and_not_far_too_much(void **state)
{
	struct snapshot *s = cluster();
	struct kversions v = api_versions(api_of(KEY_METADATA));

	(void)state;
	for (int version = v.min; version <= v.max; version++) {
		assert_good(guess(s, version, 3), size_of_answer(version, 3));
		assert_good(guess(s, version, version == 0 ? 0 : -1),
			    size_of_answer(version, TOPICS_MADE));
		if (version > 0) /* none are asked for */
			assert_good(guess(s, version, 0), size_of_answer(version, 0));
	}
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guess_is_enough_and_not_far_too_much),
	};

	return cmocka_run_group_tests(tests, messages_setup, messages_teardown);
}
