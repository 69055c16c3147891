/* An answer on its way to the client: hints that lead past the gateway are blanked in place,
 * errors are noticed, and it does not matter in which pieces it comes. */
#include "session/watch.h"

#include "session/session.h"
#include "unit/session/words.h"

#include "kafka/errors.h"

#include <stddef.h>

enum { HEAD = 9 }; /* of an answer with tags, none in it */

static struct scene s;

static void begin(enum advertise_mode mode)
{
	scene_init(&s);
	s.config.listener.advertised_mode = mode;
	s.config.listener.min_broker_id = 0;
	scene_topic(&s, "orders", (int32_t[]){ 0, 1, 2 }, 3);
	scene_coordinator(&s, COORDINATOR_GROUP, "g", 1);
	scene_connect(&s);
}

static struct client *client(void)
{
	return scene_client(&s, 0);
}

/* A request that an answer is for; it asked nothing that matters here. */
static struct request *request_for(const char *api, int version)
{
	const struct request_head head = { .api = words_api(api, strlen(api)),
					   .key = words_api(api, strlen(api))->key,
					   .version = (int16_t)version };

	return request_new(client(), &head);
}

static struct buf answer_to(const struct request *r, const char *tree)
{
	const struct scene_asked asked = { .api = r->head.api, .version = r->head.version };
	struct buf b;

	buf_init(&b, SCENE_BYTES_MAX);
	words_answer(&asked, tree, &b);
	return b;
}

static char *text_of(const struct request *r, const struct buf *b)
{
	const struct scene_asked asked = { .api = r->head.api, .version = r->head.version };

	return words_of_answer(&asked, b->data, b->len);
}

/* The whole answer at once; the caller frees what the client would read. */
static char *watched(struct request *r, struct buf answer)
{
	uint32_t head = api_answer_has_tags(r->head.api, r->head.version) ? HEAD : HEAD - 1;
	size_t len = answer.len;
	char *text;

	assert_true(watch_whole(r, answer.data + head, (uint32_t)answer.len - head));
	assert_int_equal(answer.len, len);
	text = text_of(r, &answer);
	buf_deinit(&answer);
	return text;
}

static void assert_has(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("no \"%s\" in\n%s", words, text);
}

/* --- hints --- */

static const char produced[] = "responses:\n"
			       "  - name: \"orders\"\n"
			       "    partition_responses:\n"
			       "      - index: 0\n"
			       "        error_code: 6\n"
			       "        current_leader:\n"
			       "          leader_id: 2\n"
			       "          leader_epoch: 9\n"
			       "node_endpoints:\n"
			       "  - node_id: 2\n"
			       "    host: \"kafka-2.internal\"\n"
			       "    port: 9092\n"
			       "    rack: \"c\"\n";

static const char fetched[] = "responses:\n"
			      "  - topic_id: 01000000-0000-0000-0000-000000000001\n"
			      "    partitions:\n"
			      "      - partition_index: 0\n"
			      "        error_code: 74\n"
			      "        preferred_read_replica: 2\n"
			      "        records: 3000 bytes\n"
			      "        current_leader:\n"
			      "          leader_id: 2\n"
			      "          leader_epoch: 9\n"
			      "      - partition_index: 1\n"
			      "        records: 10 bytes\n"
			      "node_endpoints:\n"
			      "  - node_id: 2\n"
			      "    host: \"kafka-2.internal\"\n"
			      "    port: 9092\n"
			      "  - node_id: 1\n"
			      "    host: \"kafka-1.internal\"\n"
			      "    port: 9093\n";

/* In the place of the endpoints stands a field that nobody knows, as long, of zeros. */
static void endpoints_are_blanked(void **state)
{
	struct request *r;
	char *text;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("Produce", 10);
	text = watched(r, answer_to(r, produced));
	assert_null(strstr(text, "node_endpoints"));
	assert_null(strstr(text, "! "));
	assert_has(
		text,
		"tag 100: 29 bytes 0000000000000000000000000000000000000000000000000000000000\n");
	free(text);
	scene_deinit(&s);
}

/* With a port for each broker a leader is as the client knows it. */
static void a_leader_is_told_as_clients_know_it(void **state)
{
	struct request *r;
	char *text;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("Produce", 10);
	text = watched(r, answer_to(r, produced));
	assert_has(text, "leader_id: 2\n");
	assert_has(text, "leader_epoch: 9\n");
	free(text);
	s.w->entrances[0].advertising.port_count =
		2; /* broker 2 has none: another one stands for it */
	text = watched(r, answer_to(r, produced));
	assert_null(strstr(text, "leader_id: 2\n"));
	assert_null(strstr(text, "leader_id: -1\n"));
	free(text);
	scene_deinit(&s);
}

/* A share partition without an error names broker 0, which need not be one. */
static void a_leader_that_is_none_stays_so(void **state)
{
	struct request *r;
	char *text;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("ShareAcknowledge", 1);
	text = watched(r, answer_to(r, "responses:\n"
				       "  - topic_id: 01000000-0000-0000-0000-000000000001\n"
				       "    partitions:\n"
				       "      - partition_index: 0\n"
				       "        current_leader:\n"
				       "          leader_id: 0\n"
				       "          leader_epoch: 0\n"));
	assert_has(text, "leader_id: 0\n");
	free(text);
	scene_deinit(&s);
}

/* With one port for all there is nowhere else to go: no leader is named at all. */
static void in_single_mode_no_leader_is_hinted(void **state)
{
	struct request *r;
	char *text;

	(void)state;
	begin(ADVERTISE_SINGLE);
	r = request_for("Fetch", 16);
	text = watched(r, answer_to(r, fetched));
	assert_has(text, "leader_id: -1\n");
	assert_has(text, "leader_epoch: -1\n");
	free(text);
	scene_deinit(&s);
}

static void no_replica_is_preferred(void **state)
{
	struct request *r;
	char *text;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("Fetch", 16);
	text = watched(r, answer_to(r, fetched));
	assert_has(text, "preferred_read_replica: -1\n");
	assert_null(strstr(text, "preferred_read_replica: 2\n"));
	assert_has(text, "records: 3000 bytes 7272");
	free(text);
	scene_deinit(&s);
}

static void settings_that_are_addresses_are_hidden(void **state)
{
	static const char described[] = "results:\n"
					"  - resource_type: 4\n"
					"    resource_name: \"1\"\n"
					"    configs:\n"
					"      - name: \"advertised.listeners\"\n"
					"        value: \"PLAINTEXT://kafka-1:9092\"\n"
					"      - name: \"listeners\"\n"
					"        value: null\n"
					"      - name: \"log.dirs\"\n"
					"        value: \"/var/kafka\"\n";
	struct request *r;
	char *text;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("DescribeConfigs", 4);
	text = watched(r, answer_to(r, described));
	assert_has(text, "value: \"************************\"\n");
	assert_has(text, "value: null\n");
	assert_has(text, "value: \"/var/kafka\"\n");
	free(text);
	scene_deinit(&s);
}

static void controllers_addresses_are_hidden(void **state)
{
	static const char described[] = "nodes:\n"
					"  - node_id: 9\n"
					"    listeners:\n"
					"      - name: \"CONTROLLER\"\n"
					"        host: \"controller-9\"\n"
					"        port: 9093\n"
					"      - name: \"OTHER\"\n"
					"        host: \"\"\n"
					"        port: 65535\n";
	struct request *r;
	char *text;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("DescribeQuorum", 2);
	text = watched(r, answer_to(r, described));
	assert_has(text, "node_id: 9\n");
	assert_has(text, "name: \"CONTROLLER\"\n        host: \"************\"\n        port: 0\n");
	assert_has(text, "name: \"OTHER\"\n        host: \"\"\n        port: 0\n");
	free(text);
	scene_deinit(&s);
}

/* A broker that refuses says where it was asked; another message is the client's to read. */
static void where_a_broker_refused_is_hidden(void **state)
{
	static const char refused[] =
		"responses:\n"
		"  - error_code: 31\n"
		"    error_message: \"connectionId=10.0.0.7:9092-10.0.0.1:4711 is not "
		"authorized.\"\n"
		"  - error_code: 31\n"
		"    error_message: \"10.0.0.7:9092\"\n"
		"  - error_code: 31\n"
		"    error_message: null\n"
		"  - error_code: 40\n"
		"    error_message: \"no such value\"\n";
	struct request *r;
	char *text;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("AlterConfigs", 2);
	text = watched(r, answer_to(r, refused));
	assert_has(text, "error_message: \"Cluster authorization failed.");
	assert_has(text, "error_message: \"Cluster autho\"\n");
	assert_has(text, "error_message: null\n");
	assert_has(text, "error_message: \"no such value\"\n");
	assert_null(strstr(text, "10.0.0.7"));
	free(text);
	scene_deinit(&s);
}

/* --- in pieces --- */

/* Shows an answer as a relay does: what has come, a piece more each time nothing may go. */
static void watch_in_pieces(struct request *r, struct buf *b, uint32_t piece, bool skips)
{
	const struct relay_watcher w = watch_over(r);
	uint32_t gone = 0, there = 0, len = (uint32_t)b->len;

	watch_begin(r, HEAD, len - HEAD);
	while (gone < len) {
		uint32_t blind = skips && gone == there ? w.blind(w.ctx) : 0;
		int64_t may;

		if (blind > 0) {
			uint32_t n = blind < piece ? blind : piece;

			assert_true(n <= len - gone);
			w.passed(w.ctx, n);
			there = gone += n;
			continue;
		}
		there = len - there < piece ? len : there + piece;
		may = w.see(w.ctx, b->data + gone, there - gone);
		assert_in_range(may, 0, there - gone);
		gone += (uint32_t)may;
	}
}

static void any_pieces_give_the_same(void **state)
{
	static const uint32_t pieces[] = { 1, 2, 3, 7, 64, 1000, 100000 };
	struct request *r;
	struct buf whole;

	(void)state;
	begin(ADVERTISE_SINGLE);
	r = request_for("Fetch", 16);
	whole = answer_to(r, fetched);
	assert_true(watch_whole(r, whole.data + HEAD, (uint32_t)whole.len - HEAD));
	for (size_t i = 0; i < 2 * ARRAY_LEN(pieces); i++) {
		struct buf b = answer_to(r, fetched);

		watch_in_pieces(r, &b, pieces[i / 2], i % 2 == 1);
		assert_int_equal(b.len, whole.len);
		assert_memory_equal(b.data, whole.data, b.len);
		buf_deinit(&b);
	}
	buf_deinit(&whole);
	scene_deinit(&s);
}

/* Whatever byte is broken: it is refused or passed, and never read beyond its end. */
static void an_answer_that_contradicts_its_schema_is_refused(void **state)
{
	struct request *r;
	size_t refused = 0;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("Produce", 10);
	for (size_t at = HEAD;; at++) {
		struct buf b = answer_to(r, produced);
		uint32_t len = (uint32_t)b.len - HEAD;
		uint8_t *body = mem_alloc(len); /* its end is the allocation's */

		if (at == b.len) {
			buf_deinit(&b);
			free(body);
			break;
		}
		memcpy(body, b.data + HEAD, len);
		body[at - HEAD] ^= 0xff;
		refused += !watch_whole(r, body, len);
		if (at > HEAD)
			assert_false(watch_whole(r, body, (uint32_t)(at - HEAD))); /* cut short */
		free(body);
		buf_deinit(&b);
	}
	assert_true(refused > 0);
	scene_deinit(&s);
}

/* --- notices --- */

static void a_moved_leader_is_noticed(void **state)
{
	struct request *r;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("Produce", 10);
	free(watched(r, answer_to(r, produced)));
	assert_true(scene_noticed_topic(&s, "orders"));
	assert_true(r->has_error);
	assert_int_equal(s.w->stats.errors[ERROR_NOT_LEADER_OR_FOLLOWER + 1], 1);
	scene_deinit(&s);
}

static void an_error_that_says_nothing_of_leaders_is_counted(void **state)
{
	struct request *r;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("Produce", 9);
	free(watched(r, answer_to(r, "responses:\n"
				     "  - name: \"orders\"\n"
				     "    partition_responses:\n"
				     "      - index: 0\n"
				     "        error_code: 10\n"
				     "      - index: 1\n"
				     "        error_code: 10\n")));
	assert_false(scene_noticed_topic(&s, "orders"));
	assert_int_equal(s.w->stats.errors[10 + 1], 2);
	assert_true(r->has_error);
	scene_deinit(&s);
}

/* In the same topic a stale leader behind another error is noticed too. */
static void a_stale_leader_behind_another_error(void **state)
{
	struct request *r;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("Produce", 9);
	free(watched(r, answer_to(r, "responses:\n"
				     "  - name: \"orders\"\n"
				     "    partition_responses:\n"
				     "      - index: 0\n"
				     "        error_code: 10\n"
				     "      - index: 1\n"
				     "        error_code: 6\n")));
	assert_true(scene_noticed_topic(&s, "orders"));
	scene_deinit(&s);
}

static void a_topic_is_noticed_by_its_id(void **state)
{
	struct request *r;

	(void)state;
	begin(ADVERTISE_PORTS);
	r = request_for("Fetch", 16);
	free(watched(r, answer_to(r, fetched)));
	assert_int_equal(scene_notices(&s)->ids.count, 1);
	assert_int_equal(scene_notices(&s)->ids.all[0].bytes[15], 1);
	scene_deinit(&s);
}

/* The coordinator is another one: the next request asks anew. */
static void a_moved_coordinator_is_forgotten(void **state)
{
	(void)state;
	begin(ADVERTISE_PORTS);
	client_says(&s, 0, "Heartbeat 3 id 1\ngroup_id: \"g\"\n");
	broker_takes(&s, 1);
	broker_answers(&s, 1, "error_code: 16\n");
	assert_client_gets(&s, 0, "error_code: 16");
	assert_int_equal(topology_coordinator(s.shared.topology, COORDINATOR_GROUP, "g", 1),
			 NO_BROKER);
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_are_blanked),
		cmocka_unit_test(a_leader_is_told_as_clients_know_it),
		cmocka_unit_test(a_leader_that_is_none_stays_so),
		cmocka_unit_test(in_single_mode_no_leader_is_hinted),
		cmocka_unit_test(no_replica_is_preferred),
		cmocka_unit_test(settings_that_are_addresses_are_hidden),
		cmocka_unit_test(controllers_addresses_are_hidden),
		cmocka_unit_test(where_a_broker_refused_is_hidden),
		cmocka_unit_test(any_pieces_give_the_same),
		cmocka_unit_test(an_answer_that_contradicts_its_schema_is_refused),
		cmocka_unit_test(a_moved_leader_is_noticed),
		cmocka_unit_test(an_error_that_says_nothing_of_leaders_is_counted),
		cmocka_unit_test(a_stale_leader_behind_another_error),
		cmocka_unit_test(a_topic_is_noticed_by_its_id),
		cmocka_unit_test(a_moved_coordinator_is_forgotten),
	};

	return cmocka_run_group_tests_name("watch", tests, scene_setup, scene_teardown);
}
