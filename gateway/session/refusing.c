#include "session/refusing.h"

#include "kafka/errors.h"
#include "session/inside.h"
#include "session/request.h"

enum course_need refusing_all(struct sending *to, int code)
{
	to->course = &course_here;
	to->is_curtailed = true;
	to->code = code;
	return NEED_NOTHING;
}

/* Who asks for all topics is not told of the nodes' own. */
static bool asks_for_all(const struct request *r)
{
	const struct layout *l = &r->layout;

	return (r->head.api->route == TO_ANY || r->head.api->route == TO_CONTROLLER) &&
	       l->has_array && !l->by_key && (l->array_null || l->topics_said == 0);
}

static enum course_need curtail(struct request *r, struct sending *to)
{
	const struct layout *l = &r->layout;
	uint32_t entries = l->by_key || l->item_count > 0 ? l->item_count : l->topic_count;

	to->code = l->by_key ? ERROR_GROUP_AUTHORIZATION_FAILED : ERROR_TOPIC_AUTHORIZATION_FAILED;
	if (to->refused > 0 && to->refused == entries && !r->head.api->maps_anew)
		return refusing_all(to, to->code);
	to->is_curtailed = true;
	if (to->refused > 0)
		reserved_cut(l, &to->edits, api_is_flexible(r->head.api, r->head.version));
	return NEED_NOTHING;
}

enum course_need refusing_look(struct client *c, struct request *r, struct sending *to)
{
	const struct reserved *v = &c->worker->reserved;
	const struct kapi *api = r->head.api;
	struct layout *l = &r->layout;

	if (v->group == NULL || api->request == NULL || api->route == TO_LEADER ||
	    api->route == TO_REPLICA || api->route == TO_RESOURCE ||
	    (l->by_key && api->route != TO_ANY))
		return NEED_NOTHING;
	if (reserved_has_group(v, l)) {
		if (!request_is_whole(c, r))
			return NEED_WHOLE;
		return refusing_all(to, ERROR_GROUP_AUTHORIZATION_FAILED);
	}
	if (!api_has_list(api))
		return NEED_NOTHING;
	if (!request_is_whole(c, r))
		return NEED_WHOLE;
	/* an answer that is written anew leaves the topic out by itself */
	if (api->answer == ANSWER_REWRITE &&
	    !reserved_is_near(v, c->worker->snapshot, conn_data(&c->conn) + r->head.body_at,
			      request_frame_size(r) - r->head.body_at))
		return NEED_NOTHING;
	if (!r->layout.done)
		return NEED_LAYOUT;
	to->refused = reserved_mark(v, c->worker->snapshot, l);
	if (to->refused == 0 && (api->answer == ANSWER_REWRITE || !asks_for_all(r)))
		return NEED_NOTHING;
	return curtail(r, to);
}
