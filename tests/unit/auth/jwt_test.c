/* When a token says that it runs out. */
#include "auth/jwt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void it_says_when(void **state)
{
	(void)state;
	assert_int_equal(jwt_expires_at("eyJhbGciOiAibm9uZSJ9."
					"eyJzdWIiOiAib3NjYXIiLCAiZXhwIjogMTkwMDAwMDAwMH0."),
			 1900000000);
	/* of letters that plain base64 does not have, and with a fraction */
	assert_int_equal(
		jwt_expires_at("h.eyJleHAiOiAxOTAwMDAwMDAwLjc1LCAieCI6ICI_Pz8-Pj5-fn4ifQ.sig"),
		1900000000);
}

static void it_says_nothing(void **state)
{
	static const char *const tokens[] = { "",
					      "opaque-token",
					      "a.b",
					      "a..c",
					      "h.eyJ.s",
					      "h.*.s",
					      "h.eyJleHAiOiAic29vbiJ9.s", /* "soon" */
					      "h.eyJzdWIiOiAieCJ9.s",	  /* no exp */
					      "h.eyJleHAiOiAtNX0.s",	  /* -5 */
					      "h.eyJleHAiOiAxZSszMDB9.s", /* 1e300 */
					      "h.WzFd.s" };		  /* a list */

	(void)state;
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
		assert_int_equal(jwt_expires_at(tokens[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_when),
		cmocka_unit_test(it_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
