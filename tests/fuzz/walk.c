/* Walks over every plan: in one piece and in small ones the same must be seen,
 * and what the printer reads to the end the walk must too.
 *
 * Input: api key | version (modulo those it has) | bit 0 direction, rest size of
 * a piece - 1 | the message.
 */
#include "kafka/print.h"
#include "kafka/walk.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 3 };

/* All that was seen, as one number: order, places and contents. */
struct summary {
	enum walk_result result;
	uint32_t pos;
	uint64_t sum;
};

static void add(uint64_t *sum, uint64_t v)
{
	*sum = (*sum ^ v) * 0x100000001b3u + (*sum >> 47);
}

static void add_event(uint64_t *sum, const struct walk_event *e)
{
	add(sum, (uint64_t)e->kind << 8 | (uint64_t)e->is);
	add(sum, (uint64_t)e->at << 32 | e->size);
	add(sum, (uint64_t)e->number);
	add(sum, e->len);
	for (uint32_t i = 0; e->bytes != NULL && i < e->len; i++)
		add(sum, e->bytes[i]);
}

/* The bytes shown lie at the end of a block of their own, so that a read beyond
 * them is caught. */
static struct summary read_in_pieces(const struct plan *plan, const uint8_t *bytes, size_t size,
				     size_t piece)
{
	struct summary s = { 0 };
	struct walk w;
	struct walk_event e;
	size_t shown = 0;

	walk_init(&w, plan, (uint32_t)size);
	for (;;) {
		size_t n = shown - w.pos;
		uint8_t *block = malloc(n > 0 ? n : 1);

		memcpy(block, bytes + w.pos, n);
		walk_input(&w, block, n);
		while ((s.result = walk_next(&w, &e)) == WALK_EVENT)
			add_event(&s.sum, &e);
		free(block);
		if (w.pos > shown)
			abort();
		if (s.result != WALK_MORE || shown == size)
			break;
		shown = size - shown < piece ? size : shown + piece;
	}
	s.pos = w.pos;
	return s;
}

static FILE *nowhere(void)
{
	static FILE *out;

	if (out == NULL) {
		if (!apis_compile(stderr))
			abort();
		out = fopen("/dev/null", "w");
	}
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *out = nowhere();
	const struct kapi *api;
	const struct plan *plan;
	struct summary whole, pieces;
	struct kversions v;
	int version;
	enum kdirection d;

	if (size < HEAD || (api = api_of(data[0])) == NULL)
		return 0;
	v = api_versions(api);
	version = v.min + data[1] % (v.max - v.min + 1);
	d = data[2] & 1 ? RESPONSE : REQUEST;
	plan = api_plan(api, version, d);
	if (plan == NULL)
		return 0;
	whole = read_in_pieces(plan, data + HEAD, size - HEAD, size);
	pieces = read_in_pieces(plan, data + HEAD, size - HEAD, (size_t)(data[2] >> 1) + 1);
	if (whole.result == WALK_MORE || whole.result != pieces.result || whole.sum != pieces.sum ||
	    whole.pos != pieces.pos)
		abort();
	if (print_body(out, api, version, d, data + HEAD, size - HEAD) && size <= WALK_STRING_MAX &&
	    (whole.result != WALK_DONE || whole.pos != size - HEAD))
		abort();
	return 0;
}
