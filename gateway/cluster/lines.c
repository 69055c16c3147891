#include "cluster/lines.h"

#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>

enum { ANSWER_MAX = 16 * 1024 * 1024 };

struct line {
	struct line *next;
	struct lines *lines;
	enum line_purpose purpose;
	int32_t broker;
	struct call *call;
};

struct lines {
	struct ev_loop *loop;
	const struct link_terms *terms;
	int connect_timeout_ms;
	struct line *first;
};

struct lines *lines_new(struct ev_loop *loop, const struct link_terms *terms,
			int connect_timeout_ms)
{
	struct lines *l = mem_zalloc(sizeof *l);

	l->loop = loop;
	l->terms = terms;
	l->connect_timeout_ms = connect_timeout_ms;
	return l;
}

static void line_free(struct line *k)
{
	struct line **at = &k->lines->first;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	call_free(k->call);
	free(k);
}

void lines_free(struct lines *l)
{
	if (l == NULL)
		return;
	while (l->first != NULL)
		line_free(l->first);
	free(l);
}

static void on_closed(void *owner, enum link_end end, int error)
{
	struct line *k = owner;

	log_info("who=cluster event=disconnected broker=%d err=\"%s\" reason=\"%s\"", k->broker,
		 link_end_text(end), call_reason(k->call, error));
	line_free(k);
}

static struct line *line_open(struct lines *l, enum line_purpose purpose, const struct broker *to)
{
	static const struct call_events events = { .on_closed = on_closed };
	const struct call_options options = { .address = (const struct sockaddr *)&to->address,
					      .address_len = to->address_len,
					      .connect_timeout_ms = l->connect_timeout_ms,
					      .max_answer = ANSWER_MAX,
					      .terms = l->terms,
					      .host = to->host,
					      .port = to->port };
	struct line *k = mem_zalloc(sizeof *k);

	k->lines = l;
	k->purpose = purpose;
	k->broker = to->id;
	k->next = l->first;
	l->first = k;
	k->call = call_new(l->loop, &options, &events, k);
	return k;
}

bool lines_send(struct lines *l, enum line_purpose purpose, const struct broker *to,
		const struct call_request *request)
{
	struct line *k = l->first;

	if (to->address_len == 0)
		return false;
	while (k != NULL && (k->purpose != purpose || k->broker != to->id))
		k = k->next;
	if (k == NULL)
		k = line_open(l, purpose, to);
	return call_send(k->call, request);
}

void lines_keep(struct lines *l, enum line_purpose purpose, int32_t broker)
{
	struct line *next;

	for (struct line *k = l->first; k != NULL; k = next) {
		next = k->next;
		if (k->purpose == purpose && k->broker != broker)
			line_free(k);
	}
}
