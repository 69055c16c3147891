#include "session/vetted.h"

#include "kafka/errors.h"
#include "kafka/walk.h"
#include "kafka/wire.h"
#include "session/inside.h"
#include "session/request.h"

void vetted_tell(const struct part *p, uint8_t *body, uint32_t size)
{
	const struct request_head *h = &p->request->head;
	struct walk_event e;
	struct walk w;

	walk_init(&w, api_plan(h->api, h->version, RESPONSE), size);
	walk_input(&w, body, size);
	while (walk_next(&w, &e) == WALK_EVENT) {
		if (e.kind == WALK_VALUE && e.is == ERROR_CODE &&
		    e.number == ERROR_LOG_DIR_NOT_FOUND)
			wire_put16(body + e.at, ERROR_REPLICA_NOT_AVAILABLE);
	}
}
