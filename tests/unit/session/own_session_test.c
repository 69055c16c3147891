/* Fetch sessions that the node has with clients: what each broker hears of them, what the client is
 * told, and when they end. */
#include "session/session.h"
#include "unit/session/words.h"
#include "unit/turned_clock.h"

#include "kafka/errors.h"
#include "session/own_session.h"
#include "topology/snapshot_build.h"

enum { LOOK = 0, POLL = 1 }; /* connections to a broker */

/* "orders" is led by 0, 1, 2, and its partition 3 by 1 too. */
static struct scene s;
static int told_id; /* of the last session that a client was told of */

static void begin(void)
{
	scene_init(&s);
	s.config.listener.min_broker_id = 0;
	scene_topic(&s, "orders", (int32_t[]){ 0, 1, 2, 1 }, 4);
	scene_connect(&s);
	scene_be_still(&s);
}

/* Partitions as "13": each read from ten times its own number and the epoch on; `more` stands behind
 * them. */
static void says(int client, int id, int epoch, const char *partitions, int wait_ms,
		 const char *more)
{
	char *text = mem_printf("Fetch 12 id 1\nmax_wait_ms: %d\nmin_bytes: 1\nmax_bytes: 1000000\n"
				"session_id: %d\nsession_epoch: %d\n%s",
				wait_ms, id, epoch,
				*partitions != '\0' ? "topics:\n  - topic: \"orders\"\n"
						      "    partitions:\n"
						    : "");

	for (; *partitions != '\0'; partitions++) {
		char *longer = mem_printf("%s      - partition: %c\n        fetch_offset: %d\n"
					  "        partition_max_bytes: 1000\n",
					  text, *partitions, 10 * (*partitions - '0') + epoch);

		free(text);
		text = longer;
	}
	{
		char *all = mem_printf("%s%s", text, more);

		client_says(&s, client, all);
		free(all);
	}
	free(text);
}

static void hears_on(int broker, int connection, const char *const *words)
{
	int by;
	char *text = broker_gets(&s, broker, &by);

	assert_int_equal(by, connection);
	for (; *words != NULL; words++) {
		if (strstr(text, *words) == NULL)
			fail_msg("broker %d does not hear\n%s\nbut\n%s", broker, *words, text);
	}
	free(text);
}

#define HEARS(broker, connection, ...) \
	hears_on(broker, connection, (const char *const[]){ __VA_ARGS__, NULL })

static void gets_words(int client, const char *const *words)
{
	char *text = client_gets(&s, client), *id = strstr(text, "session_id: ");

	for (; *words != NULL; words++) {
		if (strstr(text, *words) == NULL)
			fail_msg("no \"%s\" in\n%s", *words, text);
	}
	if (id != NULL)
		told_id = (int)strtol(id + strlen("session_id: "), NULL, 10);
	free(text);
}

#define GETS(client, ...) gets_words(client, (const char *const[]){ __VA_ARGS__, NULL })

#define OF(partition, more)                                                                \
	"  - topic: \"orders\"\n    partitions:\n      - partition_index: " partition "\n" \
	"        high_watermark: 5\n" more
#define RECORDS "        records: 50 bytes\n"
#define ANSWER(id) "session_id: " id "\nresponses:\n"
#define NOBODY_ASKED(broker) assert_int_equal(scene_broker_has(&s, broker), -1)

/* The client reads 0, 1 and 2, each broker has a session (10, 11, 12), and 0 has answered at once. */
static void have_session(void)
{
	begin();
	says(0, 0, 0, "012", 60000, "");
	HEARS(0, LOOK, "session_id: 0\nsession_epoch: 0\n", "max_wait_ms: 0\n");
	HEARS(1, LOOK, "session_id: 0\nsession_epoch: 0\n", "fetch_offset: 10\n");
	broker_takes(&s, 2);
	broker_answers(&s, 0, ANSWER("10") OF("0", RECORDS));
	broker_answers(&s, 1, ANSWER("11") OF("1", ""));
	broker_answers(&s, 2, ANSWER("12") OF("2", ""));
	GETS(0, "partition_index: 0\n", "partition_index: 1\n", "partition_index: 2\n",
	     "error_code: 0\n");
	assert_true(told_id > 0);
}

/* All have been looked at and said nothing; each waits. */
static void be_idle(void)
{
	static const char *const sessions[] = { "session_id: 10\n", "session_id: 11\n",
						"session_id: 12\n" };

	have_session();
	says(0, told_id, 1, "", 60000, "");
	for (int b = 0; b < 3; b++) {
		HEARS(b, LOOK, sessions[b], "session_epoch: 1\n", "topics: []\n");
		broker_answers(&s, b, sessions[b]);
	}
	for (int b = 0; b < 3; b++)
		HEARS(b, POLL, sessions[b], "session_epoch: 2\n", "topics: []\n", "min_bytes: 1\n");
}

static void who_is_idle_costs_brokers_no_request(void **state)
{
	(void)state;
	have_session();
	says(0, told_id, 1, "", 100, "");
	for (int b = 0; b < 3; b++) {
		broker_takes(&s, b);
		broker_answers(&s, b,
			       b == 0 ? "session_id: 10\n"
				      : (b == 1 ? "session_id: 11\n" : "session_id: 12\n"));
	}
	for (int b = 0; b < 3; b++)
		broker_takes(&s, b);
	GETS(0, "responses: []\n");
	for (int n = 2; n < 10; n++) {
		says(0, told_id, n, "", 1, "");
		GETS(0, "error_code: 0\n", "responses: []\n");
	}
	for (int b = 0; b < 3; b++)
		NOBODY_ASKED(b);
	scene_deinit(&s);
}

static void news_of_one_are_told_alone(void **state)
{
	(void)state;
	be_idle();
	broker_answers_on(&s, 1, POLL, ANSWER("11") OF("1", RECORDS));
	GETS(0, "  - topic: \"orders\"\n    partitions:\n      - partition_index: 1\n", "50 bytes");
	says(0, told_id, 2, "1", 60000, "");
	HEARS(1, LOOK, "session_id: 11\nsession_epoch: 3\n", "partition: 1\n");
	NOBODY_ASKED(0);
	NOBODY_ASKED(2);
	broker_answers_on(&s, 1, LOOK, "session_id: 11\n");
	HEARS(1, POLL, "session_id: 11\nsession_epoch: 4\n", "topics: []\n");
	broker_answers_on(&s, 0, POLL, ANSWER("10") OF("0", RECORDS));
	GETS(0, "partition_index: 0\n", "50 bytes");
	scene_deinit(&s);
}

/* What a broker has said while nobody asked is the answer to the next Fetch; what of it was read from
 * elsewhere meanwhile is not told. */
static void late_news_are_told_if_they_are_still_wanted(void **state)
{
	(void)state;
	be_idle();
	broker_answers_on(&s, 0, POLL, ANSWER("10") OF("0", RECORDS));
	GETS(0, "partition_index: 0\n");
	broker_answers_on(&s, 1, POLL, ANSWER("11") OF("1", RECORDS));
	broker_answers_on(&s, 2, POLL, ANSWER("12") OF("2", RECORDS));
	scene_be_still(&s);
	says(0, told_id, 2, "2", 1, "");
	broker_takes(&s, 0);
	broker_answers_on(&s, 0, LOOK, "session_id: 10\n");
	GETS(0, "partitions:\n      - partition_index: 1\n", "responses:\n  - topic: \"orders\"\n");
	says(0, told_id, 3, "", 1, "");
	broker_takes(&s, 0);
	broker_takes(&s, 1);
	HEARS(2, LOOK, "session_epoch: 3\n", "partition: 2\n"); /* now it hears of that */
	scene_deinit(&s);
}

static void set_leader(int partition, int32_t leader)
{
	((struct topic *)(uintptr_t)snapshot_topic(s.snapshot, "orders", 6))
		->partitions[partition]
		.leader = leader;
	s.w->snapshots++;
}

static void what_moves_is_read_at_its_new_leader(void **state)
{
	(void)state;
	be_idle();
	broker_answers_on(&s, 0, POLL, ANSWER("10") OF("0", RECORDS));
	GETS(0, "partition_index: 0\n");
	set_leader(2, 1);
	says(0, told_id, 2, "", 1, "");
	broker_takes(&s, 0);
	HEARS(1, LOOK, "session_id: 11\nsession_epoch: 3\n", "partition: 2\n",
	      "fetch_offset: 20\n");
	NOBODY_ASKED(2); /* where nothing is read any more */
	broker_answers_on(&s, 0, LOOK, "session_id: 10\n");
	broker_answers_on(&s, 1, LOOK, ANSWER("11") OF("2", RECORDS));
	GETS(0, "partition_index: 2\n", "50 bytes");
	set_leader(2, 2);
	says(0, told_id, 3, "", 1, "");
	broker_takes(&s, 0);
	HEARS(1, LOOK, "topics: []\n",
	      "forgotten_topics_data:\n  - topic: \"orders\"\n    partitions: [ 2 ]\n");
	HEARS(2, LOOK, "session_id: 12\nsession_epoch: 0\n", "partition: 2\n");
	scene_deinit(&s);
}

static void a_broker_that_has_lost_the_session_is_told_all(void **state)
{
	(void)state;
	be_idle();
	broker_answers_on(&s, 1, POLL, "error_code: 70\n");
	HEARS(1, POLL, "session_id: 0\nsession_epoch: 0\n", "partition: 1\n", "fetch_offset: 10\n");
	broker_answers_on(&s, 1, POLL, ANSWER("21") OF("1", RECORDS));
	GETS(0, "error_code: 0\n", "partition_index: 1\n");
	says(0, told_id, 2, "1", 1, "");
	HEARS(1, LOOK, "session_id: 21\nsession_epoch: 1\n");
	broker_answers_on(&s, 1, LOOK, "error_code: 71\n"); /* and once more */
	HEARS(1, LOOK, "session_id: 21\nsession_epoch: 0\n", "partition: 1\n");
	broker_answers_on(&s, 1, LOOK, ANSWER("22") OF("1", RECORDS));
	GETS(0, "partition_index: 1\n", "error_code: 0\n");
	scene_deinit(&s);
}

static void a_lost_broker_is_told_of_its_partitions_alone(void **state)
{
	(void)state;
	be_idle();
	scene_broker_dies(&s, 2);
	GETS(0, "partitions:\n      - partition_index: 2\n        error_code: 6\n");
	says(0, told_id, 2, "", 60000, "");
	GETS(0, "error_code: 0\n",
	     "partition_index: 2\n        error_code: 6\n"); /* again and again */
	scene_deinit(&s);
}

static void what_is_forgotten_is_not_read(void **state)
{
	(void)state;
	be_idle();
	broker_answers_on(&s, 0, POLL, ANSWER("10") OF("0", RECORDS));
	GETS(0, "partition_index: 0\n");
	says(0, told_id, 2, "3", 1,
	     "forgotten_topics_data:\n  - topic: \"orders\"\n    partitions: [ 0, 1 ]\n");
	HEARS(1, LOOK, "partition: 3\n", "partitions: [ 1 ]\n");
	NOBODY_ASKED(0);
	broker_answers_on(&s, 1, LOOK, ANSWER("11") OF("3", ""));
	GETS(0, "partitions:\n      - partition_index: 3\n");
	says(0, told_id, 3, "", 1,
	     "forgotten_topics_data:\n  - topic: \"orders\"\n    partitions: [ 2, 3 ]\n");
	for (int b = 0; b < 3; b++) { /* as a broker ends a session of nothing */
		HEARS(b, LOOK, "session_epoch: -1\n", "topics: []\n");
		broker_answers_on(&s, b, LOOK, "");
	}
	GETS(0, "error_code: 0\n", "session_id: 0\n", "responses: []\n");
	says(0, 1, 4, "", 1, "");
	GETS(0, "error_code: 70\n");
	scene_deinit(&s);
}

static void mistakes_are_told_as_a_broker_tells_them(void **state)
{
	int id;

	(void)state;
	have_session();
	id = told_id;
	says(0, id, 2, "", 1, "");
	GETS(0, "error_code: 71\n", "session_id: 0\n");
	says(0, id ^ 1, 1, "", 1, "");
	GETS(0, "error_code: 70\n", "session_id: 0\n");
	client_says(&s, 0, "Fetch 13 id 1\nsession_epoch: 1\n");
	GETS(0, "error_code: 70\n");
	{
		char *text = mem_printf("Fetch 13 id 1\nsession_id: %d\nsession_epoch: 1\n", id);

		client_says(&s, 0, text);
		free(text);
	}
	GETS(0, "error_code: 106\n", "session_id: 0\n");
	says(0, id, 1, "", 1, ""); /* none of them ended it */
	for (int b = 0; b < 3; b++)
		broker_takes(&s, b);
	scene_deinit(&s);
}

static void another_one_ends_it(void **state)
{
	(void)state;
	have_session();
	says(0, told_id, 0, "01", 1, "");
	HEARS(0, LOOK, "session_id: 10\nsession_epoch: 0\n"); /* which ends that one */
	HEARS(1, LOOK, "session_id: 11\nsession_epoch: 0\n");
	broker_answers(&s, 0, ANSWER("13") OF("0", ""));
	broker_answers(&s, 1, ANSWER("14") OF("1", RECORDS));
	GETS(0, "error_code: 0\n");
	assert_true(told_id > 0);
	says(0, told_id, 0, "1", 1, ""); /* one broker has it all: its own */
	HEARS(1, LOOK, "session_id: 0\nsession_epoch: 0\n");
	assert_null(s.w->clients->fetch_session.own);
	scene_deinit(&s);
}

static void it_ends_where_no_broker_has_one(void **state)
{
	(void)state;
	begin();
	says(0, 0, 0, "01", 1, "");
	for (int b = 0; b < 2; b++)
		broker_takes(&s, b);
	broker_answers(&s, 0, ANSWER("0") OF("0", RECORDS)); /* as one whose slots are taken */
	broker_answers(&s, 1, ANSWER("0") OF("1", ""));
	GETS(0, "error_code: 0\n");
	says(0, told_id, -1, "", 1, "");
	GETS(0, "error_code: 0\n", "responses: []\n");
	scene_deinit(&s);
}

/* As at a broker: there is nothing yet that could be forgotten. */
static void who_begins_forgets_nothing(void **state)
{
	(void)state;
	begin();
	says(0, 0, 0, "01", 1,
	     "forgotten_topics_data:\n  - topic: \"orders\"\n    partitions: [ 0, 1 ]\n");
	for (int b = 0; b < 2; b++)
		broker_takes(&s, b);
	broker_answers(&s, 0, ANSWER("10") OF("0", RECORDS));
	broker_answers(&s, 1, ANSWER("11") OF("1", ""));
	GETS(0, "partition_index: 0\n", "partition_index: 1\n");
	assert_true(told_id > 0);
	scene_deinit(&s);
}

/* A client with a session of two partitions; its number. */
static int another_client(int client, const char *partitions)
{
	int broker;

	says(client, 0, 0, partitions, 1, "");
	for (const char *p = partitions; *p != '\0'; p++) {
		char *answer = mem_printf("session_id: %c9\nresponses:\n  - topic: \"orders\"\n"
					  "    partitions:\n      - partition_index: %c\n"
					  "        records: 50 bytes\n",
					  *p, *p);

		broker = *p - '0';
		broker_takes(&s, broker);
		broker_answers(&s, broker, answer);
		free(answer);
	}
	GETS(client, "error_code: 0\n");
	return told_id;
}

/* Two slots: a third session is had only for one that is old, by time or by use. */
static void slots_are_given_as_a_broker_does(void **state)
{
	(void)state;
	begin();
	for (int i = 1; i < 4; i++)
		scene_connect(&s);
	assert_true(another_client(0, "01") > 0);
	assert_true(another_client(1, "01") > 0);
	assert_int_equal(another_client(2, "012"), 0);
	assert_int_equal(scene_count(&s, STAT_FETCH_SESSIONS_EVICTED), 0);
	clock_turn(121 * 1000);
	assert_int_equal(another_client(2, "12") > 0, 1); /* both are long unused */
	assert_int_equal(scene_count(&s, STAT_FETCH_SESSIONS_EVICTED), 1);
	says(0, 1, 1, "", 1, "");
	GETS(0, "error_code: 70\n"); /* the one that was unused for longest */
	s.config.fetch_session_slots = 0;
	assert_int_equal(another_client(3, "012"), 0);
	scene_deinit(&s);
}

static void its_memory_is_the_budgets(void **state)
{
	int64_t held;

	(void)state;
	begin();
	assert_true(another_client(0, "01") > 0);
	held = scene_held(&s);
	assert_true(held > 0);
	scene_end_close(&s.clients[0].end);
	scene_until(&s, s.w->clients == NULL);
	assert_int_equal(scene_held(&s), 0);
	scene_connect(&s);
	budget_resize(s.shared.budget, 16 * held - 1, 100); /* a sixteenth is for sessions */
	assert_int_equal(another_client(1, "01"), 0);
	assert_int_equal(scene_held(&s), 0);
	scene_deinit(&s);
}

/* In `single` it is the same. */
static void one_broker_for_all_is_no_different(void **state)
{
	(void)state;
	scene_init(&s);
	s.config.listener.advertised_mode = ADVERTISE_SINGLE;
	scene_topic(&s, "orders", (int32_t[]){ 0, 1, 2, 1 }, 4);
	scene_connect(&s);
	scene_be_still(&s);
	assert_true(another_client(0, "012") > 0);
	says(0, told_id, 1, "", 1, "");
	HEARS(0, LOOK, "session_id: 9\nsession_epoch: 1\n", "topics: []\n");
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_idle_costs_brokers_no_request),
		cmocka_unit_test(news_of_one_are_told_alone),
		cmocka_unit_test(late_news_are_told_if_they_are_still_wanted),
		cmocka_unit_test(what_moves_is_read_at_its_new_leader),
		cmocka_unit_test(a_broker_that_has_lost_the_session_is_told_all),
		cmocka_unit_test(a_lost_broker_is_told_of_its_partitions_alone),
		cmocka_unit_test(what_is_forgotten_is_not_read),
		cmocka_unit_test(mistakes_are_told_as_a_broker_tells_them),
		cmocka_unit_test(another_one_ends_it),
		cmocka_unit_test(it_ends_where_no_broker_has_one),
		cmocka_unit_test(who_begins_forgets_nothing),
		cmocka_unit_test(slots_are_given_as_a_broker_does),
		cmocka_unit_test(its_memory_is_the_budgets),
		cmocka_unit_test(one_broker_for_all_is_no_different),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
