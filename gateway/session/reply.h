/* reply.h - answers that are made here: the frame in front of a body, and stubs.
 *
 * Tests: tests/unit/session/here_test.c, tests/unit/session/losses_test.c
 */
#ifndef SESSION_REPLY_H
#define SESSION_REPLY_H

#include "session/course.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;

/* The head of an answer, to be given to reply_end; the body is appended to request's `reply` in
 * between. */
uint8_t *reply_begin(struct request *r);
/* From now on the request is replied. */
void reply_end(struct request *r, uint8_t *head);
/* The body is copied. */
void reply_bytes(struct request *r, const uint8_t *body, size_t n);
/* Memory for a reply that takes so much while it is made.  False: it waits, or the client fails. */
bool reply_may(struct request *r, size_t bytes);
/* One error code, in each item or at the top; see stub_answer.  It may wait for memory; a stub that
 * can't be made fails the client. */
enum course_result reply_stub(struct request *r, int code, bool at_top);
/* The same; its body is looked at, and may be changed, by that (watch.h) before it leaves. */
typedef bool reply_look(struct request *r, uint8_t *body, uint32_t size);
enum course_result reply_stub_seen(struct request *r, int code, bool at_top, reply_look *look);
/* The stub is so small that it does not wait. */
bool reply_stub_is_small(const struct request *r, bool at_top);
/* A code that the gateway, not a broker, says. */
void reply_count_code(struct request *r, int code);

#endif
