/* The course of a request with one broker that names what is the nodes' own (route/reserved.h):
 * the broker gets it without that, its answer is held, and what was refused is put into it.  A
 * request for a list of all topics has this course too: the nodes' own is taken out of its
 * answer. */
#include "route/split.h"
#include "route/stub.h"
#include "session/collect.h"
#include "session/inbound.h"
#include "session/inside.h"
#include "session/numbering.h"
#include "session/reply.h"
#include "session/request.h"
#include "session/rewritten.h"
#include "session/watch.h"

#include <stdlib.h>

enum { COPIES = 4 }; /* of the answer: written anew, in one piece, amended */

/* --- the request --- */

/* What is answered for the refused entries; none where entries have no code. */
static struct reserved_entries refused_entries(struct request *r, int code)
{
	struct layout refused = reserved_only(&r->layout);
	struct reserved_answer stub = { .api = r->head.api, .version = r->head.version };
	struct reserved_entries entries;
	struct merge_part read;
	struct buf out;

	buf_init(&out, stub_most(stub.api, stub.version, &refused));
	if (!stub_answer(&out, stub.api, stub.version, &refused, code, false))
		abort(); /* its names were in a request */
	stub.body = arena_copy(&r->arena, out.data, out.len);
	stub.size = (uint32_t)out.len;
	buf_deinit(&out);
	if (!reserved_read_entries(&stub, &entries) ||
	    !merge_read(&read, stub.api, stub.version, stub.body, stub.size, &r->arena))
		abort(); /* what we write we can read */
	if (!read.layout.has_item_error && read.layout.error.number == 0)
		return (struct reserved_entries){ 0 };
	reply_count_code(r, code);
	return entries;
}

static void commit(struct client *c, struct request *r, const struct sending *to)
{
	struct reserved_entries *more = arena_zalloc(&r->arena, sizeof *more);
	struct layout whole = r->layout;
	struct part *p;

	if (to->edits.count > 0)
		*more = refused_entries(r, to->code);
	r->of_course = more;
	request_add_parts(r, 1);
	p = r->parts;
	p->broker = to->brokers[0];
	numbering_take(c, p);
	whole.has_array = false; /* the edits say what becomes of it */
	split_part(&p->frame, &r->head, conn_data(&c->conn), &whole, &to->edits, p->broker,
		   p->correlation_id);
	layout_keep(&r->layout);
	inbound_send(c);
}

/* --- its answer --- */

/* The answer as other clients have it, in one piece; false: it can't be shown. */
static bool read_answer(struct client *c, struct request *r, struct reserved_answer *of)
{
	struct gather anew;
	uint8_t *body, *all;
	uint32_t size;

	if (!collect_body(r->parts, &body, &size))
		return false;
	of->body = body;
	of->size = size;
	if (r->head.api->answer == ANSWER_WATCH)
		return watch_whole(r, body, size);
	if (r->head.api->answer != ANSWER_REWRITE)
		return true;
	gather_init(&anew, &r->arena);
	if (!rewritten_body(c, r, &anew, body, size))
		return false;
	all = arena_alloc(&r->arena, anew.size + 1);
	of->body = all;
	of->size = (uint32_t)anew.size;
	for (int i = 0; i < anew.count; i++) {
		memcpy(all, anew.iov[i].iov_base, anew.iov[i].iov_len);
		all += anew.iov[i].iov_len;
	}
	return true;
}

static bool write_amended(struct client *c, struct request *r)
{
	struct reserved_answer of = { .api = r->head.api,
				      .version = r->head.version,
				      .more = *(const struct reserved_entries *)r->of_course };
	uint8_t *head;

	if (!read_answer(c, r, &of))
		return false;
	head = reply_begin(r);
	if (!reserved_amend(&c->worker->reserved, &r->reply, &of))
		return false;
	reply_end(r, head);
	return true;
}

static enum course_result answer(struct client *c, struct request *r)
{
	return collect_one(c, r, COPIES, write_amended);
}

const struct course course_curtailed = { .name = "curtailed", .commit = commit, .answer = answer };
