/* collect.h - parts' answers that must be held: within the budget, whole, and read.
 *
 * Tests: tests/unit/session/merged_test.c, tests/unit/session/rewritten_test.c
 */
#ifndef SESSION_COLLECT_H
#define SESSION_COLLECT_H

#include "route/merge.h"
#include "session/course.h"

#include <stdbool.h>
#include <stdint.h>

struct client;
struct part;
struct request;

/* Before the one broker of a request is asked: memory for an answer of about so many bytes.  False:
 * it is not there yet, and the client is woken when it is. */
bool collect_expect(struct client *c, struct request *r, int64_t size);
/* Reads the answer of a part that is SENT as far as it has come; true: something moved. */
bool collect_part(struct client *c, struct part *p);
/* The same for all parts of a request: true: nothing more will come of any of them.  *moved is set
 * when something moved. */
bool collect_parts(struct client *c, struct request *r, bool *moved);
/* A course's answer where there is one part: when its answer is there, `write` makes the reply of it;
 * false: it can't be shown.  `write` takes memory for so many copies of the answer.  A lost broker's is
 * a stub, or the client's end. */
enum course_result collect_one(struct client *c, struct request *r, uint32_t copies,
			       bool (*write)(struct client *c, struct request *r));
/* The body of a held answer behind its header; false: malformed. */
bool collect_body(const struct part *p, uint8_t **body, uint32_t *size);
/* What a held answer says, for which no memory is taken; false: it contradicts its schema. */
MUST_CHECK bool collect_count(const struct part *p, struct layout_sum *sum);
/* Reads a held answer for a merge, in memory of `work`, and takes what is not for the client out of
 * it; false: it contradicts its schema. */
MUST_CHECK bool collect_read(struct client *c, struct part *p, struct merge_part *read,
			     struct arena *work);

#endif
