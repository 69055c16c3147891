#include "sink_out.h"

#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

void out_init(struct out *o, const struct records *records)
{
	o->records = records;
	o->is_broken = false;
	o->start = o->end = o->answer_at = 0;
	o->segment_first = o->segment_count = 0;
}

bool out_has_room(const struct out *o)
{
	return o->segment_first + o->segment_count < SEGMENTS_MAX / 2 && o->end < OUT_MAX / 2;
}

static void put(struct out *o, const void *bytes, size_t n)
{
	if (o->end + n > OUT_MAX) {
		o->is_broken = true;
		return;
	}
	memcpy(o->bytes + o->end, bytes, n);
	o->end += n;
	if (o->segment_count && !o->segments[o->segment_first + o->segment_count - 1].is_records) {
		o->segments[o->segment_first + o->segment_count - 1].left += n;
	} else if (o->segment_first + o->segment_count < SEGMENTS_MAX) {
		o->segments[o->segment_first + o->segment_count++] = (struct segment){ n, false };
	} else {
		o->is_broken = true;
	}
}

void put_records(struct out *o)
{
	if (o->segment_first + o->segment_count < SEGMENTS_MAX)
		o->segments[o->segment_first + o->segment_count++] =
			(struct segment){ o->records->size, true };
	else
		o->is_broken = true;
}

static void put_int(struct out *o, uint64_t value, unsigned width)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < width; i++)
		bytes[i] = (uint8_t)(value >> 8 * (width - 1 - i));
	put(o, bytes, width);
}

void put8(struct out *o, int value)
{
	put_int(o, (uint64_t)value, 1);
}

void put16(struct out *o, int value)
{
	put_int(o, (uint64_t)value, 2);
}

void put32(struct out *o, int64_t value)
{
	put_int(o, (uint64_t)value, 4);
}

void put64(struct out *o, int64_t value)
{
	put_int(o, (uint64_t)value, 8);
}

void put_string(struct out *o, const char *text, size_t n)
{
	put16(o, (int)n);
	put(o, text, n);
}

void answer_begin(struct out *o, int32_t correlation)
{
	o->answer_at = o->end;
	put32(o, 0); /* the size: answer_end knows it */
	put32(o, correlation);
}

void answer_end(struct out *o, size_t records)
{
	size_t size = o->end - o->answer_at - 4 + records;

	for (unsigned i = 0; i < 4; i++)
		o->bytes[o->answer_at + i] = (uint8_t)(size >> 8 * (3 - i));
}

static ssize_t segment_write(struct out *o, const struct segment *segment, int fd)
{
	off_t at = (off_t)(o->records->size - segment->left);

	if (segment->is_records)
		return sendfile(fd, o->records->fd, &at, segment->left);
	return send(fd, o->bytes + o->start, segment->left,
		    MSG_DONTWAIT | MSG_NOSIGNAL | (o->segment_count > 1 ? MSG_MORE : 0));
}

void out_write(struct out *o, int fd)
{
	while (o->segment_count) {
		struct segment *segment = &o->segments[o->segment_first];
		ssize_t n = segment_write(o, segment, fd);

		if (n < 0) {
			o->is_broken = errno != EAGAIN && errno != EINTR;
			return;
		}
		segment->left -= (size_t)n;
		if (!segment->is_records)
			o->start += (size_t)n;
		if (segment->left)
			return;
		o->segment_first++;
		o->segment_count--;
	}
	o->segment_first = o->start = o->end = 0;
}
