/* Logins that the gateway judges itself: no broker hears of them, passwords are salted elsewhere, refusals are held
 * back. */
#include "session/judged.h"

#include "auth/judge.h"
#include "session/principal.h"
#include "session/salting.h"
#include "session/session.h"

#include "unit/session/words.h"

#define HANDSHAKE(mechanism) "SaslHandshake 1 id 2 client \"app\"\nmechanism: \"" mechanism "\"\n"

static struct scene s;

static struct client *client(void)
{
	return scene_client(&s, 0);
}

/* alice, whose password is "secret", here and at the brokers. */
static struct user alice(void)
{
	struct user u = { .name = mem_strdup("alice"),
			  .row = { .hash = &scram_sha_256,
				   .iterations = SCRAM_ITERATIONS_MIN,
				   .salt = "salt",
				   .salt_len = 4,
				   .is_kafkas = true,
				   .is_known = true } };
	const struct scram_salt salt = { u.row.salt, 4, u.row.iterations };
	struct scram_keys keys;

	scram_keys_make(&scram_sha_256, "secret", 6, &salt, &keys);
	scram_stored_key(&scram_sha_256, keys.client, u.row.stored);
	return u;
}

static void begin(void)
{
	static char mechanisms[] = "PLAIN,SCRAM-SHA-256";
	struct user *list = mem_alloc(sizeof *list);

	scene_init(&s);
	*list = alice();
	s.config.listener.protocol = OVER_SASL_PLAINTEXT;
	s.config.security_mode = GATEWAY_MANAGED;
	s.config.sasl_enabled = mechanisms;
	s.shared.users = users_new();
	users_set(s.shared.users, list, 1, "a secret of 16 or more", 22);
	s.shared.salting = salting_new();
	scene_connect(&s);
}

static void end_after(struct salting *salting)
{
	s.config.sasl_enabled = NULL;
	scene_deinit(&s);
	salting_free(salting);
	users_free(s.shared.users);
}

static void end(void)
{
	salting_stop(s.shared.salting);
	end_after(s.shared.salting);
}

static void say_password_of(int n, const char *user, const char *password)
{
	const size_t len = strlen(user) + strlen(password) + 2;
	struct buf frame;

	buf_init(&frame, 1024);
	words_note(&s.clients[n].said, words_request("SaslAuthenticate 2 id 3\n", &frame));
	frame.len -= 2; /* no bytes, no tags */
	buf_append_uvarint(&frame, (uint32_t)len + 1);
	buf_append8(&frame, 0);
	buf_append(&frame, user, strlen(user));
	buf_append8(&frame, 0);
	buf_append(&frame, password, strlen(password));
	buf_append8(&frame, 0);
	wire_put32(frame.data, (uint32_t)frame.len - 4);
	scene_client_sends(&s, n, frame.data, frame.len);
	buf_deinit(&frame);
}

static void say_password(const char *user, const char *password)
{
	say_password_of(0, user, password);
}

static void who_has_the_password_is_in(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, HANDSHAKE("PLAIN"));
	assert_client_gets(&s, 0, "mechanisms: [ \"PLAIN\", \"SCRAM-SHA-256\" ]");
	say_password("alice", "secret");
	assert_client_gets(&s, 0, "error_code: 0\n");
	assert_true(door_is_open(&client()->door));
	assert_string_equal(principal_told(client()), "User:alice");
	assert_null(client()->upstreams); /* no broker has heard of it */
	assert_int_equal(scene_count(&s, STAT_LOGINS_PLAIN), 1);
	end();
}

static void a_refusal_is_held_back(void **state)
{
	ev_tstamp began;

	(void)state;
	begin();
	client_says(&s, 0, HANDSHAKE("PLAIN"));
	assert_client_gets(&s, 0, "error_code: 0\n");
	began = clock_s();
	say_password("alice", "wrong");
	assert_client_gets(&s, 0, "Authentication failed: Invalid username or password");
	assert_true(clock_s() - began >= DOOR_DELAY_MS / 1000.0);
	assert_client_closed(&s, 0);
	assert_int_equal(scene_count(&s, STAT_LOGINS_PLAIN_REFUSED), 1);
	end();
}

static void a_mechanism_that_is_off_is_refused(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, HANDSHAKE("SCRAM-SHA-512"));
	assert_client_gets(&s, 0, "error_code: 33");
	assert_client_closed(&s, 0);
	end();
}

/* It is not the login's time that is over: nothing is salted any more. */
static void who_has_gone_meanwhile_has_no_place(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, HANDSHAKE("PLAIN"));
	assert_client_gets(&s, 0, "error_code: 0\n");
	salting_stop(s.shared.salting);
	say_password("alice", "secret");
	scene_until(&s, client()->out.first != NULL);
	shutdown(s.clients[0].end.fd, SHUT_WR);
	scene_until(&s, s.w->clients == NULL);
	end_after(s.shared.salting);
}

/* In by its password, it would be refused by every broker. */
static void who_has_what_brokers_do_not_offer_is_refused(void **state)
{
	struct link_terms terms = { .account = account_new(plain_credentials("gw", "secret")) };

	(void)state;
	begin();
	s.config.kafka_protocol = OVER_SASL_PLAINTEXT;
	s.shared.terms = &terms;
	account_note_offers(terms.account, "PLAIN,SCRAM-SHA-512");
	client_says(&s, 0, HANDSHAKE("PLAIN"));
	assert_client_gets(&s, 0, "error_code: 0\n");
	say_password("alice", "secret");
	assert_client_gets(&s, 0, "error_code: 58\n");
	account_note_offers(terms.account, "PLAIN,SCRAM-SHA-256");
	scene_connect(&s);
	client_says(&s, 1, HANDSHAKE("PLAIN"));
	assert_client_gets(&s, 1, "error_code: 0\n");
	say_password_of(1, "alice", "secret");
	assert_client_gets(&s, 1, "error_code: 0\n");
	end();
	account_free(terms.account);
}

static void never(void *owner, struct judge *judge)
{
	(void)owner;
	(void)judge;
	fail_msg("somebody who has gone is told");
}

/* Whether the thread has its password just then or not. */
static void who_leaves_meanwhile_is_not_told(void **state)
{
	static const uint8_t said[] = "\0alice\0secret";
	struct judge *j;
	struct buf say;

	(void)state;
	begin();
	buf_init(&say, 1);
	for (int i = 0; i < 4; i++) {
		j = judge_new(s.shared.users, "PLAIN", false);
		assert_int_equal(judge_hear(j, said, sizeof said - 1, &say), JUDGE_SALTS);
		salting_cancel(s.shared.salting,
			       salting_ask(s.shared.salting, &s.w->mailbox, j, never, NULL));
	}
	end(); /* it delivers what is there */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_the_password_is_in),
		cmocka_unit_test(a_refusal_is_held_back),
		cmocka_unit_test(a_mechanism_that_is_off_is_refused),
		cmocka_unit_test(who_has_gone_meanwhile_has_no_place),
		cmocka_unit_test(who_has_what_brokers_do_not_offer_is_refused),
		cmocka_unit_test(who_leaves_meanwhile_is_not_told),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
