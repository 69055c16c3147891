/* Words for what libraries say in theirs. */
#include "util/why.h"

#include "util/compiler.h"

#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_that_are_not_found(void **state)
{
	static const int errors[] = { EAI_NONAME, EAI_NODATA, EAI_AGAIN,      EAI_FAIL,
				      EAI_FAMILY, EAI_MEMORY, EAI_ADDRFAMILY, EAI_SERVICE };
	char words[WHY_WORDS_MAX];

	(void)state;
	assert_string_equal(why_not_found(EAI_NONAME, words), "there is no such name");
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		const char *said = why_not_found(errors[i], words);

		assert_ptr_not_equal(said, words);
		assert_string_not_equal(said, gai_strerror(errors[i]));
	}
	errno = EMFILE;
	assert_string_equal(why_not_found(EAI_SYSTEM, words), "no file descriptors are left");
	assert_string_equal(why_not_found(-9999, words), "the look-up failed (error -9999)");
}

static void connections_that_fail(void **state)
{
	static const int errors[] = { ECONNREFUSED, ECONNRESET, EPIPE,	EHOSTUNREACH,
				      ENETUNREACH,  ETIMEDOUT,	EACCES, EADDRNOTAVAIL,
				      ENOENT,	    EMFILE,	ENFILE };
	char words[WHY_WORDS_MAX];

	(void)state;
	assert_string_equal(why_not_connected(ECONNREFUSED, words), "nobody listens there");
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		const char *said = why_not_connected(errors[i], words);

		assert_ptr_not_equal(said, words);
		assert_string_not_equal(said, strerror(errors[i]));
	}
	assert_non_null(strstr(why_not_connected(EPROTO, words), "(errno "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_are_not_found),
		cmocka_unit_test(connections_that_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
