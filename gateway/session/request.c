#include "session/request.h"

#include "kafka/errors.h"
#include "route/targets.h"
#include "session/audit.h"
#include "session/behind.h"
#include "session/inside.h"
#include "session/nearby.h"
#include "session/seen.h"
#include "util/compiler.h"
#include "util/mem.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

enum { SPARE_MAX = ADDRESS_SANITIZED ? 0 : 64 };

static struct request *take_spare(struct spare_requests *s)
{
	struct request *r = s->first;

	if (r == NULL)
		return mem_alloc(sizeof *r);
	s->first = r->next;
	s->count--;
	return r;
}

static void keep_spare(struct spare_requests *s, struct request *r)
{
	if (s->count >= SPARE_MAX) {
		free(r);
		return;
	}
	r->next = s->first;
	s->first = r;
	s->count++;
}

void requests_free_spare(struct spare_requests *spare)
{
	while (spare->first != NULL)
		free(take_spare(spare));
}

struct request *request_new(struct client *c, const struct request_head *head)
{
	struct request *r = take_spare(&c->worker->spare_requests);

	memset(r, 0, offsetof(struct request, watch));
	r->client = c;
	r->head = *head;
	r->started = client_now(c);
	arena_init(&r->arena);
	layout_init(&r->layout, &r->arena);
	request_weigh(r);
	*c->out.last = r;
	c->out.last = &r->next;
	c->out.in_flight++;
	return r;
}

void request_add_parts(struct request *r, uint32_t count)
{
	r->parts = arena_zalloc(&r->arena, count * sizeof *r->parts);
	r->part_count = count;
	for (uint32_t i = 0; i < count; i++) {
		r->parts[i].request = r;
		r->parts[i].broker = NO_BROKER;
		gather_init(&r->parts[i].frame, &r->arena);
	}
}

#define TO(state) (1u << PART_##state)

static const unsigned moves[] = {
	[PART_TO_SEND] = TO(SENT) | TO(UNSENT) | TO(ANSWERED), /* answered before: a poll */
	[PART_SENT] = TO(ANSWERED) | TO(LOST),
	[PART_ANSWERED] = TO(TO_SEND),
	[PART_UNSENT] = TO(TO_SEND),
	[PART_LOST] = 0,
};

void part_set(struct part *p, enum part_state state)
{
	assert(moves[p->state] & 1u << state);
	p->state = state;
	if (state != PART_UNSENT && state != PART_LOST)
		return;
	behind_refused(p->request->client, p);
	if (p->request->is_near)
		nearby_lost(p->request->client, p->broker);
}

void part_end(struct part *p)
{
	if (p->upstream != NULL)
		upstream_pass_on(p->upstream, p, NULL);
	p->upstream = NULL;
	free(p->answer);
	p->answer = NULL;
	hold_release(&p->hold);
}

bool request_is_whole(const struct client *c, const struct request *r)
{
	return conn_len(&c->conn) >= request_frame_size(r);
}

bool request_has_no_answer(const struct request *r)
{
	return r->layout.acks.size > 0 && r->layout.acks.number == 0;
}

bool request_is_sent(const struct request *r)
{
	for (uint32_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].state == PART_TO_SEND)
			return false;
	}
	return true;
}

bool requests_use_none(const struct client *c, const struct upstream *u)
{
	for (const struct request *r = c->out.first; r != NULL; r = r->next) {
		for (uint32_t i = 0; i < r->part_count; i++) {
			if (r->parts[i].upstream == u)
				return false;
		}
	}
	return true;
}

bool part_is_spare(const struct part *p)
{
	const struct request *r = p->request;
	struct layout read = r->layout;
	struct arena scratch;
	bool is;

	if (!r->is_near)
		return false;
	arena_init(&scratch);
	if (r->session != NULL)
		read = fetched_items(own_session_fetched(r->session), p->target, &scratch);
	is = nearby_is_spare(r->client, &read, p->target);
	arena_deinit(&scratch);
	return is;
}

int part_lost_code(const struct part *p)
{
	const struct request *r = p->request;

	if (!seen_all(r->client, r))
		return LOST_SAYS_NOTHING;
	if (part_is_spare(p))
		return ERROR_NONE;
	return lost_code(r->head.api, &r->layout,
			 p->state == PART_UNSENT ? LOST_UNSENT : LOST_UNKNOWN);
}

/* --- in flight --- */

/* Bytes of the arena that the budget has given. */
static size_t request_paid(const struct request *r)
{
	return (size_t)(r->layout_hold.bytes +
			(r->reply_hold.is_granted ? r->reply_hold.bytes : 0));
}

enum {
	IN_FLIGHT_MAX = 64,
	UNPAID_MAX = 128 * 1024, /* bytes that are not the budget's */
	WEIGHT_MAX = 1024 * 1024,
};

_Static_assert(sizeof(struct request) * IN_FLIGHT_MAX <= UNPAID_MAX, "so many can be in flight");

void request_weigh(struct request *r)
{
	struct outbound *out = &r->client->out;
	size_t held = arena_held(&r->arena), paid = request_paid(r);
	size_t weight = sizeof *r + held, unpaid = sizeof *r + (held > paid ? held - paid : 0);

	out->weight += weight - r->weight;
	out->unpaid += unpaid - r->unpaid;
	r->weight = weight;
	r->unpaid = unpaid;
}

bool requests_are_many(const struct client *c)
{
	return c->out.in_flight >= IN_FLIGHT_MAX || c->out.unpaid >= UNPAID_MAX ||
	       c->out.weight >= WEIGHT_MAX;
}

static void take_out(struct request *r)
{
	struct outbound *out = &r->client->out;
	struct request **at = &out->first;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (out->last == &r->next)
		out->last = at;
	out->in_flight--;
	out->weight -= r->weight;
	out->unpaid -= r->unpaid;
}

void request_free(struct request *r)
{
	audit_end(r);
	take_out(r);
	if (r->course != NULL && r->course->leave != NULL)
		r->course->leave(r->client, r);
	for (uint32_t i = 0; i < r->part_count; i++)
		part_end(&r->parts[i]);
	hold_release(&r->layout_hold);
	hold_release(&r->answers_hold);
	hold_release(&r->reply_hold);
	arena_deinit(&r->arena);
	keep_spare(&r->client->worker->spare_requests, r);
}

void request_free_all(struct client *c)
{
	for (struct request *r = c->out.first, *next; r != NULL; r = next) {
		next = r->next;
		request_free(r);
	}
}
