#include "session/ways.h"

#include "auth/mechanism.h"
#include "kafka/errors.h"
#include "session/barrier.h"
#include "session/inside.h"
#include "session/token_list.h"
#include "util/log.h"

#include <stdlib.h>

enum {
	AGAIN_S = 60, /* they make none, or say nothing of it */
	RETRY_S = 1,  /* the broker was not there */
};

/* --- what is known --- */

static void tell(const struct worker *w)
{
	static const char always[] = "event=ways PLAIN=replayed OAUTHBEARER=replayed";
	static const char by_token[] = "\"by a token that the client makes for itself\"";
	static const char by_visits[] = "\"each login again at another broker\"";

	if (w->index != 0)
		return; /* one voice is enough */
	if (w->ways.tokens == TOKENS_MADE)
		log_info("%s SCRAM=%s GSSAPI=%s", always, by_token, by_token);
	else
		log_warn("%s SCRAM=%s GSSAPI=%s reason=\"brokers have no "
			 "delegation.token.secret.key\"",
			 always, by_visits, by_visits);
}

static void set(struct worker *w, enum ways_tokens tokens)
{
	if (w->ways.tokens == tokens)
		return;
	w->ways.tokens = tokens;
	if (tokens != TOKENS_UNKNOWN)
		tell(w);
}

static void ask_in(struct worker *w, int seconds)
{
	ev_timer_stop(w->loop, &w->ways.timer);
	ev_timer_set(&w->ways.timer, seconds, 0.);
	ev_timer_start(w->loop, &w->ways.timer);
}

/* --- asking --- */

static void end_call(struct worker *w)
{
	call_free(w->ways.call);
	w->ways.call = NULL;
}

static void on_answer(void *owner, const uint8_t *body, uint32_t n)
{
	const struct token_wanted any = { .mechanism = &mechanism_scram_sha_256 };
	struct worker *w = owner;
	struct token found;
	int error;
	bool good;

	if (body == NULL)
		return; /* on_closed follows */
	good = token_list_read(w, body, n, &any, &found, &error);
	if (good)
		token_deinit(&found);
	end_call(w);
	if (good && error == ERROR_NONE)
		set(w, TOKENS_MADE);
	else if (good && error == ERROR_DELEGATION_TOKEN_AUTH_DISABLED)
		set(w, TOKENS_NOT_MADE);
	if (w->ways.tokens != TOKENS_MADE)
		ask_in(w, AGAIN_S);
}

static void on_closed(void *owner, enum link_end end, int error)
{
	struct worker *w = owner;

	(void)end;
	(void)error;
	end_call(w);
	ask_in(w, RETRY_S);
}

static void ask(struct worker *w, const char *own)
{
	static const struct call_events events = { .on_closed = on_closed };
	const struct broker *at = snapshot_broker(w->snapshot, worker_any_broker(w, NO_BROKER));

	if (at != NULL) {
		w->ways.call = token_list_open(w, at, &events, w);
		if (token_list_ask(w->ways.call, w, &own, 1, on_answer, w))
			return;
	}
	end_call(w);
	ask_in(w, RETRY_S);
}

static void look(struct worker *w)
{
	char *own = barriers_own_name(w);

	if (own == NULL)
		set(w, TOKENS_UNKNOWN); /* a client will hear it */
	else if (token_list_version(w) < 0)
		set(w, TOKENS_NOT_MADE); /* a newer snapshot may say otherwise */
	else
		ask(w, own);
	free(own);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	look(timer->data);
}

/* --- for the worker --- */

void ways_init(struct worker *w)
{
	w->ways = (struct ways){ .tokens = TOKENS_UNKNOWN };
	ev_timer_init(&w->ways.timer, on_timer, 0., 0.);
	w->ways.timer.data = w;
}

void ways_deinit(struct worker *w)
{
	end_call(w);
	ev_timer_stop(w->loop, &w->ways.timer);
}

/* Clients of some entrance say by SASL who they are, to brokers. */
static bool has_logins(const struct worker *w)
{
	if (config_judges(w->config))
		return false;
	for (size_t i = 0; i < w->entrance_count; i++) {
		if (protocol_has_sasl(w->entrances[i].listener->protocol))
			return true;
	}
	return false;
}

void ways_look(struct worker *w)
{
	if (!has_logins(w) || w->snapshot->broker_count == 0 || w->ways.tokens == TOKENS_MADE ||
	    w->ways.call != NULL || ev_is_active(&w->ways.timer))
		return;
	look(w);
}

void ways_heard_none(struct worker *w)
{
	set(w, TOKENS_NOT_MADE);
	if (w->ways.call == NULL)
		ask_in(w, AGAIN_S);
}
