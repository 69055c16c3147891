/* ssl.principal.mapping.rules, with the cases of Kafka's documentation. */
#include "config/principal_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* https://kafka.apache.org/documentation/#security_authz_ssl */
#define DOCUMENTED                                                           \
	"RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/,"                             \
	"RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L," \
	"RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/L,DEFAULT"

static struct principal_rules *made(const char *text)
{
	char why[PRINCIPAL_RULES_WHY_MAX] = "";
	struct principal_rules *rules = principal_rules_read(text, why);

	if (rules == NULL)
		fail_msg("%s: %s", text, why);
	return rules;
}

static void who_names_are(void **state)
{
	static const struct {
		const char *rules, *dn, *name; /* NULL: nobody's */
	} rows[] = {
		{ DOCUMENTED,
		  "CN=serviceuser,OU=ServiceUsers,O=Unknown,L=Unknown,ST=Unknown,C=Unknown",
		  "serviceuser" },
		{ DOCUMENTED, "CN=adminUser,OU=Admin,O=Unknown,L=Unknown,ST=Unknown,C=Unknown",
		  "adminuser@admin" },
		{ DOCUMENTED, "OU=x,cn=Some.One+O=y", "some.one" },
		{ DOCUMENTED, "O=nobody", "O=nobody" },
		{ NULL, "CN=a,O=b", "CN=a,O=b" },
		{ "DEFAULT", "CN=a", "CN=a" },
		{ " , DEFAULT ,\n", "CN=a", "CN=a" },
		{ "RULE:^CN=(.*?),.*$/$1/", "O=x", NULL },
		{ "RULE:^CN=(.*?),.*$/$1/ , RULE:.*/x/U", "O=x", "XX" }, /* once more at its end */
		{ "RULE:^CN=(.*)$/$1/U",
		  "CN=stra\xc3\x9f"
		  "e",
		  NULL },
		{ "RULE:^CN=(.*)$/$1/L",
		  "CN=STRA\xc3\x9f"
		  "E",
		  "stra\xc3\x9f"
		  "e" },
		{ "RULE:^CN=(.*)$/$1/L", "CN=J\xc3\x9cRGEN \xc2\xa9\xc3\x97",
		  "j\xc3\xbcrgen \xc2\xa9\xc3\x97" },
		{ "RULE:^CN=(.*)$/$1/U", "CN=j\xc3\xbcrgen\xc3\xb7", "J\xc3\x9cRGEN\xc3\xb7" },
		{ "RULE:^CN=(.*)$/$1/U", "CN=\xc4\x9f", NULL },
		{ "RULE:^CN=(.*)$/$1/", "CN=\xc4\x9f", "\xc4\x9f" },
		{ "RULE:CN=a/\xc3/U", "CN=a", NULL }, /* no UTF-8 */
		{ "RULE:^CN=(.*)$/a\\/b\\$1\\\\/", "CN=x", "a/b$1\\" },
		{ "RULE:^CN=(.)(.)$/$2$1$0/", "CN=xy", "yxCN=xy" },
		{ "RULE:^CN=(.)$/$12/", "CN=x", "x2" }, /* there is no group 12 */
		{ "RULE:^CN=(.)$/$1@$2/", "CN=x", "x@$2" },
		{ "RULE:^CN=(.)$/$2/", "CN=x", "$2" },
		{ "RULE:^CN=a\\/b$/x/", "CN=a/b", "x" },
		{ "RULE:^CN=a,b{1,2}$/x/,DEFAULT", "CN=a,bb", "x" },
		{ "RULE:CN=.*?//", "CN=abc", "abc" },
		{ "RULE:(?i)cn=(k)/$1/,DEFAULT", "CN=\xe2\x84\xaa",
		  NULL }, /* not the next one's either */
		{ "RULE:^CN=(.*)$/$1/,DEFAULT", "CN=a\nb", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct principal_rules *rules = made(rows[i].rules);
		char why[PRINCIPAL_RULES_WHY_MAX] = "",
		     *name = principal_rules_name(rules, rows[i].dn, why);

		if (rows[i].name == NULL && (name != NULL || *why == '\0'))
			fail_msg("%s of %s: %s", rows[i].dn, rows[i].rules, name);
		if (rows[i].name != NULL && (name == NULL || strcmp(name, rows[i].name) != 0))
			fail_msg("%s of %s: %s, %s", rows[i].dn, rows[i].rules, name, why);
		free(name);
		principal_rules_free(rules);
	}
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *rules, *why;
	} rows[] = {
		/* those of Kafka's own test */
		{ "default", "rule 1: it must be DEFAULT or RULE:" },
		{ "DEFAUL", "rule 1: it must be DEFAULT or RULE:" },
		{ "DEFAULT/L", "rule 1: something stands behind it" },
		{ "DEFAULT/U", "rule 1: something stands behind it" },
		{ "RULE:CN=(.*?),OU=ServiceUsers.*/$1",
		  "rule 1: it must be RULE:pattern/replacement/" },
		{ "rule:^CN=(.*?),OU=ServiceUsers.*$/$1/", "rule 1: it must be DEFAULT or RULE:" },
		{ "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L/U",
		  "rule 1: something stands behind it" },
		{ "RULE:^CN=(.*?),OU=ServiceUsers.*$/L",
		  "rule 1: it must be RULE:pattern/replacement/" },
		{ "RULE:^CN=(.*?),OU=ServiceUsers.*$/U",
		  "rule 1: it must be RULE:pattern/replacement/" },
		{ "RULE:^CN=(.*?),OU=ServiceUsers.*$/LU",
		  "rule 1: it must be RULE:pattern/replacement/" },
		/* others */
		{ "", "rule 1: there is none" },
		{ " , ", "rule 2: there is none" },
		{ "DEFAULT, RULE:a[b&&c]/x/", "rule 2: its pattern, at 4: && in a class" },
		{ "RULE:(/x/", "rule 1: its pattern, at 2: missing closing parenthesis" },
		{ "RULE:a/$1/", "names a group that the pattern has not" },
		{ "RULE:(a)/$2@$3/",
		  "names a group that the pattern has not" }, /* as in Kafka itself */
		{ "RULE:(a)/\\$2/", "names a group that the pattern has not" },
		{ "RULE:(a)/$/", "behind a $" },
		{ "RULE:(a)/${n}/", "behind a $" },
		{ "RULE:(a)/$99999999999/", "too long" },
		{ "RULE:a/b/l", "something stands behind it" },
		{ "DEFAULT DEFAULT", "something stands behind it" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char why[PRINCIPAL_RULES_WHY_MAX] = "";

		if (principal_rules_read(rows[i].rules, why) != NULL)
			fail_msg("%s is taken", rows[i].rules);
		if (strstr(why, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].rules, why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_names_are),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
