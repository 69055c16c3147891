/* topology.c - whatever brokers answer about themselves, what is learned of it can be used.
 *
 * Input: version | bit 0 a full answer | answers to Metadata or (bit 1) ApiVersions, before each its
 * length in two bytes; one after the other they change what is known.
 */
#include "fuzz/input.h"
#include "kafka/api.h"
#include "topology/metadata.h"
#include "topology/versions.h"
#include "topology/snapshot_build.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { METADATA = 3, API_VERSIONS = 18, ANSWERS_MOST = 4 };

static int version_of(int key, uint8_t byte)
{
	struct kversions v = api_versions(api_of(key));

	return v.min + byte % (v.max - v.min + 1);
}

static void check_brokers(const struct metadata *m)
{
	for (size_t i = 0; i < m->broker_count; i++) {
		assert(m->brokers[i].host != NULL && m->brokers[i].port > 0);
		assert(i == 0 || m->brokers[i - 1].id < m->brokers[i].id);
	}
}

/* A topic is found by its name and by its id. */
static void check_topics(const struct snapshot *s)
{
	const struct topic *t;
	size_t at = 0, count = 0;

	for (; (t = snapshot_next_topic(s, &at)) != NULL; count++) {
		assert(snapshot_topic(s, t->name, t->name_len) == t);
		assert(!topic_has_id(t) || snapshot_topic_by_id(s, t->id) == t);
		for (int32_t i = 0; i < t->partition_count; i++)
			assert(t->partitions[i].leader >= NO_BROKER);
	}
	assert(count == snapshot_topic_count(s));
}

static void learn(struct input *in, int version, bool is_full)
{
	struct snapshot *known = NULL, *next;
	struct metadata m;

	for (int i = 0; i < ANSWERS_MOST && in->left > 0; i++) {
		struct block b = input_block(in);

		if (metadata_read(&m, version, b.bytes, b.n)) {
			check_brokers(&m);
			next = snapshot_new(is_full ? NULL : known);
			metadata_merge(next, known, &m, is_full);
			check_topics(next);
			snapshot_unref(known);
			known = next;
		}
		metadata_deinit(&m);
	}
	snapshot_unref(known);
}

static void offer(struct input *in, int version)
{
	struct broker_versions all[ANSWERS_MOST];
	const struct broker_versions *list[ANSWERS_MOST];
	struct kversions offers[SNAPSHOT_KEYS];
	struct features f;
	size_t n = 0;

	for (int i = 0; i < ANSWERS_MOST && in->left > 0; i++) {
		struct block b = input_block(in);

		list[n] = &all[n];
		n += versions_read(&all[n], version, b.bytes, b.n) == VERSIONS_OK;
	}
	if (n == 0)
		return;
	offers_make(offers, list, n);
	f = features_in_common(list, n);
	features_limit(&f, offers);
	features_deinit(&f);
	for (size_t i = 0; i < n; i++) {
		for (int key = 0; key < SNAPSHOT_KEYS; key++)
			assert(api_of(key) == NULL || versions_best(&all[i], key) >= -1);
		versions_deinit(&all[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_compiled;
	struct arena arena;
	struct input in = { data, size, &arena };
	uint8_t version = input_byte(&in), kind = input_byte(&in);

	if (!is_compiled)
		assert(apis_compile(stderr));
	is_compiled = true;
	arena_init(&arena);
	if (kind & 2)
		offer(&in, version_of(API_VERSIONS, version));
	else
		learn(&in, version_of(METADATA, version), kind & 1);
	arena_deinit(&arena);
	return 0;
}
