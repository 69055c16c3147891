/* Networks: addresses with the bits of them that count. */
#include "config/kinds.h"

#include "util/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool bit_is_set(const struct in6_addr *addr, unsigned bit)
{
	return addr->s6_addr[bit / 8] >> (7 - bit % 8) & 1;
}

static bool parse_address(const char *text, struct in6_addr *addr, unsigned *bits)
{
	struct in_addr v4;

	*bits = 128;
	if (inet_pton(AF_INET6, text, addr) == 1)
		return true;
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	*bits = 32;
	memset(addr, 0, sizeof *addr);
	memset(addr->s6_addr + 10, 0xff, 2);
	memcpy(addr->s6_addr + 12, &v4, sizeof v4);
	return true;
}

static bool parse_network(const char *text, struct config_net *net)
{
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "/");
	unsigned bits;
	int64_t masked;

	if (n >= sizeof address)
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	if (!parse_address(address, &net->addr, &bits))
		return false;
	masked = bits;
	if (text[n] == '/' && (!isdigit((unsigned char)text[n + 1]) ||
			       !text_int64(text + n + 1, &masked) || masked > bits))
		return false;
	net->bits = (unsigned)masked + (128 - bits);
	return true;
}

bool kind_parse_net(const struct config_option *o, const char *text, size_t n,
		    struct config_net *net, char why[KIND_WHY_MAX])
{
	char one[INET6_ADDRSTRLEN + sizeof "/128"];

	if (n >= sizeof one)
		return kind_wrong(o, text, why);
	memcpy(one, text, n);
	one[n] = '\0';
	if (!parse_network(one, net))
		return kind_wrong(o, text, why);
	for (unsigned bit = net->bits; bit < 128; bit++) {
		if (!bit_is_set(&net->addr, bit))
			continue;
		snprintf(why, KIND_WHY_MAX, "\"%.100s\" has address bits behind its mask", text);
		return false;
	}
	return true;
}

void kind_print_net(const struct config_net *net, FILE *out)
{
	char text[INET6_ADDRSTRLEN];
	bool v4 = IN6_IS_ADDR_V4MAPPED(&net->addr) && net->bits >= 96;

	if (v4)
		inet_ntop(AF_INET, net->addr.s6_addr + 12, text, sizeof text);
	else
		inet_ntop(AF_INET6, &net->addr, text, sizeof text);
	fprintf(out, "%s/%u", text, v4 ? net->bits - 96 : net->bits);
}
