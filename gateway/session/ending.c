#include "session/ending.h"

#include "session/inbound.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/request.h"

void client_end(struct client *c, const char *why)
{
	struct request *r = inbound_stop(c);

	if (r != NULL)
		request_free(r);
	if (c->life.state == LIFE_SERVED)
		client_set_life(c, LIFE_ENDING, why);
	else if (c->life.state == LIFE_LAST_LOOK)
		client_set_life(c, LIFE_DRAINING, NULL);
}
