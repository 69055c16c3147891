/* sink_apis.h - what a connection asks, and the answers of a cluster that stores nothing.
 *
 * The last versions that are not flexible: ApiVersions 0-2, Metadata 0-8, Produce 3-8,
 * Fetch 4-11.
 */
#ifndef BENCH_SINK_APIS_H
#define BENCH_SINK_APIS_H

#include "sink_out.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BROKERS_MAX = 16,
	NAME_MAX_BYTES = 249,
	REQUEST_MAX = 256 << 10, /* of one that must be seen as a whole: any but a Produce */
};

struct cluster {
	const char *host;
	int brokers; /* 1 to this; partition p is led by 1 + p % brokers */
	uint16_t ports[BROKERS_MAX];
	char topic[NAME_MAX_BYTES + 1];
	int partitions;
};

/* A request is read in steps; each step wants all its bytes at once. */
enum step {
	STEP_HEAD,	/* the whole frame, or a Produce up to its topics */
	STEP_TOPIC,	/* Produce: a topic's name and its count of partitions */
	STEP_PARTITION, /* Produce: an index and the length of its records */
	STEP_RECORDS,	/* Produce: `discard` bytes of them, to be thrown away */
};

struct requests {
	const struct cluster *cluster;
	struct out *out;
	int broker; /* that they come to, from 1 */
	enum step step;

	/* the Produce that is being read */
	int16_t version, acks;
	int32_t topics_left, partitions_left;
	size_t discard;
};

/* Reading: a cursor whose error sticks. */
struct cursor {
	const uint8_t *at, *end;
	bool is_short;
};

/* One step but STEP_RECORDS; is_short when it needs more bytes. */
void requests_step(struct requests *r, struct cursor *in);
/* Of STEP_RECORDS: so many bytes, at most `discard`, are gone. */
void requests_discard(struct requests *r, size_t n);

#endif
