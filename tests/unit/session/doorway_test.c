/* A client's login: asked before anything else, relayed to the broker that it meant, and what it may
 * and may not ask around it. */
#include "auth/mechanism.h"
#include "session/principal.h"
#include "session/session.h"

#include "unit/session/words.h"

#define HANDSHAKE(mechanism) "SaslHandshake 1 id 2 client \"app\"\nmechanism: \"" mechanism "\"\n"
#define STEP "SaslAuthenticate 2 id 3 client \"app\"\nauth_bytes: \"secret\"\n"
#define LIST "mechanisms: [ \"KERBEROS_V4\", \"PLAIN\", \"OAUTHBEARER\" ]\n"
#define METADATA "Metadata 9 id 4 client \"app\"\ntopics:\n  - name: \"orders\"\n"
#define PRODUCE(partition)                                                                  \
	"Produce 7 id 5\nacks: 1\ntopic_data:\n  - name: \"orders\"\n    partition_data:\n" \
	"      - index: " partition "\n        records: 100 bytes\n"
#define VERSIONS "ApiVersions 0 id 1\n"

enum { MEANT = 2 }; /* the broker that the client came for */

static struct scene s;

static struct client *client(void)
{
	return scene_client(&s, 0);
}

static void begin(void)
{
	scene_init(&s);
	s.config.listener.protocol = OVER_SASL_PLAINTEXT;
	scene_connect(&s);
	client()->came.broker = MEANT;
}

/* The broker gets what has these words in it. */
static void assert_broker_gets(int broker, const char *words)
{
	int end;
	char *text = broker_gets(&s, broker, &end);

	if (strstr(text, words) == NULL)
		fail_msg("no \"%s\" in\n%s", words, text);
	free(text);
}

static void choose(const char *handshake)
{
	client_says(&s, 0, handshake);
	broker_takes(&s, MEANT);
	broker_answers(&s, MEANT, LIST);
	assert_client_gets(&s, 0, "error_code: 0\n");
}

/* PLAIN's message. */
static void say_password(const char *user)
{
	struct buf frame;

	buf_init(&frame, 1024);
	words_note(&s.clients[0].said, words_request("SaslAuthenticate 2 id 3\n", &frame));
	frame.len -= 2; /* no bytes, no tags */
	buf_append_uvarint(&frame, (uint32_t)strlen(user) + 9);
	buf_append8(&frame, 0);
	buf_append(&frame, user, strlen(user));
	buf_append8(&frame, 0);
	buf_append(&frame, "secret", 6);
	buf_append8(&frame, 0);
	wire_put32(frame.data, (uint32_t)frame.len - 4);
	scene_client_sends(&s, 0, frame.data, frame.len);
	buf_deinit(&frame);
}

static void log_in_for(const char *user, const char *answer)
{
	choose(HANDSHAKE("PLAIN"));
	say_password(user);
	broker_takes(&s, MEANT);
	broker_answers(&s, MEANT, answer);
}

static void log_in(void)
{
	log_in_for("alice", "error_message: \"\"\n");
	assert_client_gets(&s, 0, "error_code: 0\n");
}

static void ends(void)
{
	assert_client_closed(&s, 0);
	scene_until(&s, client() == NULL);
	scene_deinit(&s);
}

/* --- the way in --- */

static void a_login_goes_to_the_broker_that_was_meant(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, VERSIONS);
	assert_client_gets(&s, 0, "error_code: 0\n");
	client_says(&s, 0, HANDSHAKE("PLAIN"));
	assert_broker_gets(MEANT, "SaslHandshake (17) version 1");
	broker_answers(&s, MEANT, LIST);
	assert_client_gets(&s, 0,
			   "mechanisms: [ \"PLAIN\", \"OAUTHBEARER\" ]"); /* what can be carried */
	say_password("alice");
	assert_broker_gets(MEANT, "SaslAuthenticate (36) version 2");
	assert_false(door_is_open(&client()->door));
	assert_null(principal_told(client()));
	broker_answers(&s, MEANT, "error_message: \"\"\nsession_lifetime_ms: 20000\n");
	assert_client_gets(&s, 0, "session_lifetime_ms: 18000\n");
	assert_string_equal(principal_told(client()), "User:alice");
	assert_string_equal(client_principal(client()), "PLAIN alice");
	assert_int_equal(scene_count(&s, STAT_LOGINS_PLAIN), 1);
	assert_int_equal(scene_count(&s, STAT_LOGINS_LIMITED), 1);
	assert_int_equal(scene_count(&s, STAT_LOGINS_LIMITED_SECONDS), 20);
	assert_int_equal(scene_count(&s, STAT_LOGINS_AGAIN), 0);
	/* and its requests take the same connection */
	client_says(&s, 0, METADATA);
	assert_broker_gets(MEANT, "Metadata (3) version 9");
	assert_int_equal(s.brokers[MEANT].end_count, 1);
	assert_int_equal(s.brokers[0].end_count + s.brokers[1].end_count, 0);
	scene_deinit(&s);
}

static void who_meant_nobody_logs_in_somewhere(void **state)
{
	(void)state;
	begin();
	client()->came.broker = NO_BROKER;
	client_says(&s, 0, HANDSHAKE("PLAIN"));
	scene_until(&s,
		    scene_broker_has(&s, 0) + scene_broker_has(&s, 1) + scene_broker_has(&s, 2) >
			    -3);
	scene_deinit(&s);
}

static void a_broker_that_is_down_is_passed_by(void **state)
{
	(void)state;
	begin();
	scene_broker_dies(&s, MEANT);
	client_says(&s, 0, HANDSHAKE("PLAIN"));
	scene_until(&s, scene_broker_has(&s, 0) >= 0 || scene_broker_has(&s, 1) >= 0);
	assert_non_null(client());
	scene_deinit(&s);
}

/* A step is for the broker that has heard those before. */
static void a_broker_that_is_lost_ends_the_login(void **state)
{
	(void)state;
	begin();
	choose(HANDSHAKE("PLAIN"));
	say_password("alice");
	broker_takes(&s, MEANT);
	scene_broker_dies(&s, MEANT);
	ends();
}

static void frames_that_come_together_go_one_by_one(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, HANDSHAKE("PLAIN"));
	say_password("alice");
	client_says(&s, 0, METADATA);
	assert_broker_gets(MEANT, "SaslHandshake");
	scene_be_still(&s);
	assert_int_equal(scene_broker_has(&s, MEANT), -1);
	broker_answers(&s, MEANT, LIST);
	assert_broker_gets(MEANT, "SaslAuthenticate");
	scene_be_still(&s);
	assert_int_equal(scene_broker_has(&s, MEANT), -1);
	broker_answers(&s, MEANT, "");
	assert_broker_gets(MEANT, "Metadata");
	scene_deinit(&s);
}

static void tokens_without_heads(void **state)
{
	static const uint8_t token[] = "\0\0\0\x0d\0alice\0secret";
	struct scene_end *e = &s.clients[0].end;

	(void)state;
	begin();
	choose("SaslHandshake 0 id 2\nmechanism: \"PLAIN\"\n");
	scene_client_sends(&s, 0, token, 3);
	scene_be_still(&s);
	scene_client_sends(&s, 0, token + 3, sizeof token - 1 - 3);
	assert_broker_gets(MEANT, "auth_bytes: 13 bytes");
	broker_answers(&s, MEANT, "error_message: \"\"\n");
	scene_until(&s, scene_unread(e) == 4);
	assert_int_equal(wire_get32(e->in.data + e->taken), 0);
	e->taken += 4;
	client_says(&s, 0, METADATA);
	assert_broker_gets(MEANT, "Metadata");
	scene_deinit(&s);
}

static void a_refused_token_without_a_head_has_no_answer(void **state)
{
	static const uint8_t token[] = "\0\0\0\x0d\0alice\0secret";

	(void)state;
	begin();
	choose("SaslHandshake 0 id 2\nmechanism: \"PLAIN\"\n");
	scene_client_sends(&s, 0, token, sizeof token - 1);
	broker_takes(&s, MEANT);
	broker_answers(&s, MEANT, "error_code: 58\nerror_message: \"no\"\n");
	ends();
}

/* --- a name that only the broker knows --- */

#define NAMED(name) "error_code: 67\nprincipal_type: \"User\"\nprincipal_name: \"" name "\"\n"

static void say_ticket(void)
{
	s.clients[0].said.count = 0;
	client_says(&s, 0, STEP);
	broker_takes(&s, MEANT);
}

/* Two rounds of GSSAPI, and then the broker is to say who that was. */
static void show_ticket(void)
{
	s.clients[0].said.count = 0;
	client_says(&s, 0, HANDSHAKE("GSSAPI"));
	broker_takes(&s, MEANT);
	broker_answers(&s, MEANT, "mechanisms: [ \"GSSAPI\", \"SCRAM-SHA-512\" ]\n");
	assert_client_gets(&s, 0, "error_code: 0\n");
	say_ticket();
	broker_answers(&s, MEANT, "auth_bytes: \"what layers\"\n");
	assert_client_gets(&s, 0, "error_code: 0\n");
	assert_true(door_is_shut(&client()->door) || client()->door.state == DOOR_AGAIN);
	say_ticket();
	broker_answers(&s, MEANT, "session_lifetime_ms: 20000\n");
	assert_broker_gets(MEANT, "principal_type: \"Nobody\"");
	assert_int_equal(scene_unread(&s.clients[0].end), 0);
}

static void the_broker_is_asked_for_a_name_that_is_not_said(void **state)
{
	(void)state;
	begin();
	show_ticket();
	broker_answers(&s, MEANT, NAMED("eve"));
	assert_client_gets(&s, 0, "session_lifetime_ms: 18000\n");
	assert_string_equal(client_principal(client()), "GSSAPI eve");
	assert_string_equal(principal_told(client()), "User:eve");
	assert_ptr_equal(client()->claim.by_token, &mechanism_scram_sha_512);
	assert_int_equal(scene_count(&s, STAT_LOGINS_GSSAPI), 1);
	client_says(&s, 0, METADATA);
	assert_broker_gets(MEANT, "Metadata");
	scene_deinit(&s);
}

static void who_is_not_named_is_refused(void **state)
{
	static const char *const answers[] = {
		"error_code: 67\nprincipal_type: \"Group\"\nprincipal_name: \"eve\"\n",
		"error_code: 67\nprincipal_type: \"User\"\n",
		"error_code: 0\nprincipal_type: \"User\"\nprincipal_name: \"eve\"\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		begin();
		show_ticket();
		broker_answers(&s, MEANT, answers[i]);
		assert_client_gets(&s, 0,
				   "error_code: 58\nerror_message: \"broker 2 does not say whose "
				   "login by GSSAPI it has accepted\"\n");
		ends();
	}
}

static void a_broker_that_is_lost_before_it_has_named_it_ends_the_login(void **state)
{
	(void)state;
	begin();
	show_ticket();
	scene_broker_dies(&s, MEANT);
	ends();
}

static void who_is_named_otherwise_is_somebody_else(void **state)
{
	(void)state;
	begin();
	show_ticket();
	broker_answers(&s, MEANT, NAMED("eve"));
	assert_client_gets(&s, 0, "session_lifetime_ms: 18000\n");
	show_ticket();
	broker_answers(&s, MEANT, NAMED("mallory"));
	assert_client_gets(&s, 0,
			   "error_code: 58\nerror_message: \"Cannot change principals during "
			   "re-authentication from User.eve: User.mallory\"\n");
	ends();
}

/* --- what is refused --- */

static void a_refusal_is_told_as_the_broker_said_it(void **state)
{
	(void)state;
	begin();
	log_in_for("alice", "error_code: 58\nerror_message: \"Authentication failed: no\"\n");
	assert_client_gets(&s, 0, "error_code: 58\nerror_message: \"Authentication failed: no\"\n");
	assert_int_equal(scene_count(&s, STAT_LOGINS_PLAIN_REFUSED), 1);
	ends();
}

static void what_can_not_be_carried_is_refused(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, HANDSHAKE("KERBEROS_V4"));
	broker_takes(&s, MEANT);
	broker_answers(&s, MEANT, LIST); /* the broker would have it */
	assert_client_gets(&s, 0, "error_code: 33\nmechanisms: [ \"PLAIN\", \"OAUTHBEARER\" ]");
	ends();
}

static void who_asks_before_is_closed(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, METADATA);
	ends();
}

static void who_asks_for_versions_twice_is_closed(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, VERSIONS);
	assert_client_gets(&s, 0, "error_code: 0\n");
	client_says(&s, 0, VERSIONS);
	ends();
}

static void who_asks_in_the_middle_is_told_so_in_its_own_words(void **state)
{
	static const struct {
		const char *request, *answer;
	} cases[] = {
		{ METADATA, "- error_code: 34\n    name: \"orders\"" },
		{ "Produce 9 id 4\nacks: 1\n", "responses: []" },
		{ VERSIONS, "error_code: 34\n" },
		{ "ListGroups 4 id 4\n", "error_code: 34\n" },
		{ HANDSHAKE("PLAIN"), "error_code: 34\nmechanisms: []" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin();
		choose(HANDSHAKE("PLAIN"));
		s.clients[0].said.count = 0; /* an id may come twice */
		client_says(&s, 0, cases[i].request);
		scene_until(&s, client()->life.state == LIFE_ENDING);
		assert_int_equal(scene_unread(&s.clients[0].end), 0); /* held back */
		assert_client_gets(&s, 0, cases[i].answer);
		ends();
	}
}

static void no_frame_is_longer_than_brokers_take(void **state)
{
	static const uint8_t size[] = { 0, 8, 0, 1, 0, 36 };

	(void)state;
	begin();
	choose(HANDSHAKE("PLAIN"));
	scene_client_sends(&s, 0, size, sizeof size);
	ends();
}

static void who_does_not_log_in_is_closed(void **state)
{
	(void)state;
	begin();
	s.config.login_timeout_ms = 1;
	client_says(&s, 0, VERSIONS);
	assert_client_gets(&s, 0, "error_code: 0\n");
	ends();
}

/* --- the other brokers --- */

static void the_other_brokers_hear_the_same(void **state)
{
	static const int32_t leaders[] = { 0, 1, 2 };

	(void)state;
	begin();
	scene_topic(&s, "orders", leaders, SCENE_BROKERS);
	log_in();
	client_says(&s, 0, PRODUCE("1"));
	assert_broker_gets(1, "mechanism: \"PLAIN\"");
	broker_answers(&s, 1, "mechanisms: [ \"PLAIN\" ]\n");
	assert_broker_gets(1, "auth_bytes: 13 bytes");
	broker_answers(&s, 1, "error_message: \"\"\n");
	assert_broker_gets(1, "Produce (0) version 7");
	assert_int_equal(scene_count(&s, STAT_CARRIED), 1);
	scene_deinit(&s);
}

/* That says nothing of the broker, which is well; nor is the client told of a name that it may not see. */
static void a_broker_that_does_not_believe_it_is_not_lost(void **state)
{
	static const int32_t leaders[] = { 0, 1, 2 };

	(void)state;
	begin();
	scene_topic(&s, "orders", leaders, SCENE_BROKERS);
	log_in();
	client_says(&s, 0, PRODUCE("1"));
	broker_takes(&s, 1);
	broker_answers(&s, 1, "mechanisms: [ \"PLAIN\" ]\n");
	broker_takes(&s, 1);
	broker_answers(&s, 1, "error_code: 58\nerror_message: \"no\"\n");
	scene_until(&s, scene_count(&s, STAT_CARRIED_REFUSED) == 1);
	assert_int_equal(scene_notices(&s)->loss_count, 0);
	scene_deinit(&s);
}

/* --- a login again --- */

static void a_login_again_keeps_others_off_the_connection(void **state)
{
	(void)state;
	begin();
	log_in();
	s.clients[0].said.count = 0;
	choose(HANDSHAKE("PLAIN"));
	say_password("alice");
	broker_takes(&s, MEANT);
	broker_answers(&s, MEANT, "session_lifetime_ms: 10000\n");
	assert_client_gets(&s, 0, "session_lifetime_ms: 9000\n");
	assert_int_equal(scene_count(&s, STAT_LOGINS_AGAIN), 1);
	client_says(&s, 0, METADATA);
	assert_broker_gets(MEANT, "Metadata");
	assert_int_equal(s.brokers[MEANT].end_count, 1);
	scene_deinit(&s);
}

static void a_login_again_finds_a_new_broker(void **state)
{
	(void)state;
	begin();
	log_in();
	scene_broker_dies(&s, MEANT);
	scene_until(&s, client()->upstreams == NULL);
	s.snapshot->broker_count = 1; /* the only one left */
	s.clients[0].said.count = 0;
	client_says(&s, 0, HANDSHAKE("PLAIN"));
	broker_takes(&s, 0);
	broker_answers(&s, 0, LIST);
	assert_client_gets(&s, 0, "error_code: 0\n");
	say_password("alice");
	broker_takes(&s, 0);
	broker_answers(&s, 0, "error_message: \"\"\n");
	assert_client_gets(&s, 0, "error_code: 0\n");
	s.snapshot->broker_count = SCENE_BROKERS;
	scene_deinit(&s);
}

static void nobody_becomes_somebody_else(void **state)
{
	(void)state;
	begin();
	log_in();
	s.clients[0].said.count = 0;
	choose(HANDSHAKE("PLAIN"));
	say_password("bob");
	broker_takes(&s, MEANT);
	broker_answers(&s, MEANT,
		       "error_message: \"\"\n"); /* as a new broker, which does not know */
	assert_client_gets(&s, 0,
			   "error_code: 58\nerror_message: \"Cannot change principals during "
			   "re-authentication from User.alice: User.bob\"\n");
	ends();
}

static void a_login_that_has_run_out_ends_the_client(void **state)
{
	(void)state;
	begin();
	log_in();
	client()->door.runs_out_at = clock_ms();
	client_says(&s, 0, METADATA);
	ends();
}

/* --- without SASL --- */

static void without_sasl_any_broker_is_asked(void **state)
{
	(void)state;
	scene_begin(&s);
	s.snapshot->broker_count = 1;
	client_says(&s, 0, HANDSHAKE("PLAIN"));
	assert_broker_gets(0, "SaslHandshake");
	broker_answers(&s, 0, "error_code: 34\n");
	assert_client_gets(&s, 0, "error_code: 34\n");
	assert_non_null(client());
	s.snapshot->broker_count = SCENE_BROKERS;
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_goes_to_the_broker_that_was_meant),
		cmocka_unit_test(who_meant_nobody_logs_in_somewhere),
		cmocka_unit_test(a_broker_that_is_down_is_passed_by),
		cmocka_unit_test(a_broker_that_is_lost_ends_the_login),
		cmocka_unit_test(frames_that_come_together_go_one_by_one),
		cmocka_unit_test(tokens_without_heads),
		cmocka_unit_test(a_refused_token_without_a_head_has_no_answer),
		cmocka_unit_test(the_broker_is_asked_for_a_name_that_is_not_said),
		cmocka_unit_test(who_is_not_named_is_refused),
		cmocka_unit_test(a_broker_that_is_lost_before_it_has_named_it_ends_the_login),
		cmocka_unit_test(who_is_named_otherwise_is_somebody_else),
		cmocka_unit_test(a_refusal_is_told_as_the_broker_said_it),
		cmocka_unit_test(what_can_not_be_carried_is_refused),
		cmocka_unit_test(who_asks_before_is_closed),
		cmocka_unit_test(who_asks_for_versions_twice_is_closed),
		cmocka_unit_test(who_asks_in_the_middle_is_told_so_in_its_own_words),
		cmocka_unit_test(no_frame_is_longer_than_brokers_take),
		cmocka_unit_test(who_does_not_log_in_is_closed),
		cmocka_unit_test(the_other_brokers_hear_the_same),
		cmocka_unit_test(a_broker_that_does_not_believe_it_is_not_lost),
		cmocka_unit_test(a_login_again_keeps_others_off_the_connection),
		cmocka_unit_test(a_login_again_finds_a_new_broker),
		cmocka_unit_test(nobody_becomes_somebody_else),
		cmocka_unit_test(a_login_that_has_run_out_ends_the_client),
		cmocka_unit_test(without_sasl_any_broker_is_asked),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
