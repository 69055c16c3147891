/* exchanged.h - a test that plays the broker in an exchange, message by message. */
#ifndef UNIT_AUTH_EXCHANGED_H
#define UNIT_AUTH_EXCHANGED_H

#include "auth/mechanism.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct exchanged {
	const struct mechanism *mechanism;
	struct credentials *as;
	struct mechanism_run *run;
	struct buf say;
	char why[MECHANISM_WHY_MAX];
};

/* Takes the reference and the run. */
static inline struct exchanged exchanged_begin(struct credentials *as, struct mechanism_run *run)
{
	struct exchanged x = { .mechanism = as->mechanism, .as = as, .run = run };

	buf_init(&x.say, MECHANISM_SAY_MAX);
	return x;
}

static inline void exchanged_end(struct exchanged *x)
{
	x->mechanism->end(x->run);
	credentials_put(x->as);
	buf_deinit(&x->say);
}

/* heard NULL: the client begins. */
static inline enum mechanism_step exchanged_hear(struct exchanged *x, const void *heard, size_t n)
{
	buf_clear(&x->say);
	return x->mechanism->next(x->run, heard, n, &x->say, x->why);
}

static inline void exchanged_says(struct exchanged *x, const char *heard, const void *bytes,
				  size_t n)
{
	assert_int_equal(exchanged_hear(x, heard, heard != NULL ? strlen(heard) : 0),
			 MECHANISM_SAYS);
	assert_int_equal(x->say.len, n);
	assert_memory_equal(x->say.data, bytes, n);
}

static inline void exchanged_says_text(struct exchanged *x, const char *heard, const char *text)
{
	exchanged_says(x, heard, text, strlen(text));
}

static inline void exchanged_is_done(struct exchanged *x, const char *heard)
{
	assert_int_equal(exchanged_hear(x, heard, strlen(heard)), MECHANISM_IS_DONE);
	assert_int_equal(x->say.len, 0);
}

static inline void exchanged_fails(struct exchanged *x, const char *heard, const char *why)
{
	assert_int_equal(exchanged_hear(x, heard, strlen(heard)), MECHANISM_FAILED);
	assert_non_null(strstr(x->why, why));
}

#endif
