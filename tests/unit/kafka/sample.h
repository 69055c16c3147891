/* sample.h - random messages of any API, and the events a walk must make of them.
 *
 * The same seed gives the same message.  Beside the bytes it keeps what was
 * put in, in wire order: one entry for each marked value and array.
 */
#ifndef UNIT_KAFKA_SAMPLE_H
#define UNIT_KAFKA_SAMPLE_H

#include "kafka/encode.h"
#include "kafka/walk.h"

#include <string.h>

enum { SAMPLE_MAX = 1 << 20, SAMPLE_EVENTS = 4096 };

struct sample_event {
	enum kis is;
	int64_t number;
	uint32_t len;
	uint8_t first; /* of its bytes, when there are any */
};

struct sample {
	uint32_t seed;
	int version;
	struct buf bytes;
	struct sample_event events[SAMPLE_EVENTS];
	size_t event_count;
};

static inline uint32_t sample_random(struct sample *s, uint32_t below)
{
	s->seed = s->seed * 1664525u + 1013904223u;
	return (s->seed >> 8) % below;
}

static inline bool sample_may_be_null(const struct sample *s, const struct encode_field *f)
{
	struct kversions v;

	return !f->is_element && kversions_parse(f->row->nullable, &v) &&
	       kversions_has(v, s->version);
}

/* A number that its type can hold. */
static inline int64_t sample_number(struct sample *s, enum ktype type)
{
	int64_t n = (int64_t)sample_random(s, 1 << 24) - (1 << 23);

	switch (type) {
	case BOOL:
		return n & 1;
	case INT8:
		return (int8_t)n;
	case INT16:
		return (int16_t)n;
	case UINT16:
		return (uint16_t)n;
	case UINT32:
		return (uint32_t)n;
	case INT32:
		return n * 127;
	default:
		return n * 127 * 1000003;
	}
}

static inline bool sample_fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	static const uint8_t text[] = "The quick brown fox jumps over the lazy dog";
	struct sample *s = ctx;
	enum ktype type = f->is_element ? f->row->of : f->row->type;
	bool null = sample_may_be_null(s, f) && sample_random(s, 4) == 0;

	if (f->row->tag != 0 && !f->is_element && sample_random(s, 3) == 0)
		return false;
	*v = (struct encode_value){ 0 };
	switch (type) {
	case ARRAY:
		v->number = null ? -1 : (int64_t)sample_random(s, 4);
		break;
	case STRUCT:
		v->number = null ? -1 : 1;
		return true;
	case STRING:
	case BYTES:
	case RECORDS:
		v->len = sample_random(s, sizeof text - 1);
		v->bytes = null ? NULL : text + sample_random(s, (uint32_t)(sizeof text) - v->len);
		v->len = null ? 0 : v->len;
		v->number = null ? -1 : (int64_t)v->len;
		break;
	case UUID:
		v->bytes = text + sample_random(s, 20);
		v->len = 16;
		break;
	default:
		v->number = sample_number(s, type);
	}
	if (kis_walked(f->is) != NOTHING && s->event_count < SAMPLE_EVENTS)
		s->events[s->event_count++] = (struct sample_event){ f->is, v->number, v->len,
								     v->len > 0 ? v->bytes[0] : 0 };
	return true;
}

static inline bool sample_make(struct sample *s, const struct kapi *api, int version,
			       enum kdirection d, uint32_t seed)
{
	memset(s, 0, sizeof *s);
	s->seed = seed;
	s->version = version;
	buf_init(&s->bytes, SAMPLE_MAX);
	return encode_message(api, version, d, sample_fill, s, &s->bytes);
}

static inline void sample_free(struct sample *s)
{
	buf_deinit(&s->bytes);
}

/* Every (API with rows, version, direction). */
static inline void sample_each(void (*f)(const struct kapi *, int version, enum kdirection))
{
	size_t n;
	const struct kapi *const *all = apis_all(&n);

	for (size_t i = 0; i < n; i++) {
		struct kversions v = api_versions(all[i]);

		for (int version = v.min; version <= v.max; version++) {
			for (int d = REQUEST; d <= RESPONSE; d++) {
				if (api_plan(all[i], version, (enum kdirection)d) != NULL)
					f(all[i], version, (enum kdirection)d);
			}
		}
	}
}

#endif
