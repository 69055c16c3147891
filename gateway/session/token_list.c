#include "session/token_list.h"

#include "session/inside.h"
#include "util/mem.h"

#include <stdlib.h>

enum {
	VERSION = 3,
	PAIRS = 2,	  /* of a name */
	ANSWER_MS = 5000, /* of a broker that does not answer */
	ANSWER_MAX = 1 << 20,
};

int token_list_version(const struct worker *w)
{
	const struct kversions v = w->snapshot->offers[KEY_DESCRIBE_DELEGATION_TOKEN];

	return v.max < VERSION ? v.max : VERSION;
}

struct call *token_list_open(struct worker *w, const struct broker *at,
			     const struct call_events *events, void *owner)
{
	const struct call_options options = {
		.address = (const struct sockaddr *)&at->address,
		.address_len = at->address_len,
		.connect_timeout_ms = w->config->connect_timeout_ms,
		.max_answer = ANSWER_MAX,
		.terms = w->shared->terms,
		.host = at->host,
		.port = at->port,
	};

	return call_new(w->loop, &options, events, owner);
}

static bool send_names(struct call *call, const struct worker *w, struct say_pairs says,
		       void (*answer)(void *owner, const uint8_t *body, uint32_t n), void *owner)
{
	const struct call_request request = { .key = KEY_DESCRIBE_DELEGATION_TOKEN,
					      .version = token_list_version(w),
					      .says = says,
					      .timeout_ms = ANSWER_MS,
					      .answer = answer,
					      .owner = owner };

	return call_send(call, &request);
}

bool token_list_ask(struct call *call, const struct worker *w, const char *const *of, size_t count,
		    void (*answer)(void *owner, const uint8_t *body, uint32_t n), void *owner)
{
	struct say *names = mem_alloc(count * PAIRS * sizeof *names);
	const struct say all[] = { say_list(OWNERS, names, PAIRS, count) };
	bool is_sent;

	for (size_t i = 0; i < count; i++) {
		names[i * PAIRS] = say_text(OWNER_TYPE, "User");
		names[i * PAIRS + 1] = say_text(OF_OWNER, of[i]);
	}
	is_sent = send_names(call, w, SAY_ALL(all), answer, owner);
	free(names);
	return is_sent;
}

bool token_list_read(const struct worker *w, const uint8_t *body, uint32_t n,
		     const struct token_wanted *wanted, struct token *found, int *error)
{
	return token_read(api_of(KEY_DESCRIBE_DELEGATION_TOKEN), token_list_version(w), body, n,
			  wanted, found, error);
}
