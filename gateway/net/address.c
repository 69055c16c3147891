#include "net/address.h"

#include "config/config.h"
#include "util/hash.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

void address_set(union address *a, const struct sockaddr_storage *from)
{
	memset(a, 0, sizeof *a);
	if (from->ss_family == AF_INET || from->ss_family == AF_INET6)
		memcpy(a, from, sizeof *a);
}

int address_port(const union address *a)
{
	switch (a->any.sa_family) {
	case AF_INET:
		return ntohs(a->v4.sin_port);
	case AF_INET6:
		return ntohs(a->v6.sin6_port);
	default:
		return 0;
	}
}

const void *address_host(const union address *a, size_t *len)
{
	switch (a->any.sa_family) {
	case AF_INET:
		*len = sizeof a->v4.sin_addr;
		return &a->v4.sin_addr;
	case AF_INET6:
		*len = sizeof a->v6.sin6_addr;
		return &a->v6.sin6_addr;
	default:
		*len = 0;
		return NULL;
	}
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool address_is_in(const union address *a, const struct config_net *nets, size_t count)
{
	uint8_t v6[sizeof(struct in6_addr)] = { [10] = 0xff, 0xff };
	size_t len;
	const void *host = address_host(a, &len);

	if (host == NULL)
		return false;
	memcpy(v6 + sizeof v6 - len, host, len);
	for (size_t i = 0; i < count; i++) {
		if (same_bits(v6, nets[i].addr.s6_addr, nets[i].bits))
			return true;
	}
	return false;
}

uint64_t address_hash(const union address *a)
{
	size_t len;
	const void *bytes = address_host(a, &len);

	return hash_bytes(bytes, len);
}

void address_host_text(const union address *a, char text[ADDRESS_TEXT])
{
	size_t len;
	const void *bytes = address_host(a, &len);

	if (bytes == NULL || inet_ntop(a->any.sa_family, bytes, text, ADDRESS_TEXT) == NULL)
		snprintf(text, ADDRESS_TEXT, "?");
}

void address_text(const union address *a, char text[ADDRESS_TEXT])
{
	char host[ADDRESS_TEXT];
	bool is_v4 = a->any.sa_family == AF_INET;

	address_host_text(a, host);
	snprintf(text, ADDRESS_TEXT, is_v4 ? "%s:%d" : "[%s]:%d", host, address_port(a));
}
