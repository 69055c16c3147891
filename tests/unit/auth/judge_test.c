/* A broker's side of SCRAM and PLAIN: what is said by whom, in a broker's words.  The client's side is that of
 * auth/mechanism.h. */
#include "auth/judge.h"

#include "auth/mechanism.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct users *users;

static struct user user_of(const char *name, const struct scram_hash *h, const char *password,
			   bool is_kafkas)
{
	struct user u = { .name = mem_strdup(name),
			  .row = { .hash = h,
				   .iterations = 4096,
				   .salt = "its salt",
				   .salt_len = 8,
				   .is_kafkas = is_kafkas,
				   .is_known = true } };
	const struct scram_salt salt = { u.row.salt, u.row.salt_len, u.row.iterations };
	struct scram_keys keys;

	scram_keys_make(h, password, strlen(password), &salt, &keys);
	scram_stored_key(h, keys.client, u.row.stored);
	memcpy(u.row.server, keys.server, h->size);
	return u;
}

static int set_up(void **state)
{
	struct user *list = mem_zalloc(4 * sizeof *list);

	(void)state;
	list[0] = user_of("alice", &scram_sha_256, "pencil", true);
	list[1] = user_of("alice", &scram_sha_512, "pencil", true);
	list[2] = user_of("a,b=c", &scram_sha_256, "word", false);
	users = users_new();
	users_set(users, list, 3, "a secret of 16 or more", 22);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	users_free(users);
	return 0;
}

/* --- one message --- */

struct heard {
	enum judge_verdict verdict;
	char text[2 * JUDGE_WHY_MAX]; /* what is said, or why not */
};

static struct heard hear(struct judge *j, const void *said, size_t n)
{
	struct heard h;
	struct buf say;

	buf_init(&say, JUDGE_SAY_MAX);
	h.verdict = judge_hear(j, said, n, &say);
	if (h.verdict == JUDGE_SALTS) {
		judge_salt(j);
		h.verdict = judge_salted(j);
	}
	snprintf(h.text, sizeof h.text, "%.*s",
		 (int)(h.verdict == JUDGE_REFUSES ? strlen(judge_why(j)) : say.len),
		 h.verdict == JUDGE_REFUSES ? judge_why(j) : (const char *)say.data);
	buf_deinit(&say);
	return h;
}

static struct heard hear_text(struct judge *j, const char *text)
{
	return hear(j, text, strlen(text));
}

#define GENERIC                                                                                       \
	"Authentication failed during authentication due to invalid credentials with SASL mechanism " \
	"SCRAM-SHA-256"
#define OTHER_ID \
	"Authentication failed: Client requested an authorization id that is different from username"

/* --- SCRAM --- */

/* A whole exchange; the client's own run says whether it believes the answer. */
static enum judge_verdict log_in(struct judge *j, const struct mechanism *m, const char *user,
				 const char *password, bool *believes)
{
	struct credentials *as = scram_credentials(m, SCRAM_OF_USER, user, password);
	struct mechanism_run *run = m->begin(as);
	char why[MECHANISM_WHY_MAX] = "";
	enum judge_verdict verdict = JUDGE_SAYS;
	struct buf client, server;

	buf_init(&client, MECHANISM_SAY_MAX);
	buf_init(&server, JUDGE_SAY_MAX);
	*believes = m->next(run, NULL, 0, &client, why) == MECHANISM_SAYS;
	while (*believes && verdict == JUDGE_SAYS) {
		buf_clear(&server);
		verdict = judge_hear(j, client.data, client.len, &server);
		buf_clear(&client);
		if (verdict != JUDGE_REFUSES)
			*believes = m->next(run, server.data, server.len, &client, why) !=
				    MECHANISM_FAILED;
	}
	m->end(run);
	credentials_put(as);
	buf_deinit(&client);
	buf_deinit(&server);
	return verdict;
}

static void by_scram(void **state)
{
	static const struct {
		const struct mechanism *m;
		const char *user, *password;
		enum judge_verdict verdict;
		bool is_carried;
	} cases[] = {
		{ &mechanism_scram_sha_256, "alice", "pencil", JUDGE_IS_IN, true },
		{ &mechanism_scram_sha_512, "alice", "pencil", JUDGE_IS_IN, true },
		{ &mechanism_scram_sha_256, "a,b=c", "word", JUDGE_IS_IN, false },
		{ &mechanism_scram_sha_256, "alice", "Pencil", JUDGE_REFUSES, false },
		{ &mechanism_scram_sha_512, "a,b=c", "word", JUDGE_REFUSES, false },
		{ &mechanism_scram_sha_256, "eve", "pencil", JUDGE_REFUSES, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct judge *j = judge_new(users, cases[i].m->name, false);
		struct credentials *as;
		bool believes;

		assert_int_equal(log_in(j, cases[i].m, cases[i].user, cases[i].password, &believes),
				 cases[i].verdict);
		assert_true(believes);
		assert_string_equal(judge_who(j), cases[i].user);
		as = cases[i].verdict == JUDGE_IS_IN ? judge_credentials(j) : NULL;
		assert_int_equal(as != NULL, cases[i].is_carried);
		credentials_put(as);
		judge_free(j);
	}
}

/* Who was let in logs in elsewhere by what its own login has shown. */
static void is_carried_by_its_keys(void **state)
{
	const char *const names[] = { "SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct judge *j = judge_new(users, names[i], false), *broker;
		struct credentials *as;
		struct mechanism_run *run;
		struct buf say, answer;
		char why[MECHANISM_WHY_MAX];
		bool believes;

		if (i < 2)
			log_in(j, mechanism_by_name(names[i], strlen(names[i])), "alice", "pencil",
			       &believes);
		else
			assert_int_equal(hear(j, "\0alice\0pencil", 13).verdict, JUDGE_IS_IN);
		as = judge_credentials(j);
		assert_non_null(as);
		broker = judge_new(users, as->mechanism->name, false);
		run = as->mechanism->begin(as);
		buf_init(&say, MECHANISM_SAY_MAX);
		buf_init(&answer, JUDGE_SAY_MAX);
		assert_int_equal(as->mechanism->next(run, NULL, 0, &say, why), MECHANISM_SAYS);
		assert_int_equal(judge_hear(broker, say.data, say.len, &answer), JUDGE_SAYS);
		buf_clear(&say);
		assert_int_equal(as->mechanism->next(run, answer.data, answer.len, &say, why),
				 MECHANISM_SAYS);
		buf_clear(&answer);
		assert_int_equal(judge_hear(broker, say.data, say.len, &answer), JUDGE_IS_IN);
		buf_clear(&say);
		assert_int_equal(as->mechanism->next(run, answer.data, answer.len, &say, why),
				 MECHANISM_IS_DONE);
		as->mechanism->end(run);
		credentials_put(as);
		buf_deinit(&say);
		buf_deinit(&answer);
		judge_free(broker);
		judge_free(j);
	}
}

/* As measured at brokers, but for a user that is not there, who fails with the proof. */
static void first_messages(void **state)
{
	static const struct {
		const char *said, *why; /* NULL: the exchange goes on */
	} cases[] = {
		{ "n,,n=alice,r=abc", NULL },
		{ "n,,n=eve,r=abc", NULL },
		{ "n,a=alice,n=alice,r=abc", NULL },
		{ "n,,n=alice,r=abc,ext=1,other=a=b", NULL },
		{ "n,,n=alice,r=abc,tokenauth=false", NULL },
		{ "n,,n=a=2Cb=3Dc,r=abc", NULL },
		{ "n,a=bob,n=alice,r=abc", OTHER_ID },
		{ "n,a=bob,n=eve,r=abc", OTHER_ID },
		{ "n,,n=alice,r=abc,tokenauth=TRUE", GENERIC },
		{ "", GENERIC },
		{ "n", GENERIC },
		{ "n,,", GENERIC },
		{ "n,,n=alice", GENERIC },
		{ "n,,n=alice,r=", GENERIC },
		{ "n,,n=,r=abc", GENERIC },
		{ "n,,n=a=b,r=abc", GENERIC },
		{ "n,,n=a=2,r=abc", GENERIC },
		{ "n,x,n=alice,r=abc", GENERIC },
		{ "n,a=,n=alice,r=abc", GENERIC },
		{ "y,,n=alice,r=abc", GENERIC },
		{ "p=tls-unique,,n=alice,r=abc", GENERIC },
		{ "n,,n=alice,r=a\xc3\xbc", GENERIC },
		{ "n,,n=\xc3\xbc,r=abc", GENERIC },
		{ "n,,n=alice,r=a b", GENERIC },
		{ "n,,n=alice,r=abc,", GENERIC },
		{ "n,,n=alice,r=abc,ext", GENERIC },
		{ "n,,n=alice,r=abc,e1=x", GENERIC },
		{ "garbage", GENERIC },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct judge *j = judge_new(users, "SCRAM-SHA-256", false);
		struct heard h = hear_text(j, cases[i].said);

		if (cases[i].why != NULL) {
			assert_int_equal(h.verdict, JUDGE_REFUSES);
			assert_string_equal(h.text, cases[i].why);
		} else if (h.verdict != JUDGE_SAYS || strncmp(h.text, "r=abc", 5) != 0 ||
			   strstr(h.text, ",s=") == NULL || strstr(h.text, ",i=4096") == NULL) {
			fail_msg("%s: %s", cases[i].said, h.text);
		}
		judge_free(j);
	}
}

static void last_messages(void **state)
{
	/* NONCE is the one that was said */
	static const char *const cases[] = {
		"",
		"c=biws,r=NONCE",
		"c=biws,r=NONCE,p=",
		"c=biws,r=NONCE,p=AAAA",
		"c=biws,r=NONCE,p=????",
		"c=biws,r=NONCE,p=AAAA,x=y",
		"c=biws,r=NONCE,x=y,p=AAAA",
		"c=biws,r=abc,p=AAAA",
		"c=???,r=NONCE,p=AAAA",
		"r=NONCE,c=biws,p=AAAA",
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct judge *j = judge_new(users, "SCRAM-SHA-256", true);
		struct heard h = hear_text(j, "n,,n=alice,r=abc");
		const char *at = strstr(cases[i], "NONCE");
		char said[2 * JUDGE_WHY_MAX + 64];

		*strchr(h.text, ',') = '\0';
		if (at != NULL)
			snprintf(said, sizeof said, "%.*s%s%s", (int)(at - cases[i]), cases[i],
				 h.text + 2, at + 5);
		else
			snprintf(said, sizeof said, "%s", cases[i]);
		h = hear_text(j, said);
		assert_int_equal(h.verdict, JUDGE_REFUSES);
		assert_string_equal(h.text,
				    "Authentication failed during re-authentication due to "
				    "invalid credentials with SASL mechanism SCRAM-SHA-256");
		assert_int_equal(hear_text(j, said).verdict, JUDGE_REFUSES); /* it is over */
		judge_free(j);
	}
}

static void nonces_and_salts(void **state)
{
	struct heard heard[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct judge *j = judge_new(users, "SCRAM-SHA-256", false);

		heard[i] = hear_text(j, i < 2 ? "n,,n=alice,r=abc" : "n,,n=eve,r=abc");
		judge_free(j);
	}
	assert_string_not_equal(heard[0].text, heard[1].text); /* the nonce */
	assert_string_equal(strstr(heard[0].text, ",s="), strstr(heard[1].text, ",s="));
	assert_string_equal(strstr(heard[2].text, ",s="), strstr(heard[3].text, ",s="));
	assert_int_equal(strlen(heard[0].text), strlen(heard[2].text));
}

/* --- PLAIN --- */

static void by_plain(void **state)
{
	static const char wrong[] = "Authentication failed: Invalid username or password";
	static const struct {
		const char *said;
		size_t n;
		const char *why; /* NULL: in */
	} cases[] = {
#define SAID(text) text, sizeof(text) - 1
		{ SAID("\0alice\0pencil"), NULL },
		{ SAID("alice\0alice\0pencil"), NULL },
		{ SAID("\0alice\0Pencil"), wrong },
		{ SAID("\0eve\0pencil"), wrong },
		{ SAID("bob\0alice\0pencil"), OTHER_ID },
		{ SAID("\0\0pencil"), "Authentication failed: username not specified" },
		{ SAID("\0alice\0"), "Authentication failed: password not specified" },
		{ SAID(""), "Invalid SASL/PLAIN response: expected 3 tokens, got 1" },
		{ SAID("\0alice"), "Invalid SASL/PLAIN response: expected 3 tokens, got 2" },
		{ SAID("\0alice\0pencil\0"),
		  "Invalid SASL/PLAIN response: expected 3 tokens, got 4" },
		{ SAID("\0\0\0\0\0\0"), "Invalid SASL/PLAIN response: expected 3 tokens, got 4" },
	};

	(void)state;
	for (int round = 0; round < 2; round++) { /* the second time what was shown is known */
		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
			struct judge *j = judge_new(users, "PLAIN", false);
			struct heard h = hear(j, cases[i].said, cases[i].n);

			assert_int_equal(h.verdict,
					 cases[i].why == NULL ? JUDGE_IS_IN : JUDGE_REFUSES);
			assert_string_equal(h.text, cases[i].why == NULL ? "" : cases[i].why);
			judge_free(j);
		}
	}
}

/* Only who was let in is spared the work, so that nobody finds out who is there by the time it takes. */
static void only_the_known_are_spared(void **state)
{
	static const struct {
		const char *said;
		size_t n;
		enum judge_verdict first, second;
	} cases[] = {
		{ SAID("\0a,b=c\0word"), JUDGE_SALTS, JUDGE_IS_IN },
		{ SAID("\0a,b=c\0wrong"), JUDGE_SALTS, JUDGE_SALTS },
		{ SAID("\0eve\0wrong"), JUDGE_SALTS, JUDGE_SALTS },
	};
	struct buf say;

	(void)state;
	buf_init(&say, JUDGE_SAY_MAX);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (int round = 0; round < 2; round++) {
			struct judge *j = judge_new(users, "PLAIN", false);
			enum judge_verdict v =
				judge_hear(j, (const uint8_t *)cases[i].said, cases[i].n, &say);

			assert_int_equal(v, round == 0 ? cases[i].first : cases[i].second);
			if (v == JUDGE_SALTS) {
				judge_salt(j);
				(void)judge_salted(j);
			}
			judge_free(j);
		}
	}
	buf_deinit(&say);
}

static void what_is_too_long_is_wrong(void **state)
{
	char *long_one = mem_zalloc(JUDGE_HEAR_MAX + 1);
	struct judge *scram = judge_new(users, "SCRAM-SHA-256", false);
	struct judge *plain = judge_new(users, "PLAIN", false);

	(void)state;
	assert_string_equal(hear(scram, long_one, JUDGE_HEAR_MAX + 1).text, GENERIC);
	assert_string_equal(hear(plain, long_one, JUDGE_HEAR_MAX + 1).text,
			    "Authentication failed: Invalid username or password");
	judge_free(scram);
	judge_free(plain);
	scram = judge_new(users, "SCRAM-SHA-256", false);
	memset(long_one, 'x', JUDGE_HEAR_MAX);
	memcpy(long_one, "n,,n=alice,r=", 13);
	assert_int_equal(hear(scram, long_one, JUDGE_HEAR_MAX).verdict, JUDGE_SAYS);
	judge_free(scram);
	free(long_one);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_scram),
		cmocka_unit_test(is_carried_by_its_keys),
		cmocka_unit_test(first_messages),
		cmocka_unit_test(last_messages),
		cmocka_unit_test(nonces_and_salts),
		cmocka_unit_test(by_plain),
		cmocka_unit_test(only_the_known_are_spared),
		cmocka_unit_test(what_is_too_long_is_wrong),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
