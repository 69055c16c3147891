/* proxy_test.c - PROXY headers as HAProxy 2.6 sent them, and broken ones.
 *
 * Every row is read at once, with bytes of a request behind it, and byte by
 * byte: the outcome must be the same.
 */
#include "net/proxy.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#define SIG "0d0a0d0a000d0a515549540a"
#define V4_BLOCK "7f0034077f00320187b52385"
#define V6_BLOCK                           \
	"20010db8000000000000000000000001" \
	"20010db8000000000000000000000002" \
	"9c402384"

enum { BYTES_MAX = 70000 };

struct row {
	const char *what;
	const char *text; /* as it is, or */
	const char *hex;
	enum proxy_result result;
	const char *source, *destination; /* NULL: local */
};

static const struct row rows[] = {
	/* captured */
	{ "v2 with CRC32C and unique id, all ports to one node port", NULL,
	  SIG "211100447f0034077f00320287b523850300041f51670405002e37463030333430373a383742355f"
	      "37463030333230323a323338355f36423034364139335f303030423a36453838",
	  PROXY_HEADER, "127.0.52.7:34741", "127.0.50.2:9093" },
	{ "v2 plain", NULL,
	  SIG "2111000c"
	      "7f003407"
	      "7f003201"
	      "95d7"
	      "24b1",
	  PROXY_HEADER, "127.0.52.7:38359", "127.0.50.1:9393" },
	{ "v2 health check", NULL, SIG "20000000", PROXY_HEADER },
	/* v2 by the book */
	{ "v2 over IPv6", NULL, SIG "21210024" V6_BLOCK, PROXY_HEADER, "[2001:db8::1]:40000",
	  "[2001:db8::2]:9092" },
	{ "v2 local with an address block", NULL, SIG "2011000c" V4_BLOCK, PROXY_HEADER },
	{ "v2 local with anything", NULL,
	  SIG "20ff0003"
	      "ffffff",
	  PROXY_HEADER },
	{ "v2 unspecified", NULL, SIG "21000000", PROXY_HEADER },
	{ "v2 unspecified with a TLV", NULL,
	  SIG "21000004"
	      "e0000107",
	  PROXY_HEADER },
	{ "v2 TLVs: ALPN, empty, unknown", NULL,
	  SIG "21110016" V4_BLOCK "010001aa"
	      "040000"
	      "e10000",
	  PROXY_HEADER, "127.0.52.7:34741", "127.0.50.1:9093" },
	/* v2 that is none */
	{ "v2 version 1", NULL, SIG "11110000", PROXY_BAD },
	{ "v2 command 2", NULL, SIG "22110000", PROXY_BAD },
	{ "v2 family 4", NULL, SIG "2141000c" V4_BLOCK, PROXY_BAD },
	{ "v2 UDP", NULL, SIG "2112000c" V4_BLOCK, PROXY_BAD },
	{ "v2 IPv4 address block cut off", NULL,
	  SIG "2111000b"
	      "7f0034077f00320187b523",
	  PROXY_BAD },
	{ "v2 IPv6 with room for IPv4", NULL, SIG "2121000c" V4_BLOCK, PROXY_BAD },
	{ "v2 UNIX with room for IPv4", NULL, SIG "2131000c" V4_BLOCK, PROXY_BAD },
	{ "v2 TLV head cut off", NULL, SIG "2111000e" V4_BLOCK "0400", PROXY_BAD },
	{ "v2 TLV longer than the header", NULL, SIG "21110010" V4_BLOCK "04000200", PROXY_BAD },
	{ "v2 wrong CRC32C", NULL,
	  SIG "211100447f0034077f00320287b523850300041f51670505002e37463030333430373a383742355f"
	      "37463030333230323a323338355f36423034364139335f303030423a36453838",
	  PROXY_BAD },
	{ "v2 right CRC32C, another port", NULL,
	  SIG "211100447f0034077f00320287b523840300041f51670405002e37463030333430373a383742355f"
	      "37463030333230323a323338355f36423034364139335f303030423a36453838",
	  PROXY_BAD },
	{ "v2 CRC32C of two bytes", NULL, SIG "21110011" V4_BLOCK "0300020000", PROXY_BAD },
	{ "v2 two CRC32C, the second one right", NULL,
	  SIG "2111001a" V4_BLOCK "03000400000000"
	      "030004d3f93705",
	  PROXY_BAD },
	/* v1 */
	{ "v1 over IPv4", "PROXY TCP4 10.0.0.5 10.0.0.1 40000 9092\r\n", NULL, PROXY_HEADER,
	  "10.0.0.5:40000", "10.0.0.1:9092" },
	{ "v1 over IPv6", "PROXY TCP6 2001:db8::5 ::1 65535 0\r\n", NULL, PROXY_HEADER,
	  "[2001:db8::5]:65535", "[::1]:0" },
	{ "v1 as long as it can be",
	  "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaa\r\n",
	  NULL, PROXY_HEADER },
	{ "v1 one byte longer",
	  "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaa\r\n",
	  NULL, PROXY_BAD },
	{ "v1 unknown", "PROXY UNKNOWN\r\n", NULL, PROXY_HEADER },
	{ "v1 other protocol", "PROXY UDP4 10.0.0.5 10.0.0.1 1 2\r\n", NULL, PROXY_BAD },
	{ "v1 unknown with a tail", "PROXY UNKNOWNX\r\n", NULL, PROXY_BAD },
	{ "v1 nothing", "PROXY \r\n", NULL, PROXY_BAD },
	{ "v1 no ports", "PROXY TCP4 10.0.0.5 10.0.0.1\r\n", NULL, PROXY_BAD },
	{ "v1 a word too many", "PROXY TCP4 10.0.0.5 10.0.0.1 1 2 3\r\n", NULL, PROXY_BAD },
	{ "v1 a blank at the end", "PROXY TCP4 10.0.0.5 10.0.0.1 1 2 \r\n", NULL, PROXY_BAD },
	{ "v1 two blanks", "PROXY TCP4  10.0.0.5 10.0.0.1 1 2\r\n", NULL, PROXY_BAD },
	{ "v1 port too large", "PROXY TCP4 10.0.0.5 10.0.0.1 65536 2\r\n", NULL, PROXY_BAD },
	{ "v1 port far too large", "PROXY TCP4 10.0.0.5 10.0.0.1 4294967297 2\r\n", NULL,
	  PROXY_BAD },
	{ "v1 port with a sign", "PROXY TCP4 10.0.0.5 10.0.0.1 +1 2\r\n", NULL, PROXY_BAD },
	{ "v1 port with a zero in front", "PROXY TCP4 10.0.0.5 10.0.0.1 01 2\r\n", NULL,
	  PROXY_BAD },
	{ "v1 address with too much", "PROXY TCP4 10.0.0.5.6 10.0.0.1 1 2\r\n", NULL, PROXY_BAD },
	{ "v1 IPv6 address called IPv4", "PROXY TCP4 ::1 ::1 1 2\r\n", NULL, PROXY_BAD },
	{ "v1 line feed alone", "PROXY TCP4 10.0.0.5 10.0.0.1 1 2\n", NULL, PROXY_BAD },
	{ "v1 return alone", "PROXY UNKNOWN\rX", NULL, PROXY_BAD },
	{ "v1 a zero byte in it", NULL, "50524f585920554e4b4e4f574e20000d0a", PROXY_BAD },
	/* something else */
	{ "a Kafka request", NULL, "0000001a0012000300000001", PROXY_NO_HEADER },
	{ "a TLS hello", NULL, "160301020001", PROXY_NO_HEADER },
	{ "HTTP", "GET / HTTP/1.1\r\n", NULL, PROXY_NO_HEADER },
	{ "almost v1", "PROXYTCP4", NULL, PROXY_NO_HEADER },
	{ "almost v2", NULL, "0d0a0d0a000d0a515549540b", PROXY_NO_HEADER },
};

static size_t bytes_of(const struct row *row, uint8_t *bytes)
{
	size_t n;

	if (row->text != NULL) {
		n = strlen(row->text);
		memcpy(bytes, row->text, n);
		return n;
	}
	n = strlen(row->hex) / 2;
	for (size_t i = 0; i < n; i++) {
		char two[3] = { row->hex[2 * i], row->hex[2 * i + 1], '\0' };

		bytes[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return n;
}

static void print_address(const struct sockaddr_storage *s, char *out, size_t size)
{
	char host[INET6_ADDRSTRLEN];

	if (s->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)s;

		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
		snprintf(out, size, "%s:%d", host, ntohs(v4->sin_port));
	} else if (s->ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)s;

		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
		snprintf(out, size, "[%s]:%d", host, ntohs(v6->sin6_port));
	} else {
		snprintf(out, size, "family %d", s->ss_family);
	}
}

static void assert_header(const struct row *row, const struct proxy_header *h)
{
	char source[80], destination[80];

	assert_int_equal(h->is_local, row->source == NULL);
	if (row->source == NULL) {
		assert_int_equal(h->source.ss_family, AF_UNSPEC);
		assert_int_equal(h->destination.ss_family, AF_UNSPEC);
		return;
	}
	print_address(&h->source, source, sizeof source);
	print_address(&h->destination, destination, sizeof destination);
	assert_string_equal(source, row->source);
	assert_string_equal(destination, row->destination);
}

/* In a buffer of exactly this size, so that a sanitizer sees one byte too many. */
static enum proxy_result read_exactly(const uint8_t *bytes, size_t n, struct proxy_header *h,
				      size_t *used)
{
	uint8_t *copy = mem_alloc(n + (n == 0));
	enum proxy_result result;

	memcpy(copy, bytes, n);
	result = proxy_read(copy, n, h, used);
	free(copy);
	return result;
}

static void check_row(const struct row *row)
{
	static const uint8_t request[] = "\0\0\0\x1a\0\x12\0\x03\r\nPROXY ";
	static uint8_t bytes[BYTES_MAX];
	size_t n = bytes_of(row, bytes), used, told = 0;
	struct proxy_header h;
	enum proxy_result result = PROXY_MORE;

	memcpy(bytes + n, request, sizeof request);
	assert_int_equal(read_exactly(bytes, n, &h, &used), row->result);
	assert_int_equal(read_exactly(bytes, n + sizeof request, &h, &used), row->result);
	if (row->result == PROXY_HEADER) {
		assert_int_equal(used, n);
		assert_header(row, &h);
	}
	while (result == PROXY_MORE) {
		assert_true(told <= n);
		result = read_exactly(bytes, told++, &h, &used);
	}
	assert_int_equal(result, row->result);
	if (row->result == PROXY_HEADER) {
		assert_int_equal(used, n);
		assert_header(row, &h);
	}
}

static const struct row *current;

static void every_row_is_read_as_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		current = &rows[i];
		check_row(current);
	}
	current = NULL;
}

static int tell_which_row(void **state)
{
	(void)state;
	if (current != NULL)
		print_error("in the row: %s\n", current->what);
	return 0;
}

static void a_unix_client_is_local(void **state)
{
	uint8_t bytes[16 + 216] = "\r\n\r\n\0\r\nQUIT\n\x21\x31\0\xd8/a/path";
	struct proxy_header h;
	size_t used;

	(void)state;
	assert_int_equal(proxy_read(bytes, sizeof bytes - 1, &h, &used), PROXY_MORE);
	assert_int_equal(proxy_read(bytes, sizeof bytes, &h, &used), PROXY_HEADER);
	assert_int_equal(used, sizeof bytes);
	assert_true(h.is_local);
}

static void the_largest_header_is_header_max(void **state)
{
	static uint8_t bytes[PROXY_HEADER_MAX] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff";
	struct proxy_header h;
	size_t used, tlv = 65535 - 12 - 3;

	(void)state;
	bytes[28] = 0xe0;
	bytes[29] = (uint8_t)(tlv >> 8);
	bytes[30] = (uint8_t)tlv;
	assert_int_equal(proxy_read(bytes, sizeof bytes - 1, &h, &used), PROXY_MORE);
	assert_int_equal(proxy_read(bytes, sizeof bytes, &h, &used), PROXY_HEADER);
	assert_int_equal(used, sizeof bytes);
	bytes[30]++;
	assert_int_equal(proxy_read(bytes, sizeof bytes, &h, &used), PROXY_BAD);
}

/* What HAProxy 2.6 sends of TLS: version of TLS and CN behind the flags.  A second CN where it has one. */
static size_t header_of_tls(uint8_t client, uint32_t verify, const char *name, size_t name_len,
			    const char *second, uint8_t *to)
{
	static const char version[] = "\x21\x00\x07TLSv1.3";
	static const char begins[] =
		"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\0\x7f\0\x34\x07\x7f\0\x32\x01\x87\xb5\x23\x85\x20\0\0";
	size_t at = sizeof begins - 1;

	memcpy(to, begins, at);
	to[at++] = client;
	for (int shift = 24; shift >= 0; shift -= 8)
		to[at++] = (uint8_t)(verify >> shift);
	memcpy(to + at, version, sizeof version - 1);
	at += sizeof version - 1;
	for (const char *one = name; one != NULL; one = one == name ? second : NULL) {
		to[at++] = 0x22;
		to[at++] = 0;
		to[at++] = (uint8_t)name_len;
		memcpy(to + at, one, name_len);
		at += name_len;
	}
	to[30] = (uint8_t)(at - 31);
	to[15] = (uint8_t)(at - 16);
	return at;
}

static void whom_the_header_names(void **state)
{
	static const struct {
		uint8_t client;
		uint32_t verify;
		const char *name;
		size_t len;
		enum proxy_name is;
	} cases[] = {
		{ 0x07, 0, "app1", 4, PROXY_NAMED },
		{ 0x05, 0, "app1", 4, PROXY_NAMED },	/* a resumed session */
		{ 0x01, 0, NULL, 0, PROXY_NAMELESS },	/* no certificate */
		{ 0x01, 0, "app1", 4, PROXY_NAMELESS }, /* said, and shown by nobody */
		{ 0x03, 0, "app1", 4, PROXY_NAMELESS },
		{ 0x06, 0, "app1", 4, PROXY_NAMELESS }, /* no TLS */
		{ 0x00, 0, NULL, 0, PROXY_NAMELESS },
		{ 0x07, 18, "evil", 4, PROXY_MISNAMED }, /* nobody has signed it */
		{ 0x07, 0, NULL, 0, PROXY_MISNAMED },	 /* it is for no name */
		{ 0x07, 0, "", 0, PROXY_MISNAMED },
		{ 0x07, 0, "a\0b", 3, PROXY_MISNAMED },
		{ 0x07, 0, "a\nb", 3, PROXY_MISNAMED },
		{ 0x07, 0, "a\x7f", 2, PROXY_MISNAMED },
		{ 0x07, 0, "J\xc3\xbcrgen, O=x", 12, PROXY_NAMED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t bytes[300];
		size_t used, n = header_of_tls(cases[i].client, cases[i].verify, cases[i].name,
					       cases[i].len, NULL, bytes);
		struct proxy_header h;
		char *name;

		assert_int_equal(proxy_read(bytes, n, &h, &used), PROXY_HEADER);
		if (proxy_client_name(&h, &name) != cases[i].is)
			fail_msg("case %zu", i);
		if (cases[i].is == PROXY_NAMED)
			assert_int_equal(strncmp(name, cases[i].name, cases[i].len), 0);
		else
			assert_null(name);
		free(name);
		bytes[12] = 0x20; /* LOCAL: a health check */
		assert_int_equal(proxy_read(bytes, n, &h, &used), PROXY_HEADER);
		assert_int_equal(proxy_client_name(&h, &name), PROXY_NAMELESS);
		assert_null(name);
	}
}

static void two_names_are_none(void **state)
{
	uint8_t bytes[300];
	struct proxy_header h;
	size_t used, n = header_of_tls(7, 0, "app1", 4, "app2", bytes);
	char *name;

	(void)state;
	assert_int_equal(proxy_read(bytes, n, &h, &used), PROXY_BAD);
	n = header_of_tls(7, 0, "app1", 4, NULL, bytes);
	bytes[n - 5] = 200; /* the name is longer than what is about TLS */
	assert_int_equal(proxy_read(bytes, n, &h, &used), PROXY_BAD);
	assert_int_equal(proxy_read((const uint8_t *)"PROXY UNKNOWN\r\n", 15, &h, &used),
			 PROXY_HEADER);
	assert_int_equal(proxy_client_name(&h, &name), PROXY_NAMELESS);
}

/* Any byte of a header with a CRC32C that arrives changed is noticed. */
static void a_crc_guards_every_bit(void **state)
{
	uint8_t bytes[200];
	size_t n = bytes_of(&rows[0], bytes), used;
	struct proxy_header h;

	(void)state;
	for (size_t bit = 16 * 8; bit < n * 8; bit++) {
		size_t crc_type = 28 * 8; /* this byte says that it is a CRC */

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bit / 8 != crc_type / 8)
			assert_int_equal(proxy_read(bytes, n, &h, &used), PROXY_BAD);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(proxy_read(bytes, n, &h, &used), PROXY_HEADER);
}

/* Where the client is, as HAProxy says it: in the TLV of that purpose, and not in one that is empty. */
static void a_zone_is_read(void **state)
{
	static const struct {
		uint8_t tlv[8];
		uint8_t len;
		const char *zone;
	} cases[] = { { { 0xe1, 0, 2, 'a', '1' }, 5, "a1" },
		      { { 0xe1, 0, 0 }, 3, NULL },
		      { { 0xe0, 0, 2, 'a', '1' }, 5, NULL } };
	static const uint8_t head[] = { 0x0d, 0x0a, 0x0d, 0x0a, 0,    0x0d, 0x0a, 0x51, 0x55, 0x49,
					0x54, 0x0a, 0x21, 0x11, 0,    12,   10,	  0,	0,    5,
					10,   0,    0,	  9,	0x11, 0x3b, 0x23, 0x84 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t bytes[64];
		struct proxy_header header;
		size_t used;

		memcpy(bytes, head, sizeof head);
		memcpy(bytes + sizeof head, cases[i].tlv, cases[i].len);
		bytes[15] = (uint8_t)(12 + cases[i].len);
		assert_int_equal(proxy_read(bytes, sizeof head + cases[i].len, &header, &used),
				 PROXY_HEADER);
		assert_int_equal(used, sizeof head + cases[i].len);
		if (cases[i].zone == NULL) {
			assert_null(header.zone);
			continue;
		}
		assert_int_equal(header.zone_len, strlen(cases[i].zone));
		assert_memory_equal(header.zone, cases[i].zone, header.zone_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_is_read),
		cmocka_unit_test_teardown(every_row_is_read_as_it_says, tell_which_row),
		cmocka_unit_test(a_unix_client_is_local),
		cmocka_unit_test(the_largest_header_is_header_max),
		cmocka_unit_test(whom_the_header_names),
		cmocka_unit_test(two_names_are_none),
		cmocka_unit_test(a_crc_guards_every_bit),
	};

	return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
