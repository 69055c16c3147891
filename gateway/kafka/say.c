#include "kafka/say.h"

#include "kafka/encode.h"
#include "kafka/head.h"
#include "kafka/wire.h"

#include <assert.h>

struct saying {
	const struct kfield *rows;
	int version;
	struct say_pairs top;
};

static bool is_meant(const struct kfield *row, enum kis is)
{
	return row->is == is || row->each == is;
}

/* Whether the request has the meaning in that version, or with -1 in any. */
static bool has_meaning(const struct kfield *rows, enum kis is, int version)
{
	int depth = 0;

	for (const struct kfield *row = rows; row->type != END || depth > 0; row++) {
		struct kversions v;

		if (row->type == END) {
			depth--;
			continue;
		}
		depth += kfield_has_level(row);
		if (is_meant(row, is) && kversions_parse(row->versions, &v) &&
		    (version < 0 || kversions_has(v, version)))
			return true;
	}
	return false;
}

static bool all_are_known(const struct kfield *rows, struct say_pairs s)
{
	for (size_t i = 0; i < s.count; i++) {
		const struct say *p = &s.all[i];
		size_t inside = p->number > 0 ? (size_t)p->number * p->each : 0;

		if (!has_meaning(rows, p->is, -1) ||
		    (p->pairs != NULL &&
		     !all_are_known(rows, (struct say_pairs){ p->pairs, inside })))
			return false;
	}
	return true;
}

static const struct say *find(struct say_pairs s, enum kis is)
{
	for (size_t i = 0; i < s.count; i++) {
		if (s.all[i].is == is)
			return &s.all[i];
	}
	return NULL;
}

static struct say_pairs element(const struct say *list, size_t i)
{
	return (struct say_pairs){ list->pairs + i * list->each, list->each };
}

static bool is_list(const struct say *p)
{
	return p->pairs != NULL;
}

/* A list that the version does not have stands for its only element. */
static const struct say *find_flat(const struct saying *s, enum kis is)
{
	for (size_t i = 0; i < s->top.count; i++) {
		const struct say *list = &s->top.all[i], *p;

		if (!is_list(list) || list->number != 1 ||
		    has_meaning(s->rows, list->is, s->version))
			continue;
		p = find(element(list, 0), is);
		if (p != NULL)
			return p;
	}
	return NULL;
}

/* False: a list of several has no room in the version. */
static bool has_room(const struct saying *s)
{
	for (size_t i = 0; i < s->top.count; i++) {
		const struct say *list = &s->top.all[i];

		if (is_list(list) && list->number > 1 &&
		    !has_meaning(s->rows, list->is, s->version))
			return false;
	}
	return true;
}

/* The pairs of the element that the field stands in. */
static struct say_pairs where(const struct saying *s, const struct encode_field *f)
{
	struct say_pairs at = s->top;

	for (int d = 0; d < f->depth; d++) {
		const struct say *list = find(at, f->in[d]);

		assert(list != NULL); /* only a list that was given has elements */
		at = element(list, f->index[d]);
	}
	return at;
}

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct saying *s = ctx;
	const struct say *p;

	if (f->is == NOTHING)
		return false;
	p = find(where(s, f), f->is);
	if (p == NULL && f->depth == 0)
		p = find_flat(s, f->is);
	if (p == NULL)
		return false;
	*v = (struct encode_value){ .number = p->number, .bytes = p->bytes, .len = p->len };
	return true;
}

bool say_request(const struct kapi *api, int version, struct say_pairs says, struct buf *out)
{
	struct saying s = { .rows = api->request, .version = version, .top = says };

	assert(all_are_known(api->request, says));
	return has_room(&s) && encode_message(api, version, REQUEST, fill, &s, out);
}

/* size | api | version | correlation id | client id | v2: no tagged fields */
static void append_head(const struct kapi *api, int version, uint32_t correlation_id,
			const char *client_id, struct buf *out)
{
	const size_t len = client_id != NULL ? strlen(client_id) : 0;

	assert(len <= INT16_MAX);
	buf_append32(out, 0); /* the size, once it is known */
	buf_append16(out, (uint16_t)api->key);
	buf_append16(out, (uint16_t)version);
	buf_append32(out, correlation_id);
	buf_append16(out, client_id != NULL ? (uint16_t)len : UINT16_MAX);
	buf_append(out, client_id != NULL ? client_id : "", len);
	if (api_is_flexible(api, version))
		buf_append8(out, 0);
}

bool say_frame(const struct kapi *api, int version, uint32_t correlation_id, const char *client_id,
	       struct say_pairs says, struct buf *out)
{
	const size_t at = out->len;

	append_head(api, version, correlation_id, client_id, out);
	if (!say_request(api, version, says, out))
		return false;
	wire_put32(out->data + at, (uint32_t)(out->len - at - HEAD_SIZE_BYTES));
	return true;
}
