#include "plan/endpoint.h"

#include "util/mem.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOST_LONGEST = 255, PORT_HIGHEST = 65535 };

static const char *const bad_port = "a port is a number from 1 to 65535";

/* The address as IPv6, IPv4 as ::ffff:a.b.c.d. */
static bool address_of(const char *host, struct in6_addr *address)
{
	struct in_addr v4;

	if (inet_pton(AF_INET6, host, address) == 1)
		return true;
	if (inet_pton(AF_INET, host, &v4) != 1)
		return false;
	memset(address, 0, sizeof *address);
	address->s6_addr[10] = 0xff;
	address->s6_addr[11] = 0xff;
	memcpy(&address->s6_addr[12], &v4, sizeof v4);
	return true;
}

bool endpoint_is_address(const char *host)
{
	struct in6_addr ignored;

	return address_of(host, &ignored);
}

bool endpoint_is_every_address(const char *host)
{
	static const struct in6_addr v4_any = { { { [10] = 0xff, [11] = 0xff } } };
	struct in6_addr a;

	if (strcmp(host, "*") == 0)
		return true;
	return address_of(host, &a) &&
	       (IN6_IS_ADDR_UNSPECIFIED(&a) || memcmp(&a, &v4_any, sizeof a) == 0);
}

bool endpoint_is_loopback(const char *host)
{
	struct in6_addr a;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	return address_of(host, &a) &&
	       (IN6_IS_ADDR_LOOPBACK(&a) || (IN6_IS_ADDR_V4MAPPED(&a) && a.s6_addr[12] == 127));
}

bool endpoint_same_host(const char *a, const char *b)
{
	struct in6_addr x, y;
	bool a_is = address_of(a, &x);
	bool b_is = address_of(b, &y);

	if (a_is || b_is)
		return a_is && b_is && memcmp(&x, &y, sizeof x) == 0;
	return strcasecmp(a, b) == 0;
}

/* Four numbers with dots that are no address were meant to be one. */
static bool is_only_digits_and_dots(const char *host)
{
	return strspn(host, "0123456789.") == strlen(host);
}

const char *endpoint_host_mistake(const char *host)
{
	size_t length = strlen(host);

	if (length == 0)
		return "the host is missing";
	if (length > HOST_LONGEST)
		return "a host name has at most 255 characters";
	if (strcmp(host, "*") == 0 || endpoint_is_address(host))
		return NULL;
	if (is_only_digits_and_dots(host))
		return "this is no IPv4 address: it is four numbers from 0 to 255";
	if (!isalnum((unsigned char)host[0]))
		return "a host name begins with a letter or a digit";
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)host[i];

		if (!isalnum(c) && c != '.' && c != '-' && c != '_')
			return "a host name is made of letters, digits, '.', '-' and '_'"
			       " (an IPv6 address stands in brackets)";
	}
	return NULL;
}

/* A port number at *at, which moves behind it. */
static bool take_port(const char **at, int *port)
{
	char *end;
	long value;

	if (!isdigit((unsigned char)**at))
		return false;
	errno = 0;
	value = strtol(*at, &end, 10);
	if (errno != 0 || value < 1 || value > PORT_HIGHEST)
		return false;
	*port = (int)value;
	*at = end;
	return true;
}

/* `PORT` or `PORT-PORT`, to the end of the text. */
static const char *parse_ports(const char *at, struct endpoint *e)
{
	if (!take_port(&at, &e->first))
		return bad_port;
	e->last = e->first;
	if (*at == '-') {
		at++;
		if (!take_port(&at, &e->last))
			return bad_port;
		e->is_range = true;
	}
	if (*at != '\0')
		return "only a port, or two with a '-' between them, may follow the host";
	if (e->last < e->first)
		return "the last port is smaller than the first";
	return NULL;
}

/* Where the host ends and what follows it: NULL (nothing) or the ports. */
static const char *split(const char *text, struct endpoint *e, const char **ports)
{
	const char *end;
	bool in_brackets = text[0] == '[';

	*ports = NULL;
	if (in_brackets) {
		end = strchr(text, ']');
		if (end == NULL)
			return "the ']' behind the IPv6 address is missing";
		e->host = mem_strndup(text + 1, (size_t)(end - text - 1));
		end++;
		if (strchr(e->host, ':') == NULL || !endpoint_is_address(e->host))
			return "only an IPv6 address stands in brackets";
	} else {
		end = text + strcspn(text, ":");
		e->host = mem_strndup(text, (size_t)(end - text));
	}
	if (*end == '\0')
		return NULL;
	if (*end != ':')
		return "behind the ']' comes ':' and a port";
	if (!in_brackets && strchr(end + 1, ':') != NULL)
		return "an IPv6 address is written in brackets, as [2001:db8::1]:9092";
	*ports = end + 1;
	return NULL;
}

const char *endpoint_parse(const char *text, struct endpoint *e)
{
	const char *ports;
	const char *mistake;

	memset(e, 0, sizeof *e);
	mistake = split(text, e, &ports);
	if (mistake == NULL)
		mistake = endpoint_host_mistake(e->host);
	if (mistake == NULL && ports != NULL)
		mistake = parse_ports(ports, e);
	if (mistake != NULL)
		endpoint_deinit(e);
	return mistake;
}

void endpoint_deinit(struct endpoint *e)
{
	free(e->host);
	memset(e, 0, sizeof *e);
}
