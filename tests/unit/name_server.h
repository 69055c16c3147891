/* name_server.h - what the system's resolver says, for a test that owns it.
 *
 * Defines getaddrinfo, so one test program includes it once.  "broker-N" has the addresses that
 * the test gives; other names do not exist; numbers are answered by the C library.
 */
#ifndef UNIT_NAME_SERVER_H
#define UNIT_NAME_SERVER_H

#include "util/mem.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_down;	  /* every name fails */
	bool is_silent;	  /* nobody is answered before this ends */
	unsigned asked;	  /* names, not numbers */
	uint32_t address; /* of every broker */
} name_server = {
	PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false, 0, INADDR_LOOPBACK
};

static inline void name_server_be(bool is_down, bool is_silent)
{
	pthread_mutex_lock(&name_server.lock);
	name_server.is_down = is_down;
	name_server.is_silent = is_silent;
	pthread_cond_broadcast(&name_server.changed);
	pthread_mutex_unlock(&name_server.lock);
}

static inline unsigned name_server_asked(void)
{
	unsigned asked;

	pthread_mutex_lock(&name_server.lock);
	asked = name_server.asked;
	pthread_mutex_unlock(&name_server.lock);
	return asked;
}

/* As getaddrinfo's, in one piece: a node and its address. */
struct name_server_answer {
	struct addrinfo info;
	struct sockaddr_in address;
};

static int name_server_answer(uint32_t address, struct addrinfo **out)
{
	struct name_server_answer *a = mem_zalloc(sizeof *a);

	a->address =
		(struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
	a->info = (struct addrinfo){ .ai_family = AF_INET,
				     .ai_socktype = SOCK_STREAM,
				     .ai_addrlen = sizeof a->address,
				     .ai_addr = (struct sockaddr *)&a->address };
	*out = &a->info;
	return 0;
}

static int name_server_ask(const char *node, struct addrinfo **out)
{
	uint32_t address;
	bool is_down;

	pthread_mutex_lock(&name_server.lock);
	name_server.asked++;
	while (name_server.is_silent)
		pthread_cond_wait(&name_server.changed, &name_server.lock);
	is_down = name_server.is_down;
	address = name_server.address;
	pthread_mutex_unlock(&name_server.lock);
	if (is_down)
		return EAI_AGAIN;
	return strncmp(node, "broker-", 7) == 0 ? name_server_answer(address, out) : EAI_NONAME;
}

int getaddrinfo(const char *restrict node, const char *restrict service,
		const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
	struct in_addr address;

	(void)service;
	if (inet_pton(AF_INET, node, &address) == 1)
		return name_server_answer(ntohl(address.s_addr), out);
	return hints->ai_flags & AI_NUMERICHOST ? EAI_NONAME : name_server_ask(node, out);
}

void freeaddrinfo(struct addrinfo *list)
{
	free(list);
}

#endif
