#include "auth/dn.h"

#include "util/buf.h"
#include "util/mem.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

enum {
	DN_MAX = 1 << 20, /* longer ones than any handshake brings */
	OID_MAX = 128,
};

static void add(struct buf *to, const char *text)
{
	buf_append(to, text, strlen(text));
}

/* --- types --- */

static const struct {
	int nid;
	const char *name;
} types[] = {
	{ NID_commonName, "CN" },	 { NID_countryName, "C" },
	{ NID_localityName, "L" },	 { NID_stateOrProvinceName, "ST" },
	{ NID_organizationName, "O" },	 { NID_organizationalUnitName, "OU" },
	{ NID_streetAddress, "STREET" }, { NID_domainComponent, "DC" },
	{ NID_userId, "UID" },
};

/* NULL: it is known by its number alone. */
static const char *name_of(const ASN1_OBJECT *type)
{
	int nid = OBJ_obj2nid(type);

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (types[i].nid == nid)
			return types[i].name;
	}
	return NULL;
}

/* --- values --- */

/* What Java takes for a text; whichever it is, its bytes are read as UTF-8. */
static bool is_text(const ASN1_STRING *value)
{
	switch (ASN1_STRING_type(value)) {
	case V_ASN1_PRINTABLESTRING:
	case V_ASN1_UTF8STRING:
	case V_ASN1_T61STRING:
	case V_ASN1_IA5STRING:
	case V_ASN1_GENERALSTRING:
	case V_ASN1_BMPSTRING:
		return true;
	default:
		return false;
	}
}

/* The whole value as it stands in the certificate, tag and length too. */
static void add_hex(struct buf *to, const ASN1_STRING *value)
{
	ASN1_TYPE *whole = ASN1_TYPE_new();
	unsigned char *bytes = NULL;
	char digits[3];
	int n;

	ASN1_TYPE_set1(whole, ASN1_STRING_type(value), value);
	n = i2d_ASN1_TYPE(whole, &bytes);
	add(to, "#");
	for (int i = 0; i < n; i++) {
		snprintf(digits, sizeof digits, "%02x", bytes[i]);
		add(to, digits);
	}
	OPENSSL_free(bytes);
	ASN1_TYPE_free(whole);
}

/* How many bytes of a sequence of UTF-8 are right; 0: the first one begins none.  *whole: as many
 * as it should have. */
static size_t right_bytes(const unsigned char *p, size_t n, size_t *whole)
{
	unsigned char low = 0x80, high = 0xbf, first = p[0];
	size_t i = 1;

	*whole = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if ((first >= 0x80 && first < 0xc2) || first > 0xf4)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	if (first == 0xf0)
		low = 0x90;
	if (first == 0xf4)
		high = 0x8f;
	for (; i < *whole && i < n && p[i] >= low && p[i] <= high; i++) {
		low = 0x80;
		high = 0xbf;
	}
	return i;
}

/* Half of a pair of UTF-16, which UTF-8 has no place for: Java takes its three bytes for one fault. */
static bool is_surrogate(const unsigned char *p, size_t right)
{
	return right == 3 && p[0] == 0xed && p[1] >= 0xa0;
}

static void add_letter(struct buf *to, const unsigned char *p, size_t n)
{
	if (n == 1 && *p == '\0') {
		add(to, "\\00");
		return;
	}
	if (n == 1 && strchr(",=+<>#;\"\\", *p) != NULL)
		add(to, "\\");
	buf_append(to, p, n);
}

/* Blanks at both ends are escaped, and those alone. */
static void add_escaped_ends(struct buf *to, const struct buf *text)
{
	size_t first = 0, end = text->len;

	while (first < end && strchr(" \r", text->data[first]) != NULL)
		first++;
	while (end > first && strchr(" \r", text->data[end - 1]) != NULL)
		end--;
	for (size_t i = 0; i < text->len; i++) {
		if (i < first || i >= end)
			add(to, "\\");
		buf_append(to, text->data + i, 1);
	}
}

static void add_text(struct buf *to, const ASN1_STRING *value)
{
	const unsigned char *p = ASN1_STRING_get0_data(value);
	size_t n = (size_t)ASN1_STRING_length(value), whole;
	struct buf text;

	buf_init(&text, DN_MAX);
	for (size_t at = 0; at < n;) {
		size_t right = right_bytes(p + at, n - at, &whole);

		if (right == whole && !is_surrogate(p + at, right))
			add_letter(&text, p + at, whole);
		else
			add(&text, "\xef\xbf\xbd"); /* as Java: the replacement character */
		at += right > 0 ? right : 1;
	}
	add_escaped_ends(to, &text);
	buf_deinit(&text);
}

/* --- the whole --- */

static void add_entry(struct buf *to, const X509_NAME_ENTRY *entry)
{
	const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
	const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
	const char *name = name_of(type);
	char number[OID_MAX];

	if (name == NULL)
		OBJ_obj2txt(number, sizeof number, type, 1);
	add(to, name != NULL ? name : number);
	add(to, "=");
	if (name != NULL && is_text(value))
		add_text(to, value);
	else
		add_hex(to, value);
}

/* One of the sets from the last to the first; inside of each its entries as they stand. */
static void add_set(struct buf *to, const X509_NAME *name, int first, int end)
{
	if (to->len > 0)
		add(to, ",");
	for (int i = first; i < end; i++) {
		if (i > first)
			add(to, "+");
		add_entry(to, X509_NAME_get_entry(name, i));
	}
}

char *dn_text(const X509_NAME *name)
{
	int end = X509_NAME_entry_count(name), first;
	struct buf text;
	char *whole;

	buf_init(&text, 4 * DN_MAX);
	for (; end > 0; end = first) {
		int set = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, end - 1));

		first = end - 1;
		while (first > 0 &&
		       X509_NAME_ENTRY_set(X509_NAME_get_entry(name, first - 1)) == set)
			first--;
		add_set(&text, name, first, end);
	}
	whole = mem_strndup(text.len > 0 ? (const char *)text.data : "", text.len);
	buf_deinit(&text);
	return whole;
}
