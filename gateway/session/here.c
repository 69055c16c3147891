/* The course of a request that the gateway answers itself: ApiVersions, and what it refuses with
 * an error code. */
#include "kafka/wire.h"
#include "route/api_versions.h"
#include "session/ending.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/life.h"
#include "session/reply.h"
#include "session/request.h"
#include "util/mem.h"

enum {
	ANSWER_MAX = 64 * 1024,
	NAME_MAX_KEPT = 255, /* of the client's software */
};

/* A broker that is down for a while has left the brokers' own list; its port serves all the same.  To be
 * told to start anew costs a client all of its connections. */
static bool is_told(void *ctx, int32_t id)
{
	const struct client *c = ctx;

	return advertise_id(client_told(c), c->worker->snapshot, id) == id;
}

static void keep_hello(struct client *c, const struct api_versions_request *said)
{
	if (said->node_id >= 0)
		c->came.hint = hint_of_client(said->node_id);
	if (said->software_name == NULL || said->name_len > NAME_MAX_KEPT ||
	    said->version_len > NAME_MAX_KEPT)
		return;
	free(c->hello.name);
	free(c->hello.version);
	c->hello.name = mem_strndup((const char *)said->software_name, said->name_len);
	c->hello.version = mem_strndup((const char *)said->software_version, said->version_len);
}

/* False: malformed. */
static bool answer_versions(struct client *c, struct request *r)
{
	struct api_versions_request said;
	const struct api_versions_question question = {
		.version = r->head.version,
		.body = conn_data(&c->conn) + r->head.body_at,
		.size = request_frame_size(r) - r->head.body_at,
		.snapshot = c->worker->snapshot,
		.listener = c->came.entrance->listener,
		.known_node = is_told,
		.ctx = c,
	};
	struct buf out;
	bool good;

	buf_init(&out, ANSWER_MAX);
	good = api_versions_answer(&out, &question, &said);
	if (good) {
		keep_hello(c, &said);
		door_greeted(&c->door,
			     (int16_t)wire_get16(out.data)); /* it begins with its error */
		reply_bytes(r, out.data, out.len);
	}
	buf_deinit(&out);
	return good;
}

/* An error that is told when there is memory for it. */
struct refusal {
	int code;
};

static void refuse(struct request *r, int code, bool at_top)
{
	const struct refusal refusal = { code };

	if (reply_stub_is_small(r, at_top)) {
		(void)reply_stub(r, code, at_top);
		return;
	}
	layout_keep(&r->layout); /* the frame goes */
	r->of_course = arena_copy(&r->arena, &refusal, sizeof refusal);
}

static void commit(struct client *c, struct request *r, const struct sending *to)
{
	if (to->code != 0) {
		refuse(r, to->code, !to->is_curtailed);
	} else if (!answer_versions(c, r)) {
		stats_add(&c->worker->stats, STAT_BAD_FRAMES, 1);
		client_end(c, "a malformed request");
		return;
	}
	client_count_in(c, request_frame_size(r));
	inbound_swallow(c, request_frame_size(r));
}

static enum course_result answer(struct client *c, struct request *r)
{
	const struct refusal *refusal = r->of_course;

	(void)c;
	if (refusal == NULL)
		return COURSE_WAITS;		    /* the reply was made at once */
	return reply_stub(r, refusal->code, false); /* what is told at the top is small */
}

const struct course course_here = { .name = "here", .commit = commit, .answer = answer };
