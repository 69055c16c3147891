#include "topology/negotiate.h"

#include "topology/ask.h"

enum { FIRST = 4, REQUEST_MAX = 1024 };

static void ask(struct negotiate *n);

/* The next lower version to try, -1: none. */
static int lower(int version)
{
	return version > 3 ? 3 : version > 0 ? 0 : -1;
}

static void on_answer(void *owner, const uint8_t *body, uint32_t len)
{
	struct negotiate *n = owner;
	struct broker_versions v;
	enum versions_result got;

	if (body == NULL)
		return;
	got = versions_read(&v, n->version, body, len);
	if (got == VERSIONS_UNSUPPORTED && lower(n->version) >= 0) {
		n->version = lower(n->version);
		ask(n);
		return;
	}
	n->on_done(n->owner, got == VERSIONS_OK ? &v : NULL);
}

/* A call that takes nothing any more has its on_closed still to come. */
static void ask(struct negotiate *n)
{
	struct buf body;

	buf_init(&body, REQUEST_MAX);
	if (ask_versions(n->version, &body))
		(void)!call_send(n->call, api_of(KEY_API_VERSIONS), n->version, body.data,
				 (uint32_t)body.len, n->timeout_ms, on_answer, n);
	buf_deinit(&body);
}

void negotiate_start(struct negotiate *n, struct call *call, int timeout_ms,
		     void (*on_done)(void *owner, struct broker_versions *v), void *owner)
{
	*n = (struct negotiate){ .call = call,
				 .version = FIRST,
				 .timeout_ms = timeout_ms,
				 .on_done = on_done,
				 .owner = owner };
	ask(n);
}

void negotiate_again(struct negotiate *n)
{
	ask(n);
}
