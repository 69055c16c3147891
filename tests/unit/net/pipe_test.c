#include "net/pipe.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void pipes_are_used_again(void **state)
{
	struct pipepool p;
	struct pipe *a, *b;

	(void)state;
	pipepool_init(&p, 2);
	a = pipe_get(&p);
	b = pipe_get(&p);
	assert_non_null(a);
	assert_non_null(b);
	assert_null(pipe_get(&p)); /* the limit */
	pipe_put(&p, a);
	assert_ptr_equal(pipe_get(&p), a);
	pipe_put(&p, a);
	pipe_put(&p, b);
	pipe_put(&p, NULL);
	assert_int_equal(p.open, 2);
	pipepool_deinit(&p);
	assert_int_equal(p.open, 0);
}

/* Its bytes would turn up in another frame. */
static void one_with_bytes_in_it_is_closed(void **state)
{
	struct pipepool p;
	struct pipe *pipe;
	char c;

	(void)state;
	pipepool_init(&p, 1);
	pipe = pipe_get(&p);
	assert_int_equal(write(pipe->in, "x", 1), 1);
	pipe->held = 1;
	pipe_put(&p, pipe);
	assert_int_equal(p.open, 0);
	pipe = pipe_get(&p);
	assert_non_null(pipe);
	assert_int_equal(pipe->held, 0);
	assert_int_equal(read(pipe->out, &c, 1), -1);
	pipe_put(&p, pipe);
	pipepool_deinit(&p);
}

static void only_a_few_are_kept(void **state)
{
	struct pipepool p;
	struct pipe *all[12];

	(void)state;
	pipepool_init(&p, 12);
	for (int i = 0; i < 12; i++) {
		all[i] = pipe_get(&p);
		assert_non_null(all[i]);
		assert_true(all[i]->size >= 4096);
	}
	for (int i = 0; i < 12; i++)
		pipe_put(&p, all[i]);
	assert_int_equal(p.open, 8);
	pipepool_deinit(&p);
}

/* A user who is nobody else here, so that what others have does not count; root has no bound. */
static void become_somebody(void)
{
	if (getuid() == 0)
		assert_int_equal(setuid(61234), 0);
}

/* As many as the user may have: each is as large as it says, and worth having. */
static void no_pipe_is_smaller_than_it_says(void **state)
{
	enum { MANY = 400 };
	static struct pipe *all[MANY];
	struct pipepool p;
	unsigned n = 0;
	pid_t child = fork();

	(void)state;
	if (child != 0) {
		int status;

		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		return;
	}
	become_somebody();
	pipepool_init(&p, MANY);
	while (n < MANY && (all[n] = pipe_get(&p)) != NULL) {
		if (fcntl(all[n]->in, F_GETPIPE_SZ) != (int)all[n]->size || all[n]->size < 65536)
			_exit(1);
		n++;
	}
	_exit(n < 16 || p.open != n ? 2 : 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipes_are_used_again),
		cmocka_unit_test(one_with_bytes_in_it_is_closed),
		cmocka_unit_test(only_a_few_are_kept),
		cmocka_unit_test(no_pipe_is_smaller_than_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
