#include "route/edits.h"

#include "kafka/wire.h"

#include <assert.h>
#include <stdbool.h>

void edits_init(struct edits *e, struct arena *arena)
{
	*e = (struct edits){ .arena = arena };
}

void edits_add(struct edits *e, uint32_t at, uint32_t end, const void *bytes, uint32_t n)
{
	assert(e->count == 0 || e->list[e->count - 1].end <= at);
	if (e->count == e->cap) {
		uint32_t cap = e->cap > 0 ? 2 * e->cap : 8;
		struct edit *list = arena_alloc(e->arena, cap * sizeof *list);

		if (e->count > 0)
			memcpy(list, e->list, e->count * sizeof *list);
		e->list = list;
		e->cap = cap;
	}
	e->list[e->count++] = (struct edit){ at, end, bytes, n };
}

void edits_add_string(struct edits *e, uint32_t at, uint32_t end, const char *s, bool compact)
{
	uint32_t n = (uint32_t)strlen(s), prefix;
	uint8_t *bytes = arena_alloc(e->arena, n + WIRE_UVARINT_MAX);

	if (compact) {
		prefix = (uint32_t)wire_put_uvarint(bytes, n + 1);
	} else {
		prefix = 2;
		wire_put16(bytes, (uint16_t)n);
	}
	memcpy(bytes + prefix, s, n);
	edits_add(e, at, end, bytes, prefix + n);
}

void edits_add_int32(struct edits *e, uint32_t at, int32_t v)
{
	uint8_t *bytes = arena_alloc(e->arena, 4);

	wire_put32(bytes, (uint32_t)v);
	edits_add(e, at, at + 4, bytes, 4);
}

void edits_add_count(struct edits *e, uint32_t at, uint32_t end, uint32_t count, bool compact)
{
	uint8_t *bytes = arena_alloc(e->arena, WIRE_UVARINT_MAX);
	uint32_t n = 4;

	if (compact)
		n = (uint32_t)wire_put_uvarint(bytes, count + 1);
	else
		wire_put32(bytes, count);
	edits_add(e, at, end, bytes, n);
}

void edits_gather_count(struct gather *g, uint32_t count, bool compact)
{
	uint8_t bytes[WIRE_UVARINT_MAX];

	if (compact)
		gather_copy(g, bytes, (size_t)wire_put_uvarint(bytes, count + 1));
	else
		wire_put32(gather_space(g, 4), count);
}

void edits_gather(const struct edits *e, struct gather *g, const uint8_t *body, uint32_t from,
		  uint32_t to)
{
	for (uint32_t i = 0; e != NULL && i < e->count; i++) {
		const struct edit *d = &e->list[i];

		if (d->end < from || d->at < from || d->at >= to)
			continue;
		gather_piece(g, body + from, d->at - from);
		gather_copy(g, d->bytes, d->n);
		from = d->end;
	}
	gather_piece(g, body + from, to - from);
}
