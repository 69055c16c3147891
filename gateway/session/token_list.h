/* token_list.h - a broker is asked, as the gateway, for the delegation tokens of principals (KIP-48).
 *
 * Whoever asks has the call, and its events: upstream/call.h.
 * Tests: tests/unit/session/ways_test.c, tests/unit/session/tokens_test.c
 */
#ifndef SESSION_TOKEN_LIST_H
#define SESSION_TOKEN_LIST_H

#include "auth/token.h"
#include "upstream/call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct broker;
struct worker;

/* That both sides speak; less than 0: brokers don't offer it. */
int token_list_version(const struct worker *w);
/* A connection to the broker, to be freed by call_free. */
struct call *token_list_open(struct worker *w, const struct broker *at,
			     const struct call_events *events, void *owner);
/* For those of so many names.  False: the connection is gone, and nothing is told. */
bool token_list_ask(struct call *call, const struct worker *w, const char *const *of, size_t count,
		    void (*answer)(void *owner, const uint8_t *body, uint32_t n), void *owner);
/* As token_read, of such an answer. */
bool token_list_read(const struct worker *w, const uint8_t *body, uint32_t n,
		     const struct token_wanted *wanted, struct token *found, int *error);

#endif
