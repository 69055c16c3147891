#include "cluster/subscription.h"

#include "cluster/cursor.h"

#include <string.h>

static void write_string(struct buf *out, const char *text)
{
	size_t n = strlen(text);

	buf_append16(out, (uint16_t)n);
	buf_append(out, text, n);
}

static void write_data(struct buf *out, const struct buf *data)
{
	buf_append32(out, (uint32_t)data->len);
	buf_append(out, data->data, data->len);
}

void subscription_write(struct buf *out, const char *topic, const struct buf *data)
{
	buf_append16(out, 0);
	buf_append32(out, 1);
	write_string(out, topic);
	write_data(out, data);
}

void assignment_write(struct buf *out, const char *topic, const int32_t *partitions, size_t count,
		      const struct buf *data)
{
	buf_append16(out, 0);
	buf_append32(out, count > 0 ? 1 : 0);
	if (count > 0) {
		write_string(out, topic);
		buf_append32(out, (uint32_t)count);
		for (size_t i = 0; i < count; i++)
			buf_append32(out, (uint32_t)partitions[i]);
	}
	write_data(out, data);
}

static bool read_data(struct cursor *c, const uint8_t **data, size_t *len)
{
	int32_t n = (int32_t)cursor_32(c);

	*len = n > 0 ? (size_t)n : 0;
	*data = cursor_bytes(c, *len);
	if (c->bad)
		*len = 0;
	return !c->bad;
}

/* Topics, each with its partitions or without. */
static void skip_topics(struct cursor *c, bool with_partitions)
{
	uint32_t topics = cursor_32(c);

	for (uint32_t i = 0; i < topics && !c->bad; i++) {
		(void)cursor_bytes(c, cursor_16(c));
		if (with_partitions)
			(void)cursor_bytes(c, (size_t)cursor_32(c) * 4);
	}
}

bool subscription_read(const void *bytes, size_t n, const uint8_t **data, size_t *len)
{
	struct cursor c = cursor_of(bytes, n);

	(void)cursor_16(&c);
	skip_topics(&c, false);
	return read_data(&c, data, len);
}

bool assignment_read(const void *bytes, size_t n, const uint8_t **data, size_t *len)
{
	struct cursor c = cursor_of(bytes, n);

	*data = NULL;
	*len = 0;
	if (n == 0)
		return true;
	(void)cursor_16(&c);
	skip_topics(&c, true);
	return read_data(&c, data, len);
}
