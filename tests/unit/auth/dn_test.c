/* Names of certificates as Kafka writes them, which is not OpenSSL's way: what was measured at a broker. */
#include "auth/dn.h"

#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct entry {
	const char *type, *value;
	int len; /* -1: to its end */
	int kind;
	int set; /* 0: a set of its own, -1: the one before's */
};

#define UTF8(type, value)                             \
	{                                             \
		type, value, -1, V_ASN1_UTF8STRING, 0 \
	}
#define SAME(type, value)                              \
	{                                              \
		type, value, -1, V_ASN1_UTF8STRING, -1 \
	}

static void becomes(const struct entry *entries, size_t n, const char *expected)
{
	X509_NAME *name = X509_NAME_new();
	char *text;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, entries[i].type, entries[i].kind,
							    (const unsigned char *)entries[i].value,
							    entries[i].len, -1, entries[i].set),
				 1);
	text = dn_text(name);
	assert_string_equal(text, expected);
	free(text);
	X509_NAME_free(name);
}

#define BECOMES(expected, ...)                                                     \
	do {                                                                       \
		const struct entry entries_[] = { __VA_ARGS__ };                   \
		becomes(entries_, sizeof entries_ / sizeof entries_[0], expected); \
	} while (0)

static void sets_are_turned_around(void **state)
{
	(void)state;
	BECOMES("CN=app1,OU=Team A,O=Acme,L=Munich,ST=Bavaria,C=DE", UTF8("C", "DE"),
		UTF8("ST", "Bavaria"), UTF8("L", "Munich"), UTF8("O", "Acme"), UTF8("OU", "Team A"),
		UTF8("CN", "app1"));
	BECOMES("CN=b,CN=a", UTF8("CN", "a"), UTF8("CN", "b"));
	BECOMES("CN=x,O=X+OU=Y", UTF8("O", "X"), SAME("OU", "Y"), UTF8("CN", "x"));
	BECOMES("UID=u,DC=d,STREET=s", UTF8("street", "s"), UTF8("DC", "d"), UTF8("UID", "u"));
	becomes(NULL, 0, "");
}

static void other_types_are_numbers(void **state)
{
	(void)state;
	BECOMES("1.2.840.113549.1.9.1=#16066140622e6465",
		{ "emailAddress", "a@b.de", -1, V_ASN1_IA5STRING, 0 });
	BECOMES("2.5.4.5=#13023432", { "serialNumber", "42", -1, V_ASN1_PRINTABLESTRING, 0 });
	BECOMES("2.5.4.12=#0c0378c3a9", UTF8("title", "x\xc3\xa9"));
	/* nor is every string a text */
	BECOMES("CN=#1c0400000041", { "CN", "\0\0\0A", 4, V_ASN1_UNIVERSALSTRING, 0 });
}

static void signs_are_escaped(void **state)
{
	(void)state;
	BECOMES("CN=a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h\\#i\\=j", UTF8("CN", "a,b+c\"d\\e<f>g;h#i=j"));
	BECOMES("CN=\\ \\ a  b\\ ", UTF8("CN", "  a  b "));
	BECOMES("CN=\\ ", UTF8("CN", " "));
	BECOMES("OU=", { "OU", "", 0, V_ASN1_UTF8STRING, 0 });
	BECOMES("CN=a\tb\x01", UTF8("CN", "a\tb\x01"));
	BECOMES("CN=a\\00b", { "CN", "a\0b", 3, V_ASN1_UTF8STRING, 0 });
}

static void other_letters_stand_as_they_are(void **state)
{
	(void)state;
	BECOMES("CN=J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x98\x80",
		UTF8("CN", "J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x98\x80"));
	/* no UTF-8: Java reads it as such all the same */
	BECOMES("CN=J\xef\xbf\xbdr", { "CN", "J\xfcr", -1, V_ASN1_T61STRING, 0 });
	BECOMES("CN=\xef\xbf\xbd", { "CN", "\xe2\x82", -1, V_ASN1_T61STRING, 0 });
	BECOMES("CN=\\00A\\00b", { "CN", "\0A\0b", 4, V_ASN1_BMPSTRING, 0 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_turned_around),
		cmocka_unit_test(other_types_are_numbers),
		cmocka_unit_test(signs_are_escaped),
		cmocka_unit_test(other_letters_stand_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
