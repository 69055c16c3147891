/* Heads of requests and answers: what is said of a beginning stays true when
 * more has come. */
#include "kafka/head.h"
#include "kafka/print.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAME_MAX = 1 << 20, SHOWN_MAX = 512 };

static bool same(const struct request_head *a, const struct request_head *b)
{
	return a->size == b->size && a->key == b->key && a->version == b->version &&
	       a->correlation_id == b->correlation_id && a->api == b->api &&
	       a->client_id_at == b->client_id_at && a->client_id_len == b->client_id_len &&
	       a->body_at == b->body_at;
}

static void check_request(const uint8_t *data, size_t size)
{
	struct request_head whole, h;
	enum head_result all = head_read(data, size, FRAME_MAX, &whole);
	size_t shown_max = size < SHOWN_MAX ? size : SHOWN_MAX;

	for (size_t n = 0; n <= shown_max; n++) {
		uint8_t *block = malloc(n > 0 ? n : 1);
		enum head_result got;

		memcpy(block, data, n);
		got = head_read(block, n, FRAME_MAX, &h);
		free(block);
		if (got != HEAD_MORE && got != all)
			abort();
		if (got == HEAD_OK && (!same(&whole, &h) || h.body_at > n))
			abort();
	}
	if (all == HEAD_OK && whole.body_at > HEAD_SIZE_BYTES + whole.size)
		abort();
}

static void check_answer_tags(const uint8_t *data, size_t size)
{
	uint32_t whole = 0, len = 0, left = size > 0 ? data[0] : 0;
	enum head_result all = answer_tags_skip(data, size, left, &whole);
	size_t shown_max = size < SHOWN_MAX ? size : SHOWN_MAX;

	for (size_t n = 0; n <= shown_max; n++) {
		enum head_result got = answer_tags_skip(data, n, left, &len);

		if (got != HEAD_MORE && got != all)
			abort();
		if (got == HEAD_OK && (len != whole || len > n || len > left))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *out;

	if (out == NULL) {
		if (!apis_compile(stderr))
			abort();
		out = fopen("/dev/null", "w");
	}
	check_request(data, size);
	check_answer_tags(data, size);
	print_request(out, data, size);
	return 0;
}
