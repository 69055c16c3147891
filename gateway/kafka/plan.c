#include "kafka/plan.h"

#include "util/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 512, MAX_TAGS = 32 };

bool kversions_parse(const char *text, struct kversions *v)
{
	char *end;
	long min, max;

	*v = (struct kversions){ 0, -1 };
	if (text == NULL || strcmp(text, "none") == 0)
		return true;
	min = strtol(text, &end, 10);
	if (end == text || min < 0 || min > INT16_MAX)
		return false;
	max = min;
	if (strcmp(end, "+") == 0) {
		max = INT16_MAX;
	} else if (*end == '-') {
		const char *second = end + 1;

		max = strtol(second, &end, 10);
		if (end == second || *end != '\0' || max < min || max > INT16_MAX)
			return false;
	} else if (*end != '\0') {
		return false;
	}
	*v = (struct kversions){ (int16_t)min, (int16_t)max };
	return true;
}

const struct kfield *kfield_behind(const struct kfield *row)
{
	const struct kfield *r = row + 1;

	if (!kfield_has_level(row))
		return r;
	while (r->type != END)
		r = kfield_behind(r);
	return r + 1;
}

/* The plan under construction. */
struct compiler {
	struct step steps[MAX_STEPS];
	struct plan_tag tags[MAX_TAGS];
	uint32_t step_count, tag_count;
	int version;
	bool flexible;
	FILE *why;
	bool failed;
};

static void compile_level(struct compiler *c, const struct kfield **row, bool emit);

static void fail(struct compiler *c, const struct kfield *row, const char *what)
{
	if (!c->failed)
		fprintf(c->why, "field %s, version %d: %s\n", row->name ? row->name : "(end)",
			c->version, what);
	c->failed = true;
}

static struct step *add(struct compiler *c, enum step_code code, enum kis is, uint32_t n)
{
	struct step *s = &c->steps[c->step_count < MAX_STEPS - 1 ? c->step_count++ : c->step_count];

	if (c->step_count >= MAX_STEPS - 1)
		c->failed = true;
	*s = (struct step){ .code = (uint8_t)code, .is = (uint8_t)is, .n = n };
	return s;
}

static uint32_t fixed_size(enum ktype type)
{
	switch (type) {
	case BOOL:
	case INT8:
		return 1;
	case INT16:
	case UINT16:
		return 2;
	case INT32:
	case UINT32:
		return 4;
	case INT64:
	case FLOAT64:
		return 8;
	case UUID:
		return 16;
	default:
		return 0;
	}
}

static bool in_versions(struct compiler *c, const struct kfield *row, const char *text)
{
	struct kversions v;

	if (!kversions_parse(text, &v))
		fail(c, row, "malformed versions");
	return kversions_has(v, c->version);
}

static uint8_t length_flags(const struct compiler *c, enum ktype type, bool null_ok)
{
	return (uint8_t)((c->flexible ? STEP_COMPACT : 0) | (null_ok ? STEP_NULL_OK : 0) |
			 (type == STRING ? 0 : STEP_LONG));
}

/* One value that is neither struct nor array. */
static void compile_scalar(struct compiler *c, enum ktype type, enum kis is, bool null_ok,
			   bool may_join)
{
	uint32_t n = fixed_size(type);
	struct step *last = c->step_count > 0 ? &c->steps[c->step_count - 1] : NULL;

	if (n == 0) {
		add(c, STEP_STRING, is, 0)->flags = length_flags(c, type, null_ok);
	} else if (is != NOTHING) {
		add(c, type == UUID ? STEP_UUID : STEP_INT, is, n)->flags =
			type == UINT16 || type == UINT32 ? 0 : STEP_SIGNED;
	} else if (may_join && last != NULL && last->code == STEP_SKIP) {
		last->n += n;
	} else {
		add(c, STEP_SKIP, NOTHING, n);
	}
}

/* Steps from `first` on are one skip (and nothing else): its size, else 0. */
static uint32_t only_skip(const struct compiler *c, uint32_t first)
{
	if (c->step_count == first + 1 && c->steps[first].code == STEP_SKIP)
		return c->steps[first].n;
	return 0;
}

static void compile_array(struct compiler *c, const struct kfield *row, const struct kfield **next,
			  bool null_ok)
{
	uint32_t at = c->step_count, body, n;

	if (row->is == NODE_IDS) {
		add(c, STEP_NUMBERS, NODE_IDS, fixed_size(row->of))->flags =
			length_flags(c, ARRAY, null_ok);
		return;
	}
	add(c, STEP_ARRAY, kis_walked(row->is), 0)->flags = length_flags(c, ARRAY, null_ok);
	c->steps[at].each = (uint8_t)kis_walked(row->each);
	body = c->step_count;
	if (row->of == STRUCT)
		compile_level(c, next, true);
	else
		compile_scalar(c, row->of, kis_walked(row->each), false, false);
	n = only_skip(c, body);
	if (n > 0 && kis_walked(row->is) == NOTHING) {
		c->step_count = body;
		c->steps[at].n = n;
	} else {
		add(c, STEP_NEXT, NOTHING, 0);
	}
	c->steps[at].jump = c->step_count;
}

/* One row and, for structs, what belongs to it; *next is moved behind it. */
static void compile_row(struct compiler *c, const struct kfield **next, bool may_join)
{
	const struct kfield *row = (*next)++;
	bool null_ok = in_versions(c, row, row->nullable);
	uint32_t at;

	switch (row->type) {
	case STRUCT:
		at = c->step_count;
		if (null_ok)
			add(c, STEP_NULLABLE, NOTHING, 0);
		compile_level(c, next, true);
		if (null_ok)
			c->steps[at].jump = c->step_count;
		break;
	case ARRAY:
		compile_array(c, row, next, null_ok);
		break;
	default:
		compile_scalar(c, row->type, kis_walked(row->is), null_ok, may_join);
	}
}

/* Moves over a row and what belongs to it without making steps. */
static void pass_row(struct compiler *c, const struct kfield **next)
{
	const struct kfield *row = (*next)++;

	if (row->type == STRUCT || (row->type == ARRAY && row->of == STRUCT))
		compile_level(c, next, false);
}

static void compile_tags(struct compiler *c, const struct kfield *rows, uint32_t at)
{
	uint32_t known[MAX_TAGS], count = 0;
	const struct kfield *next = rows;

	/* the entries first, side by side; then their steps */
	c->steps[at].n = c->tag_count;
	for (const struct kfield *r = rows; r->type != END;) {
		const struct kfield *row = r;

		if (kis_walked(row->is) != NOTHING && in_versions(c, row, row->versions)) {
			if (c->tag_count == MAX_TAGS) {
				fail(c, row, "too many tagged fields");
				return;
			}
			known[count++] = c->tag_count;
			c->tags[c->tag_count++] = (struct plan_tag){ .tag = (uint32_t)row->tag - 1,
								     .is = (uint8_t)row->is };
		}
		pass_row(c, &r);
	}
	if (count > 0)
		c->tags[c->tag_count - 1].last = true;
	else
		c->steps[at].n = UINT32_MAX;
	for (uint32_t i = 0; next->type != END;) {
		if (kis_walked(next->is) != NOTHING && in_versions(c, next, next->versions)) {
			assert(i < count);
			c->tags[known[i++]].first = c->step_count;
			compile_row(c, &next, false);
			add(c, STEP_TAG_END, NOTHING, 0);
		} else {
			pass_row(c, &next);
		}
	}
	c->steps[at].jump = c->step_count;
}

/* The rows up to and with END, and the level's tagged fields. */
static void compile_level(struct compiler *c, const struct kfield **next, bool emit)
{
	const struct kfield *tagged = NULL;
	bool may_join = false; /* never with a step from before this level */

	while ((*next)->type != END && !c->failed) {
		const struct kfield *row = *next;

		if (row->tag != 0 && tagged == NULL)
			tagged = row;
		if (row->tag == 0 && tagged != NULL)
			fail(c, row, "stands behind a tagged field");
		if (emit && row->tag == 0 && in_versions(c, row, row->versions)) {
			compile_row(c, next, may_join);
			may_join = row->type != STRUCT; /* a null struct jumps here */
		} else {
			if (row->tag != 0 && row->versions == NULL)
				fail(c, row, "no versions");
			pass_row(c, next);
		}
	}
	if (emit && c->flexible && !c->failed) {
		uint32_t at = c->step_count;

		add(c, STEP_TAGS, NOTHING, UINT32_MAX)->jump = at + 1;
		if (tagged != NULL)
			compile_tags(c, tagged, at);
	}
	(*next)++;
}

struct plan *plan_compile(const struct kfield *rows, int version, bool flexible, FILE *why)
{
	struct compiler *c = mem_zalloc(sizeof *c);
	struct plan *plan = NULL;
	const struct kfield *next = rows;

	*c = (struct compiler){ .version = version, .flexible = flexible, .why = why };
	compile_level(c, &next, true);
	add(c, STEP_DONE, NOTHING, 0);
	if (!c->failed) {
		plan = mem_zalloc(sizeof *plan);
		plan->flexible = flexible;
		plan->step_count = c->step_count;
		plan->tag_count = c->tag_count;
		plan->steps = mem_alloc(c->step_count * sizeof c->steps[0]);
		memcpy(plan->steps, c->steps, c->step_count * sizeof c->steps[0]);
		plan->tags = mem_alloc((c->tag_count + 1) * sizeof c->tags[0]);
		memcpy(plan->tags, c->tags, c->tag_count * sizeof c->tags[0]);
	}
	free(c);
	return plan;
}

void plan_free(struct plan *plan)
{
	if (plan == NULL)
		return;
	free(plan->steps);
	free(plan->tags);
	free(plan);
}
