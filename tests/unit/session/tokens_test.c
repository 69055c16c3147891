/* Clients of SCRAM at further brokers: a token that the client makes for itself, asked for on the
 * connection of its login, shared by the clients of the same name, and made anew in time. */
#include "session/tokens.h"

#include "auth/mechanism.h"
#include "session/session.h"
#include "session/upstreams.h"

#include "unit/session/words.h"

#define LIST_OFFSETS(id, partition)                                                \
	"ListOffsets 5 id " id "\nreplica_id: -1\ntopics:\n  - name: \"orders\"\n" \
	"    partitions:\n      - partition_index: " partition "\n"
#define BOTH(id) LIST_OFFSETS(id, "0") "      - partition_index: 1\n"
#define LISTED "topics:\n  - name: \"orders\"\n    partitions:\n      - partition_index: 1\n"
#define MECHANISMS "mechanisms: [ \"SCRAM-SHA-256\" ]\n"

enum { LOGIN = 0 }; /* the broker at which clients log in */

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
static void log_in(int n, const char *user)
{
	char *first = mem_printf("SaslAuthenticate 2 id 3\nauth_bytes: \"n,,n=%s,r=abc\"\n", user);

	client(n)->came.broker = LOGIN;
	client_says(&s, n, "SaslHandshake 1 id 2\nmechanism: \"SCRAM-SHA-256\"\n");
	broker_takes(&s, LOGIN);
	broker_answers(&s, LOGIN, MECHANISMS);
	free(client_gets(&s, n));
	client_says(&s, n, first);
	broker_takes(&s, LOGIN);
	broker_answers(&s, LOGIN, "auth_bytes: \"r=abcd,s=c2FsdA==,i=4096\"\n");
	free(client_gets(&s, n));
	s.clients[n].said.count = 0;
	client_says(&s, n, "SaslAuthenticate 2 id 4\nauth_bytes: \"c=biws,r=abcd,p=cHJvb2Y=\"\n");
	broker_takes(&s, LOGIN);
	broker_answers(&s, LOGIN, "auth_bytes: \"v=c2ln\"\n");
	free(client_gets(&s, n));
	free(first);
}

static void begin(void)
{
	static const int32_t leaders[] = { 0, 1, 2 };

	scene_init(&s);
	s.config.gateway_protocol = OVER_SASL_PLAINTEXT;
	scene_topic(&s, "orders", leaders, SCENE_BROKERS);
	scene_connect(&s);
	log_in(0, "bob");
}

/* A token, issued so long ago; those of a minute ago are known everywhere. */
static char *token(const char *owner, int64_t age_ms, int64_t left_ms)
{
	int64_t now = clock_wall_ms();

	return mem_printf("principal_type: \"User\"\nprincipal_name: \"%s\"\n"
			  "token_requester_principal_name: \"%s\"\nissue_timestamp_ms: %lld\n"
			  "expiry_timestamp_ms: %lld\ntoken_id: \"token\"\nhmac: \"secret\"\n",
			  owner, owner, (long long)(now - age_ms), (long long)(now + left_ms));
}

static void answer_with_token(const char *owner, int64_t left_ms)
{
	char *tree = token(owner, 60000, left_ms);

	broker_answers(&s, LOGIN, tree);
	free(tree);
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
				(long long)(now - 60000), (long long)(now + 3500000));

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
		cmocka_unit_test(brokers_without_a_key_carry_nobody_so),
		cmocka_unit_test(who_loses_its_login_before_is_closed),
		cmocka_unit_test(it_is_made_anew_in_time),
		cmocka_unit_test(token_requests_go_to_the_login),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
