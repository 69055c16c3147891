#include "auth/said.h"

#include "util/mem.h"

#include <assert.h>

struct mechanism_run *said_begin(const struct credentials *as)
{
	struct mechanism_run *run = mem_zalloc(sizeof *run);

	run->as = as;
	return run;
}

void said_end(struct mechanism_run *run)
{
	free(run);
}

struct credentials *said_credentials(const struct mechanism *m, const void *bytes, size_t n)
{
	struct credentials *c;

	assert(m->replays);
	c = credentials_new(m);
	buf_init(&c->said, MECHANISM_SAY_MAX);
	buf_reserve(&c->said, n);
	buf_append(&c->said, bytes, n);
	return c;
}
