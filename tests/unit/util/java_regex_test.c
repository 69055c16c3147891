/* Java's regular expressions: what is alike, and what is refused because it is not. */
#include "util/java_regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct java_regex *made(const char *pattern)
{
	char why[JAVA_REGEX_WHY_MAX] = "";
	struct java_regex *r = java_regex_new(pattern, strlen(pattern), why);

	if (r == NULL)
		fail_msg("%s: %s", pattern, why);
	return r;
}

static void what_matches(void **state)
{
	static const struct {
		const char *pattern, *text;
		enum java_regex_result result;
	} rows[] = {
		{ "a|ab", "ab", JAVA_REGEX_YES }, /* the whole text, by whichever way */
		{ "a", "ab", JAVA_REGEX_NO },
		{ "^CN=(.*?),.*$", "CN=a,O=b", JAVA_REGEX_YES },
		{ "[^,=]+", "J\xc3\xbcrgen", JAVA_REGEX_YES },
		{ "J.rgen", "J\xc3\xbcrgen", JAVA_REGEX_YES }, /* a letter, not a byte */
		{ "\\w+", "J\xc3\xbcrgen", JAVA_REGEX_NO },
		{ "(?i)cn=\\w+", "CN=K", JAVA_REGEX_YES },
		{ "(?i)k", "\xe2\x84\xaa",
		  JAVA_REGEX_UNTOLD }, /* U+212A, which some take for a k */
		{ "k", "\xe2\x84\xaa", JAVA_REGEX_NO },
		{ "(?-i)k", "\xe2\x84\xaa", JAVA_REGEX_NO },
		{ ".*", "a\nb", JAVA_REGEX_UNTOLD },
		{ ".*", "a\xe2\x80\xa8z", JAVA_REGEX_UNTOLD },
		{ ".*", "\xff", JAVA_REGEX_UNTOLD }, /* no UTF-8 */
		{ "(a+)+[bd]", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", JAVA_REGEX_UNTOLD },
		{ "(?<n>a)\\k<n>\\1", "aaa", JAVA_REGEX_YES },
		{ "[\\w.-]{2,}", "a-.", JAVA_REGEX_YES },
		{ "a\\/b\\x41", "a/bA", JAVA_REGEX_YES },
		{ "", "", JAVA_REGEX_YES },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct java_regex *r = made(rows[i].pattern);

		if (java_regex_matches(r, rows[i].text) != rows[i].result)
			fail_msg("%s of %s", rows[i].pattern, rows[i].text);
		java_regex_free(r);
	}
}

static void what_is_replaced(void **state)
{
	static const struct java_regex_piece pieces[] = { { .text = "<", .len = 1 },
							  { .group = 1 },
							  { .text = ">", .len = 1 } };
	static const struct {
		const char *pattern, *text, *out;
	} rows[] = {
		{ "(a)", "banana", "b<a>n<a>n<a>" },
		{ "(a*)", "baac", "<>b<aa><>c<>" }, /* also nothing, wherever there is some */
		{ "(.*)", "ab", "<ab><>" },
		{ "(.*?)",
		  "\xc3\xbc"
		  "b",
		  "<>\xc3\xbc<>b<>" },
		{ "^(.)", "aa", "<a>a" },
		{ "(x)|a", "ax", "<><x>" }, /* a group without a match is nothing */
		{ "(q)", "ab", "ab" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct java_regex *r = made(rows[i].pattern);
		struct buf to;

		buf_init(&to, 100);
		assert_int_equal(
			java_regex_replace(r, rows[i].text, pieces, ARRAY_LEN(pieces), &to),
			JAVA_REGEX_YES);
		buf_append8(&to, '\0');
		assert_string_equal((char *)to.data, rows[i].out);
		buf_deinit(&to);
		java_regex_free(r);
	}
}

/* PCRE2 takes each of them, or not for the reason that Java has. */
static void what_is_refused(void **state)
{
	static const struct {
		const char *pattern, *why;
	} rows[] = {
		{ "a\\N", "at 2: \\N is not understood" },
		{ "\\p{L}", "\\p is not" },
		{ "\\Qa\\E", "\\Q is not" },
		{ "\\bword", "\\b is not" },
		{ "a\\", "\\? is not" },
		{ "\\x4", "\\x is not" },
		{ "\\0", "\\0 is not" },
		{ "\\12", "more than one digit" },
		{ "\\k<1>", "group's name" },
		{ "[a-z&&[^b]]", "at 5: && in a class" },
		{ "[a[b]]", "at 3: a class in a class" },
		{ "[[:alpha:]]", "at 2: a class in a class" },
		{ "[]a]", "] stands first" },
		{ "[^]a]", "] stands first" },
		{ "[a-\\d]", "a range up to" },
		{ "[\\w-.]", "invalid range" },
		{ "[a", "a class without an end" },
		{ "a{,3}", "at 2: { is no quantifier" },
		{ "{a}", "nothing before it" },
		{ "a{b}", "{ is no quantifier" },
		{ "a**", "nothing before it that can" },
		{ "a{2}{3}", "nothing before it that can" },
		{ "|*", "nothing before it that can" },
		{ "^*", "nothing before it that can" },
		{ "(?=a)*", "nothing before it that can" },
		{ "(*ACCEPT)", "nothing before it" },
		{ "(+a)", "nothing before it" },
		{ "(?x)a b", "behind (? only" },
		{ "(?U)a", "behind (? only" },
		{ "(?R)", "behind (? only" },
		{ "(?#a)", "behind (? only" },
		{ "(?P<n>a)", "behind (? only" },
		{ "(?|a)", "behind (? only" },
		{ "(?<1>a)", "group's name" },
		{ "(?i)\xc3\xbc", "letters beyond ASCII" },
		{ "a)", "a ) without its (" },
		{ "(a", "missing closing parenthesis" },
		{ "\\2(a)", "reference" },
		{ "(?<=a+)b", "lookbehind" },
		{ "a\nb", "at 2: a control character" },
		{ "\xff", "UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char why[JAVA_REGEX_WHY_MAX] = "";

		if (java_regex_new(rows[i].pattern, strlen(rows[i].pattern), why) != NULL)
			fail_msg("%s is taken", rows[i].pattern);
		if (strstr(why, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].pattern, why);
	}
}

static void how_deep_groups_may_be(void **state)
{
	char pattern[400] = "", why[JAVA_REGEX_WHY_MAX] = "";

	(void)state;
	memset(pattern, '(', 65);
	memset(pattern + 65, ')', 65);
	assert_null(java_regex_new(pattern, 130, why));
	assert_non_null(strstr(why, "too many groups"));
	java_regex_free(made("((((((((a))))))))"));
	java_regex_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_matches),
		cmocka_unit_test(what_is_replaced),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(how_deep_groups_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
