/* merge.h - several answers become one that a single broker could have sent.
 *
 * Every item of the request, in the request's order, one entry a topic; one that is asked
 * twice as often as its broker answers for it; the largest throttle time; leader hints as the client may see them;
 * of records no more than the request's MAX_BYTES, or one partition's.
 * Answers are slices of the parts' bytes, which must stay until the merged
 * answer has left.
 * Tests: tests/unit/route/merge_test.c, tests/fuzz/route.c
 */
#ifndef ROUTE_MERGE_H
#define ROUTE_MERGE_H

#include "kafka/head.h"
#include "route/layout.h"
#include "util/gather.h"

/* The body of one part's answer. */
struct merge_part {
	const uint8_t *body;
	uint32_t size;
	struct layout layout; /* filled by merge_read */
	uint32_t taken;	      /* items that the merged answer has from it */
};

/* Reads a part's answer; false: it contradicts its plan. */
bool merge_read(struct merge_part *part, const struct kapi *api, int version, const uint8_t *body,
		uint32_t size, struct arena *arena);

/* Things that a message names. */
struct merge_amount {
	size_t sections, topics, items;
};

/* The items of the request that no answer has, as a request of their own in memory of `work`. */
struct layout merge_missing(struct arena *work, const struct layout *request,
			    struct merge_part *parts, uint32_t count);
/* Memory that a merge takes of `work`; of a list, the request is what all answers have. */
size_t merge_bytes(const struct merge_amount *answers, const struct merge_amount *request);
/* Memory that the merged answer takes of its own arena, of answers of so many bytes in all. */
size_t merge_reply_bytes(size_t bytes, const struct merge_amount *answers);

/* Appends the merged answer's body to g; what is only needed meanwhile is taken of `work`.  The first
 * part gives what stands outside of the items.  An item that no earlier part has is taken from the
 * last part that has it, so a stub for what is missing may stand last. */
void merge_partitions(struct gather *g, struct arena *work, const struct kapi *api, int version,
		      const struct layout *request, struct merge_part *parts, uint32_t count);
/* All that the answers have, each partition once, as the first answer says that has it; of records no
 * more than the request's MAX_BYTES. */
void merge_news(struct gather *g, struct arena *work, const struct kapi *api, int version,
		const struct layout *request, struct merge_part *parts, uint32_t count);
/* All that the answers have: each section once, with what any of them has in it, each partition
 * once. */
void merge_sections(struct gather *g, struct arena *work, const struct kapi *api, int version,
		    struct merge_part *parts, uint32_t count);
/* For MERGE_KEYS (in the request's order) and MERGE_CONCAT (request NULL). */
void merge_keys(struct gather *g, struct arena *work, const struct kapi *api, int version,
		const struct layout *request, struct merge_part *parts, uint32_t count);

#endif
