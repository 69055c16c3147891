/* address.h - a peer's address and port, IPv4 or IPv6, in as many bytes as they need.
 *
 * A plain value; zeroed its family is AF_UNSPEC: unknown.
 * Tests: tests/unit/net/address_test.c
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct config_net;

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Of another family: unknown. */
void address_set(union address *a, const struct sockaddr_storage *from);
/* 0: unknown. */
int address_port(const union address *a);
/* The host's bytes in network order, 4 or 16 of them; NULL: unknown. */
const void *address_host(const union address *a, size_t *len);

/* Whether the host is in one of the networks, IPv4 as mapped IPv6; one that is unknown is in none. */
bool address_is_in(const union address *a, const struct config_net *nets, size_t count);

/* Alike for one host whatever the port, in this process. */
uint64_t address_hash(const union address *a);

enum { ADDRESS_TEXT = 64 };

/* "10.0.0.5", "fd00::5", "?". */
void address_host_text(const union address *a, char text[ADDRESS_TEXT]);
/* "10.0.0.5:4411", "[fd00::5]:4411", "[?]:0". */
void address_text(const union address *a, char text[ADDRESS_TEXT]);

#endif
