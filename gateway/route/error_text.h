/* error_text.h - what brokers say of an error in words, without their addresses.
 *
 * An answer's size has been announced when its texts are read, so what is not for clients becomes
 * stars and blanks in place.
 * Tests: tests/unit/route/error_text_test.c, tests/e2e/scenarios/no_leak.py
 */
#ifndef ROUTE_ERROR_TEXT_H
#define ROUTE_ERROR_TEXT_H

#include <stdint.h>

struct snapshot;

/* `text` is the n bytes of the message of that error. */
void error_text_hide(const struct snapshot *s, int error, uint8_t *text, uint32_t n);

#endif
