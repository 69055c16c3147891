#include "topology/negotiate.h"

enum { FIRST = 4 };

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
	const struct say says[] = { say_text(SOFTWARE_NAME, "anyport"),
				    say_text(SOFTWARE_VERSION, "1.0") };
	const struct call_request request = { .key = KEY_API_VERSIONS,
					      .version = n->version,
					      .says = SAY_ALL(says),
					      .timeout_ms = n->timeout_ms,
					      .answer = on_answer,
					      .owner = n };

	(void)!call_send(n->call, &request);
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
