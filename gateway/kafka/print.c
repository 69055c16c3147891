#include "kafka/print.h"

#include "kafka/head.h"
#include "kafka/wire.h"

#include <ctype.h>
#include <inttypes.h>

enum { SHOWN_BYTES = 32, FRAME_MAX = INT32_MAX };

struct printer {
	FILE *out;
	int version;
	bool flexible;
	const uint8_t *start, *at, *end;
	int depth;
	bool dash;	   /* the next line begins an element */
	const char *wrong; /* the first thing that was; nothing is read any more */
};

static void print_level(struct printer *p, const struct kfield *rows);

static bool in_versions(const struct printer *p, const char *text)
{
	struct kversions v;

	return kversions_parse(text, &v) && kversions_has(v, p->version);
}

static void begin_line(struct printer *p, const char *name)
{
	fprintf(p->out, "%*s%s%s:", 2 * (p->dash ? p->depth - 1 : p->depth), "",
		p->dash ? "- " : "", name);
	p->dash = false;
}

/* The next n bytes, or NULL. */
static const uint8_t *take(struct printer *p, size_t n)
{
	const uint8_t *bytes = p->at;

	if (p->wrong == NULL && n > (size_t)(p->end - p->at))
		p->wrong = "cut short";
	if (p->wrong != NULL)
		return NULL;
	p->at += n;
	return bytes;
}

static uint32_t take_uvarint(struct printer *p)
{
	uint32_t v = 0;
	int got = 0;

	if (p->wrong == NULL) {
		got = wire_get_uvarint(p->at, (size_t)(p->end - p->at), &v);
		if (got <= 0)
			p->wrong = got < 0 ? "not a varint" : "cut short";
		else
			p->at += got;
	}
	return v;
}

/* -1: null.  Never more than the bytes that are left. */
static int64_t take_length(struct printer *p, enum ktype type, bool null_ok)
{
	const uint8_t *bytes;
	int64_t n = 0;

	if (p->flexible) {
		n = (int64_t)take_uvarint(p) - 1;
	} else if (type == STRING) {
		bytes = take(p, 2);
		n = bytes != NULL ? (int16_t)wire_get16(bytes) : 0;
	} else {
		bytes = take(p, 4);
		n = bytes != NULL ? (int32_t)wire_get32(bytes) : 0;
	}
	if (p->wrong == NULL && (n < -1 || (n == -1 && !null_ok)))
		p->wrong = n == -1 ? "null is not allowed here" : "a negative length";
	if (p->wrong == NULL && n > p->end - p->at)
		p->wrong = "a length beyond the end";
	return p->wrong == NULL ? n : 0;
}

static void print_text(FILE *out, const uint8_t *text, size_t n)
{
	fputc('"', out);
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '"' || text[i] == '\\')
			fprintf(out, "\\%c", text[i]);
		else if (isprint(text[i]))
			fputc(text[i], out);
		else
			fprintf(out, "\\x%02x", text[i]);
	}
	fputc('"', out);
}

static void print_hex(FILE *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n && i < SHOWN_BYTES; i++)
		fprintf(out, "%02x", bytes[i]);
	if (n > SHOWN_BYTES)
		fputs("...", out);
}

static void print_uuid(FILE *out, const uint8_t *b)
{
	for (int i = 0; i < WIRE_UUID; i++)
		fprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
}

static void print_bytes(struct printer *p, enum ktype type, bool null_ok)
{
	int64_t n = take_length(p, type, null_ok);
	const uint8_t *bytes = take(p, n > 0 ? (size_t)n : 0);

	if (bytes == NULL)
		return;
	if (n < 0) {
		fputs(" null", p->out);
	} else if (type == STRING) {
		fputc(' ', p->out);
		print_text(p->out, bytes, (size_t)n);
	} else {
		fprintf(p->out, " %" PRId64 " bytes%s", n, n > 0 ? " " : "");
		print_hex(p->out, bytes, (size_t)n);
	}
}

static void print_fixed(struct printer *p, enum ktype type)
{
	static const uint8_t sizes[] = {
		[BOOL] = 1,   [INT8] = 1,  [INT16] = 2,	  [UINT16] = 2,	     [INT32] = 4,
		[UINT32] = 4, [INT64] = 8, [FLOAT64] = 8, [UUID] = WIRE_UUID
	};
	const uint8_t *b = take(p, sizes[type]);
	double number;
	uint64_t bits;

	if (b == NULL)
		return;
	fputc(' ', p->out);
	switch (type) {
	case BOOL:
		fputs(b[0] != 0 ? "true" : "false", p->out);
		break;
	case INT8:
		fprintf(p->out, "%d", (int8_t)b[0]);
		break;
	case INT16:
		fprintf(p->out, "%d", (int16_t)wire_get16(b));
		break;
	case UINT16:
		fprintf(p->out, "%d", wire_get16(b));
		break;
	case INT32:
		fprintf(p->out, "%" PRId32, (int32_t)wire_get32(b));
		break;
	case UINT32:
		fprintf(p->out, "%" PRIu32, wire_get32(b));
		break;
	case INT64:
		fprintf(p->out, "%" PRId64, (int64_t)wire_get64(b));
		break;
	case FLOAT64:
		bits = wire_get64(b);
		memcpy(&number, &bits, sizeof number);
		fprintf(p->out, "%.17g", number);
		break;
	default:
		print_uuid(p->out, b);
	}
}

static void print_scalar(struct printer *p, enum ktype type, bool null_ok)
{
	if (type == STRING || type == BYTES || type == RECORDS)
		print_bytes(p, type, null_ok);
	else
		print_fixed(p, type);
}

/* Elements that are structs: a level each, marked with a dash. */
static void print_structs(struct printer *p, const struct kfield *row, int64_t n)
{
	fputc('\n', p->out);
	p->depth += 2;
	for (int64_t i = 0; i < n && p->wrong == NULL; i++) {
		p->dash = true;
		print_level(p, row + 1);
	}
	p->depth -= 2;
	p->dash = false;
}

static void print_array(struct printer *p, const struct kfield *row, bool null_ok)
{
	int64_t n = take_length(p, ARRAY, null_ok);

	if (n <= 0) {
		fputs(n < 0 ? " null\n" : p->wrong != NULL ? "\n" : " []\n", p->out);
	} else if (row->of == STRUCT) {
		print_structs(p, row, n);
	} else {
		fputs(" [", p->out);
		for (int64_t i = 0; i < n && p->wrong == NULL; i++) {
			print_scalar(p, row->of, false);
			fputs(i + 1 < n ? "," : " ]", p->out);
		}
		fputc('\n', p->out);
	}
}

static void print_struct(struct printer *p, const struct kfield *row, bool null_ok)
{
	const uint8_t *there = null_ok ? take(p, 1) : NULL;

	if (there != NULL && (int8_t)there[0] < 0) {
		fputs(" null\n", p->out);
		return;
	}
	fputc('\n', p->out);
	p->depth++;
	print_level(p, row + 1);
	p->depth--;
}

static void print_field(struct printer *p, const struct kfield *row)
{
	bool null_ok = in_versions(p, row->nullable);

	begin_line(p, row->name);
	if (row->type == STRUCT) {
		print_struct(p, row, null_ok);
	} else if (row->type == ARRAY) {
		print_array(p, row, null_ok);
	} else {
		print_scalar(p, row->type, null_ok);
		fputc('\n', p->out);
	}
}

/* The row of a tag among a level's tagged ones, or NULL. */
static const struct kfield *row_of_tag(const struct printer *p, const struct kfield *row,
				       uint32_t tag)
{
	for (; row->type != END; row = kfield_behind(row)) {
		if ((uint32_t)row->tag - 1 == tag && in_versions(p, row->versions))
			return row;
	}
	return NULL;
}

static void print_unknown(struct printer *p, uint32_t tag, uint32_t size)
{
	char name[32];
	const uint8_t *bytes = take(p, size);

	if (bytes == NULL)
		return;
	snprintf(name, sizeof name, "tag %" PRIu32, tag);
	begin_line(p, name);
	fprintf(p->out, " %" PRIu32 " bytes%s", size, size > 0 ? " " : "");
	print_hex(p->out, bytes, size);
	fputc('\n', p->out);
}

static void print_tag(struct printer *p, const struct kfield *tagged)
{
	uint32_t tag = take_uvarint(p), size = take_uvarint(p);
	const struct kfield *row = row_of_tag(p, tagged, tag);
	const uint8_t *end = p->end;

	if (p->wrong == NULL && size > p->end - p->at)
		p->wrong = "a length beyond the end";
	if (p->wrong != NULL)
		return;
	if (row == NULL) {
		print_unknown(p, tag, size);
		return;
	}
	p->end = p->at + size;
	print_field(p, row);
	if (p->wrong == NULL)
		p->at = p->end; /* a newer broker may say more in it */
	p->end = end;
}

static void print_level(struct printer *p, const struct kfield *row)
{
	uint32_t tags;

	for (; row->type != END && row->tag == 0 && p->wrong == NULL; row = kfield_behind(row)) {
		if (in_versions(p, row->versions))
			print_field(p, row);
	}
	tags = p->flexible ? take_uvarint(p) : 0;
	for (; tags > 0 && p->wrong == NULL; tags--)
		print_tag(p, row);
}

bool print_body(FILE *out, const struct kapi *api, int version, enum kdirection direction,
		const uint8_t *bytes, size_t n)
{
	struct printer p = { .out = out,
			     .version = version,
			     .flexible = api_is_flexible(api, version),
			     .start = bytes,
			     .at = bytes,
			     .end = bytes + n };

	print_level(&p, direction == REQUEST ? api->request : api->response);
	if (p.wrong != NULL)
		fprintf(out, "! %s, at byte %td\n", p.wrong, p.at - p.start);
	else if (p.at < p.end)
		fprintf(out, "! %td bytes left over\n", p.end - p.at);
	return p.wrong == NULL && p.at == p.end;
}

static bool print_any_body(FILE *out, const struct kapi *api, int version,
			   enum kdirection direction, const uint8_t *bytes, size_t n)
{
	if (api_plan(api, version, direction) != NULL)
		return print_body(out, api, version, direction, bytes, n);
	fprintf(out, "! a body of %zu bytes that no rows describe\n", n);
	return false;
}

bool print_request(FILE *out, const uint8_t *frame, size_t n)
{
	struct request_head h;

	if (head_read(frame, n, FRAME_MAX, &h) != HEAD_OK || n != HEAD_SIZE_BYTES + h.size) {
		fputs("! not one whole request\n", out);
		return false;
	}
	fprintf(out,
		"request %s (%d) version %d, %" PRIu32 " bytes, correlation id %" PRId32
		", client ",
		h.api->name, h.key, h.version, h.size, (int32_t)h.correlation_id);
	if (h.client_id_len < 0)
		fputs("null", out);
	else
		print_text(out, frame + h.client_id_at, (size_t)h.client_id_len);
	fputc('\n', out);
	return print_any_body(out, h.api, h.version, REQUEST, frame + h.body_at, n - h.body_at);
}

bool print_answer(FILE *out, const struct kapi *api, int version, const uint8_t *frame, size_t n)
{
	uint32_t tags = 0, left = n >= ANSWER_FIXED ? (uint32_t)(n - ANSWER_FIXED) : 0;

	if (n < ANSWER_FIXED || wire_get32(frame) != n - HEAD_SIZE_BYTES ||
	    (api_answer_has_tags(api, version) &&
	     answer_tags_skip(frame + ANSWER_FIXED, left, left, &tags) != HEAD_OK)) {
		fputs("! not one whole answer\n", out);
		return false;
	}
	fprintf(out, "answer %s (%d) version %d, %" PRIu32 " bytes, correlation id %" PRId32 "\n",
		api->name, api->key, version, wire_get32(frame), (int32_t)wire_get32(frame + 4));
	return print_any_body(out, api, version, RESPONSE, frame + ANSWER_FIXED + tags,
			      left - tags);
}
