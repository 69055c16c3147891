/* sink_out.h - the answers of one connection that are being written: bytes, and among them
 * records, which go from memory with sendfile.
 */
#ifndef BENCH_SINK_OUT_H
#define BENCH_SINK_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { OUT_MAX = 1 << 20, SEGMENTS_MAX = 4096 };

/* What every partition of a Fetch holds. */
struct records {
	int fd;
	size_t size;
};

/* A run of an answer: bytes of `bytes`, or the records. */
struct segment {
	size_t left;
	bool is_records;
};

/* Filled only when empty enough. */
struct out {
	const struct records *records;
	bool is_broken; /* an answer did not fit, or can't be written: close the connection */
	size_t start, end, answer_at;
	size_t segment_first, segment_count;
	struct segment segments[SEGMENTS_MAX];
	uint8_t bytes[OUT_MAX];
};

/* Borrows the records. */
void out_init(struct out *o, const struct records *records);
/* Room for the largest answer that one step can begin. */
bool out_has_room(const struct out *o);

void put8(struct out *o, int value);
void put16(struct out *o, int value);
void put32(struct out *o, int64_t value);
void put64(struct out *o, int64_t value);
void put_string(struct out *o, const char *text, size_t n);
void put_records(struct out *o);

/* An answer: its size and correlation id; then its bytes, and how many bytes of records. */
void answer_begin(struct out *o, int32_t correlation);
void answer_end(struct out *o, size_t records);

/* As much as the socket takes. */
void out_write(struct out *o, int fd);

#endif
