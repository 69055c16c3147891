/* Clients of SCRAM where brokers make no tokens: each login again runs at another broker, until all know
 * the client; what is asked of one that does not know it yet is never held. */
#include "session/visits.h"

#include "session/session.h"
#include "session/upstreams.h"

#include "unit/session/words.h"

#define LIST_OFFSETS(id, partition)                                                \
	"ListOffsets 5 id " id "\nreplica_id: -1\ntopics:\n  - name: \"orders\"\n" \
	"    partitions:\n      - partition_index: " partition "\n"
#define LISTED(code)                                                                   \
	"topics:\n  - name: \"orders\"\n    partitions:\n      - partition_index: 1\n" \
	"        error_code: " code "\n"
#define MECHANISMS "mechanisms: [ \"SCRAM-SHA-256\" ]\n"

enum { LOGIN = 0 }; /* the broker that the client came for */

static struct scene s;

static struct client *client(void)
{
	return scene_client(&s, 0);
}

static void assert_broker_gets(int broker, const char *words)
{
	int end;
	char *text = broker_gets(&s, broker, &end);

	if (strstr(text, words) == NULL)
		fail_msg("no \"%s\" in\n%s", words, text);
	free(text);
}

/* By the messages of SCRAM, of which the broker believes everything for so long. */
static void log_in_by(const char *step, int broker, const char *lifetime)
{
	char *first =
		mem_printf("SaslAuthenticate %s id 3\nauth_bytes: \"n,,n=bob,r=abc\"\n", step);
	char *last = mem_printf("SaslAuthenticate %s id 4\nauth_bytes: \"c=biws,r=abcd\"\n", step);
	char *in = mem_printf("auth_bytes: \"v=c2ln\"\nsession_lifetime_ms: %s\n", lifetime);

	s.clients[0].said.count = 0;
	client_says(&s, 0, "SaslHandshake 1 id 2\nmechanism: \"SCRAM-SHA-256\"\n");
	assert_broker_gets(broker, "SaslHandshake");
	broker_answers(&s, broker, MECHANISMS);
	free(client_gets(&s, 0));
	client_says(&s, 0, first);
	assert_broker_gets(broker, "SaslAuthenticate");
	broker_answers(&s, broker, "auth_bytes: \"r=abcd,s=c2FsdA==,i=4096\"\n");
	free(client_gets(&s, 0));
	client_says(&s, 0, last);
	broker_takes(&s, broker);
	broker_answers(&s, broker, in);
	free(first);
	free(last);
	free(in);
}

static void log_in(int broker, const char *lifetime, const char *told)
{
	char *words = mem_printf("session_lifetime_ms: %s\n", told);

	log_in_by("2", broker, lifetime);
	assert_client_gets(&s, 0, words);
	s.clients[0].said.count = 0;
	free(words);
}

static void begin(void)
{
	static const int32_t leaders[] = { 0, 1, 2 };

	scene_init(&s);
	s.config.listener.protocol = OVER_SASL_PLAINTEXT;
	scene_topic(&s, "orders", leaders, SCENE_BROKERS);
	ways_heard_none(s.w);
	scene_connect(&s);
	client()->came.broker = LOGIN;
}

/* Asks the leader of a partition, which knows the client. */
static void asks(int broker, const char *request, const char *answer)
{
	client_says(&s, 0, request);
	assert_broker_gets(broker, "ListOffsets");
	broker_answers(&s, broker, answer);
	free(client_gets(&s, 0));
}

/* --- */

static void one_broker_after_the_other_is_visited(void **state)
{
	(void)state;
	begin();
	log_in(LOGIN, "0", "300");
	log_in(1, "0", "300");
	log_in(2, "0", "0"); /* nothing is left to do */
	asks(1, LIST_OFFSETS("5", "1"), LISTED("0"));
	asks(2, LIST_OFFSETS("6", "2"), LISTED("0"));
	assert_int_equal(s.brokers[0].end_count + s.brokers[1].end_count + s.brokers[2].end_count,
			 SCENE_BROKERS);
	scene_deinit(&s);
}

static void who_is_asked_for_in_vain_comes_first(void **state)
{
	(void)state;
	begin();
	log_in(LOGIN, "0", "300");
	client_says(&s, 0, LIST_OFFSETS("5", "2"));
	broker_takes(&s, LOGIN); /* which answers for it */
	broker_answers(&s, LOGIN, LISTED("6"));
	free(client_gets(&s, 0));
	log_in(2, "0", "300");
	scene_deinit(&s);
}

/* A name that the client has been answered about: it is told to try again at once. */
static void what_was_seen_is_refused_by_the_node(void **state)
{
	(void)state;
	begin();
	log_in(LOGIN, "0", "300");
	asks(LOGIN, LIST_OFFSETS("5", "0"),
	     "topics:\n  - name: \"orders\"\n    partitions:\n"
	     "      - partition_index: 0\n        error_code: 0\n");
	client_says(&s, 0, LIST_OFFSETS("6", "1"));
	assert_client_gets(&s, 0, "error_code: 6\n");
	assert_int_equal(s.brokers[1].end_count, 0);
	scene_deinit(&s);
}

static void each_broker_hears_it_again_in_time(void **state)
{
	int64_t third;
	char *text, *at;

	(void)state;
	begin();
	log_in(LOGIN, "60000", "300");
	log_in(1, "60000", "300");
	log_in_by("2", 2, "60000");
	text = client_gets(&s, 0);
	at = strstr(text, "session_lifetime_ms: ");
	assert_non_null(at);
	third = strtoll(at + strlen("session_lifetime_ms: "), NULL, 10);
	assert_true(third > 17000 && third <= 18000); /* 54 seconds, a third of it */
	free(text);
	/* and the one that has heard it first is the next one, a second after that at the soonest */
	s.clients[0].said.count = 0;
	client_says(&s, 0, "SaslHandshake 1 id 2\nmechanism: \"SCRAM-SHA-256\"\n");
	scene_be_still(&s);
	assert_int_equal(scene_broker_has(&s, LOGIN), -1);
	scene_until(&s, scene_broker_has(&s, LOGIN) >= 0);
	scene_deinit(&s);
}

/* Its session there has run out, and not elsewhere. */
static void a_broker_that_has_forgotten_is_visited_again(void **state)
{
	struct upstream *u;

	(void)state;
	begin();
	log_in(LOGIN, "0", "300");
	log_in(1, "60000", "300");
	log_in(2, "0", "0");
	u = upstreams_of_login_at(client(), 1);
	u->link.login_began_at -= 60000;
	u->link.believed_until = clock_ms();
	client()->claim.back_at = clock_ms() + 1000;
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	scene_until(&s, scene_broker_has(&s, 0) >= 0 || scene_broker_has(&s, 2) >= 0);
	assert_int_equal(client()->claim.wanted, 1);
	scene_deinit(&s);
}

static void a_broker_that_is_down_is_left_out(void **state)
{
	(void)state;
	begin();
	log_in(LOGIN, "0", "300");
	scene_broker_dies(&s, 1);
	log_in(2, "0", "0");
	scene_deinit(&s);
}

/* It has been told that its session is without an end. */
static void who_will_not_come_back_logs_in_anew(void **state)
{
	(void)state;
	begin();
	log_in(LOGIN, "0", "300");
	scene_broker_dies(&s, 1);
	log_in(2, "0", "0");
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

static void who_logs_in_once_is_refused(void **state)
{
	(void)state;
	begin();
	log_in_by("0", LOGIN, "0");
	assert_client_gets(&s, 0,
			   "error_code: 58\nerror_message: \"SCRAM-SHA-256 is carried to all "
			   "brokers only for clients that log in again (KIP-368), as the brokers "
			   "have no delegation.token.secret.key\"\n");
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

/* There, one login is enough. */
static void a_single_broker_needs_no_visits(void **state)
{
	(void)state;
	begin();
	s.snapshot->broker_count = 1;
	log_in(LOGIN, "0", "0");
	assert_false(client()->claim.by_visits);
	s.snapshot->broker_count = SCENE_BROKERS;
	scene_deinit(&s);
}

static void what_replays_needs_no_visits(void **state)
{
	(void)state;
	begin();
	assert_false(visits_are_needed(client(), carried_of((const uint8_t *)"PLAIN", 5)));
	assert_true(visits_are_needed(client(), carried_of((const uint8_t *)"SCRAM-SHA-512", 13)));
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_broker_after_the_other_is_visited),
		cmocka_unit_test(who_is_asked_for_in_vain_comes_first),
		cmocka_unit_test(what_was_seen_is_refused_by_the_node),
		cmocka_unit_test(each_broker_hears_it_again_in_time),
		cmocka_unit_test(a_broker_that_has_forgotten_is_visited_again),
		cmocka_unit_test(a_broker_that_is_down_is_left_out),
		cmocka_unit_test(who_will_not_come_back_logs_in_anew),
		cmocka_unit_test(who_logs_in_once_is_refused),
		cmocka_unit_test(a_single_broker_needs_no_visits),
		cmocka_unit_test(what_replays_needs_no_visits),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
