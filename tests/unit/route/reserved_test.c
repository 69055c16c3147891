#include "route/reserved.h"

#include "kafka/errors.h"
#include "messages.h"
#include "topology/snapshot_build.h"

static char group[] = "gw-group", cluster[] = "x";
static const struct config config = { .group_id = group, .cluster_id = cluster };
static const struct config alone = { 0 };
static const uint8_t id[16] = { 7, 7, 7 };

struct fixture {
	struct reserved reserved;
	struct snapshot *snapshot;
	struct arena arena;
	struct layout layout;
};

static void begin(struct fixture *f, const struct config *c)
{
	*f = (struct fixture){ 0 };
	reserved_init(&f->reserved, c);
	f->snapshot = snapshot_new(NULL);
	snapshot_add_topic(f->snapshot, "_anyport_x", 10, id, 1);
	snapshot_add_topic(f->snapshot, "other", 5, (uint8_t[16]){ 8 }, 1);
	arena_init(&f->arena);
	layout_init(&f->layout, &f->arena);
}

static void end(struct fixture *f)
{
	snapshot_unref(f->snapshot);
	arena_deinit(&f->arena);
}

/* --- messages: names in turn, each of whose topics has two partitions --- */

struct wanted {
	const char *const *names; /* NULL in it: by id, the nodes' topic's */
	uint32_t count;
	int resource_type, key_type;
};

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct wanted *w = ctx;
	uint32_t at = f->depth > 0 ? f->index[0] : 0;
	const char *name = at < w->count ? w->names[at] : NULL;

	switch (f->is) {
	case TOPICS:
	case KEYS:
		v->number = w->count;
		return true;
	case PARTITIONS:
		v->number = 2;
		return true;
	case PARTITION:
		v->number = f->index[1];
		return true;
	case RESOURCE_TYPE:
		v->number = w->resource_type;
		return true;
	case COORDINATOR_TYPE:
		v->number = w->key_type;
		return true;
	case TOPIC_ID:
		v->bytes = id;
		v->len = 16;
		return name == NULL;
	case TOPIC_NAME:
	case GROUP_ID:
	case NAMED_GROUP:
	case COORDINATOR_KEY:
	case RESOURCE_NAME:
		v->bytes = (const uint8_t *)name;
		v->len = name != NULL ? (uint32_t)strlen(name) : 0;
		v->number = name != NULL ? (int64_t)v->len : -1;
		return true;
	default:
		return false;
	}
}

static struct buf message(int key, int version, enum kdirection d, const struct wanted *w)
{
	struct wanted copy = *w;
	struct buf b;

	buf_init(&b, MESSAGE_MAX);
	assert_true(encode_message(api_of(key), version, d, fill, &copy, &b));
	return b;
}

static uint32_t mark(struct fixture *f, int key, int version, const struct wanted *w,
		     struct buf *body)
{
	*body = message(key, version, REQUEST, w);
	message_read(&f->layout, &f->arena, api_of(key), version, REQUEST, body);
	return reserved_mark(&f->reserved, f->snapshot, &f->layout);
}

#define NAMES(...)                                                                     \
	{                                                                              \
		.names = (const char *const[]){ __VA_ARGS__ },                         \
		.count = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *) \
	}

static void items_of_the_topic_are_refused_and_no_others(void **state)
{
	const struct wanted w = NAMES("other", "_anyport_x", "_anyport_xx");
	struct fixture f;
	struct buf body;

	(void)state;
	begin(&f, &config);
	assert_int_equal(mark(&f, KEY_PRODUCE, 7, &w, &body), 2);
	for (uint32_t i = 0; i < 6; i++) {
		bool own = i == 2 || i == 3;

		assert_int_equal(f.layout.items[i].target == TARGET_REFUSED, own);
		assert_int_equal(f.layout.items[i].error,
				 own ? ERROR_TOPIC_AUTHORIZATION_FAILED : 0);
	}
	buf_deinit(&body);
	end(&f);
}

static void a_topic_is_known_by_its_id(void **state)
{
	const struct wanted w = NAMES(NULL);
	struct fixture f;
	struct buf body;

	(void)state;
	begin(&f, &config);
	assert_int_equal(mark(&f, KEY_FETCH, 13, &w, &body), 2);
	buf_deinit(&body);
	assert_int_equal(mark(&f, KEY_METADATA, 12, &w, &body), 1); /* a topic without items */
	assert_true(f.layout.topics[0].is_refused);
	buf_deinit(&body);
	end(&f);
}

static void keys_are_what_their_role_says(void **state)
{
	static const struct {
		int key, version, resource_type, key_type;
		const char *name;
		int error;
	} all[] = {
		{ KEY_DESCRIBE_GROUPS, 5, 0, 0, "gw-group", ERROR_GROUP_AUTHORIZATION_FAILED },
		{ KEY_DELETE_GROUPS, 2, 0, 0, "gw-group", ERROR_GROUP_AUTHORIZATION_FAILED },
		{ KEY_DELETE_GROUPS, 2, 0, 0, "_anyport_x", 0 },
		{ KEY_OFFSET_FETCH, 8, 0, 0, "gw-group", ERROR_GROUP_AUTHORIZATION_FAILED },
		{ KEY_FIND_COORDINATOR, 4, 0, 0, "gw-group", ERROR_GROUP_AUTHORIZATION_FAILED },
		{ KEY_FIND_COORDINATOR, 4, 0, 1, "gw-group", 0 },
		{ KEY_DESCRIBE_CONFIGS, 4, 2, 0, "_anyport_x", ERROR_TOPIC_AUTHORIZATION_FAILED },
		{ KEY_DESCRIBE_CONFIGS, 4, 2, 0, "gw-group", 0 },
		{ KEY_INCREMENTAL_ALTER_CONFIGS, 1, 2, 0, "_anyport_x",
		  ERROR_TOPIC_AUTHORIZATION_FAILED },
		{ KEY_ALTER_CONFIGS, 2, 32, 0, "gw-group", ERROR_GROUP_AUTHORIZATION_FAILED },
		{ KEY_ALTER_CONFIGS, 2, 4, 0, "_anyport_x", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct wanted w = { .names = &all[i].name,
					  .count = 1,
					  .resource_type = all[i].resource_type,
					  .key_type = all[i].key_type };
		struct fixture f;
		struct buf body;

		begin(&f, &config);
		assert_int_equal(mark(&f, all[i].key, all[i].version, &w, &body),
				 all[i].error != 0);
		assert_int_equal(f.layout.items[0].error, all[i].error);
		buf_deinit(&body);
		end(&f);
	}
}

static void one_key_for_the_whole_request(void **state)
{
	const struct wanted own = NAMES("gw-group"), other = NAMES("gw-group2");
	static const int keys[] = { KEY_JOIN_GROUP,	   KEY_SYNC_GROUP,
				    KEY_HEARTBEAT,	   KEY_LEAVE_GROUP,
				    KEY_OFFSET_COMMIT,	   KEY_TXN_OFFSET_COMMIT,
				    KEY_OFFSET_DELETE,	   KEY_CONSUMER_GROUP_HEARTBEAT,
				    KEY_ADD_OFFSETS_TO_TXN };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct fixture f;
		struct buf body;

		begin(&f, &config);
		(void)mark(&f, keys[i], 0, &own, &body);
		assert_true(reserved_has_group(&f.reserved, &f.layout));
		buf_deinit(&body);
		(void)mark(&f, keys[i], 0, &other, &body);
		assert_false(reserved_has_group(&f.reserved, &f.layout));
		buf_deinit(&body);
		end(&f);
	}
}

static void a_node_alone_has_nothing_of_its_own(void **state)
{
	const struct wanted w = NAMES("_anyport_x", "");
	struct fixture f;
	struct buf body;

	(void)state;
	begin(&f, &alone);
	assert_int_equal(mark(&f, KEY_PRODUCE, 7, &w, &body), 0);
	assert_false(reserved_is_near(&f.reserved, f.snapshot, body.data, body.len));
	assert_false(reserved_is_topic(&f.reserved, (const uint8_t *)"", 0));
	buf_deinit(&body);
	end(&f);
}

static void a_quick_look_sees_every_name(void **state)
{
	const struct wanted by_name = NAMES("other", "_anyport_x"), by_id = NAMES("other", NULL),
			    others = NAMES("other", "_anyport_y");
	struct fixture f;
	struct buf body;

	(void)state;
	begin(&f, &config);
	body = message(KEY_METADATA, 12, REQUEST, &by_name);
	assert_true(reserved_is_near(&f.reserved, f.snapshot, body.data, body.len));
	buf_deinit(&body);
	body = message(KEY_METADATA, 12, REQUEST, &by_id);
	assert_true(reserved_is_near(&f.reserved, f.snapshot, body.data, body.len));
	buf_deinit(&body);
	body = message(KEY_METADATA, 9, REQUEST, &others);
	assert_false(reserved_is_near(&f.reserved, f.snapshot, body.data, body.len));
	buf_deinit(&body);
	end(&f);
}

/* What is left of a request is, byte for byte, the request that never had it. */
static void entries_are_cut_out(void **state)
{
	const struct wanted w = NAMES("a", "_anyport_x", "b", "_anyport_x"), left = NAMES("a", "b");
	static const struct {
		int key, version;
	} all[] = { { KEY_METADATA, 5 },
		    { KEY_METADATA, 9 },
		    { KEY_CREATE_TOPICS, 4 },
		    { KEY_CREATE_TOPICS, 7 },
		    { KEY_DELETE_TOPICS, 1 },
		    { KEY_DELETE_TOPICS, 5 },
		    { KEY_DELETE_TOPICS, 6 },
		    { KEY_OFFSET_COMMIT, 8 },
		    { KEY_ELECT_LEADERS, 2 },
		    { KEY_CREATE_PARTITIONS, 3 },
		    { KEY_ALTER_PARTITION_REASSIGNMENTS, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		bool compact = api_is_flexible(api_of(all[i].key), all[i].version);
		struct buf body, expected = message(all[i].key, all[i].version, REQUEST, &left);
		struct fixture f;
		struct edits edits;
		struct gather g;

		begin(&f, &config);
		assert_true(mark(&f, all[i].key, all[i].version, &w, &body) > 0);
		edits_init(&edits, &f.arena);
		gather_init(&g, &f.arena);
		reserved_cut(&f.layout, &edits, compact);
		edits_gather(&edits, &g, body.data, 0, (uint32_t)body.len);
		assert_gathered(&g, expected.data, expected.len);
		assert_int_equal(reserved_only(&f.layout).topic_count, 2);
		buf_deinit(&body);
		buf_deinit(&expected);
		end(&f);
	}
}

static void an_answer_is_amended(void **state)
{
	const struct wanted all = NAMES("a", "_anyport_x", "b"), left = NAMES("a", "b"),
			    more = NAMES("new"), both = NAMES("a", "b", "new");
	static const struct {
		int key, version;
	} apis[] = { { KEY_DESCRIBE_TOPIC_PARTITIONS, 0 },
		     { KEY_LIST_PARTITION_REASSIGNMENTS, 0 },
		     { KEY_DELETE_TOPICS, 3 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(apis); i++) {
		const int key = apis[i].key, version = apis[i].version;
		struct buf body = message(key, version, RESPONSE, &all),
			   without = message(key, version, RESPONSE, &left),
			   added = message(key, version, RESPONSE, &more),
			   expected = message(key, version, RESPONSE, &both);
		struct reserved_answer of = { .api = api_of(key),
					      .version = version,
					      .body = added.data,
					      .size = (uint32_t)added.len };
		struct reserved_entries entries;
		struct fixture f;
		struct gather g;

		begin(&f, &config);
		assert_true(reserved_read_entries(&of, &entries));
		assert_int_equal(entries.count, 1);
		of.body = body.data;
		of.size = (uint32_t)body.len;
		gather_init(&g, &f.arena);
		assert_true(reserved_amend(&f.reserved, &g, &of));
		assert_gathered(&g, without.data, without.len);
		of.more = entries;
		gather_init(&g, &f.arena);
		assert_true(reserved_amend(&f.reserved, &g, &of));
		assert_gathered(&g, expected.data, expected.len);
		of.size--;
		gather_init(&g, &f.arena);
		assert_false(reserved_amend(&f.reserved, &g, &of));
		buf_deinit(&body);
		buf_deinit(&without);
		buf_deinit(&added);
		buf_deinit(&expected);
		end(&f);
	}
}

static void a_list_of_groups_is_without_the_nodes(void **state)
{
	const struct wanted w = NAMES("a", "gw-group", "b");
	struct buf body = message(KEY_LIST_GROUPS, 4, RESPONSE, &w);
	struct fixture f;

	(void)state;
	begin(&f, &config);
	message_read(&f.layout, &f.arena, api_of(KEY_LIST_GROUPS), 4, RESPONSE, &body);
	reserved_leave_out(&f.reserved, &f.layout);
	assert_int_equal(f.layout.item_count, 2);
	assert_memory_equal(f.layout.items[1].key, "b", 1);
	buf_deinit(&body);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_of_the_topic_are_refused_and_no_others),
		cmocka_unit_test(a_topic_is_known_by_its_id),
		cmocka_unit_test(keys_are_what_their_role_says),
		cmocka_unit_test(one_key_for_the_whole_request),
		cmocka_unit_test(a_node_alone_has_nothing_of_its_own),
		cmocka_unit_test(a_quick_look_sees_every_name),
		cmocka_unit_test(entries_are_cut_out),
		cmocka_unit_test(an_answer_is_amended),
		cmocka_unit_test(a_list_of_groups_is_without_the_nodes),
	};

	return cmocka_run_group_tests(tests, messages_setup, messages_teardown);
}
