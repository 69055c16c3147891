#include "net/proxy.h"

#include "util/crc32c.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

enum {
	V1_MAX = 107, /* with its CR LF */
	V2_HEAD = 16,
	TLV_HEAD = 3,
	TLV_CRC32C = 0x03,
	CRC_BYTES = 4,
	TLV_SSL = 0x20,
	SSL_HEAD = 5, /* the client's flags, and what verified it */
	SSL_CN = 0x22,
	CLIENT_SSL = 0x01,
	CLIENT_CERT_SESS = 0x04,
};

static const uint8_t v1_signature[] = "PROXY ";
static const uint8_t v2_signature[] = "\r\n\r\n\0\r\nQUIT\n";
enum { V1_SIGNATURE = sizeof v1_signature - 1, V2_SIGNATURE = sizeof v2_signature - 1 };

static const struct proxy_header local = { .is_local = true };

static size_t get_u16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void set_v4(struct sockaddr_storage *to, const void *address, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	memcpy(&a.sin_addr, address, sizeof a.sin_addr);
	memcpy(to, &a, sizeof a);
}

static void set_v6(struct sockaddr_storage *to, const void *address, uint16_t port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memcpy(&a.sin6_addr, address, sizeof a.sin6_addr);
	memcpy(to, &a, sizeof a);
}

/* Version 1: "PROXY TCP4 1.2.3.4 5.6.7.8 1000 9092\r\n" */

/* The end of the line that begins here, within V1_MAX. */
static enum proxy_result v1_line(const uint8_t *bytes, size_t n, size_t *used)
{
	size_t i = 0, end = n < V1_MAX ? n : V1_MAX;

	while (i < end && bytes[i] != '\r' && bytes[i] != '\n')
		i++;
	if (i + 1 >= V1_MAX || (i < n && bytes[i] == '\n'))
		return PROXY_BAD;
	if (i + 1 >= n)
		return PROXY_MORE;
	*used = i + 2;
	return bytes[i + 1] == '\n' ? PROXY_HEADER : PROXY_BAD;
}

/* The text up to the next blank or the end, taken off the front of *rest. */
static char *next_word(char **rest)
{
	char *word = *rest, *blank;

	if (word == NULL)
		return NULL;
	blank = strchr(word, ' ');
	*rest = NULL;
	if (blank != NULL) {
		*blank = '\0';
		*rest = blank + 1;
	}
	return word;
}

/* Decimal, no sign, no leading zero. */
static bool parse_port(const char *word, uint16_t *port)
{
	unsigned value = 0;
	size_t n = strlen(word);

	if (n < 1 || n > 5 || (n > 1 && word[0] == '0') || strspn(word, "0123456789") != n)
		return false;
	for (const char *c = word; *c != '\0'; c++)
		value = value * 10 + (unsigned)(*c - '0');
	*port = (uint16_t)value;
	return value <= UINT16_MAX;
}

static bool parse_address(int family, const char *host, const char *port,
			  struct sockaddr_storage *to)
{
	uint8_t address[16];
	uint16_t number;

	if (inet_pton(family, host, address) != 1 || !parse_port(port, &number))
		return false;
	if (family == AF_INET)
		set_v4(to, address, number);
	else
		set_v6(to, address, number);
	return true;
}

static bool v1_parse(char *line, struct proxy_header *header)
{
	char *rest = line, *words[6];
	int family;

	for (size_t i = 0; i < 6; i++)
		words[i] = next_word(&rest);
	if (words[1] != NULL && strcmp(words[1], "UNKNOWN") == 0)
		return true;
	if (words[5] == NULL || rest != NULL)
		return false;
	if (strcmp(words[1], "TCP4") == 0)
		family = AF_INET;
	else if (strcmp(words[1], "TCP6") == 0)
		family = AF_INET6;
	else
		return false;
	header->is_local = false;
	return parse_address(family, words[2], words[4], &header->source) &&
	       parse_address(family, words[3], words[5], &header->destination);
}

static enum proxy_result v1_read(const uint8_t *bytes, size_t n, struct proxy_header *header,
				 size_t *used)
{
	enum proxy_result result = v1_line(bytes, n, used);
	char line[V1_MAX];

	if (result != PROXY_HEADER)
		return result;
	memcpy(line, bytes, *used - 2);
	line[*used - 2] = '\0';
	if (strlen(line) != *used - 2 || !v1_parse(line, header))
		return PROXY_BAD;
	return PROXY_HEADER;
}

/* Version 2: signature, version and command, family, length; addresses; TLVs. */

/* The sum is over the whole header, with zeroes where the sum itself stands. */
static bool crc_is_right(const uint8_t *header, size_t n, size_t at)
{
	static const uint8_t zeroes[CRC_BYTES];
	uint32_t crc = crc32c(UINT32_MAX, header, at);

	crc = crc32c(crc, zeroes, CRC_BYTES);
	crc = crc32c(crc, header + at + CRC_BYTES, n - at - CRC_BYTES);
	return ~crc == get_u32(header + at);
}

/* The TLVs inside of the one about TLS. */
static bool read_tls(const uint8_t *p, size_t n, struct proxy_tls *tls)
{
	if (n < SSL_HEAD || tls->is_there)
		return false;
	*tls = (struct proxy_tls){ .is_there = true, .client = p[0], .verify = get_u32(p + 1) };
	for (size_t at = SSL_HEAD, len; at < n; at += TLV_HEAD + len) {
		if (n - at < TLV_HEAD)
			return false;
		len = get_u16(p + at + 1);
		if (n - at - TLV_HEAD < len)
			return false;
		if (p[at] != SSL_CN)
			continue;
		if (tls->name != NULL)
			return false; /* two names are none */
		tls->name = p + at + TLV_HEAD;
		tls->name_len = len;
	}
	return true;
}

static bool tlvs_are_right(const uint8_t *header, size_t n, size_t at, struct proxy_header *to)
{
	size_t crc_at = 0;

	while (at < n) {
		size_t len;

		if (n - at < TLV_HEAD)
			return false;
		len = get_u16(header + at + 1);
		if (n - at - TLV_HEAD < len)
			return false;
		if (header[at] == TLV_CRC32C) {
			if (len != CRC_BYTES || crc_at != 0)
				return false;
			crc_at = at + TLV_HEAD;
		}
		if (header[at] == TLV_SSL && !read_tls(header + at + TLV_HEAD, len, &to->tls))
			return false;
		if (header[at] == PROXY_TLV_ZONE && len > 0) {
			to->zone = header + at + TLV_HEAD;
			to->zone_len = len;
		}
		at += TLV_HEAD + len;
	}
	return crc_at == 0 || crc_is_right(header, n, crc_at);
}

/* What the address block of a connected stream takes; others are refused. */
static bool address_size(uint8_t family, size_t *size)
{
	switch (family) {
	case 0x00:
		*size = 0;
		return true; /* unspecified */
	case 0x11:
		*size = 12;
		return true; /* TCP over IPv4 */
	case 0x21:
		*size = 36;
		return true; /* TCP over IPv6 */
	case 0x31:
		*size = 216;
		return true; /* UNIX stream */
	default:
		return false;
	}
}

static void v2_addresses(const uint8_t *block, uint8_t family, struct proxy_header *header)
{
	if (family == 0x11) {
		set_v4(&header->source, block, (uint16_t)get_u16(block + 8));
		set_v4(&header->destination, block + 4, (uint16_t)get_u16(block + 10));
		header->is_local = false;
	} else if (family == 0x21) {
		set_v6(&header->source, block, (uint16_t)get_u16(block + 32));
		set_v6(&header->destination, block + 16, (uint16_t)get_u16(block + 34));
		header->is_local = false;
	}
}

static enum proxy_result v2_read(const uint8_t *bytes, size_t n, struct proxy_header *header,
				 size_t *used)
{
	size_t total, addresses;

	if (n < V2_HEAD)
		return PROXY_MORE;
	total = V2_HEAD + get_u16(bytes + 14);
	if (bytes[12] != 0x20 && bytes[12] != 0x21)
		return PROXY_BAD;
	if (n < total)
		return PROXY_MORE;
	*used = total;
	if (bytes[12] == 0x20) /* LOCAL: whatever follows means nothing */
		return PROXY_HEADER;
	if (!address_size(bytes[13], &addresses) || total - V2_HEAD < addresses ||
	    !tlvs_are_right(bytes, total, V2_HEAD + addresses, header))
		return PROXY_BAD;
	v2_addresses(bytes + V2_HEAD, bytes[13], header);
	return PROXY_HEADER;
}

static bool begins(const uint8_t *bytes, size_t n, const uint8_t *signature, size_t size)
{
	return memcmp(bytes, signature, n < size ? n : size) == 0;
}

enum proxy_result proxy_read(const uint8_t *bytes, size_t n, struct proxy_header *header,
			     size_t *used)
{
	*header = local;
	*used = 0;
	if (n == 0)
		return PROXY_MORE;
	if (begins(bytes, n, v1_signature, V1_SIGNATURE))
		return n < V1_SIGNATURE ? PROXY_MORE : v1_read(bytes, n, header, used);
	if (begins(bytes, n, v2_signature, V2_SIGNATURE))
		return v2_read(bytes, n, header, used);
	return PROXY_NO_HEADER;
}

/* A text that can stand in a principal: no control character, none of which ends it. */
static bool is_name(const uint8_t *name, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (name[i] < ' ' || name[i] == 0x7f)
			return false;
	}
	return n > 0;
}

enum proxy_name proxy_client_name(const struct proxy_header *header, char **name)
{
	const struct proxy_tls *tls = &header->tls;
	const uint8_t wanted = CLIENT_SSL | CLIENT_CERT_SESS;

	*name = NULL;
	if (header->is_local || !tls->is_there || (tls->client & wanted) != wanted)
		return PROXY_NAMELESS;
	if (tls->verify != 0 || tls->name == NULL || !is_name(tls->name, tls->name_len))
		return PROXY_MISNAMED;
	*name = mem_strndup((const char *)tls->name, tls->name_len);
	return PROXY_NAMED;
}
