#include "loop/connection.h"

#include <stdlib.h>

void connections_cut(struct connections *c, size_t limit)
{
	for (; c->count > limit; c->count--) {
		struct connection *last = &c->list[c->count - 1];

		free(last->client_id);
		free(last->software);
		free(last->server_name);
		free(last->subject);
		free(last->principal);
		free(last->mechanism);
		free(last->brokers);
	}
}

void connections_free(struct connections *c)
{
	connections_cut(c, 0);
	free(c->list);
	c->list = NULL;
}
