#include "route/api_versions.h"

#include "config/listener.h"

#include "messages.h"
#include "route/stub.h"
#include "topology/snapshot_build.h"
#include "util/mem.h"

/* What a client says. */
struct said {
	const char *name, *version, *cluster; /* NULL: null */
	int node;
};

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct said *s = ctx;
	const char *text = f->is == SOFTWARE_NAME      ? s->name
			   : f->is == SOFTWARE_VERSION ? s->version
						       : s->cluster;

	v->number = s->node;
	if (f->is != NODE_ID) {
		v->bytes = (const uint8_t *)text;
		v->len = text != NULL ? (uint32_t)strlen(text) : 0;
	}
	return true;
}

static bool known_node(void *ctx, int32_t id)
{
	(void)ctx;
	return id == 3;
}

static const struct listener ports = { .advertised_mode = ADVERTISE_PORTS },
			     single = { .advertised_mode = ADVERTISE_SINGLE };

static struct snapshot *make_snapshot(void)
{
	struct snapshot *s = snapshot_new(NULL);

	for (int k = 0; k < SNAPSHOT_KEYS; k++)
		s->offers[k] = (struct kversions){ 0, -1 };
	s->offers[0] = (struct kversions){ 0, 13 };
	s->offers[3] = (struct kversions){ 2, 9 };
	s->offers[18] = (struct kversions){ 0, 1 };
	s->cluster_id = mem_strdup("kraft");
	s->supported = mem_zalloc(2 * sizeof *s->supported);
	s->supported[0] = (struct feature){ mem_strdup("from.zero"), 0, 2 };
	s->supported[1] = (struct feature){ mem_strdup("from.one"), 1, 7 };
	s->supported_count = 2;
	s->finalized = mem_zalloc(2 * sizeof *s->finalized);
	s->finalized[0] = (struct feature){ mem_strdup("from.zero"), 0, 0 };
	s->finalized[1] = (struct feature){ mem_strdup("from.one"), 1, 5 };
	s->finalized_count = 2;
	s->features_epoch = 268;
	return s;
}

struct heard {
	int error, keys[16], min[16], max[16], count;
	int supported, finalized, level_min, level_max;
	int64_t epoch;
};

/* The answer's body, which has the form of `form`. */
static struct heard hear(const struct buf *b, int form)
{
	struct heard h = { .error = -2, .epoch = -1 };
	enum kis in = NOTHING;
	struct walk w;
	struct walk_event e;
	enum walk_result got;

	walk_init(&w, api_plan(api_of(18), form, RESPONSE), (uint32_t)b->len);
	walk_input(&w, b->data, b->len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.kind == WALK_ARRAY)
			in = e.is;
		if (e.kind != WALK_VALUE)
			continue;
		if (e.is == ERROR_CODE)
			h.error = (int)e.number;
		else if (e.is == API_KEY)
			h.keys[h.count++] = (int)e.number;
		else if (e.is == MIN_VERSION && in == API_KEYS)
			h.min[h.count - 1] = (int)e.number;
		else if (e.is == MAX_VERSION && in == API_KEYS)
			h.max[h.count - 1] = (int)e.number;
		else if (e.is == FEATURE_NAME)
			*(in == SUPPORTED_FEATURES ? &h.supported : &h.finalized) += 1;
		else if (e.is == MIN_VERSION && in == FINALIZED_FEATURES)
			h.level_min = (int)e.number;
		else if (e.is == MAX_VERSION && in == FINALIZED_FEATURES)
			h.level_max = (int)e.number;
		else if (e.is == FEATURES_EPOCH)
			h.epoch = e.number;
	}
	assert_int_equal(got, WALK_DONE);
	assert_int_equal(w.pos, b->len);
	return h;
}

static struct heard ask_at(const struct listener *listener, const struct snapshot *s, int version,
			   const struct said *said, struct api_versions_request *r)
{
	struct buf body, out;
	struct heard h;

	buf_init(&body, 4096);
	buf_init(&out, 4096);
	assert_true(
		encode_message(api_of(18), version, REQUEST, fill, (void *)(uintptr_t)said, &body));
	assert_true(api_versions_answer(&out,
					&(struct api_versions_question){ .version = version,
									 .body = body.data,
									 .size = (uint32_t)body.len,
									 .snapshot = s,
									 .listener = listener,
									 .known_node = known_node },
					r));
	h = hear(&out, version);
	buf_deinit(&body);
	buf_deinit(&out);
	return h;
}

static struct heard ask(int version, const struct said *said, struct api_versions_request *r)
{
	struct snapshot *s = make_snapshot();
	struct heard h = ask_at(&ports, s, version, said, r);

	snapshot_unref(s);
	return h;
}

static const struct said plain = { "app-1.java", "4.4.0", NULL, -1 };

static void what_all_brokers_have_is_offered(void **state)
{
	struct api_versions_request r;

	(void)state;
	for (int version = 0; version <= api_versions(api_of(18)).max; version++) {
		struct heard h = ask(version, &plain, &r);

		assert_int_equal(h.error, 0);
		assert_int_equal(h.count, 3);
		assert_int_equal(h.keys[0], 0);
		assert_int_equal(h.min[0], 0);
		assert_int_equal(h.max[0], 13);
		assert_int_equal(h.keys[1], 3);
		assert_int_equal(h.min[1], 2);
		assert_int_equal(h.max[1], 9);
		assert_int_equal(h.keys[2], 18); /* the gateway's own */
		assert_int_equal(h.max[2], api_versions(api_of(18)).max);
		assert_int_equal(h.supported, version < 3 ? 0 : version == 3 ? 1 : 2);
		assert_int_equal(h.finalized, version < 3 ? 0 : 1);
		assert_int_equal(h.level_min, version < 3 ? 0 : 5);
		assert_int_equal(h.level_max, version < 3 ? 0 : 5);
		assert_int_equal(h.epoch, version < 3 ? -1 : 268);
		if (version < 3)
			assert_null(r.software_name);
		else
			assert_int_equal(r.name_len, 10);
		assert_int_equal(r.node_id, -1);
	}
}

/* Clients of a feature send its requests whether they are listed or not. */
static void a_listener_tells_no_feature_whose_requests_it_does_not_serve(void **state)
{
	struct snapshot *s = make_snapshot();
	struct api_versions_request r;
	struct heard h;

	(void)state;
	for (int k = KEY_SHARE_GROUP_HEARTBEAT; k <= KEY_SHARE_ACKNOWLEDGE; k++)
		s->offers[k] = (struct kversions){ 1, 2 };
	free(s->supported[1].name);
	s->supported[1].name = mem_strdup("share.version");
	free(s->finalized[1].name);
	s->finalized[1].name = mem_strdup("share.version");
	h = ask_at(&ports, s, 4, &plain, &r);
	assert_int_equal(h.count, 7);
	assert_int_equal(h.supported, 2);
	assert_int_equal(h.finalized, 1);
	h = ask_at(&single, s, 4, &plain, &r);
	assert_int_equal(h.count, 5); /* group heartbeat and describe are no sessions */
	assert_int_equal(h.supported, 1);
	assert_int_equal(h.finalized, 0);
	snapshot_unref(s);
}

static void refusals_have_no_keys(void **state)
{
	static const struct {
		int version;
		struct said said;
		int error;
	} cases[] = {
		{ 3, { "", "1", NULL, -1 }, ERROR_INVALID_REQUEST },
		{ 3, { "a b", "1", NULL, -1 }, ERROR_INVALID_REQUEST },
		{ 3, { "-a", "1", NULL, -1 }, ERROR_INVALID_REQUEST },
		{ 4, { "a", "1.", NULL, -1 }, ERROR_INVALID_REQUEST },
		{ 4, { "a", "", NULL, -1 }, ERROR_INVALID_REQUEST },
		{ 4, { "a", "1_0", NULL, -1 }, ERROR_INVALID_REQUEST },
		{ 5, { "a", "1", "kraft", -1 }, ERROR_INVALID_REQUEST },
		{ 5, { "a", "1", NULL, 3 }, ERROR_INVALID_REQUEST },
		{ 5, { "a", "1", "other", 3 }, ERROR_REBOOTSTRAP_REQUIRED },
		{ 5, { "a", "1", "kraf", 3 }, ERROR_REBOOTSTRAP_REQUIRED },
		{ 5, { "a", "1", "kraft", 4 }, ERROR_REBOOTSTRAP_REQUIRED },
		{ 5, { "a", "1", "kraft", 3 }, 0 },
	};
	struct api_versions_request r;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct heard h = ask(cases[i].version, &cases[i].said, &r);

		assert_int_equal(h.error, cases[i].error);
		assert_int_equal(h.count, cases[i].error == 0 ? 3 : 0);
		assert_int_equal(r.node_id, cases[i].error == 0 ? cases[i].said.node : -1);
	}
}

static void a_newer_version_is_answered_in_the_oldest_form(void **state)
{
	struct snapshot *s = make_snapshot();
	struct api_versions_question question = { .version = 99,
						  .body = (const uint8_t *)"?",
						  .size = 1,
						  .snapshot = s,
						  .listener = &ports,
						  .known_node = known_node };
	struct api_versions_request r;
	struct heard h;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_true(api_versions_answer(&out, &question, &r));
	h = hear(&out, 0);
	assert_int_equal(h.error, ERROR_UNSUPPORTED_VERSION);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.keys[0], 18);
	assert_int_equal(h.min[0], 0);
	assert_int_equal(h.max[0], api_versions(api_of(18)).max);
	/* cut short: a broker closes */
	question.version = 3;
	question.body = (const uint8_t *)"\5ab";
	question.size = 3;
	assert_false(api_versions_answer(&out, &question, &r));
	buf_deinit(&out);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_all_brokers_have_is_offered),
		cmocka_unit_test(a_listener_tells_no_feature_whose_requests_it_does_not_serve),
		cmocka_unit_test(refusals_have_no_keys),
		cmocka_unit_test(a_newer_version_is_answered_in_the_oldest_form),
	};

	return cmocka_run_group_tests(tests, messages_setup, messages_teardown);
}
