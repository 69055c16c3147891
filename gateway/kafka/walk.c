#include "kafka/walk.h"

#include "kafka/wire.h"

#include <assert.h>

void walk_init(struct walk *w, const struct plan *plan, uint32_t size)
{
	*w = (struct walk){ .plan = plan, .step = plan->steps, .size = size };
}

void walk_input(struct walk *w, const uint8_t *bytes, size_t n)
{
	w->in = bytes;
	w->avail = n;
	if (w->avail > w->size - w->pos)
		w->avail = w->size - w->pos;
}

static uint32_t left(const struct walk *w)
{
	return w->size - w->pos;
}

static void take(struct walk *w, uint32_t n)
{
	w->in += n;
	w->avail -= n;
	w->pos += n;
}

/* MORE while bytes are to be passed over, DONE when they all are. */
static enum walk_result pass_over(struct walk *w)
{
	uint32_t n = w->skip < w->avail ? w->skip : (uint32_t)w->avail;

	take(w, n);
	w->skip -= n;
	return w->skip > 0 ? WALK_MORE : WALK_DONE;
}

/* Whether n more bytes can be looked at; if not, *why says what that means. */
static bool have(const struct walk *w, uint32_t n, enum walk_result *why)
{
	*why = n > left(w) ? WALK_BAD : WALK_MORE;
	return w->avail >= n;
}

/* A length or count as the step encodes it: *n is -1 for null, *prefix the
 * bytes it takes.  DONE: it is there, and nothing is taken yet. */
static enum walk_result peek_length(const struct walk *w, const struct step *s, int64_t *n,
				    uint32_t *prefix)
{
	enum walk_result why;
	uint32_t v;

	if (s->flags & STEP_COMPACT) {
		int got = wire_get_uvarint(w->in, w->avail, &v);

		if (got <= 0)
			return got < 0 || left(w) <= w->avail ? WALK_BAD : WALK_MORE;
		*n = (int64_t)v - 1;
		*prefix = (uint32_t)got;
	} else {
		*prefix = s->flags & STEP_LONG ? 4 : 2;
		if (!have(w, *prefix, &why))
			return why;
		*n = s->flags & STEP_LONG ? (int32_t)wire_get32(w->in) : (int16_t)wire_get16(w->in);
	}
	if (*n < 0)
		*n = -1; /* brokers take every negative length for null */
	if (*n == -1 && !(s->flags & STEP_NULL_OK))
		return WALK_BAD;
	if (*n > (int64_t)left(w) - *prefix)
		return WALK_BAD;
	return WALK_DONE;
}

static int64_t number_at(const uint8_t *p, uint32_t size, bool is_signed)
{
	switch (size) {
	case 1:
		return is_signed ? (int8_t)p[0] : p[0];
	case 2:
		return is_signed ? (int16_t)wire_get16(p) : wire_get16(p);
	case 4:
		return is_signed ? (int32_t)wire_get32(p) : (int64_t)wire_get32(p);
	default:
		return (int64_t)wire_get64(p);
	}
}

static enum walk_result step_fixed(struct walk *w, const struct step *s, struct walk_event *e)
{
	enum walk_result why;

	if (!have(w, s->n, &why))
		return why;
	*e = (struct walk_event){ .kind = WALK_VALUE,
				  .is = s->is,
				  .at = w->pos,
				  .size = s->n,
				  .bytes = w->in,
				  .len = s->n };
	if (s->code == STEP_INT)
		e->number = number_at(w->in, s->n, s->flags & STEP_SIGNED);
	take(w, s->n);
	w->step++;
	return WALK_EVENT;
}

static enum walk_result step_string(struct walk *w, const struct step *s, struct walk_event *e)
{
	int64_t n;
	uint32_t prefix;
	enum walk_result got = peek_length(w, s, &n, &prefix);
	bool is_run = s->flags & STEP_LONG;

	if (got != WALK_DONE)
		return got;
	*e = (struct walk_event){ .kind = is_run ? WALK_RUN : WALK_VALUE,
				  .is = s->is,
				  .at = w->pos,
				  .number = n,
				  .len = n > 0 ? (uint32_t)n : 0 };
	e->size = prefix + e->len;
	if (s->is != NOTHING && !is_run) {
		if (e->len > WALK_STRING_MAX)
			return WALK_BAD;
		if (w->avail < e->size)
			return WALK_MORE;
		e->bytes = w->in + prefix;
		take(w, e->size);
	} else {
		take(w, prefix);
		w->skip = e->len;
	}
	w->step++;
	return s->is != NOTHING ? WALK_EVENT : WALK_DONE;
}

static enum walk_result step_array(struct walk *w, const struct step *s, struct walk_event *e)
{
	int64_t n;
	uint32_t prefix;
	enum walk_result got = peek_length(w, s, &n, &prefix);

	if (got != WALK_DONE)
		return got;
	*e = (struct walk_event){
		.kind = WALK_ARRAY, .is = s->is, .at = w->pos, .size = prefix, .number = n
	};
	if (s->n > 0) {
		if (n > 0 && (uint64_t)n * s->n > left(w) - prefix)
			return WALK_BAD;
		take(w, prefix);
		w->skip = n > 0 ? (uint32_t)n * s->n : 0;
		w->step = w->plan->steps + s->jump;
		return WALK_DONE;
	}
	take(w, prefix);
	assert(w->depth < WALK_DEPTH);
	w->level[w->depth++] = (struct walk_level){ .step = s,
						    .left = n > 0 ? (uint32_t)n : 0,
						    .count = n > 0 ? (uint32_t)n : 0 };
	w->step = w->plan->steps + s->jump - 1; /* its STEP_NEXT */
	return s->is != NOTHING ? WALK_EVENT : WALK_DONE;
}

/* An array of plain numbers as one value. */
static enum walk_result step_numbers(struct walk *w, const struct step *s, struct walk_event *e)
{
	int64_t n;
	uint32_t prefix;
	enum walk_result got = peek_length(w, s, &n, &prefix);

	if (got != WALK_DONE)
		return got;
	*e = (struct walk_event){ .kind = WALK_VALUE, .is = s->is, .at = w->pos, .number = n };
	if (n > WALK_STRING_MAX / s->n)
		return WALK_BAD;
	e->len = n > 0 ? (uint32_t)n * s->n : 0;
	e->size = prefix + e->len;
	if (e->size > left(w))
		return WALK_BAD;
	if (w->avail < e->size)
		return WALK_MORE;
	e->bytes = w->in + prefix;
	take(w, e->size);
	w->step++;
	return WALK_EVENT;
}

static enum walk_result step_next(struct walk *w, struct walk_event *e)
{
	struct walk_level *l = &w->level[w->depth - 1];
	const struct step *array = l->step;

	*e = (struct walk_event){
		.kind = WALK_ELEMENT, .is = array->is, .at = w->pos, .number = l->count - l->left
	};
	if (l->left == 0) {
		e->kind = WALK_ARRAY_END;
		w->depth--;
		w->step++;
	} else {
		l->left--;
		w->step = array + 1;
	}
	return array->is != NOTHING ? WALK_EVENT : WALK_DONE;
}

static enum walk_result step_nullable(struct walk *w, const struct step *s)
{
	enum walk_result why;
	bool is_null;

	if (!have(w, 1, &why))
		return why;
	is_null = (int8_t)w->in[0] < 0;
	take(w, 1);
	w->step = is_null ? w->plan->steps + s->jump : s + 1;
	return WALK_DONE;
}

/* What the plan knows of a tag at this level, or NULL. */
static const struct plan_tag *known_tag(const struct plan *plan, const struct step *s, uint32_t tag)
{
	if (s->n == UINT32_MAX)
		return NULL;
	for (const struct plan_tag *t = &plan->tags[s->n];; t++) {
		if (t->tag == tag)
			return t;
		if (t->last)
			return NULL;
	}
}

/* The level's count of tagged fields. */
static enum walk_result tags_begin(struct walk *w, const struct step *s)
{
	uint32_t count;
	int got = wire_get_uvarint(w->in, w->avail, &count);

	if (got <= 0)
		return got < 0 || left(w) <= w->avail ? WALK_BAD : WALK_MORE;
	if (count > left(w) - (uint32_t)got)
		return WALK_BAD;
	take(w, (uint32_t)got);
	if (count == 0) {
		w->step = w->plan->steps + s->jump;
		return WALK_DONE;
	}
	assert(w->depth < WALK_DEPTH);
	w->level[w->depth++] = (struct walk_level){ .step = s, .left = count, .count = count };
	return WALK_DONE;
}

/* One tagged field: into it when the plan knows it, over it when not. */
static enum walk_result tags_next(struct walk *w, struct walk_level *l, struct walk_event *e)
{
	const struct plan_tag *known;
	uint32_t tag, size = 0;
	int a = wire_get_uvarint(w->in, w->avail, &tag), b = 0;

	if (a > 0)
		b = wire_get_uvarint(w->in + a, w->avail - (size_t)a, &size);
	if (a <= 0 || b <= 0)
		return a < 0 || b < 0 || left(w) <= w->avail ? WALK_BAD : WALK_MORE;
	if (size > left(w) - (uint32_t)(a + b))
		return WALK_BAD;
	known = known_tag(w->plan, l->step, tag);
	*e = (struct walk_event){ .kind = WALK_TAG,
				  .at = w->pos,
				  .number = tag,
				  .size = (uint32_t)(a + b) + size,
				  .len = size };
	take(w, (uint32_t)(a + b));
	l->left--;
	if (known == NULL) {
		w->skip = size;
		return WALK_DONE;
	}
	l->end = w->pos + size;
	l->in_tag = true;
	w->step = w->plan->steps + known->first;
	e->is = known->is;
	return WALK_EVENT;
}

static enum walk_result step_tags(struct walk *w, const struct step *s, struct walk_event *e)
{
	struct walk_level *l = w->depth > 0 ? &w->level[w->depth - 1] : NULL;

	if (l == NULL || l->step != s || l->in_tag)
		return tags_begin(w, s);
	if (l->left > 0)
		return tags_next(w, l, e);
	w->depth--;
	w->step = w->plan->steps + s->jump;
	return WALK_DONE;
}

static enum walk_result step_tag_end(struct walk *w, struct walk_event *e)
{
	struct walk_level *l = &w->level[w->depth - 1];

	if (w->pos > l->end)
		return WALK_BAD;
	w->skip = l->end - w->pos; /* a newer broker may say more in it */
	l->in_tag = false;
	w->step = l->step;
	*e = (struct walk_event){ .kind = WALK_TAG_END, .at = l->end };
	return WALK_EVENT;
}

static enum walk_result one_step(struct walk *w, struct walk_event *e)
{
	const struct step *s = w->step;

	switch ((enum step_code)s->code) {
	case STEP_SKIP:
		if (s->n > left(w))
			return WALK_BAD;
		w->skip = s->n;
		w->step++;
		return WALK_DONE;
	case STEP_INT:
	case STEP_UUID:
		return step_fixed(w, s, e);
	case STEP_STRING:
		return step_string(w, s, e);
	case STEP_ARRAY:
		return step_array(w, s, e);
	case STEP_NUMBERS:
		return step_numbers(w, s, e);
	case STEP_NEXT:
		return step_next(w, e);
	case STEP_NULLABLE:
		return step_nullable(w, s);
	case STEP_TAGS:
		return step_tags(w, s, e);
	case STEP_TAG_END:
		return step_tag_end(w, e);
	case STEP_DONE:
		break;
	}
	return WALK_BAD;
}

enum walk_result walk_next(struct walk *w, struct walk_event *event)
{
	for (;;) {
		enum walk_result got;

		if (w->skip > 0 && pass_over(w) == WALK_MORE)
			return WALK_MORE;
		if (w->step->code == STEP_DONE)
			return WALK_DONE;
		got = one_step(w, event);
		if (got != WALK_DONE)
			return got;
	}
}
