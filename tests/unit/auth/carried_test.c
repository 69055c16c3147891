/* The mechanisms that are carried: who is said, and when a broker has let the client in. */
#include "auth/carried.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct carried *mechanism(const char *name)
{
	return carried_of((const uint8_t *)name, strlen(name));
}

static void assert_who_of(const char *name, const char *first, size_t n, const char *who)
{
	/* memory of its very size, so that a read beyond it is found */
	uint8_t *copy = malloc(n + 1);
	char *got;

	memcpy(copy, first, n);
	copy = realloc(copy, n > 0 ? n : 1);
	got = mechanism(name)->who(copy, n);
	if (who == NULL)
		assert_null(got);
	else
		assert_string_equal(got, who);
	free(got);
	free(copy);
}

#define ASSERT_WHO(name, first, who) assert_who_of(name, first, sizeof(first) - 1, who)

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(mechanism("PLAIN")->name, "PLAIN");
	assert_int_equal(mechanism("OAUTHBEARER")->way, CARRIED_REPLAYED);
	assert_int_equal(mechanism("SCRAM-SHA-512")->way, CARRIED_BY_TOKEN);
	assert_int_equal(mechanism("GSSAPI")->way, CARRIED_BY_TOKEN);
	assert_true(mechanism("GSSAPI")->who == NULL); /* a broker says it */
	assert_null(mechanism("plain"));
	assert_null(mechanism("PLAINER"));
	assert_null(mechanism("PLAI"));
	assert_null(mechanism(""));
}

static void test_who_says_plain(void **state)
{
	(void)state;
	ASSERT_WHO("PLAIN", "\0alice\0secret", "alice");
	ASSERT_WHO("PLAIN", "alice\0alice\0secret", "alice");
	ASSERT_WHO("PLAIN", "\0\0", "");
	ASSERT_WHO("PLAIN", "\0alice", NULL);
	ASSERT_WHO("PLAIN", "alice", NULL);
	ASSERT_WHO("PLAIN", "", NULL);
}

static void test_who_says_scram(void **state)
{
	(void)state;
	ASSERT_WHO("SCRAM-SHA-256", "n,,n=bob,r=abc", "bob");
	ASSERT_WHO("SCRAM-SHA-256", "n,a=bob,n=bob,r=abc", "bob");
	ASSERT_WHO("SCRAM-SHA-512", "n,,n=a=2Cb=3Dc,r=abc", "a,b=c");
	ASSERT_WHO("SCRAM-SHA-256", "n,,n=bob", NULL);
	ASSERT_WHO("SCRAM-SHA-256", "n,,r=abc,n=bob", NULL);
	ASSERT_WHO("SCRAM-SHA-256", "n,,,", NULL);
	ASSERT_WHO("SCRAM-SHA-256", "n,", NULL);
	ASSERT_WHO("SCRAM-SHA-256", "", NULL);
}

/* {"alg":"none"} . {"sub":"oscar","exp":1} and other claims. */
static void test_who_says_oauthbearer(void **state)
{
	(void)state;
	ASSERT_WHO("OAUTHBEARER",
		   "n,,\1auth=Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJvc2NhciIsImV4cCI6MX0.\1\1",
		   "oscar");
	ASSERT_WHO("OAUTHBEARER",
		   "n,,\1auth=Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJvIn0.c2ln\1traceId=1\1\1", "o");
	ASSERT_WHO("OAUTHBEARER", "n,,\1auth=Bearer e30.e30.\1\1", NULL);
	ASSERT_WHO("OAUTHBEARER", "n,,\1auth=Bearer e30.W10.\1\1", NULL);
	ASSERT_WHO("OAUTHBEARER", "n,,\1auth=Bearer a.b.c\1\1", NULL);
	ASSERT_WHO("OAUTHBEARER", "n,,\1auth=Bearer a..c\1\1", NULL);
	ASSERT_WHO("OAUTHBEARER", "n,,\1auth=Bearer a.!!!!.c\1\1", NULL);
	ASSERT_WHO("OAUTHBEARER", "n,,\1auth=Bearer a\1\1", NULL);
	ASSERT_WHO("OAUTHBEARER", "n,,\1auth=Bearer a.b.c", NULL);
	ASSERT_WHO("OAUTHBEARER", "\1", NULL);
	ASSERT_WHO("OAUTHBEARER", "", NULL);
}

static bool is_in(const char *name, const char *answer)
{
	return mechanism(name)->is_in((const uint8_t *)answer, strlen(answer));
}

static void test_when_a_client_is_in(void **state)
{
	(void)state;
	assert_true(is_in("PLAIN", ""));
	assert_true(is_in("OAUTHBEARER", ""));
	assert_false(is_in("OAUTHBEARER", "{\"status\":\"invalid_token\"}"));
	assert_true(is_in("GSSAPI", ""));
	assert_false(is_in("GSSAPI", "which layers of security there are"));
	assert_false(is_in("SCRAM-SHA-256", "r=abc,s=c2FsdA==,i=4096"));
	assert_false(is_in("SCRAM-SHA-256", ""));
	assert_false(is_in("SCRAM-SHA-256", "e=other-error"));
	assert_true(is_in("SCRAM-SHA-256", "v=c2lnbmF0dXJl"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_who_says_plain),
		cmocka_unit_test(test_who_says_scram),
		cmocka_unit_test(test_who_says_oauthbearer),
		cmocka_unit_test(test_when_a_client_is_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
