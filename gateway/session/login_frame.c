#include "session/login_frame.h"

#include "session/inside.h"
#include "session/request.h"

bool login_read(const struct client *c, const struct request *r, struct walk_event *value)
{
	const enum kis is = c->door.asked == ASKED_MECHANISM ? MECHANISM : AUTH_BYTES;
	const uint8_t *frame = conn_data(&c->conn);
	const uint32_t size = request_frame_size(r) - r->head.body_at;
	enum walk_result got;
	struct walk_event e;
	struct walk w;
	bool found = false;

	if (r->is_bare) {
		*value = (struct walk_event){ .bytes = frame + HEAD_SIZE_BYTES,
					      .len = r->head.size };
		return true;
	}
	walk_init(&w, api_plan(r->head.api, r->head.version, REQUEST), size);
	walk_input(&w, frame + r->head.body_at, size);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.is != is)
			continue;
		*value = e;
		value->bytes = frame + r->head.body_at + e.at + e.size - e.len;
		found = true;
	}
	return got == WALK_DONE && found;
}
