#include "loop/publisher.h"

#include "topology/resolve.h"
#include "topology/snapshot_build.h"
#include "unit/topology/worker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void publish(struct publisher *p, int32_t controller)
{
	struct snapshot *s = snapshot_new(NULL);

	s->controller = controller;
	publisher_publish(p, s);
}

static bool has_seen(void *ctx)
{
	const struct worker *w = ctx;

	return w->snapshot != NULL && w->snapshot->controller == 3;
}

static void a_slow_reader_hears_the_newest(void **state)
{
	struct publisher *p = publisher_new(&snapshot_published);
	struct worker w;
	const struct snapshot *s;

	(void)state;
	worker_init(&w);
	publisher_subscribe(p, &w.mailbox, worker_on_snapshot);
	assert_null(publisher_current(p));
	for (int32_t i = 1; i <= 3; i++)
		publish(p, i);
	assert_true(worker_wait(&w, has_seen, &w));
	assert_int_equal(w.snapshots, 1); /* three became one */
	s = publisher_current(p);
	assert_ptr_equal(s, w.snapshot);
	assert_ptr_equal(s, publisher_peek(p));
	snapshot_unref(s);
	publish(p, 4);
	publish(p, 3);
	w.snapshots = 0;
	ev_run(w.loop, EVRUN_ONCE);
	assert_int_equal(w.snapshots, 1);
	publisher_free(p);
	assert_int_equal(w.snapshot->controller, 3); /* the reader's own reference */
	worker_deinit(&w);
}

static void nothing_is_heard_when_it_is_gone(void **state)
{
	struct publisher *p = publisher_new(&snapshot_published);
	struct worker w;

	(void)state;
	worker_init(&w);
	publisher_subscribe(p, &w.mailbox, worker_on_snapshot);
	publish(p, 1); /* its letter is under way */
	publisher_free(p);
	worker_deinit(&w);
	assert_int_equal(w.snapshots, 0);
}

static void numbers_are_no_names(void **state)
{
	struct resolver *r = resolver_new();
	struct resolved a[RESOLVE_ADDRESSES];
	const struct sockaddr_in *in = (const struct sockaddr_in *)&a[0].storage;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a[0].storage;

	(void)state;
	assert_int_equal(resolve(r, "127.0.0.9", 9092, 0, a), 1);
	assert_int_equal(a[0].len, sizeof *in);
	assert_int_equal(in->sin_addr.s_addr, htonl(0x7f000009));
	assert_int_equal(ntohs(in->sin_port), 9092);
	assert_int_equal(resolve(r, "::1", 65535, 0, a), 1);
	assert_int_equal(a[0].len, sizeof *in6);
	assert_int_equal(ntohs(in6->sin6_port), 65535);
	resolver_free(r);
}

static void names_are_remembered(void **state)
{
	struct resolver *r = resolver_new();
	struct resolved a[RESOLVE_ADDRESSES];
	size_t n = resolve(r, "localhost", 1, 1000, a);

	(void)state;
	assert_in_range(n, 1, RESOLVE_ADDRESSES);
	for (size_t i = 0; i < n; i++)
		assert_true(a[i].len > 0);
	assert_int_equal(resolve(r, "localhost", 2, 2000, a), n);
	assert_int_equal(ntohs(((const struct sockaddr_in *)&a[0].storage)->sin_port), 2);
	assert_int_equal(resolve(r, "localhost", 2, 1000 + RESOLVE_KEEP_MS, a), n);
	assert_int_equal(resolve(r, "no such name", 1, 2000, a), 0);
	assert_int_equal(resolve(r, "no such name", 1, 2001, a), 0);
	resolver_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_reader_hears_the_newest),
		cmocka_unit_test(nothing_is_heard_when_it_is_gone),
		cmocka_unit_test(numbers_are_no_names),
		cmocka_unit_test(names_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
