/* By whom and for what a worker's bytes are: figures by client, topic, group and principal held against
 * what was said and heard. */
#include "session/session.h"

#include "session/principal.h"
#include "unit/session/words.h"

#define PRODUCE(id, first, second)             \
	"Produce 7 id " id " client \"app\"\n" \
	"acks: -1\n"                           \
	"topic_data:\n"                        \
	"  - name: \"orders\"\n"               \
	"    partition_data:\n"                \
	"      - index: " first "\n"           \
	"        records: 1000 bytes\n"        \
	"      - index: " second "\n"          \
	"        records: 200 bytes\n"
#define FETCH_FROM(id, partitions)             \
	"Fetch 11 id " id " client \"app\"\n"  \
	"max_wait_ms: 0\nmax_bytes: 1000000\n" \
	"session_epoch: -1\n"                  \
	"topics:\n  - topic: \"orders\"\n    partitions:\n" partitions
#define PARTITION(n) "      - partition: " n "\n        partition_max_bytes: 100000\n"
#define FETCHED(n, bytes)                                      \
	"responses:\n  - topic: \"orders\"\n    partitions:\n" \
	"      - partition_index: " n "\n        records: " bytes " bytes\n"

static struct scene s;

static int begin(void **state)
{
	(void)state;
	scene_begin(&s);
	return 0;
}

static int end(void **state)
{
	(void)state;
	scene_deinit(&s);
	return 0;
}

static struct usage_told told(enum usage_kind kind)
{
	struct usage_told t = { 0 };

	usage_tell(s.w->uses.of[kind], &t);
	usage_settle(&t, USAGE_BY_BYTES, SIZE_MAX);
	return t;
}

/* Of a name; of none, zeros. */
static struct usage_sum of(enum usage_kind kind, const char *name)
{
	struct usage_told t = told(kind);
	struct usage_sum sum = { 0 };

	for (size_t i = 0; i < t.count; i++) {
		if (strcmp(t.rows[i].name, name) == 0)
			sum = t.rows[i].sum;
	}
	usage_told_free(&t);
	return sum;
}

static struct usage_sum all_of(enum usage_kind kind)
{
	struct usage_told t = told(kind);
	struct usage_sum sum = t.all;

	usage_told_free(&t);
	return sum;
}

static void assert_sum(struct usage_sum sum, uint64_t requests, uint64_t in, uint64_t out)
{
	assert_int_equal(sum.requests, requests);
	assert_int_equal(sum.bytes_in, in);
	assert_int_equal(sum.bytes_out, out);
}

/* All bytes are somebody's, whoever is asked by name. */
static void assert_all_is_counted(uint64_t requests)
{
	const struct usage_sum clients = all_of(USAGE_CLIENTS), who = all_of(USAGE_PRINCIPALS);

	assert_sum(clients, requests, scene_count(&s, STAT_CLIENT_BYTES_IN),
		   scene_count(&s, STAT_CLIENT_BYTES_OUT));
	assert_memory_equal(&clients, &who, sizeof who);
}

static void a_produce_is_its_topics_and_its_clients(void **state)
{
	(void)state;
	client_says(&s, 0, PRODUCE("1", "1", "1"));
	broker_takes(&s, 1);
	broker_answers(&s, 1,
		       "responses:\n  - name: \"orders\"\n    partition_responses:\n"
		       "      - index: 1\n        error_code: 7\n");
	free(client_gets(&s, 0));
	scene_be_still(&s);
	assert_sum(of(USAGE_TOPICS, "orders"), 1, 1200, 0);
	assert_int_equal(of(USAGE_TOPICS, "orders").errors, 1);
	assert_int_equal(of(USAGE_CLIENTS, "127.0.0.1/app").requests, 1);
	assert_int_equal(of(USAGE_CLIENTS, "127.0.0.1/app").errors, 1);
	assert_int_equal(of(USAGE_PRINCIPALS, "User:ANONYMOUS").requests, 1);
	assert_all_is_counted(1);
}

static void a_split_produce_is_one_request(void **state)
{
	(void)state;
	client_says(&s, 0, PRODUCE("1", "0", "2"));
	broker_takes(&s, 0);
	broker_takes(&s, 2);
	broker_answers(
		&s, 0,
		"responses:\n  - name: \"orders\"\n    partition_responses:\n      - index: 0\n");
	broker_answers(
		&s, 2,
		"throttle_time_ms: 30\nresponses:\n  - name: \"orders\"\n    partition_responses:\n"
		"      - index: 2\n        error_code: 6\n");
	free(client_gets(&s, 0));
	scene_be_still(&s);
	assert_sum(of(USAGE_TOPICS, "orders"), 1, 1200, 0);
	assert_int_equal(of(USAGE_TOPICS, "orders").errors, 1);
	assert_int_equal(of(USAGE_CLIENTS, "127.0.0.1/app").throttled_ms, 30);
	assert_all_is_counted(1);
}

/* The answer of one broker passes: what is spliced counts as what is not. */
static void a_fetch_brings_its_records(void **state)
{
	const uint64_t large = 3 << 20;

	(void)state;
	client_says(&s, 0, FETCH_FROM("1", PARTITION("1")));
	broker_takes(&s, 1);
	broker_answers(&s, 1, FETCHED("1", "500"));
	free(client_gets(&s, 0));
	client_says(&s, 0, FETCH_FROM("2", PARTITION("1")));
	broker_takes(&s, 1);
	broker_answers(&s, 1, FETCHED("1", "3145728"));
	free(client_gets(&s, 0));
	client_says(&s, 0, FETCH_FROM("3", PARTITION("1")));
	broker_takes(&s, 1);
	broker_answers(&s, 1, FETCHED("1", "0"));
	free(client_gets(&s, 0));
	scene_be_still(&s);
	assert_true(scene_count(&s, STAT_SPLICED_BYTES) > large / 2 ||
		    !conn_pipes_in(&scene_client(&s, 0)->conn));
	assert_sum(of(USAGE_TOPICS, "orders"), 3, 0, 500 + large);
	assert_all_is_counted(3);
}

/* What the merged answer leaves out for want of room, the client was not told. */
static void a_split_fetch_counts_what_is_told(void **state)
{
	(void)state;
	client_says(
		&s, 0,
		"Fetch 11 id 1 client \"app\"\nmax_wait_ms: 0\nmax_bytes: 1000\nsession_epoch: -1\n"
		"topics:\n  - topic: \"orders\"\n    partitions:\n" PARTITION("0") PARTITION("1"));
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	broker_answers(&s, 0, FETCHED("0", "700"));
	broker_answers(&s, 1, FETCHED("1", "900"));
	free(client_gets(&s, 0));
	scene_be_still(&s);
	assert_sum(of(USAGE_TOPICS, "orders"), 1, 0, 700);
	assert_all_is_counted(1);
}

/* Topics by id are those of the name, where it is known. */
static void a_topics_id_is_its_name(void **state)
{
	(void)state;
	client_says(
		&s, 0,
		"Fetch 13 id 1\nmax_wait_ms: 0\nmax_bytes: 1000000\nsession_epoch: -1\ntopics:\n"
		"  - topic_id: 01000000-0000-0000-0000-000000000001\n    partitions:\n" PARTITION(
			"1"));
	broker_takes(&s, 1);
	broker_answers(&s, 1,
		       "responses:\n  - topic_id: 01000000-0000-0000-0000-000000000001\n"
		       "    partitions:\n      - partition_index: 1\n        records: 60 bytes\n"
		       "  - topic_id: 09000000-0000-0000-0000-000000000009\n"
		       "    partitions:\n      - partition_index: 1\n        records: 7 bytes\n");
	free(client_gets(&s, 0));
	scene_be_still(&s);
	assert_sum(of(USAGE_TOPICS, "orders"), 1, 0, 60);
	assert_sum(all_of(USAGE_TOPICS), 2, 0, 67);
	assert_int_equal(of(USAGE_CLIENTS, "127.0.0.1/").requests, 1);
}

static void a_group_is_who_names_it(void **state)
{
	size_t in, out;

	(void)state;
	in = client_says(&s, 0, "Heartbeat 3 id 1 client \"app\"\ngroup_id: \"g\"\n");
	broker_takes(&s, 1);
	broker_answers(&s, 1, "error_code: 27\n");
	free(client_gets(&s, 0));
	scene_be_still(&s);
	out = scene_count(&s, STAT_CLIENT_BYTES_OUT);
	assert_sum(of(USAGE_GROUPS, "g"), 1, in, out);
	assert_int_equal(of(USAGE_GROUPS, "g").errors, 1);
	assert_sum(all_of(USAGE_TOPICS), 0, 0, 0);
}

/* One request about two groups is one of each, and its bytes are nobody's alone. */
static void several_groups_share_a_request(void **state)
{
	size_t in;

	(void)state;
	scene_coordinator(&s, COORDINATOR_GROUP, "h", 1);
	in = client_says(&s, 0, "DescribeGroups 4 id 1\ngroups: [ \"g\", \"h\" ]\n");
	broker_takes(&s, 1);
	broker_answers(&s, 1, "groups:\n  - group_id: \"g\"\n  - group_id: \"h\"\n");
	free(client_gets(&s, 0));
	scene_be_still(&s);
	assert_sum(of(USAGE_GROUPS, "g"), 1, 0, 0);
	assert_sum(of(USAGE_GROUPS, "h"), 1, 0, 0);
	assert_sum(all_of(USAGE_GROUPS), 2, in, scene_count(&s, STAT_CLIENT_BYTES_OUT));
}

/* A client that changes its id, and becomes somebody: each has what was its own. */
static void each_name_has_its_own(void **state)
{
	size_t first, second;

	(void)state;
	first = client_says(&s, 0, "ApiVersions 0 id 1 client \"one\"\n");
	free(client_gets(&s, 0));
	principal_is(scene_client(&s, 0), "alice");
	second = client_says(&s, 0, "ApiVersions 0 id 2 client \"two\"\n");
	free(client_gets(&s, 0));
	scene_be_still(&s);
	assert_int_equal(of(USAGE_CLIENTS, "127.0.0.1/one").bytes_in, first);
	assert_int_equal(of(USAGE_CLIENTS, "127.0.0.1/two").bytes_in, second);
	assert_int_equal(of(USAGE_PRINCIPALS, "User:ANONYMOUS").requests, 1);
	assert_int_equal(of(USAGE_PRINCIPALS, "User:alice").bytes_in, second);
	assert_all_is_counted(2);
}

/* More names than places: all is there still, and who was displaced is known again when it comes. */
static void displaced_names_are_the_rest(void **state)
{
	struct usage_told t;
	char text[200];
	size_t n = 0;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 20; i++) {
			snprintf(text, sizeof text, "ApiVersions 0 id %d client \"c%d\"\n", i, i);
			n += client_says(&s, 0, text);
			free(client_gets(&s, 0));
		}
	}
	client_free(scene_client(&s, 0), "the test says so");
	assert_int_equal(all_of(USAGE_CLIENTS).bytes_in, n);
	assert_all_is_counted(60);
	t = told(USAGE_CLIENTS);
	assert_int_equal(t.named, 8);
	usage_told_free(&t);
}

/* What a client had said when it went counts. */
static void a_client_that_goes_is_counted(void **state)
{
	(void)state;
	client_says(&s, 0, PRODUCE("1", "1", "1"));
	broker_takes(&s, 1);
	client_free(scene_client(&s, 0), "the test says so");
	assert_sum(of(USAGE_TOPICS, "orders"), 1, 1200, 0);
	assert_all_is_counted(1);
}

static void nothing_is_counted_without_tables(void **state)
{
	(void)state;
	uses_deinit(&s.w->uses);
	uses_init(&s.w->uses, 0);
	client_says(&s, 0, PRODUCE("1", "1", "1"));
	broker_takes(&s, 1);
	broker_answers(
		&s, 1,
		"responses:\n  - name: \"orders\"\n    partition_responses:\n      - index: 1\n");
	free(client_gets(&s, 0));
	assert_null(s.w->uses.of[USAGE_TOPICS]);
}

static void tables_keep_within_a_64th_of_the_memory(void **state)
{
	(void)state;
	assert_int_equal(uses_places(500, 2, 512LL << 20), 500);
	assert_int_equal(uses_places(0, 2, 512LL << 20), 0);
	for (int64_t memory = 1 << 20; memory < 1LL << 40; memory *= 3) {
		for (int workers = 1; workers < 100; workers *= 7) {
			uint32_t n = uses_places(10000, workers, memory);

			assert_true(n <= 10000);
			assert_true((int64_t)usage_bytes(n) * USAGE_KINDS * workers <=
					    memory / 64 ||
				    n == 0);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_produce_is_its_topics_and_its_clients),
		TEST(a_split_produce_is_one_request),
		TEST(a_fetch_brings_its_records),
		TEST(a_split_fetch_counts_what_is_told),
		TEST(a_topics_id_is_its_name),
		TEST(a_group_is_who_names_it),
		TEST(several_groups_share_a_request),
		TEST(each_name_has_its_own),
		TEST(displaced_names_are_the_rest),
		TEST(a_client_that_goes_is_counted),
		TEST(nothing_is_counted_without_tables),
		cmocka_unit_test(tables_keep_within_a_64th_of_the_memory),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
