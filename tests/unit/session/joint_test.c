/* Clients that ask the same at the same time share one broker's answer; nobody gets one that was
 * asked for before he came, and who has waited long is told to try again. */
#include "session/session.h"

#include "unit/session/words.h"

#define ASKS(id) "Metadata 9 id " id "\ntopics:\n  - name: \"orders\"\n"
#define LARGE(id) "Metadata 9 id " id "\ntopics:\n  - name: \"large\"\n"
/* A broker's answer, known by its cluster's id. */
#define ANSWER(cluster)                                                              \
	"brokers:\n  - node_id: 2\n    host: \"kafka-2.internal\"\n    port: 9092\n" \
	"cluster_id: \"" cluster "\"\n"                                              \
	"topics:\n  - name: \"orders\"\n    partitions:\n"                           \
	"      - partition_index: 2\n        leader_id: 2\n        leader_epoch: 5\n"

enum {
	LARGE_PARTITIONS = 4000,
	TAKEN_MAX = 64, /* reservations of somebody else, who has all memory for answers */
	TAKEN_BYTES = 1 << 20,
	SHORT_MS = 20,
	NODES = 64,
};

static struct scene s;
static struct reservation *taken[TAKEN_MAX];
static int taken_count;
static bool is_taken;

static void begin(int clients)
{
	scene_begin(&s);
	for (int i = 1; i < clients; i++)
		scene_connect(&s);
}

/* None of the brokers has been asked more than was taken. */
static void assert_nobody_is_asked(void)
{
	scene_be_still(&s);
	for (int i = 0; i < SCENE_BROKERS; i++)
		assert_int_equal(scene_broker_has(&s, i), -1);
}

/* SCENE_BROKERS: none has one. */
static int broker_with_request(void)
{
	int broker = 0;

	while (broker < SCENE_BROKERS && scene_broker_has(&s, broker) < 0)
		broker++;
	return broker;
}

/* Waits until any broker has a request, takes it and says which broker that is. */
static int asked_broker(void)
{
	int broker;

	scene_until(&s, broker_with_request() < SCENE_BROKERS);
	broker = broker_with_request();
	broker_takes(&s, broker);
	return broker;
}

static void those_who_wait_share_an_answer(void **state)
{
	char *texts[3];

	(void)state;
	begin(3);
	client_says(&s, 0, ASKS("7"));
	client_says(&s, 1, ASKS("8"));
	client_says(&s, 2, ASKS("9"));
	broker_takes(&s, 0);
	assert_nobody_is_asked();
	broker_answers(&s, 0, ANSWER("one"));
	for (int i = 0; i < 3; i++) {
		texts[i] = client_gets(&s, i); /* by its own correlation id */
		assert_non_null(strstr(texts[i], "cluster_id: \"one\""));
		assert_non_null(strstr(texts[i], "host: \"gateway\""));
		assert_non_null(strstr(texts[i], "port: 9094\n"));
		assert_non_null(strstr(texts[i], "leader_id: 2\n"));
	}
	assert_int_equal(scene_count(&s, STAT_SHARED), 2);
	assert_int_equal(scene_count(&s, STAT_UPSTREAMS_OPENED), 1);
	for (int i = 0; i < 3; i++)
		free(texts[i]);
	scene_deinit(&s);
}

/* What a broker was asked before a client came is not told to it. */
static void who_comes_later_gets_a_later_answer(void **state)
{
	int second;

	(void)state;
	begin(3);
	client_says(&s, 0, ASKS("1"));
	broker_takes(&s, 0);
	client_says(&s, 1, ASKS("2"));
	client_says(&s, 2, ASKS("3"));
	assert_nobody_is_asked(); /* one after the other */
	broker_answers(&s, 0, ANSWER("one"));
	assert_client_gets(&s, 0, "cluster_id: \"one\"");
	second = asked_broker();
	broker_answers(&s, second, ANSWER("two"));
	assert_client_gets(&s, 1, "cluster_id: \"two\"");
	assert_client_gets(&s, 2, "cluster_id: \"two\"");
	assert_int_equal(scene_count(&s, STAT_SHARED), 1);
	scene_deinit(&s);
}

/* A broker that is silent holds the others up for a moment only. */
static void a_silent_broker_is_not_waited_for_by_all(void **state)
{
	int second;

	(void)state;
	begin(2);
	client_says(&s, 0, ASKS("1"));
	broker_takes(&s, 0);
	client_says(&s, 1, ASKS("2"));
	second = asked_broker();
	broker_answers(&s, second, ANSWER("two"));
	assert_client_gets(&s, 1, "cluster_id: \"two\"");
	assert_int_equal(s.clients[0].end.in.len, 0);
	scene_deinit(&s);
}

static void who_asks_something_else_shares_nothing(void **state)
{
	(void)state;
	begin(4);
	client_says(&s, 0, ASKS("1"));
	client_says(&s, 1, "Metadata 8 id 1\ntopics:\n  - name: \"orders\"\n");
	client_says(&s, 2, "Metadata 9 id 1\ntopics:\n  - name: \"payments\"\n");
	client_says(&s, 3,
		    "Metadata 9 id 1\ntopics:\n  - name: \"orders\"\n"
		    "allow_auto_topic_creation: false\n");
	for (int i = 0; i < 4; i++)
		broker_answers(&s, asked_broker(), ANSWER("any"));
	for (int i = 0; i < 4; i++)
		assert_client_gets(&s, i, "cluster_id: \"any\"");
	assert_int_equal(scene_count(&s, STAT_SHARED), 0);
	scene_deinit(&s);
}

/* What a broker tells one principal is never told to another. */
static void principals_share_nothing(void **state)
{
	static struct questions all;
	struct request r = { 0 };
	struct asker alice = { .request = &r }, bob = { .request = &r }, again = { .request = &r };
	struct question_key key = { .principal = "alice",
				    .api = api_of(KEY_METADATA),
				    .version = 9,
				    .body = (const uint8_t *)"body",
				    .size = 4 };

	(void)state;
	questions_join(&all, &key, &alice);
	questions_join(&all, &key, &again);
	key.principal = "bob";
	questions_join(&all, &key, &bob);
	assert_ptr_equal(alice.question, again.question);
	assert_ptr_not_equal(alice.question, bob.question);
	questions_leave(&all, &again);
	questions_leave(&all, &bob);
	questions_leave(&all, &alice);
}

/* Who of those clients has asked a broker: whose request was read first. */
static int leader(int clients)
{
	int n = 0;

	while (n < clients && scene_client(&s, n)->upstreams == NULL)
		n++;
	assert_true(n < clients);
	return n;
}

/* Who led goes: the next one asks anew, by a connection of its own. */
static void when_the_leader_goes_the_next_one_asks(void **state)
{
	int led;

	(void)state;
	begin(3);
	for (int i = 0; i < 3; i++)
		client_says(&s, i, ASKS("1"));
	broker_takes(&s, 0);
	led = leader(3);
	scene_end_reset(&s.clients[led].end);
	broker_answers(&s, asked_broker(), ANSWER("two"));
	for (int i = 0; i < 3; i++) {
		if (i != led)
			assert_client_gets(&s, i, "cluster_id: \"two\"");
	}
	scene_deinit(&s);
}

/* To ask again does no harm: nobody hears of it. */
static void when_the_broker_goes_another_one_is_asked(void **state)
{
	(void)state;
	begin(2);
	client_says(&s, 0, ASKS("1"));
	client_says(&s, 1, ASKS("1"));
	broker_takes(&s, 0);
	scene_broker_dies(&s, 0);
	broker_answers(&s, asked_broker(), ANSWER("two"));
	assert_client_gets(&s, 0, "cluster_id: \"two\"");
	assert_client_gets(&s, 1, "cluster_id: \"two\"");
	scene_deinit(&s);
}

/* No broker is there any more: all who asked are closed, as one would be. */
static void when_all_brokers_go_all_are_closed(void **state)
{
	(void)state;
	begin(2);
	for (int i = 1; i < SCENE_BROKERS; i++)
		scene_broker_dies(&s, i);
	client_says(&s, 0, ASKS("1"));
	client_says(&s, 1, ASKS("1"));
	broker_takes(&s, 0);
	scene_broker_dies(&s, 0);
	assert_client_closed(&s, 0);
	assert_client_closed(&s, 1);
	scene_deinit(&s);
}

/* An address might be in what can't be read. */
static void an_answer_against_its_schema_closes_all(void **state)
{
	static const uint8_t short_one[] = { 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t frame[sizeof short_one];

	(void)state;
	begin(2);
	client_says(&s, 0, ASKS("1"));
	client_says(&s, 1, ASKS("1"));
	broker_takes(&s, 0);
	memcpy(frame, short_one, sizeof frame);
	wire_put32(frame + 4, broker_owes(&s, 0, -1)->correlation_id);
	scene_send_all(&s, s.brokers[0].ends[0].fd, frame, sizeof frame);
	assert_client_closed(&s, 0);
	assert_client_closed(&s, 1);
	scene_deinit(&s);
}

/* --- memory --- */

static void on_grant(void *owner)
{
	(void)owner;
}

/* All that answers of this size may have is somebody else's. */
static void begin_without_memory(int clients)
{
	static int32_t leaders[LARGE_PARTITIONS];
	struct budget_asked asked = { .kind = BUDGET_ANSWERS,
				      .bytes = TAKEN_BYTES,
				      .on_grant = on_grant };

	begin(clients);
	scene_topic(&s, "large", leaders, LARGE_PARTITIONS);
	asked.mailbox = &s.w->mailbox;
	taken_count = 0;
	do {
		assert_true(taken_count < TAKEN_MAX);
		taken[taken_count] = budget_reserve(s.shared.budget, &asked, &is_taken);
	} while (is_taken && ++taken_count);
	budget_release(taken[taken_count]);
}

static void give_memory_back(void)
{
	while (taken_count > 0)
		budget_release(taken[--taken_count]);
}

static void nobody_is_asked_before_there_is_memory(void **state)
{
	(void)state;
	begin_without_memory(2);
	client_says(&s, 0, LARGE("1"));
	client_says(&s, 1, LARGE("1"));
	assert_nobody_is_asked();
	give_memory_back();
	broker_answers(&s, asked_broker(), ANSWER("one"));
	assert_client_gets(&s, 0, "cluster_id: \"one\"");
	assert_client_gets(&s, 1, "cluster_id: \"one\"");
	scene_until(&s, scene_held(&s) == 0);
	scene_deinit(&s);
}

/* An answer of 90 KB to what the broker took. */
static void broker_answers_large(int broker)
{
	char rack[30001], *text;

	memset(rack, 'r', sizeof rack - 1);
	rack[sizeof rack - 1] = '\0';
	text = mem_printf(
		"brokers:\n  - node_id: 0\n    rack: \"%s\"\n  - node_id: 1\n    rack: \"%s\"\n"
		"  - node_id: 2\n    rack: \"%s\"\n",
		rack, rack, rack);
	broker_answers(&s, broker, text);
	free(text);
}

/* What was expected to be small is not: nothing more of it is read before its memory is there. */
static void a_larger_answer_than_expected_waits_for_its_memory(void **state)
{
	(void)state;
	begin_without_memory(1);
	client_says(&s, 0, ASKS("1"));
	broker_answers_large(asked_broker());
	scene_be_still(&s);
	assert_int_equal(s.clients[0].end.in.len, 0);
	give_memory_back();
	assert_client_gets(&s, 0, "node_id: 2\n");
	scene_until(&s, scene_held(&s) == 0);
	scene_deinit(&s);
}

static void no_room(int fd, int which)
{
	int small = 4096;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, which, &small, sizeof small), 0);
}

/* Who asked first has it and goes on: the memory is then that of who still reads, and lost with him
 * when he is too slow. */
static void who_reads_last_has_the_memory(void **state)
{
	int first, last, broker;
	struct client *slow;

	(void)state;
	begin(2);
	for (int i = 0; i < 2; i++) {
		no_room(s.clients[i].accepted, SO_SNDBUF);
		no_room(s.clients[i].end.fd, SO_RCVBUF);
	}
	client_says(&s, 0, ASKS("1"));
	client_says(&s, 1, ASKS("2"));
	broker = asked_broker();
	first = leader(2);
	last = 1 - first;
	slow = scene_client(&s, last);
	s.clients[last].end.has_ended = true; /* the test reads nothing of it */
	broker_answers_large(broker);
	assert_client_gets(&s, first, "node_id: 2\n");
	scene_until(&s, scene_client(&s, first)->holds == 0);
	assert_true(slow->holds > 0);
	assert_true(scene_held(&s) >= 90000);
	scene_be_still(&s);
	slow->out.first->answered -= 2 * SCENE_LONG_MS / 1000.0;
	scene_clock_fires(&s, last);
	scene_until(&s, scene_client(&s, last) == NULL);
	assert_int_equal(scene_held(&s), 0);
	assert_non_null(scene_client(&s, first));
	scene_deinit(&s);
}

/* --- time --- */

/* As from a broker that has just started: nothing is known yet, try again. */
static void who_waits_for_memory_for_long_is_told_to_try_again(void **state)
{
	char *text;

	(void)state;
	begin_without_memory(2);
	s.config.request_timeout_ms = SHORT_MS;
	client_says(&s, 0, LARGE("1"));
	client_says(&s, 1, LARGE("2"));
	for (int i = 0; i < 2; i++) {
		text = client_gets(&s, i);
		assert_non_null(strstr(text, "brokers: []"));
		assert_non_null(strstr(text, "name: \"large\""));
		assert_non_null(strstr(text, "error_code: 5"));
		free(text);
	}
	assert_nobody_is_asked();
	give_memory_back();
	s.config.request_timeout_ms = SCENE_LONG_MS;
	client_says(&s, 0, LARGE("3")); /* it was not closed */
	broker_answers(&s, asked_broker(), ANSWER("one"));
	assert_client_gets(&s, 0, "cluster_id: \"one\"");
	scene_deinit(&s);
}

static void who_waits_for_a_broker_for_long_is_told_to_try_again(void **state)
{
	(void)state;
	begin(2);
	s.config.request_timeout_ms = SHORT_MS;
	client_says(&s, 0, ASKS("1"));
	client_says(&s, 1, ASKS("2"));
	broker_takes(&s, 0);
	assert_client_gets(&s, 0, "error_code: 5");
	s.config.request_timeout_ms = SCENE_LONG_MS;
	assert_client_gets(&s, 1, "error_code: 5");
	scene_until(&s,
		    s.brokers[0].ends[0].has_ended); /* its answer can't be told from a late one */
	scene_deinit(&s);
}

/* --- order --- */

/* As a broker does: what is behind is read when the answer is there. */
static void nothing_behind_it_is_read(void **state)
{
	char *text;
	int end;

	(void)state;
	begin(1);
	client_says(&s, 0, ASKS("1"));
	client_says(&s, 0, "ListGroups 4 id 2\n");
	client_says(&s, 0, ASKS("3"));
	broker_takes(&s, 0);
	assert_nobody_is_asked();
	broker_answers(&s, 0, ANSWER("one"));
	assert_client_gets(&s, 0, "cluster_id: \"one\"");
	for (int i = 0; i < SCENE_BROKERS; i++) {
		text = broker_gets(&s, i, &end);
		assert_non_null(strstr(text, "ListGroups"));
		free(text);
		broker_answers(&s, i, "groups:\n");
	}
	free(client_gets(&s, 0));
	broker_answers(&s, asked_broker(), ANSWER("three"));
	assert_client_gets(&s, 0, "cluster_id: \"three\"");
	scene_deinit(&s);
}

/* What was sent behind it before the client stopped sending is answered too. */
static void what_is_behind_it_is_read_after_the_end(void **state)
{
	(void)state;
	begin(1);
	client_says(&s, 0, ASKS("1"));
	broker_takes(&s, 0);
	client_says(&s, 0, ASKS("2"));
	client_says(&s, 0, ASKS("3"));
	shutdown(s.clients[0].end.fd, SHUT_WR);
	assert_nobody_is_asked();
	broker_answers(&s, 0, ANSWER("one"));
	assert_client_gets(&s, 0, "cluster_id: \"one\"");
	broker_answers(&s, asked_broker(), ANSWER("two"));
	assert_client_gets(&s, 0, "cluster_id: \"two\"");
	broker_answers(&s, asked_broker(), ANSWER("three"));
	assert_client_gets(&s, 0, "cluster_id: \"three\"");
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* --- internal balancing --- */

static void use_nodes(void)
{
	static char hosts[NODES][16];
	struct mapping_node nodes[NODES];

	for (int i = 0; i < NODES; i++) {
		snprintf(hosts[i], sizeof hosts[i], "node-%d", i);
		nodes[i] = (struct mapping_node){ .node_id = hosts[i],
						  .host = hosts[i],
						  .port = 9092,
						  .port_count = SCENE_BROKERS };
	}
	s.w->entrances[0].advertising.mapping = s.w->entrances[0].mapping =
		mapping_new(nodes, NODES);
}

static char *line_of(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	assert_non_null(at);
	return mem_strndup(at, strcspn(at, "\n"));
}

/* Each client is told nodes of its own, the rest is alike. */
static void who_shares_is_told_its_own_nodes(void **state)
{
	char *hosts[3], *text;
	int alike = 0;

	(void)state;
	begin(3);
	use_nodes();
	for (int i = 0; i < 3; i++)
		client_says(&s, i, ASKS("1"));
	broker_answers(&s, asked_broker(), ANSWER("one"));
	for (int i = 0; i < 3; i++) {
		text = client_gets(&s, i);
		hosts[i] = line_of(text, "host: \"node-");
		assert_non_null(strstr(text, "leader_id: 2\n"));
		free(text);
	}
	assert_int_equal(scene_count(&s, STAT_SHARED), 2);
	for (int i = 0; i < 3; i++)
		alike += strcmp(hosts[i], hosts[(i + 1) % 3]) == 0;
	assert_true(alike < 3); /* once in NODES^2 */
	for (int i = 0; i < 3; i++)
		free(hosts[i]);
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_who_wait_share_an_answer),
		cmocka_unit_test(who_comes_later_gets_a_later_answer),
		cmocka_unit_test(a_silent_broker_is_not_waited_for_by_all),
		cmocka_unit_test(who_asks_something_else_shares_nothing),
		cmocka_unit_test(principals_share_nothing),
		cmocka_unit_test(when_the_leader_goes_the_next_one_asks),
		cmocka_unit_test(when_the_broker_goes_another_one_is_asked),
		cmocka_unit_test(when_all_brokers_go_all_are_closed),
		cmocka_unit_test(an_answer_against_its_schema_closes_all),
		cmocka_unit_test(nobody_is_asked_before_there_is_memory),
		cmocka_unit_test(a_larger_answer_than_expected_waits_for_its_memory),
		cmocka_unit_test(who_reads_last_has_the_memory),
		cmocka_unit_test(who_waits_for_memory_for_long_is_told_to_try_again),
		cmocka_unit_test(who_waits_for_a_broker_for_long_is_told_to_try_again),
		cmocka_unit_test(nothing_behind_it_is_read),
		cmocka_unit_test(what_is_behind_it_is_read_after_the_end),
		cmocka_unit_test(who_shares_is_told_its_own_nodes),
	};

	return cmocka_run_group_tests_name("joint", tests, scene_setup, scene_teardown);
}
