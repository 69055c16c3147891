/* make_names.c - random names of certificates, and what the gateway makes of them.
 *
 *   make_names SEED COUNT
 *
 * A line each: the name's DER in hex, a tab, dn_text() of it in hex.
 */
#include "auth/dn.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 24 };

static unsigned random_of(unsigned n)
{
	return (unsigned)rand() % n;
}

static void print_hex(const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", bytes[i]);
}

/* Some letters and signs, some of more bytes than one, some that are no UTF-8. */
static size_t make_value(unsigned char *to)
{
	static const char *const pieces[] = { "a",
					      "Z",
					      "7",
					      " ",
					      ",",
					      "=",
					      "+",
					      "<",
					      ">",
					      "#",
					      ";",
					      "\"",
					      "\\",
					      "\r",
					      "\t",
					      "\xc3\xbc",
					      "\xe2\x82\xac",
					      "\xf0\x9f\x98\x80",
					      "\n",

					      "'",
					      "/",
					      "*",
					      "-",
					      "\x01",
					      "\x7f" };
	static const char *const odd[] = { "\xfc",     "\xe2\x82",     "\xc3", "\x80",
					   "\xf0\x9f", "\xed\xa0\x80", "\xff" };
	size_t len = 0, count = random_of(7);

	for (size_t i = 0; i < count && len < VALUE_MAX - 4; i++) {
		const char *piece = random_of(12) == 0
					    ? odd[random_of(sizeof odd / sizeof odd[0])]
					    : pieces[random_of(sizeof pieces / sizeof pieces[0])];

		if (random_of(25) == 0) {
			to[len++] = '\0';
			continue;
		}
		memcpy(to + len, piece, strlen(piece));
		len += strlen(piece);
	}
	return len;
}

static void add_entry(X509_NAME *name, int set)
{
	static const char *const types[] = { "CN",	     "C",      "L",  "ST",  "O",
					     "OU",	     "street", "DC", "UID", "emailAddress",
					     "serialNumber", "title",  "GN", "SN",  "1.2.3.4.5",
					     "2.5.4.65" };
	static const int kinds[] = { V_ASN1_UTF8STRING,	     V_ASN1_UTF8STRING,
				     V_ASN1_PRINTABLESTRING, V_ASN1_T61STRING,
				     V_ASN1_IA5STRING,	     V_ASN1_BMPSTRING,
				     V_ASN1_NUMERICSTRING,   V_ASN1_VISIBLESTRING,
				     V_ASN1_UNIVERSALSTRING, V_ASN1_GENERALSTRING };
	ASN1_OBJECT *type = OBJ_txt2obj(types[random_of(sizeof types / sizeof types[0])], 0);
	int kind = kinds[random_of(sizeof kinds / sizeof kinds[0])];
	unsigned char value[VALUE_MAX];
	int len = (int)make_value(value);

	if (kind == V_ASN1_BMPSTRING)
		len &= ~1;
	if (kind == V_ASN1_UNIVERSALSTRING)
		len &= ~3;
	X509_NAME_add_entry_by_OBJ(name, type, kind, value, len, -1, set);
	ASN1_OBJECT_free(type);
}

/* As it stands in a certificate: the encoding sorts what is in one set. */
static X509_NAME *make_name(unsigned char **der, int *len)
{
	X509_NAME *name = X509_NAME_new(), *read;
	const unsigned char *at;
	unsigned sets = random_of(6);

	for (unsigned i = 0; i < sets; i++) {
		add_entry(name, 0);
		if (random_of(5) == 0)
			add_entry(name, -1);
	}
	*der = NULL;
	*len = i2d_X509_NAME(name, der);
	at = *der;
	read = d2i_X509_NAME(NULL, &at, *len);
	X509_NAME_free(name);
	return read;
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[2]) : 200;

	srand(argc > 1 ? (unsigned)atoi(argv[1]) : 1);
	for (int i = 0; i < count; i++) {
		unsigned char *der;
		int len;
		X509_NAME *name = make_name(&der, &len);
		char *text;

		if (name == NULL) { /* OpenSSL takes no such certificate */
			OPENSSL_free(der);
			continue;
		}
		text = dn_text(name);

		print_hex(der, (size_t)len);
		putchar('\t');
		print_hex((const unsigned char *)text, strlen(text));
		putchar('\n');
		free(text);
		OPENSSL_free(der);
		X509_NAME_free(name);
	}
	return 0;
}
