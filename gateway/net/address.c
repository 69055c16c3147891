#include "net/address.h"

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

uint64_t address_hash(const union address *a)
{
	size_t len;
	const void *bytes = address_host(a, &len);

	return hash_bytes(bytes, len);
}

void address_text(const union address *a, char text[ADDRESS_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "?";
	bool is_v4 = a->any.sa_family == AF_INET;
	size_t len;
	const void *bytes = address_host(a, &len);

	if (bytes != NULL)
		inet_ntop(a->any.sa_family, bytes, host, sizeof host);
	snprintf(text, ADDRESS_TEXT, is_v4 ? "%s:%d" : "[%s]:%d", host, address_port(a));
}
