#include "loop/publisher.h"

#include "topology/snapshot_build.h"
#include "unit/topology/worker.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_reader_hears_the_newest),
		cmocka_unit_test(nothing_is_heard_when_it_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
