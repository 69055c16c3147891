#include "kafka_client.h"

#include "kafka/say.h"
#include "util/why.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <string.h>

enum { FLEXIBLE_VERSIONS = 3 };

/* Always false. */
static bool fails(char why[KAFKA_WHY_MAX], const char *text)
{
	snprintf(why, KAFKA_WHY_MAX, "%s", text);
	return false;
}

struct addrinfo *kafka_resolve(const char *host, int port, char why[KAFKA_WHY_MAX])
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found;
	char service[12], words[WHY_WORDS_MAX];
	int error;

	snprintf(service, sizeof service, "%d", port);
	error = getaddrinfo(host, service, &hints, &found);
	if (error == 0)
		return found;
	snprintf(why, KAFKA_WHY_MAX, "the name does not resolve: %s", why_not_found(error, words));
	return NULL;
}

/* --- what the call tells --- */

static void on_connected(void *owner)
{
	struct kafka_client *c = owner;

	c->is_open = true;
}

static void on_closed(void *owner, enum link_end end, int error)
{
	struct kafka_client *c = owner;

	c->is_lost = true;
	c->end = end;
	c->error = error;
	if (call_refusal(c->call) != NULL)
		snprintf(c->refusal, sizeof c->refusal, "%s", call_refusal(c->call));
}

static void on_answer(void *owner, const uint8_t *body, uint32_t len)
{
	struct kafka_client *c = owner;

	if (body == NULL)
		return; /* on_closed says why */
	buf_append(&c->answer, body, len);
	c->is_answered = true;
}

/* Turns the loop until the flag is set; false: the connection is lost. */
static bool await(struct kafka_client *c, const bool *flag)
{
	while (!*flag && !c->is_lost)
		ev_run(c->loop, EVRUN_ONCE);
	return *flag;
}

/* Always false. */
static bool tell_loss(const struct kafka_client *c, char why[KAFKA_WHY_MAX])
{
	char words[WHY_WORDS_MAX];

	if (*c->refusal != '\0')
		return fails(why, c->refusal);
	switch (c->end) {
	case LINK_NOT_CONNECTED:
		if (c->error != ETIMEDOUT)
			return fails(why, why_not_connected(c->error, words));
		snprintf(why, KAFKA_WHY_MAX, "no connection within %d ms", c->timeout_ms);
		return false;
	case LINK_LATE:
		snprintf(why, KAFKA_WHY_MAX, "no answer within %d ms", c->timeout_ms);
		return false;
	case LINK_BAD_ANSWER:
		return fails(why, "what answers is not Kafka");
	default:
		return fails(why, c->error != 0 ? why_not_connected(c->error, words)
						: "the connection was closed instead of an answer");
	}
}

bool kafka_connect(struct kafka_client *c, struct ev_loop *loop, const struct kafka_place *place,
		   const char *client_id, int timeout_ms, char why[KAFKA_WHY_MAX])
{
	static const struct call_events events = { on_connected, on_closed };
	const struct call_options options = { .address = place->to->ai_addr,
					      .address_len = place->to->ai_addrlen,
					      .terms = place->terms,
					      .host = place->host,
					      .port = place->port,
					      .connect_timeout_ms = timeout_ms,
					      .max_answer = KAFKA_ANSWER_MAX,
					      .client_id = client_id };

	*c = (struct kafka_client){ .loop = loop, .timeout_ms = timeout_ms };
	buf_init(&c->answer, KAFKA_ANSWER_MAX);
	ev_now_update(loop); /* it may not have turned for long: the time counts from now */
	c->call = call_new(loop, &options, &events, c);
	return await(c, &c->is_open) || tell_loss(c, why);
}

void kafka_close(struct kafka_client *c)
{
	if (c->call == NULL)
		return;
	if (c->is_greeted)
		versions_deinit(&c->versions);
	call_free(c->call);
	buf_deinit(&c->answer);
	*c = (struct kafka_client){ 0 };
}

/* --- a request and its answer --- */

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* What was heard since the last request is known first: the loop may not have turned for long. */
static bool send_request(struct kafka_client *c, const struct call_request *request,
			 char why[KAFKA_WHY_MAX])
{
	ev_run(c->loop, EVRUN_NOWAIT);
	if (c->is_lost)
		return tell_loss(c, why);
	return call_send(c->call, request) || fails(why, "a request that can't be said");
}

bool kafka_ask(struct kafka_client *c, const struct kapi *api, int version, struct say_pairs says,
	       struct kafka_answer *answer, char why[KAFKA_WHY_MAX])
{
	const struct call_request request = { .key = (enum api_key)api->key,
					      .version = version,
					      .says = says,
					      .timeout_ms = c->timeout_ms,
					      .answer = on_answer,
					      .owner = c };
	double began = now_ms();
	char more[KAFKA_WHY_MAX];

	buf_clear(&c->answer);
	c->is_answered = false;
	if (send_request(c, &request, more) && (await(c, &c->is_answered) || tell_loss(c, more))) {
		*answer = (struct kafka_answer){ c->answer.data, (uint32_t)c->answer.len,
						 now_ms() - began };
		return true;
	}
	snprintf(why, KAFKA_WHY_MAX, "%s: %.*s", api->name, KAFKA_WHY_MAX - 40, more);
	return false;
}

/* --- the greeting --- */

bool kafka_greet(struct kafka_client *c, char why[KAFKA_WHY_MAX])
{
	const struct kapi *api = api_of(KEY_API_VERSIONS);
	const struct say says[] = { say_text(SOFTWARE_NAME, "anyport"),
				    say_text(SOFTWARE_VERSION, "1.0") };
	int version = FLEXIBLE_VERSIONS;
	struct kafka_answer answer;
	enum versions_result got;
	bool good;

	do {
		good = kafka_ask(c, api, version, SAY_ALL(says), &answer, why);
		got = good ? versions_read(&c->versions, version, answer.body, answer.len)
			   : VERSIONS_BAD;
	} while (got == VERSIONS_UNSUPPORTED && version > 0 && (version = 0, true));
	c->is_greeted = got == VERSIONS_OK;
	if (good && !c->is_greeted)
		fails(why, "ApiVersions: a malformed answer");
	return c->is_greeted;
}

int kafka_version(const struct kafka_client *c, int api_key)
{
	return versions_best(&c->versions, api_key);
}
