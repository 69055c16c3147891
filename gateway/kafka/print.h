/* print.h - a message as a tree that a person can read.
 *
 *     request Metadata (3) version 4, 32 bytes, correlation id 7, client "app"
 *     topics:
 *       - name: "orders"
 *     allow_auto_topic_creation: true
 *
 * Every field is shown, whether the gateway cares for it or not.  Where the
 * bytes contradict the rows the tree ends with a line that begins with "!".
 * Tests: tests/unit/kafka/print_test.c, tests/golden/kafka/, tests/conformance/
 */
#ifndef KAFKA_PRINT_H
#define KAFKA_PRINT_H

#include "kafka/api.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A body, without its header.  False: it was bad, cut short, or longer than its
 * rows.  The version must be one of api_versions and the API must have rows. */
bool print_body(FILE *out, const struct kapi *api, int version, enum kdirection direction,
		const uint8_t *bytes, size_t n);
/* A whole frame from its size field on. */
bool print_request(FILE *out, const uint8_t *frame, size_t n);
/* The same; an answer does not say what it answers. */
bool print_answer(FILE *out, const struct kapi *api, int version, const uint8_t *frame, size_t n);

#endif
