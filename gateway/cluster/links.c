#include "cluster/links.h"

#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>

enum { ANSWER_MAX = 16 * 1024 * 1024 };

struct link {
	struct link *next;
	struct links *links;
	enum link_purpose purpose;
	int32_t broker;
	struct call *call;
};

struct links {
	struct ev_loop *loop;
	int connect_timeout_ms;
	struct link *first;
};

struct links *links_new(struct ev_loop *loop, int connect_timeout_ms)
{
	struct links *l = mem_zalloc(sizeof *l);

	l->loop = loop;
	l->connect_timeout_ms = connect_timeout_ms;
	return l;
}

static void link_free(struct link *k)
{
	struct link **at = &k->links->first;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	call_free(k->call);
	free(k);
}

void links_free(struct links *l)
{
	if (l == NULL)
		return;
	while (l->first != NULL)
		link_free(l->first);
	free(l);
}

static void on_closed(void *owner, enum call_end end, int error)
{
	struct link *k = owner;

	log_info("who=cluster event=disconnected broker=%d err=\"%s\" reason=\"%s\"", k->broker,
		 call_end_text(end), call_error_text(error));
	link_free(k);
}

static struct link *link_open(struct links *l, enum link_purpose purpose, const struct broker *to)
{
	static const struct call_events events = { .on_closed = on_closed };
	const struct call_options options = { .address = (const struct sockaddr *)&to->address,
					      .address_len = to->address_len,
					      .connect_timeout_ms = l->connect_timeout_ms,
					      .max_answer = ANSWER_MAX };
	struct link *k = mem_zalloc(sizeof *k);

	k->links = l;
	k->purpose = purpose;
	k->broker = to->id;
	k->next = l->first;
	l->first = k;
	k->call = call_new(l->loop, &options, &events, k);
	return k;
}

bool links_send(struct links *l, enum link_purpose purpose, const struct broker *to,
		const struct call_request *request)
{
	struct link *k = l->first;

	if (to->address_len == 0)
		return false;
	while (k != NULL && (k->purpose != purpose || k->broker != to->id))
		k = k->next;
	if (k == NULL)
		k = link_open(l, purpose, to);
	return call_send(k->call, request);
}

void links_keep(struct links *l, enum link_purpose purpose, int32_t broker)
{
	struct link *next;

	for (struct link *k = l->first; k != NULL; k = next) {
		next = k->next;
		if (k->purpose == purpose && k->broker != broker)
			link_free(k);
	}
}
