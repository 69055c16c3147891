#include "route/merge.h"

#include "messages.h"
#include "route/stub.h"

#include <time.h>

enum { PARTS = 4 };

struct merging {
	const struct kapi *api;
	int version;
	struct arena arena;
	struct gather g;
	struct layout request;
	struct buf request_body, bodies[PARTS];
	struct merge_part parts[PARTS];
	uint32_t count;
};

static void begin(struct merging *m, const struct kapi *api, int version,
		  const struct message *request)
{
	*m = (struct merging){ .api = api, .version = version };
	arena_init(&m->arena);
	gather_init(&m->g, &m->arena);
	m->request_body = message_encode(request, api, version, REQUEST);
	message_read(&m->request, &m->arena, api, version, REQUEST, &m->request_body);
}

static void add_body(struct merging *m, struct buf body)
{
	m->bodies[m->count] = body;
	assert_true(merge_read(&m->parts[m->count], m->api, m->version, body.data,
			       (uint32_t)body.len, &m->arena));
	m->count++;
}

/* A broker's answer; brokers keep to no order. */
static void add_answer(struct merging *m, const struct message *answer, int throttle)
{
	struct message a = *answer;

	for (uint32_t i = 0; i < a.count; i++)
		a.entries[i] = answer->entries[a.count - 1 - i];
	a.throttle = throttle;
	a.endpoints = true;
	add_body(m, message_encode(&a, m->api, m->version, RESPONSE));
}

static void add_stub(struct merging *m, int code)
{
	struct buf body;

	buf_init(&body, MESSAGE_MAX);
	assert_true(stub_answer(&body, m->api, m->version, &m->request, code, false));
	add_body(m, body);
}

static void merge(struct merging *m)
{
	if (m->api->merge == MERGE_PARTITIONS)
		merge_partitions(&m->g, m->g.arena, m->api, m->version, &m->request, m->parts,
				 m->count);
	else
		merge_keys(&m->g, m->g.arena, m->api, m->version,
			   m->api->merge == MERGE_CONCAT ? NULL : &m->request, m->parts, m->count);
}

static void end(struct merging *m)
{
	for (uint32_t i = 0; i < m->count; i++)
		buf_deinit(&m->bodies[i]);
	buf_deinit(&m->request_body);
	arena_deinit(&m->arena);
}

static bool is_merged(const struct kapi *api)
{
	return (api->merge == MERGE_PARTITIONS || api->merge == MERGE_KEYS) &&
	       !message_has_sections(api);
}

static bool is_list(const struct kapi *api)
{
	return api->merge == MERGE_CONCAT;
}

/* One group up to OffsetFetch 7: never in parts. */
static bool is_single(const struct merging *m)
{
	return m->api->merge == MERGE_KEYS && m->request.has_key;
}

/* What the client gets is, byte for byte, what one broker would have said. */
static void check_merge(const struct kapi *api, int version, const struct message *request,
			int32_t targets)
{
	static const int throttles[] = { 100, 300, 200 };
	struct message expected;
	struct merging m;
	struct buf body;

	begin(&m, api, version, request);
	expected = message_answer(request, m.request.by_key);
	for (int32_t t = 0; t < targets && !is_single(&m); t++) {
		struct message part = message_part(&expected, m.request.by_key, t, targets);

		add_answer(&m, &part, throttles[t]);
	}
	if (!is_single(&m)) {
		expected.throttle = targets > 1 ? 300 : 100;
		body = message_encode(&expected, api, version, RESPONSE);
		merge(&m);
		assert_gathered(&m.g, body.data, body.len);
		assert_null(
			memmem(gathered(&m.g), m.g.size, message_host, sizeof message_host - 1));
		buf_deinit(&body);
	}
	end(&m);
}

static void check_merges(const struct kapi *api, int version)
{
	const struct message *all;
	uint32_t n = message_hard_ones(&all);

	for (uint32_t i = 0; i < n; i++) {
		for (int32_t targets = 1; targets <= 3; targets++)
			check_merge(api, version, &all[i], targets);
	}
}

static void merged_answers_are_what_one_broker_would_say(void **state)
{
	(void)state;
	message_each(is_merged, check_merges);
}

/* Whether the item stood in an entry before, or before in the same entry. */
static bool stood_before(const struct message *m, uint32_t entry, int at, bool by_key)
{
	for (uint32_t e = 0; e <= entry; e++) {
		const struct entry *before = &m->entries[e];

		if (before->name != m->entries[entry].name)
			continue;
		if (by_key && e < entry)
			return true;
		for (int p = 0; !by_key && p < (e < entry ? before->count : at); p++) {
			if (before->partitions[p] == m->entries[entry].partitions[at])
				return true;
		}
	}
	return false;
}

/* The k-th item on is that of the entry, if it is a topic's first: the broker says it once, the stub
 * as often as it is asked.  Returns how many there are now. */
static uint32_t check_entry(const struct layout *l, const struct message *m, uint32_t entry,
			    uint32_t k)
{
	const struct entry *first = &m->entries[entry];

	if (!l->by_key && message_find((struct message *)(uintptr_t)m, first->name) != first)
		return k;
	for (uint32_t e = entry; e < (l->by_key ? entry + 1 : m->count); e++) {
		const struct entry *same = &m->entries[e];
		int items = l->by_key ? 1 : same->count;

		for (int p = 0; same->name == first->name && p < items; p++) {
			int32_t partition = l->by_key ? 0 : same->partitions[p];
			bool is_answered = message_target(same->name, partition, 2) == 0;

			if (is_answered && stood_before(m, e, p, l->by_key))
				continue;
			assert_true(k < l->item_count);
			if (!l->by_key)
				assert_int_equal(l->items[k].partition, partition);
			assert_int_equal(l->items[k++].error,
					 is_answered ? 0 : ERROR_NOT_LEADER_OR_FOLLOWER);
		}
	}
	return k;
}

/* The answers of one broker are lost: its items, and no others, have the stub's
 * error, at the place that the request gives them. */
static void check_stubs(const struct kapi *api, int version)
{
	const struct message *all;
	uint32_t n = message_hard_ones(&all);

	for (uint32_t i = 0; i < n; i++) {
		struct message expected, part;
		struct merging m;
		struct layout l;
		uint32_t k = 0;

		begin(&m, api, version, &all[i]);
		if (is_single(&m)) {
			end(&m);
			continue;
		}
		expected = message_answer(&all[i], m.request.by_key);
		part = message_part(&expected, m.request.by_key, 0, 2);
		add_answer(&m, &part, 5);
		add_stub(&m, ERROR_NOT_LEADER_OR_FOLLOWER);
		merge(&m);
		layout_init(&l, &m.arena);
		assert_true(layout_read(&l, api_plan(api, version, RESPONSE), gathered(&m.g),
					(uint32_t)m.g.size));
		for (uint32_t e = 0; e < all[i].count; e++)
			k = check_entry(&l, &all[i], e, k);
		assert_int_equal(l.item_count, k);
		if (!l.by_key)
			assert_int_equal(l.topic_count, expected.count);
		end(&m);
	}
}

static void what_no_answer_has_is_the_stubs(void **state)
{
	(void)state;
	message_each(is_merged, check_stubs);
}

/* One entry a topic; each item as often as it is asked. */
static struct message as_often(const struct message *request, bool by_key)
{
	struct message a = *request;

	if (by_key)
		return a;
	a.count = 0;
	for (uint32_t i = 0; i < request->count; i++) {
		const struct entry *e = &request->entries[i];
		struct entry *to = message_find(&a, e->name);

		if (e->count == 0)
			continue;
		if (to == NULL) {
			to = &a.entries[a.count++];
			*to = (struct entry){ .name = e->name };
		}
		for (int k = 0; k < e->count; k++)
			to->partitions[to->count++] = e->partitions[k];
	}
	return a;
}

/* Groups that are described twice in a request are described twice in its answer. */
static void check_as_often(const struct kapi *api, int version)
{
	const struct message *all;
	uint32_t n = message_hard_ones(&all);

	for (uint32_t i = 0; i < n; i++) {
		struct message expected;
		struct merging m;
		struct buf body;

		begin(&m, api, version, &all[i]);
		expected = as_often(&all[i], m.request.by_key);
		for (int32_t t = 0; t < 2 && !is_single(&m); t++) {
			struct message part = message_part(&expected, m.request.by_key, t, 2);

			add_answer(&m, &part, 0);
		}
		if (!is_single(&m)) {
			add_stub(&m, ERROR_NOT_LEADER_OR_FOLLOWER); /* of which nothing is taken */
			body = message_encode(&expected, api, version, RESPONSE);
			merge(&m);
			assert_gathered(&m.g, body.data, body.len);
			buf_deinit(&body);
		}
		end(&m);
	}
}

static void what_is_asked_twice_is_answered_as_often_as_brokers_do(void **state)
{
	(void)state;
	message_each(is_merged, check_as_often);
}

static bool is_fetch(const struct kapi *api)
{
	return api->key == KEY_FETCH;
}

/* What a Fetch that allows max_bytes gets of partitions with so many bytes, from two brokers. */
static void check_room(int version, int64_t max_bytes, const uint32_t *have, const uint32_t *told)
{
	struct message request = { { { 1, 5, { 0, 1, 2, 3, 4 } } }, 1, .max_bytes = max_bytes };
	struct message expected;
	struct merging m;
	struct buf body;

	begin(&m, api_of(KEY_FETCH), version, &request);
	request.records = have;
	for (int32_t t = 0; t < 2; t++) {
		struct message part = message_part(&request, false, t, 2);

		add_answer(&m, &part, 0);
	}
	merge(&m);
	expected = request;
	expected.records = told;
	body = message_encode(&expected, m.api, version, RESPONSE);
	assert_gathered(&m.g, body.data, body.len);
	buf_deinit(&body);
	end(&m);
}

/* Together brokers may send more than the client allows, for each sends a batch at least. */
static void check_rooms(const struct kapi *api, int version)
{
	static const uint32_t have[] = { 0, 900, 200, 900, 101 };
	static const uint32_t first[] = { 0, 900, 0, 0, 0 };
	static const uint32_t some[] = { 0, 900, 0, 0, 101 };
	static const uint32_t most[] = { 0, 900, 200, 900, 0 };

	(void)api;
	if (version < 3) { /* there is no limit */
		check_room(version, 1, have, have);
		return;
	}
	check_room(version, 1, have, first);
	check_room(version, 900, have, first);
	check_room(version, 1000, have, first);
	check_room(version, 1001, have, some);
	check_room(version, 2100, have, most);
	check_room(version, 2101, have, have);
	check_room(version, -1, have, first);
	check_room(version, INT32_MIN, have, first);
}

static void a_fetch_gets_no_more_than_it_allows(void **state)
{
	(void)state;
	message_each(is_fetch, check_rooms);
}

/* Lists of all brokers: in the order of the brokers, each key once. */
static void check_list(const struct kapi *api, int version)
{
	const struct message none = { .count = 0 };
	const struct message first = { { { 3, 0, { 0 } }, { 1, 0, { 0 } } }, 2 };
	const struct message second = { { { 2, 0, { 0 } }, { 3, 0, { 0 } } }, 2 };
	struct message expected = { { { 1, 0, { 0 } }, { 3, 0, { 0 } }, { 2, 0, { 0 } } }, 3 };
	struct merging m;
	struct buf body;

	begin(&m, api, version, &none);
	add_answer(&m, &first, 1);
	add_answer(&m, &none, 9);
	add_answer(&m, &second, 2);
	merge(&m);
	expected.throttle = 9;
	body = message_encode(&expected, api, version, RESPONSE);
	assert_gathered(&m.g, body.data, body.len);
	buf_deinit(&body);
	end(&m);
}

static void lists_are_put_together(void **state)
{
	(void)state;
	message_each(is_list, check_list);
}

/* An answer cut anywhere is refused, not read beyond its end. */
static void check_cut(const struct kapi *api, int version)
{
	const struct message *all;
	struct merge_part part;
	struct arena arena;
	struct buf body;

	message_hard_ones(&all);
	body = message_encode(&all[2], api, version, RESPONSE);
	arena_init(&arena);
	for (uint32_t n = 0; n < body.len; n++) {
		uint8_t *cut = malloc(n + 1); /* of its own size, for the sanitizer */

		memcpy(cut, body.data, n);
		assert_false(merge_read(&part, api, version, cut, n, &arena));
		free(cut);
	}
	arena_deinit(&arena);
	buf_deinit(&body);
}

static void cut_answers_are_refused(void **state)
{
	(void)state;
	message_each(is_merged, check_cut);
}

/* --- numbers that a client chose --- */

enum { NUMBERS = 16000, FAR_APART = 1 << 17 };

/* One topic; its partitions are so many numbers, each `step` from the next. */
static bool fill_numbers(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const int *step = ctx;

	switch (f->is) {
	case TOPICS:
		v->number = 1;
		return true;
	case PARTITIONS:
		v->number = NUMBERS;
		return true;
	case TOPIC_NAME:
		*v = (struct encode_value){ .bytes = (const uint8_t *)"t", .len = 1 };
		return true;
	case PARTITION:
		v->number = (int64_t)f->index[1] * *step;
		return true;
	default:
		return false;
	}
}

static struct buf numbers(const struct kapi *api, int version, enum kdirection d, int step)
{
	struct buf body;

	buf_init(&body, MESSAGE_MAX);
	assert_true(encode_message(api, version, d, fill_numbers, &step, &body));
	return body;
}

/* Seconds of work that a merge of two answers takes, of which each has all. */
static double work_of(int step)
{
	const struct kapi *api = api_of(KEY_LIST_OFFSETS);
	int version = api_versions(api).max;
	struct merging m = { .api = api, .version = version };
	clock_t began;
	double took;

	arena_init(&m.arena);
	gather_init(&m.g, &m.arena);
	m.request_body = numbers(api, version, REQUEST, step);
	message_read(&m.request, &m.arena, api, version, REQUEST, &m.request_body);
	add_body(&m, numbers(api, version, RESPONSE, step));
	add_body(&m, numbers(api, version, RESPONSE, step));
	began = clock();
	merge(&m);
	took = (double)(clock() - began) / CLOCKS_PER_SEC;
	end(&m);
	return took;
}

static void no_numbers_make_it_slow(void **state)
{
	(void)state;
	assert_true(work_of(FAR_APART) < 20 * work_of(1) + 0.1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_numbers_make_it_slow),
		cmocka_unit_test(merged_answers_are_what_one_broker_would_say),
		cmocka_unit_test(what_no_answer_has_is_the_stubs),
		cmocka_unit_test(what_is_asked_twice_is_answered_as_often_as_brokers_do),
		cmocka_unit_test(a_fetch_gets_no_more_than_it_allows),
		cmocka_unit_test(lists_are_put_together),
		cmocka_unit_test(cut_answers_are_refused),
	};

	return cmocka_run_group_tests(tests, messages_setup, messages_teardown);
}
