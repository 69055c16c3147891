/* How a client's life moves on, whoever finds out. */
#include "session/life.h"

#include "session/inside.h"

#include <assert.h>

#define TO(life) (1u << LIFE_##life)

static const unsigned moves[] = {
	[LIFE_SERVED] = TO(LAST_LOOK) | TO(ENDING) | TO(CLOSING),
	[LIFE_LAST_LOOK] = TO(DRAINING) | TO(CLOSING),
	[LIFE_DRAINING] = TO(CLOSING),
	[LIFE_ENDING] = TO(DRAINING) | TO(CLOSING),
	[LIFE_CLOSING] = TO(LINGERING),
	[LIFE_LINGERING] = 0,
};

void client_set_life(struct client *c, enum client_life life, const char *why)
{
	assert(moves[c->life.state] & 1u << life);
	c->life.state = life;
	c->life.since = client_now(c);
	if (why != NULL)
		c->life.why = why;
}

void client_wake(struct client *c)
{
	ready_mark(&c->worker->ready, &c->ready);
}

void client_on_event(void *client)
{
	client_wake(client);
}

void client_fail(struct client *c, const char *why)
{
	if (!client_is_closing(c))
		client_set_life(c, LIFE_CLOSING, why);
}
