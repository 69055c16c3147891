/* admission_test.c - how many connections come in, in all and by address. */
#include "net/admission.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/un.h>

static struct sockaddr_storage address(const char *text, int port)
{
	struct sockaddr_storage s = { 0 };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		memcpy(&s, &v4, sizeof v4);
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		memcpy(&s, &v6, sizeof v6);
	else
		fail_msg("%s is no address", text);
	return s;
}

static bool enter(struct admission *a, const char *text, int port)
{
	struct sockaddr_storage s = address(text, port);

	return admission_enter_address(a, (struct sockaddr *)&s);
}

static void leave(struct admission *a, const char *text, int port)
{
	struct sockaddr_storage s = address(text, port);

	admission_leave_address(a, (struct sockaddr *)&s);
}

static void a_full_node_lets_nobody_in(void **state)
{
	struct admission *a = admission_new(2, 0);

	(void)state;
	assert_true(admission_enter(a));
	assert_true(admission_enter(a));
	assert_false(admission_enter(a));
	assert_false(admission_enter(a));
	admission_leave(a);
	assert_true(admission_enter(a));
	assert_false(admission_enter(a));
	admission_free(a);
}

static void without_a_limit_an_address_may_come_as_often_as_it_likes(void **state)
{
	struct admission *a = admission_new(10, 0);

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(enter(a, "10.0.0.1", i));
	leave(a, "10.0.0.1", 0);
	admission_free(a);
}

static void each_address_has_its_own_limit(void **state)
{
	struct admission *a = admission_new(100, 2);

	(void)state;
	assert_true(enter(a, "10.0.0.1", 1));
	assert_true(enter(a, "10.0.0.1", 2));
	assert_false(enter(a, "10.0.0.1", 3));
	assert_true(enter(a, "10.0.0.2", 1));
	leave(a, "10.0.0.1", 9);
	assert_true(enter(a, "10.0.0.1", 4));
	assert_false(enter(a, "10.0.0.1", 5));
	leave(a, "10.0.0.1", 1);
	leave(a, "10.0.0.1", 1);
	assert_true(enter(a, "10.0.0.1", 1));
	admission_free(a);
}

static void what_counts_as_one_address(void **state)
{
	static const struct {
		const char *first, *second;
		bool same;
	} rows[] = {
		{ "10.0.0.1", "::ffff:10.0.0.1", true },
		{ "10.0.0.1", "10.0.0.129", false },
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true },
		{ "2001:db8:1:2::1", "2001:db8:1:3::1", false },
		{ "0.0.0.1", "::1", false },
		{ "0.0.0.0", "::", false },
		{ "::ffff:10.0.0.1", "::ffff:10.0.0.2", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct admission *a = admission_new(100, 1);

		assert_true(enter(a, rows[i].first, 1));
		if (enter(a, rows[i].second, 1) == rows[i].same)
			fail_msg("%s and %s", rows[i].first, rows[i].second);
		admission_free(a);
	}
}

static void a_unix_socket_has_no_address_to_count(void **state)
{
	struct admission *a = admission_new(100, 1);
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(admission_enter_address(a, (struct sockaddr *)&un));
	admission_leave_address(a, (struct sockaddr *)&un);
	admission_free(a);
}

/* More addresses than buckets, then none: nothing is left behind (a leak check
 * in an ASan build sees what the counts can't). */
static void many_addresses_come_and_go(void **state)
{
	struct admission *a = admission_new(10, 1);
	struct sockaddr_in in = { .sin_family = AF_INET };

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			in.sin_addr.s_addr = htonl(0x0a000000 + i);
			assert_true(admission_enter_address(a, (struct sockaddr *)&in));
			assert_false(admission_enter_address(a, (struct sockaddr *)&in));
		}
		for (uint32_t i = 0; i < 5000; i++) {
			in.sin_addr.s_addr = htonl(0x0a000000 + i);
			admission_leave_address(a, (struct sockaddr *)&in);
		}
	}
	admission_free(a);
}

enum { THREADS = 4, ROUNDS = 20000, TOTAL = 3, PER_ADDRESS = 2 };

static struct admission *shared;
static atomic_int inside, inside_address, too_many;

static void *come_and_go(void *arg)
{
	struct sockaddr_storage s = address("10.9.8.7", 1);

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		if (admission_enter(shared)) {
			if (atomic_fetch_add(&inside, 1) >= TOTAL)
				atomic_store(&too_many, 1);
			atomic_fetch_sub(&inside, 1);
			admission_leave(shared);
		}
		if (admission_enter_address(shared, (struct sockaddr *)&s)) {
			if (atomic_fetch_add(&inside_address, 1) >= PER_ADDRESS)
				atomic_store(&too_many, 1);
			atomic_fetch_sub(&inside_address, 1);
			admission_leave_address(shared, (struct sockaddr *)&s);
		}
	}
	return NULL;
}

static void threads_never_pass_the_limits(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	shared = admission_new(TOTAL, PER_ADDRESS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(too_many, 0);
	for (int i = 0; i < TOTAL; i++)
		assert_true(admission_enter(shared)); /* all places are free again */
	assert_false(admission_enter(shared));
	assert_true(enter(shared, "10.9.8.7", 1));
	assert_true(enter(shared, "10.9.8.7", 1));
	assert_false(enter(shared, "10.9.8.7", 1));
	admission_free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_node_lets_nobody_in),
		cmocka_unit_test(without_a_limit_an_address_may_come_as_often_as_it_likes),
		cmocka_unit_test(each_address_has_its_own_limit),
		cmocka_unit_test(what_counts_as_one_address),
		cmocka_unit_test(a_unix_socket_has_no_address_to_count),
		cmocka_unit_test(many_addresses_come_and_go),
		cmocka_unit_test(threads_never_pass_the_limits),
	};

	return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
