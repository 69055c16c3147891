/* reply.h - answers that are made here: the frame in front of a body, and stubs.
 *
 * Tests: tests/unit/session/here_test.c, tests/unit/session/losses_test.c
 */
#ifndef SESSION_REPLY_H
#define SESSION_REPLY_H

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
/* One error code, in each item or at the top; see stub_answer. */
void reply_stub(struct request *r, int code, bool at_top);
/* A code that the gateway, not a broker, says. */
void reply_count_code(struct request *r, int code);

#endif
