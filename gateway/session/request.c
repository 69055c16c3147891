#include "session/session.h"

#include "route/targets.h"
#include "util/mem.h"

struct request *request_new(struct client *c, const struct request_head *head)
{
	struct request *r = mem_zalloc(sizeof *r);

	r->client = c;
	r->head = *head;
	r->not_broker = NO_BROKER;
	r->key_target = TARGET_UNKNOWN;
	r->started = client_now(c);
	arena_init(&r->arena);
	layout_init(&r->layout, &r->arena);
	*c->last = r;
	c->last = &r->next;
	c->in_flight++;
	return r;
}

void request_add_parts(struct request *r, uint32_t count)
{
	r->parts = arena_alloc(&r->arena, count * sizeof *r->parts);
	r->part_count = count;
	for (uint32_t i = 0; i < count; i++) {
		r->parts[i] = (struct part){ .request = r, .broker = NO_BROKER };
		gather_init(&r->parts[i].frame, &r->arena);
	}
}

uint32_t request_frame_size(const struct request *r)
{
	return HEAD_SIZE_BYTES + r->head.size;
}

bool request_uses_none(const struct client *c, const struct upstream *u)
{
	for (const struct request *r = c->first; r != NULL; r = r->next) {
		for (uint32_t i = 0; i < r->part_count; i++) {
			if (r->parts[i].upstream == u)
				return false;
		}
	}
	return true;
}

bool request_is_sent(const struct request *r)
{
	for (uint32_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].state == PART_TO_SEND)
			return false;
	}
	return true;
}

static void part_end(struct part *p)
{
	if (p->upstream != NULL)
		upstream_pass_on(p->upstream, p, NULL);
	free(p->answer);
	budget_release(p->reservation);
}

void request_free(struct request *r)
{
	struct client *c = r->client;
	struct request **at = &c->first;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (c->last == &r->next)
		c->last = at;
	c->in_flight--;
	if (c->inbound == r)
		c->inbound = NULL;
	phases_leave(c, r);
	for (uint32_t i = 0; i < r->part_count; i++) {
		part_end(&r->parts[i]);
		if (r->looked != NULL)
			part_end(&r->looked[i]);
	}
	budget_release(r->held_request);
	budget_release(r->held_answer);
	arena_deinit(&r->arena);
	free(r);
}
