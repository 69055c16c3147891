/* Clients of SCRAM at further brokers: a token that the client makes for itself, asked for on the
 * connection of its login, shared by the clients of the same name, and made anew in time. */
#include "session/tokens.h"

#include "auth/mechanism.h"
#include "session/barrier.h"
#include "session/session.h"
#include "session/token_turns.h"
#include "session/upstreams.h"

#include "unit/session/words.h"

#define LIST_OFFSETS(id, partition)                                                \
	"ListOffsets 5 id " id "\nreplica_id: -1\ntopics:\n  - name: \"orders\"\n" \
	"    partitions:\n      - partition_index: " partition "\n"
#define BOTH(id) LIST_OFFSETS(id, "0") "      - partition_index: 1\n"
#define LISTED "topics:\n  - name: \"orders\"\n    partitions:\n      - partition_index: 1\n"
#define LISTED_AT_LOGIN \
	"topics:\n  - name: \"orders\"\n    partitions:\n      - partition_index: 0\n"
#define MECHANISMS "mechanisms: [ \"SCRAM-SHA-256\" ]\n"

enum {
	LOGIN = 0, /* the broker at which clients log in */
	LATE_MS =
		60000, /* after so long a broker that does not list a token is asked whether it is gone */
	KNOWN_MS = 300000, /* after so long every broker knows a token */
};

static struct scene s;

static struct client *client(int n)
{
	return scene_client(&s, n);
}

static void assert_broker_gets(int broker, const char *words)
{
	int end;
	char *text = broker_gets(&s, broker, &end);

	if (strstr(text, words) == NULL)
		fail_msg("no \"%s\" in\n%s", words, text);
	free(text);
}

/* By the messages of SCRAM, of which a broker believes everything. */
static void log_in_at(int broker, int n, const char *user)
{
	char *first = mem_printf("SaslAuthenticate 2 id 3\nauth_bytes: \"n,,n=%s,r=abc\"\n", user);

	client(n)->came.broker = broker;
	client_says(&s, n, "SaslHandshake 1 id 2\nmechanism: \"SCRAM-SHA-256\"\n");
	broker_takes(&s, broker);
	broker_answers(&s, broker, MECHANISMS);
	free(client_gets(&s, n));
	client_says(&s, n, first);
	broker_takes(&s, broker);
	broker_answers(&s, broker, "auth_bytes: \"r=abcd,s=c2FsdA==,i=4096\"\n");
	free(client_gets(&s, n));
	s.clients[n].said.count = 0;
	client_says(&s, n, "SaslAuthenticate 2 id 4\nauth_bytes: \"c=biws,r=abcd,p=cHJvb2Y=\"\n");
	broker_takes(&s, broker);
	broker_answers(&s, broker, "auth_bytes: \"v=c2ln\"\n");
	free(client_gets(&s, n));
	free(first);
}

static void log_in(int n, const char *user)
{
	log_in_at(LOGIN, n, user);
}

static void begin(void)
{
	static const int32_t leaders[] = { 0, 1, 2 };

	scene_init(&s);
	s.config.listener.protocol = OVER_SASL_PLAINTEXT;
	scene_topic(&s, "orders", leaders, SCENE_BROKERS);
	scene_connect(&s);
	log_in(0, "bob");
}

/* A token, issued so long ago; those of KNOWN_MS ago are known everywhere. */
static char *token(const char *id, const char *owner, int64_t age_ms, int64_t left_ms)
{
	int64_t now = clock_wall_ms();

	return mem_printf("principal_type: \"User\"\nprincipal_name: \"%s\"\n"
			  "token_requester_principal_name: \"%s\"\nissue_timestamp_ms: %lld\n"
			  "expiry_timestamp_ms: %lld\ntoken_id: \"%s\"\nhmac: \"secret\"\n",
			  owner, owner, (long long)(now - age_ms), (long long)(now + left_ms), id);
}

static void answer_with(const char *id, const char *owner, int64_t left_ms)
{
	char *tree = token(id, owner, KNOWN_MS, left_ms);

	broker_answers(&s, LOGIN, tree);
	free(tree);
}

static void answer_with_token(const char *owner, int64_t left_ms)
{
	answer_with("token", owner, left_ms);
}

/* A token is looked for, and as there is none, made. */
static void make_token(void)
{
	assert_broker_gets(LOGIN, "DescribeDelegationToken (41) version 3");
	broker_answers(&s, LOGIN, "tokens: []\n");
	assert_broker_gets(LOGIN, "CreateDelegationToken (38) version 3");
	answer_with_token("bob", 3600000);
}

static void assert_logs_in_by_token(int broker)
{
	assert_broker_gets(broker, "mechanism: \"SCRAM-SHA-256\"");
	broker_answers(&s, broker, MECHANISMS);
	assert_broker_gets(broker, "SaslAuthenticate");
}

/* --- */

static void the_login_itself_needs_none(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("5", "0"));
	assert_broker_gets(LOGIN, "ListOffsets");
	assert_null(s.w->tokens);
	scene_deinit(&s);
}

static void another_broker_needs_one(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	make_token();
	assert_logs_in_by_token(1);
	assert_int_equal(scene_count(&s, STAT_TOKENS_MADE), 1);
	scene_deinit(&s);
}

/* The answer to a part would be in the way of the token's. */
static void no_part_leaves_before(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, BOTH("5"));
	make_token();
	assert_broker_gets(LOGIN, "ListOffsets");
	assert_logs_in_by_token(1);
	scene_deinit(&s);
}

static void one_that_is_there_is_used(void **state)
{
	int64_t now = clock_wall_ms();
	char *tree = mem_printf("tokens:\n  - principal_name: \"bob\"\n"
				"    token_requester_principal_name: \"bob\"\n"
				"    issue_timestamp: %lld\n    expiry_timestamp: %lld\n"
				"    token_id: \"old\"\n    hmac: \"secret\"\n",
				(long long)(now - KNOWN_MS), (long long)(now + 3500000));

	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	broker_takes(&s, LOGIN);
	broker_answers(&s, LOGIN, tree);
	assert_logs_in_by_token(1);
	assert_int_equal(scene_count(&s, STAT_TOKENS_FOUND), 1);
	free(tree);
	scene_deinit(&s);
}

static void clients_of_one_name_share_it(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	make_token();
	assert_logs_in_by_token(1);
	scene_connect(&s);
	log_in(1, "bob");
	client_says(&s, 1, LIST_OFFSETS("5", "1"));
	assert_broker_gets(1, "SaslHandshake");
	assert_int_equal(scene_count(&s, STAT_TOKENS_MADE), 1);
	scene_deinit(&s);
}

/* What is another's is never used: not by name, nor by what a broker makes of the name. */
static void another_name_has_its_own(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	make_token();
	assert_logs_in_by_token(1);
	scene_connect(&s);
	log_in(1, "eve");
	client_says(&s, 1, LIST_OFFSETS("5", "1"));
	assert_broker_gets(LOGIN, "principal_name: \"eve\"");
	scene_deinit(&s);
}

static void whose_it_is_says_the_broker(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	broker_takes(&s, LOGIN);
	broker_answers(&s, LOGIN, "tokens: []\n");
	broker_takes(&s, LOGIN);
	answer_with_token("robert", 3600000);
	assert_logs_in_by_token(1);
	assert_string_equal(client(0)->claim.principal, "User:robert");
	scene_deinit(&s);
}

/* visits_test.c has what becomes of them then. */
#define LISTED_ELSEWHERE                                                               \
	"topics:\n  - name: \"orders\"\n    partitions:\n      - partition_index: 1\n" \
	"        error_code: 6\n"

/* The broker of the login answers instead, and the client tries again. */
static void refuse_token(void)
{
	assert_broker_gets(LOGIN, "ListOffsets");
	broker_answers(&s, LOGIN, LISTED_AT_LOGIN);
	assert_logs_in_by_token(1);
	broker_answers(&s, 1, "auth_bytes: \"e=unknown-user\"\n");
	assert_broker_gets(LOGIN, "partition_index: 1");
	broker_answers(&s, LOGIN, LISTED_ELSEWHERE);
	assert_client_gets(&s, 0, "error_code: 6");
	client_says(&s, 0, BOTH("6"));
}

/* Somebody has expired it; a broker that has not heard of that lists it still. */
static void one_that_is_refused_gives_place_to_another(void **state)
{
	char *listed = mem_printf("tokens:\n  - principal_name: \"bob\"\n"
				  "    token_requester_principal_name: \"bob\"\n"
				  "    issue_timestamp: 1\n    expiry_timestamp: %lld\n"
				  "    token_id: \"token\"\n    hmac: \"secret\"\n",
				  (long long)(clock_wall_ms() + 3600000));

	(void)state;
	begin();
	client_says(&s, 0, BOTH("5"));
	make_token();
	refuse_token();
	assert_broker_gets(LOGIN, "DescribeDelegationToken (41) version 3");
	broker_answers(&s, LOGIN, listed);
	assert_broker_gets(LOGIN, "CreateDelegationToken (38) version 3");
	answer_with("another", "bob", 3600000);
	assert_broker_gets(LOGIN, "ListOffsets");
	assert_logs_in_by_token(1);
	assert_int_equal(scene_count(&s, STAT_TOKENS_REFUSED), 1);
	assert_int_equal(scene_count(&s, STAT_TOKENS_MADE), 2);
	free(listed);
	scene_deinit(&s);
}

/* A second one is not made at once for a broker that takes none. */
static void a_broker_that_takes_none_is_not_made_them_without_end(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, BOTH("5"));
	make_token();
	refuse_token();
	assert_broker_gets(LOGIN, "DescribeDelegationToken");
	broker_answers(&s, LOGIN, "tokens: []\n");
	assert_broker_gets(LOGIN, "CreateDelegationToken");
	answer_with("another", "bob", 3600000);
	refuse_token();
	assert_broker_gets(LOGIN, "ListOffsets"); /* what it leads itself, and the rest */
	broker_answers(&s, LOGIN, LISTED_AT_LOGIN);
	assert_broker_gets(LOGIN, "ListOffsets");
	broker_answers(&s, LOGIN, LISTED_ELSEWHERE);
	assert_client_gets(&s, 0, "error_code: 6");
	assert_int_equal(scene_broker_has(&s, LOGIN), -1);
	scene_deinit(&s);
}

/* Client 0 needs broker 1, and the broker of its login does not answer. */
static void ask_in_vain(void)
{
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	assert_broker_gets(LOGIN, "DescribeDelegationToken (41) version 3");
	broker_answers(&s, LOGIN, "tokens: []\n");
	assert_broker_gets(LOGIN, "CreateDelegationToken (38) version 3");
}

/* On whatever connection. */
static void broker_hears(int broker, const char *words, const char *answer)
{
	int end;
	char *text = broker_gets(&s, broker, &end);

	if (strstr(text, words) == NULL)
		fail_msg("no \"%s\" in\n%s", words, text);
	broker_answers_on(&s, broker, end, answer);
	free(text);
}

/* Nor is it asked again, behind the back of who has another connection to it. */
static void a_broker_that_makes_none_is_not_waited_for(void **state)
{
	(void)state;
	begin();
	scene_connect(&s);
	log_in(1, "bob");
	ask_in_vain();
	assert_broker_gets(LOGIN, "partition_index: 1");
	client_says(&s, 1, LIST_OFFSETS("5", "1"));
	broker_hears(LOGIN, "partition_index: 1", LISTED_ELSEWHERE);
	assert_client_gets(&s, 1, "error_code: 6");
	client_says(&s, 1, LIST_OFFSETS("6", "0"));
	broker_hears(LOGIN, "partition_index: 0", LISTED_AT_LOGIN);
	assert_client_gets(&s, 1, "error_code: 0");
	assert_int_equal(scene_count(&s, STAT_TOKENS_FAILED), 1);
	answer_with_token("bob", 3600000); /* in the end it has made one */
	broker_answers(&s, LOGIN, LISTED_ELSEWHERE);
	assert_client_gets(&s, 0, "error_code: 6");
	client_says(&s, 0, LIST_OFFSETS("6", "1"));
	assert_logs_in_by_token(1);
	assert_int_equal(scene_count(&s, STAT_TOKENS_MADE), 1);
	scene_deinit(&s);
}

/* Of a client of the same name that has logged in there. */
static void another_broker_is_asked_instead(void **state)
{
	char *made = token("token", "bob", KNOWN_MS, 3600000);

	(void)state;
	begin();
	scene_connect(&s);
	log_in_at(2, 1, "bob");
	ask_in_vain();
	broker_hears(2, "DescribeDelegationToken (41) version 3", "tokens: []\n");
	broker_hears(2, "CreateDelegationToken (38) version 3", made);
	assert_logs_in_by_token(1);
	assert_int_equal(scene_count(&s, STAT_TOKENS_MADE), 1);
	free(made);
	scene_deinit(&s);
}

/* Twenty others have made theirs in this second. */
static void a_token_is_made_when_it_is_its_turn(void **state)
{
	const struct token_wanted none = { .owner = NULL };
	const int64_t now = clock_ms();
	struct token found;
	int64_t at;

	(void)state;
	begin();
	for (int i = 0; i < 20; i++) {
		char *key = mem_printf("SCRAM-SHA-256 other-%d", i);

		assert_int_equal(
			token_turns_ask(s.shared.token_turns, key, &none, now, &at, &found),
			TURN_NOW);
		free(key);
	}
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	assert_broker_gets(LOGIN, "DescribeDelegationToken");
	broker_answers(&s, LOGIN, "tokens: []\n");
	scene_until(&s, scene_count(&s, STAT_TOKENS_QUEUED) == 1);
	assert_int_equal(scene_broker_has(&s, LOGIN), -1);
	make_token(); /* looked for once more: another node may have made it meanwhile */
	assert_true(clock_ms() - now >= 1000);
	assert_logs_in_by_token(1);
	assert_int_equal(scene_count(&s, STAT_TOKENS_MADE), 1);
	scene_deinit(&s);
}

static void gateway_has_an_account(struct link_terms *terms)
{
	*terms = (struct link_terms){ .account = account_new(plain_credentials("gw", "secret")) };
	s.shared.terms = terms;
}

/* The gateway's own account asks the broker, for so long as it takes to be tired of it. */
static void assert_not_listed_by(int broker)
{
	assert_broker_gets(broker, "mechanism: \"PLAIN\"");
	broker_answers(&s, broker, "mechanisms: [ \"PLAIN\" ]\n");
	assert_broker_gets(broker, "SaslAuthenticate");
	broker_answers(&s, broker, "error_message: \"\"\n");
	for (int64_t end = clock_ms() + 2000; clock_ms() < end;) {
		assert_broker_gets(broker, "principal_name: \"bob\"");
		broker_answers(&s, broker, "tokens: []\n");
		s.brokers[broker].got.count = 0;
	}
}

static void make_token_that_is_not_listed(struct link_terms *terms, int64_t age_ms)
{
	char *tree = token("token", "bob", age_ms, 3600000);

	gateway_has_an_account(terms);
	client_says(&s, 0, BOTH("5"));
	assert_broker_gets(LOGIN, "DescribeDelegationToken (41) version 3");
	broker_answers(&s, LOGIN, "tokens: []\n");
	assert_broker_gets(LOGIN, "CreateDelegationToken (38) version 3");
	broker_answers(&s, LOGIN, tree);
	assert_not_listed_by(1);
	free(tree);
}

static char *listed_at(int64_t issued_ms)
{
	return mem_printf("tokens:\n  - principal_name: \"bob\"\n"
			  "    token_requester_principal_name: \"bob\"\n"
			  "    issue_timestamp: %lld\n    expiry_timestamp: %lld\n"
			  "    token_id: \"token\"\n    hmac: \"secret\"\n"
			  "    renewers:\n      - principal_type: \"User\"\n"
			  "        principal_name: \"gw\"\n",
			  (long long)issued_ms, (long long)(issued_ms + 3600000));
}

/* A broker that was slow to list it has it a moment before its keys. */
static void a_slow_broker_lists_it_twice(void **state)
{
	char *made = token("token", "bob", 0, 3600000), *listed = listed_at(clock_wall_ms());
	struct link_terms terms = { .account = account_new(plain_credentials("gw", "secret")) };

	(void)state;
	begin();
	s.shared.terms = &terms;
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	assert_broker_gets(LOGIN, "DescribeDelegationToken (41) version 3");
	broker_answers(&s, LOGIN, "tokens: []\n");
	assert_broker_gets(LOGIN, "CreateDelegationToken (38) version 3");
	broker_answers(&s, LOGIN, made);
	broker_believes(&s, 1);
	for (int64_t end = clock_ms() + 600; clock_ms() < end;) {
		assert_broker_gets(1, "principal_name: \"bob\"");
		broker_answers(&s, 1, "tokens: []\n");
		s.brokers[1].got.count = 0;
	}
	for (int i = 0; i < 2; i++) {
		assert_broker_gets(1, "DescribeDelegationToken (41) version 3");
		broker_answers(&s, 1, listed);
	}
	assert_logs_in_by_token(1);
	scene_deinit(&s);
	account_free(terms.account);
	free(listed);
	free(made);
}

static void nothing_has_changed(void *nobody)
{
	(void)nobody;
}

/* Each of the connections that had begun says that it was refused: it is doubted once, and none of them has it dropped. */
static void all_refusals_of_one_moment_are_one_doubt(void **state)
{
	struct token new = { .id = "new", .owner = "bob", .issued_ms = clock_wall_ms() };
	struct barriers all;

	(void)state;
	begin();
	barriers_init(&all, s.w, nothing_has_changed, NULL);
	barriers_begin(&all, &new);
	scene_until(&s, barriers_ask(&all, 1) == BARRIER_PASSED);
	assert_true(barriers_doubt(&all, 1));
	assert_true(barriers_doubt(&all, 1));
	assert_false(barriers_doubt(&all, 2)); /* nobody has asked there */
	scene_until(&s, barriers_ask(&all, 1) == BARRIER_PASSED);
	assert_false(barriers_doubt(&all, 1));
	barriers_deinit(&all);
	scene_deinit(&s);
}

static void brokers_that_are_slow_to_list_it_are_left_out(void **state)
{
	struct link_terms terms;

	(void)state;
	begin();
	make_token_that_is_not_listed(&terms, 0);
	assert_broker_gets(LOGIN, "ListOffsets");
	broker_answers(&s, LOGIN, LISTED_AT_LOGIN);
	assert_broker_gets(LOGIN, "partition_index: 1");
	broker_answers(&s, LOGIN, LISTED_ELSEWHERE);
	assert_client_gets(&s, 0, "error_code: 6");
	scene_deinit(&s);
	account_free(terms.account);
}

/* Nobody can be told so by a login: the broker of the client's own is asked whether it is there still. */
static void one_that_is_gone_before_it_is_used_gives_place_to_another(void **state)
{
	struct link_terms terms;

	(void)state;
	begin();
	make_token_that_is_not_listed(&terms, LATE_MS - 1000);
	assert_broker_gets(LOGIN, "DescribeDelegationToken (41) version 3");
	broker_answers(&s, LOGIN, "tokens: []\n");
	assert_broker_gets(LOGIN, "DescribeDelegationToken (41) version 3");
	broker_answers(&s, LOGIN, "tokens: []\n");
	assert_broker_gets(LOGIN, "CreateDelegationToken (38) version 3");
	answer_with("another", "bob", 3600000);
	assert_logs_in_by_token(1);
	assert_int_equal(scene_count(&s, STAT_TOKENS_REFUSED), 1);
	assert_int_equal(scene_count(&s, STAT_TOKENS_MADE), 2);
	scene_deinit(&s);
	account_free(terms.account);
}

/* The broker of the login has it: the other one is behind. */
static void one_that_is_there_is_waited_for(void **state)
{
	const int64_t now = clock_wall_ms();
	char *listed = mem_printf("tokens:\n  - principal_name: \"bob\"\n"
				  "    token_requester_principal_name: \"bob\"\n"
				  "    issue_timestamp: %lld\n    expiry_timestamp: %lld\n"
				  "    token_id: \"token\"\n    hmac: \"secret\"\n",
				  (long long)(now - KNOWN_MS - 1000), (long long)(now + 3600000));
	struct link_terms terms;

	(void)state;
	begin();
	make_token_that_is_not_listed(&terms, LATE_MS - 1000);
	assert_broker_gets(LOGIN, "DescribeDelegationToken (41) version 3");
	broker_answers(&s, LOGIN, listed);
	assert_broker_gets(LOGIN, "ListOffsets");
	broker_answers(&s, LOGIN, LISTED_AT_LOGIN);
	assert_broker_gets(LOGIN, "partition_index: 1");
	broker_answers(&s, LOGIN, LISTED_ELSEWHERE);
	assert_client_gets(&s, 0, "error_code: 6");
	assert_int_equal(scene_count(&s, STAT_TOKENS_MADE), 1);
	scene_deinit(&s);
	account_free(terms.account);
	free(listed);
}

/* The login of the one that needs it is gone: another client of its name asks, and neither is closed. */
static void who_has_lost_its_login_has_another_ask(void **state)
{
	struct link_terms terms;
	int64_t heard;

	(void)state;
	begin();
	make_token_that_is_not_listed(&terms, LATE_MS - 1000);
	assert_broker_gets(LOGIN, "DescribeDelegationToken (41) version 3");
	heard = clock_ms();
	broker_answers(&s, LOGIN, "error_code: 7\n"); /* its broker does not say */
	assert_broker_gets(LOGIN, "ListOffsets");
	broker_answers(&s, LOGIN, LISTED_AT_LOGIN);
	assert_broker_gets(LOGIN, "partition_index: 1");
	broker_answers(&s, LOGIN, LISTED_ELSEWHERE);
	assert_client_gets(&s, 0, "error_code: 6");
	scene_connect(&s);
	log_in(1, "bob");
	client_says(&s, 1, LIST_OFFSETS("5", "1")); /* too early to ask again */
	assert_broker_gets(LOGIN, "partition_index: 1");
	broker_answers(&s, LOGIN, LISTED_ELSEWHERE);
	assert_client_gets(&s, 1, "error_code: 6");
	scene_until(&s, clock_ms() > heard + 1100);
	upstream_lose(upstreams_of_login(client(0)), LINK_CUT);
	client_says(&s, 0, LIST_OFFSETS("6", "1"));
	for (int64_t end = clock_ms() + 4000; scene_broker_has(&s, LOGIN) < 0 && clock_ms() < end;
	     scene_turn(&s)) {
		if (scene_broker_has(&s, 1) < 0)
			continue;
		broker_takes(&s, 1);
		broker_answers(&s, 1, "tokens: []\n");
	}
	assert_broker_gets(LOGIN, "DescribeDelegationToken (41) version 3");
	assert_non_null(client(0));
	assert_non_null(client(1));
	scene_deinit(&s);
	account_free(terms.account);
}

/* A new one, that broker 1 has listed and broker 2 never does. */
static void make_token_that_one_broker_has_listed(struct link_terms *terms)
{
	char *made = token("token", "bob", 0, 3600000), *listed = listed_at(clock_wall_ms());

	gateway_has_an_account(terms);
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	assert_broker_gets(LOGIN, "DescribeDelegationToken (41) version 3");
	broker_answers(&s, LOGIN, "tokens: []\n");
	assert_broker_gets(LOGIN, "CreateDelegationToken (38) version 3");
	broker_answers(&s, LOGIN, made);
	broker_believes(&s, 1);
	broker_hears(1, "principal_name: \"bob\"", listed);
	assert_broker_gets(1, "mechanism: \"SCRAM-SHA-256\""); /* of that login no more is heard */
	scene_connect(&s);
	log_in(1, "bob");
	client_says(&s, 1, LIST_OFFSETS("5", "2"));
	assert_not_listed_by(2);
	free(listed);
	free(made);
}

/* However new it is: what a broker has known it forgets at the token's end only. */
static void one_that_a_broker_lists_no_more_gives_place_to_another(void **state)
{
	struct link_terms terms;

	(void)state;
	begin();
	make_token_that_one_broker_has_listed(&terms);
	broker_hears(1, "principal_name: \"bob\"", "tokens: []\n");
	broker_hears(LOGIN, "DescribeDelegationToken (41) version 3", "tokens: []\n");
	assert_broker_gets(LOGIN, "CreateDelegationToken (38) version 3");
	answer_with("another", "bob", 3600000);
	assert_logs_in_by_token(2);
	assert_int_equal(scene_count(&s, STAT_TOKENS_REFUSED), 1);
	assert_int_equal(scene_count(&s, STAT_TOKENS_MADE), 2);
	scene_deinit(&s);
	account_free(terms.account);
}

static void one_that_a_broker_lists_still_is_kept(void **state)
{
	char *listed = listed_at(clock_wall_ms());
	struct link_terms terms;

	(void)state;
	begin();
	make_token_that_one_broker_has_listed(&terms);
	broker_hears(1, "principal_name: \"bob\"", listed);
	broker_hears(LOGIN, "ListOffsets",
		     "topics:\n  - name: \"orders\"\n    partitions:\n      - partition_index: 2\n"
		     "        error_code: 6\n");
	assert_client_gets(&s, 1, "error_code: 6");
	assert_int_equal(scene_count(&s, STAT_TOKENS_REFUSED), 0);
	assert_int_equal(scene_count(&s, STAT_TOKENS_MADE), 1);
	scene_deinit(&s);
	account_free(terms.account);
	free(listed);
}

/* Another worker has heard it list the token; this one asks the same broker for the first time. */
static void what_one_worker_has_heard_another_one_uses(void **state)
{
	struct link_terms terms;

	(void)state;
	begin();
	make_token_that_is_not_listed(&terms, 0);
	token_turns_listed(s.shared.token_turns, client(0)->claim.key, "token", 2);
	broker_believes(&s, 2);
	broker_hears(2, "principal_name: \"bob\"", "tokens: []\n");
	broker_hears(LOGIN, "DescribeDelegationToken (41) version 3", "tokens: []\n");
	assert_broker_gets(LOGIN, "CreateDelegationToken (38) version 3");
	answer_with("another", "bob", 3600000);
	assert_logs_in_by_token(1);
	scene_deinit(&s);
	account_free(terms.account);
}

static void brokers_without_a_key_carry_nobody_so(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	broker_takes(&s, LOGIN);
	broker_answers(&s, LOGIN, "error_code: 61\n");
	assert_client_closed(&s, 0);
	assert_int_equal(s.w->ways.tokens, TOKENS_NOT_MADE);
	/* and who comes then is carried another way */
	scene_connect(&s);
	log_in(1, "bob");
	assert_true(client(1)->claim.by_visits);
	scene_deinit(&s);
}

/* Then it can be asked for no more, and the client logs in anew. */
static void who_loses_its_login_before_is_closed(void **state)
{
	(void)state;
	begin();
	scene_broker_dies(&s, LOGIN);
	scene_until(&s, client(0)->upstreams == NULL);
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	assert_client_closed(&s, 0);
	scene_deinit(&s);
}

static void it_is_made_anew_in_time(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	broker_takes(&s, LOGIN);
	broker_answers(&s, LOGIN, "tokens: []\n");
	broker_takes(&s, LOGIN);
	answer_with_token("bob", 200); /* half of that is soon over */
	assert_broker_gets(LOGIN, "DescribeDelegationToken");
	assert_int_equal(scene_count(&s, STAT_TOKENS_MADE), 1);
	scene_deinit(&s);
}

/* Connections that are there log in anew by it, and their brokers may not know it yet. */
static void the_next_one_waits_until_it_is_known(void **state)
{
	const struct credentials *before;
	char *next;

	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	broker_takes(&s, LOGIN);
	broker_answers(&s, LOGIN, "tokens: []\n");
	broker_takes(&s, LOGIN);
	answer_with_token("bob", 1000); /* and half of that is soon over */
	assert_logs_in_by_token(1);
	before = client(0)->claim.token;
	assert_broker_gets(LOGIN, "DescribeDelegationToken");
	broker_answers(&s, LOGIN, "tokens: []\n");
	assert_broker_gets(LOGIN, "CreateDelegationToken");
	next = token("next", "bob", 4800, 3600000); /* brokers have 0.2 s more */
	broker_answers(&s, LOGIN, next);
	scene_until(&s, scene_count(&s, STAT_TOKENS_MADE) == 2);
	assert_ptr_equal(client(0)->claim.token, before);
	scene_until(&s, client(0)->claim.token != before);
	free(next);
	scene_deinit(&s);
}

/* The tokens of the client itself are its login's affair. */
static void token_requests_go_to_the_login(void **state)
{
	(void)state;
	begin();
	client_says(&s, 0, LIST_OFFSETS("5", "1"));
	make_token();
	assert_logs_in_by_token(1);
	broker_answers(&s, 1, "auth_bytes: \"e=no\"\n");
	client_says(&s, 0, "DescribeDelegationToken 3 id 6\nowners: null\n");
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_login_itself_needs_none),
		cmocka_unit_test(another_broker_needs_one),
		cmocka_unit_test(no_part_leaves_before),
		cmocka_unit_test(one_that_is_there_is_used),
		cmocka_unit_test(clients_of_one_name_share_it),
		cmocka_unit_test(another_name_has_its_own),
		cmocka_unit_test(whose_it_is_says_the_broker),
		cmocka_unit_test(one_that_is_refused_gives_place_to_another),
		cmocka_unit_test(a_broker_that_takes_none_is_not_made_them_without_end),
		cmocka_unit_test(a_broker_that_makes_none_is_not_waited_for),
		cmocka_unit_test(another_broker_is_asked_instead),
		cmocka_unit_test(a_token_is_made_when_it_is_its_turn),
		cmocka_unit_test(a_slow_broker_lists_it_twice),
		cmocka_unit_test(all_refusals_of_one_moment_are_one_doubt),
		cmocka_unit_test(brokers_that_are_slow_to_list_it_are_left_out),
		cmocka_unit_test(one_that_is_gone_before_it_is_used_gives_place_to_another),
		cmocka_unit_test(one_that_is_there_is_waited_for),
		cmocka_unit_test(who_has_lost_its_login_has_another_ask),
		cmocka_unit_test(one_that_a_broker_lists_no_more_gives_place_to_another),
		cmocka_unit_test(one_that_a_broker_lists_still_is_kept),
		cmocka_unit_test(what_one_worker_has_heard_another_one_uses),
		cmocka_unit_test(brokers_without_a_key_carry_nobody_so),
		cmocka_unit_test(who_loses_its_login_before_is_closed),
		cmocka_unit_test(it_is_made_anew_in_time),
		cmocka_unit_test(the_next_one_waits_until_it_is_known),
		cmocka_unit_test(token_requests_go_to_the_login),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
