#include "kafka/head.h"

#include "kafka/wire.h"

enum head_result answer_tags_skip(const uint8_t *bytes, size_t n, uint32_t left, uint32_t *len)
{
	uint32_t count, tag, size, at;
	int got = wire_get_uvarint(bytes, n < left ? n : left, &count);

	if (got <= 0)
		return got < 0 || n >= left ? HEAD_BAD : HEAD_MORE;
	at = (uint32_t)got;
	for (; count > 0; count--) {
		size_t avail = (n < left ? n : left) - at;
		int a = wire_get_uvarint(bytes + at, avail, &tag), b = 0;

		if (a > 0)
			b = wire_get_uvarint(bytes + at + a, avail - (size_t)a, &size);
		if (a <= 0 || b <= 0)
			return a < 0 || b < 0 || n >= left ? HEAD_BAD : HEAD_MORE;
		at += (uint32_t)(a + b);
		if (size > left - at)
			return HEAD_BAD;
		if (size > n - at)
			return HEAD_MORE;
		at += size;
	}
	*len = at;
	return HEAD_OK;
}

static enum head_result read_client_id(const uint8_t *bytes, size_t n, struct request_head *h)
{
	uint32_t end = HEAD_SIZE_BYTES + h->size;

	if (end < HEAD_FIXED + 2)
		return HEAD_BAD;
	if (n < HEAD_FIXED + 2)
		return HEAD_MORE;
	h->client_id_len = (int16_t)wire_get16(bytes + HEAD_FIXED);
	h->client_id_at = HEAD_FIXED + 2;
	if (h->client_id_len < 0)
		h->client_id_len = -1; /* brokers take every negative length for null */
	h->body_at = h->client_id_at + (h->client_id_len > 0 ? (uint32_t)h->client_id_len : 0);
	if (h->body_at > end)
		return HEAD_BAD;
	return n < h->body_at ? HEAD_MORE : HEAD_OK;
}

enum head_result head_read(const uint8_t *bytes, size_t n, uint32_t max, struct request_head *h)
{
	enum head_result got;
	uint32_t tags, end;

	*h = (struct request_head){ 0 };
	if (n < HEAD_SIZE_BYTES)
		return HEAD_MORE;
	h->size = wire_get32(bytes);
	if (h->size > max || h->size < HEAD_FIXED - HEAD_SIZE_BYTES)
		return HEAD_BAD;
	if (n < HEAD_FIXED)
		return HEAD_MORE;
	h->key = (int16_t)wire_get16(bytes + 4);
	h->version = (int16_t)wire_get16(bytes + 6);
	h->correlation_id = wire_get32(bytes + HEAD_CORRELATION_AT);
	h->api = api_of(h->key);
	if (h->api == NULL || h->api->route == NOT_FOR_CLIENTS)
		return HEAD_BAD;
	if (h->version < 0 && h->key != KEY_API_VERSIONS)
		return HEAD_BAD;
	got = read_client_id(bytes, n, h);
	if (got != HEAD_OK || !api_is_flexible(h->api, h->version))
		return got;
	if (h->key == KEY_API_VERSIONS && !kversions_has(api_versions(h->api), h->version))
		return HEAD_OK; /* who knows what its head looks like */
	end = HEAD_SIZE_BYTES + h->size;
	got = answer_tags_skip(bytes + h->body_at, n - h->body_at, end - h->body_at, &tags);
	if (got == HEAD_OK)
		h->body_at += tags;
	return got;
}
