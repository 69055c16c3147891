#include "kafka/encode.h"

#include "kafka/wire.h"

#include <assert.h>

enum { STRING_MAX = INT16_MAX, TAGS_MAX = 127 /* a varint of one byte */ };

struct encoder {
	int version;
	bool flexible;
	encode_fill *fill;
	void *ctx;
	struct buf *out;
	struct encode_field at;
	bool failed;
};

static void encode_level(struct encoder *e, const struct kfield *rows);

/* The text was checked when the rows were compiled. */
static bool in_versions(const struct encoder *e, const char *text)
{
	struct kversions v;

	return kversions_parse(text, &v) && kversions_has(v, e->version);
}

static struct encode_value stub_of(const struct kfield *row, bool null_ok, bool is_element)
{
	struct encode_value v = { .number = is_element ? 0 : row->stub };

	if (v.number != -1 || !null_ok)
		v.bytes = (const uint8_t *)"";
	if (row->type == ARRAY && !is_element && (v.number != -1 || !null_ok))
		v.number = 0;
	return v;
}

/* Asks the callback; what it passes by gets the stub.  Whether it gave a value. */
static bool ask(struct encoder *e, const struct kfield *row, bool is_element, bool null_ok,
		struct encode_value *v)
{
	const struct encode_value stub = stub_of(row, null_ok, is_element);
	bool given;

	e->at.row = row;
	e->at.is_element = is_element;
	e->at.is = is_element ? row->each : row->is;
	*v = stub;
	given = e->fill(e->ctx, &e->at, v);
	if (!given)
		*v = stub;
	return given;
}

static void encode_length(struct encoder *e, enum ktype type, int64_t n)
{
	if (e->flexible)
		buf_append_uvarint(e->out, (uint32_t)(n + 1));
	else if (type == STRING)
		buf_append16(e->out, (uint16_t)n);
	else
		buf_append32(e->out, (uint32_t)n);
}

static void encode_bytes(struct encoder *e, enum ktype type, bool null_ok,
			 const struct encode_value *v)
{
	if ((v->bytes == NULL && !null_ok) || v->len > (type == STRING ? STRING_MAX : INT32_MAX)) {
		e->failed = true;
		return;
	}
	encode_length(e, type, v->bytes == NULL ? -1 : (int64_t)v->len);
	if (v->bytes != NULL)
		buf_append(e->out, v->bytes, v->len);
}

static void encode_uuid(struct encoder *e, const struct encode_value *v)
{
	static const uint8_t zero[WIRE_UUID];
	bool given = v->bytes != NULL && v->len > 0;

	assert(!given || v->len == WIRE_UUID);
	buf_append(e->out, given ? v->bytes : zero, WIRE_UUID);
}

/* One value that is neither struct nor array. */
static void encode_scalar(struct encoder *e, enum ktype type, bool null_ok,
			  const struct encode_value *v)
{
	switch (type) {
	case BOOL:
	case INT8:
		buf_append8(e->out, (uint8_t)v->number);
		break;
	case INT16:
	case UINT16:
		buf_append16(e->out, (uint16_t)v->number);
		break;
	case INT32:
	case UINT32:
		buf_append32(e->out, (uint32_t)v->number);
		break;
	case INT64:
	case FLOAT64:
		buf_append64(e->out, (uint64_t)v->number);
		break;
	case UUID:
		encode_uuid(e, v);
		break;
	default:
		encode_bytes(e, type, null_ok, v);
	}
}

static void encode_element(struct encoder *e, const struct kfield *row)
{
	struct encode_value v;

	if (row->of == STRUCT) {
		encode_level(e, row + 1);
		return;
	}
	ask(e, row, true, false, &v);
	encode_scalar(e, row->of, false, &v);
}

static void encode_array(struct encoder *e, const struct kfield *row, bool null_ok, int64_t count)
{
	int depth = e->at.depth;

	if (count < (null_ok ? -1 : 0) || count > INT32_MAX) {
		e->failed = true;
		return;
	}
	encode_length(e, ARRAY, count);
	assert(depth < ENCODE_DEPTH);
	e->at.in[depth] = row->is;
	e->at.depth++;
	for (int64_t i = 0; i < count && !e->failed && !e->out->full; i++) {
		e->at.index[depth] = (uint32_t)i;
		encode_element(e, row);
	}
	e->at.depth--;
}

static void encode_struct(struct encoder *e, const struct kfield *row, bool null_ok, int64_t number)
{
	if (null_ok) {
		buf_append8(e->out, number == -1 ? 0xff : 1);
		if (number == -1)
			return;
	}
	encode_level(e, row + 1);
}

static void encode_content(struct encoder *e, const struct kfield *row, bool null_ok,
			   const struct encode_value *v)
{
	if (row->type == ARRAY)
		encode_array(e, row, null_ok, v->number);
	else if (row->type == STRUCT)
		encode_struct(e, row, null_ok, v->number);
	else
		encode_scalar(e, row->type, null_ok, v);
}

/* Number and size in front of the content, once its size is known. */
static void encode_tagged(struct encoder *e, const struct kfield *row, bool null_ok,
			  const struct encode_value *v)
{
	uint8_t size[WIRE_UVARINT_MAX];
	size_t at;

	buf_append_uvarint(e->out, (uint32_t)row->tag - 1);
	at = e->out->len;
	encode_content(e, row, null_ok, v);
	if (e->failed || e->out->full)
		return;
	buf_insert(e->out, at, size, (size_t)wire_put_uvarint(size, (uint32_t)(e->out->len - at)));
}

/* The tagged fields from this row on up to END. */
static void encode_tags(struct encoder *e, const struct kfield *row)
{
	size_t at = e->out->len;
	uint8_t count = 0;

	buf_append8(e->out, 0);
	for (; row->type != END && !e->failed; row = kfield_behind(row)) {
		bool null_ok = in_versions(e, row->nullable);
		struct encode_value v;

		if (!in_versions(e, row->versions) || !ask(e, row, false, null_ok, &v))
			continue;
		encode_tagged(e, row, null_ok, &v);
		assert(count < TAGS_MAX);
		count++;
	}
	if (!e->failed && !e->out->full)
		e->out->data[at] = count;
}

static void encode_level(struct encoder *e, const struct kfield *row)
{
	for (; row->type != END && row->tag == 0 && !e->failed; row = kfield_behind(row)) {
		bool null_ok = in_versions(e, row->nullable);
		struct encode_value v;

		if (!in_versions(e, row->versions))
			continue;
		ask(e, row, false, null_ok, &v);
		encode_content(e, row, null_ok, &v);
	}
	if (e->flexible && !e->failed)
		encode_tags(e, row);
}

bool encode_message(const struct kapi *api, int version, enum kdirection direction,
		    encode_fill *fill, void *ctx, struct buf *out)
{
	const struct kfield *rows = direction == REQUEST ? api->request : api->response;
	struct encoder e = { .version = version,
			     .flexible = api_is_flexible(api, version),
			     .fill = fill,
			     .ctx = ctx,
			     .out = out };

	assert(rows != NULL && kversions_has(api_versions(api), version));
	encode_level(&e, rows);
	return !e.failed && !out->full;
}
