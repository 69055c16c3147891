#include "topology/resolve.h"

#include "util/mem.h"

#include <netdb.h>
#include <netinet/in.h>

struct entry {
	struct entry *next;
	char *host;
	int64_t until; /* ms */
	size_t count;
	struct resolved addresses[RESOLVE_ADDRESSES]; /* without a port */
};

struct resolver {
	struct entry *first;
};

struct resolver *resolver_new(void)
{
	return mem_zalloc(sizeof(struct resolver));
}

static void remove_at(struct entry **at)
{
	struct entry *e = *at;

	*at = e->next;
	free(e->host);
	free(e);
}

void resolver_free(struct resolver *r)
{
	while (r->first != NULL)
		remove_at(&r->first);
	free(r);
}

static size_t look_up(const char *host, int flags, struct resolved *out)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
					.ai_socktype = SOCK_STREAM,
					.ai_flags = flags };
	struct addrinfo *list;
	size_t n = 0;

	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return 0;
	for (const struct addrinfo *a = list; a != NULL && n < RESOLVE_ADDRESSES; a = a->ai_next) {
		out[n].len = a->ai_addrlen;
		memcpy(&out[n++].storage, a->ai_addr, a->ai_addrlen);
	}
	freeaddrinfo(list);
	return n;
}

/* Forgets what is too old; the entry of this host, or NULL. */
static struct entry *remembered(struct resolver *r, const char *host, int64_t now)
{
	struct entry *found = NULL;

	for (struct entry **at = &r->first; *at != NULL;) {
		if (now >= (*at)->until) {
			remove_at(at);
			continue;
		}
		if (strcmp((*at)->host, host) == 0)
			found = *at;
		at = &(*at)->next;
	}
	return found;
}

static struct entry *ask(struct resolver *r, const char *host, int64_t now)
{
	struct entry *e = mem_zalloc(sizeof *e);

	e->host = mem_strdup(host);
	e->count = look_up(host, AI_ADDRCONFIG, e->addresses);
	if (e->count == 0) /* a machine that has but a loopback */
		e->count = look_up(host, 0, e->addresses);
	e->until = now + (e->count > 0 ? RESOLVE_KEEP_MS : RESOLVE_RETRY_MS);
	e->next = r->first;
	r->first = e;
	return e;
}

static void set_port(struct resolved *a, int port)
{
	if (a->storage.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&a->storage)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)&a->storage)->sin_port = htons((uint16_t)port);
}

size_t resolve(struct resolver *r, const char *host, int port, int64_t now_ms,
	       struct resolved out[RESOLVE_ADDRESSES])
{
	size_t n = look_up(host, AI_NUMERICHOST, out);

	if (n == 0) {
		struct entry *e = remembered(r, host, now_ms);

		if (e == NULL)
			e = ask(r, host, now_ms);
		n = e->count;
		memcpy(out, e->addresses, n * sizeof *out);
	}
	for (size_t i = 0; i < n; i++)
		set_port(&out[i], port);
	return n;
}
