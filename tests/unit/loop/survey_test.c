/* survey_test.c - all answers come, or the asker gives up and nothing is lost. */
#include "loop/survey.h"

#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { LOOPS = 4, PATIENCE_S = 30 };

struct sum {
	struct survey survey;
	int value;
	int *frees;
};

/* It answers when it is told to stop, or at once. */
struct answerer {
	struct ev_loop *loop;
	struct mailbox mailbox;
	pthread_t thread;
	int value;
	struct survey *keeps;
};

static void free_sum(struct survey *a)
{
	struct sum *s = CONTAINER_OF(a, struct sum, survey);

	++*s->frees;
	free(s);
}

static void add_value(struct survey *a, void *owner)
{
	struct sum *s = CONTAINER_OF(a, struct sum, survey);
	struct answerer *from = owner;

	pthread_mutex_lock(&a->lock);
	s->value += from->value;
	pthread_mutex_unlock(&a->lock);
	survey_release(a);
	if (from->thread != 0)
		ev_break(from->loop, EVBREAK_ALL);
}

static void keep(struct survey *a, void *owner)
{
	((struct answerer *)owner)->keeps = a;
}

static struct sum *sum_new(int *frees, void (*answer)(struct survey *a, void *owner))
{
	struct sum *s = mem_zalloc(sizeof *s);

	*frees = 0;
	s->frees = frees;
	survey_init(&s->survey, answer, free_sum);
	return s;
}

static void answerer_init(struct answerer *a, int value)
{
	*a = (struct answerer){ .loop = ev_loop_new(0), .value = value };
	mailbox_init(&a->mailbox, a->loop, a);
}

static void answerer_deinit(struct answerer *a)
{
	mailbox_deinit(&a->mailbox);
	ev_loop_destroy(a->loop);
}

static void *run(void *arg)
{
	ev_run(((struct answerer *)arg)->loop, 0);
	return NULL;
}

static void many_loops_answer(void **state)
{
	struct answerer all[LOOPS];
	int frees;
	struct sum *s = sum_new(&frees, add_value);

	(void)state;
	for (int i = 0; i < LOOPS; i++) {
		answerer_init(&all[i], 1 << i);
		survey_ask(&s->survey, &all[i].mailbox);
		assert_int_equal(pthread_create(&all[i].thread, NULL, run, &all[i]), 0);
	}
	assert_true(survey_wait(&s->survey, PATIENCE_S));
	assert_int_equal(s->value, (1 << LOOPS) - 1);
	assert_int_equal(frees, 0);
	survey_release(&s->survey);
	assert_int_equal(frees, 1);
	for (int i = 0; i < LOOPS; i++) {
		assert_int_equal(pthread_join(all[i].thread, NULL), 0);
		answerer_deinit(&all[i]);
	}
}

static void nobody_asked_is_all_answered(void **state)
{
	int frees;
	struct sum *s = sum_new(&frees, add_value);

	(void)state;
	assert_true(survey_wait(&s->survey, 0));
	survey_release(&s->survey);
	assert_int_equal(frees, 1);
}

static void a_late_answer_finds_nobody_and_frees(void **state)
{
	struct answerer in_time, late;
	int frees;
	struct sum *s = sum_new(&frees, add_value);

	(void)state;
	answerer_init(&in_time, 1);
	answerer_init(&late, 2);
	survey_ask(&s->survey, &in_time.mailbox);
	survey_ask(&s->survey, &late.mailbox);
	ev_run(in_time.loop, EVRUN_NOWAIT);
	assert_false(survey_wait(&s->survey, 0));
	survey_release(&s->survey);
	assert_int_equal(frees, 0);
	ev_run(late.loop, EVRUN_NOWAIT);
	assert_int_equal(frees, 1);
	answerer_deinit(&in_time);
	answerer_deinit(&late);
}

static void so_does_one_that_comes_when_its_loop_ends(void **state)
{
	struct answerer late;
	int frees;
	struct sum *s = sum_new(&frees, add_value);

	(void)state;
	answerer_init(&late, 1);
	survey_ask(&s->survey, &late.mailbox);
	assert_false(survey_wait(&s->survey, 0));
	survey_release(&s->survey);
	answerer_deinit(&late);
	assert_int_equal(frees, 1);
}

static void an_answer_may_take_its_time(void **state)
{
	struct answerer slow;
	int frees;
	struct sum *s = sum_new(&frees, keep);

	(void)state;
	answerer_init(&slow, 1);
	survey_ask(&s->survey, &slow.mailbox);
	ev_run(slow.loop, EVRUN_NOWAIT);
	assert_false(survey_wait(&s->survey, 0));
	survey_release(slow.keeps);
	assert_true(survey_wait(&s->survey, 0));
	survey_release(&s->survey);
	assert_int_equal(frees, 1);
	answerer_deinit(&slow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_loops_answer),
		cmocka_unit_test(nobody_asked_is_all_answered),
		cmocka_unit_test(a_late_answer_finds_nobody_and_frees),
		cmocka_unit_test(so_does_one_that_comes_when_its_loop_ends),
		cmocka_unit_test(an_answer_may_take_its_time),
	};

	return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}
