#include "topology/control.h"

#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/text.h"

enum { PAUSE_FIRST_MS = 100 };

enum state { PAUSING, RESOLVING, TRYING, LIVE };

struct control {
	struct ev_loop *loop;
	struct resolver *resolver;
	const struct link_terms *terms;
	int connect_timeout_ms;
	uint32_t max_answer;
	const struct control_events *events;
	void *owner;
	enum state state;
	bool was_good;
	int pause_ms;
	ev_timer timer; /* PAUSING, RESOLVING: the end of it */
	ev_timer beat;
	bool waits_for_beat;
	int missed; /* so many beats' times it has waited */
	struct call *call;
	struct negotiate negotiate;
	struct candidate *candidates;
	size_t count, next;	  /* the one in use is next - 1 */
	struct resolved resolved; /* the one in use */
	size_t next_address;
};

static void try_next(struct control *c);

static const struct candidate *in_use(const struct control *c)
{
	return &c->candidates[c->next - 1];
}

static void free_candidates(struct control *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->candidates[i].host);
	free(c->candidates);
	c->candidates = NULL;
	c->count = c->next = 0;
	c->resolved.count = c->next_address = 0;
}

static void end_call(struct control *c)
{
	ev_timer_stop(c->loop, &c->beat);
	c->waits_for_beat = false;
	c->missed = 0;
	call_free(c->call);
	c->call = NULL;
}

static void wait_in(struct control *c, enum state state, int ms)
{
	c->state = state;
	ev_timer_stop(c->loop, &c->timer);
	ev_now_update(c->loop);
	ev_timer_set(&c->timer, ms / 1e3, 0.);
	ev_timer_start(c->loop, &c->timer);
}

static void pause_then_try(struct control *c)
{
	wait_in(c, PAUSING, c->pause_ms);
	c->pause_ms = c->pause_ms * 2 < CONTROL_PAUSE_MAX_MS ? c->pause_ms * 2
							     : CONTROL_PAUSE_MAX_MS;
}

/* The candidate that was in use last is tried last. */
static void put_last(struct control *c, const struct candidate *last)
{
	for (size_t i = 0; i + 1 < c->count; i++) {
		struct candidate here = c->candidates[i];

		if (here.port == last->port && strcmp(here.host, last->host) == 0) {
			c->candidates[i] = c->candidates[i + 1];
			c->candidates[i + 1] = here;
		}
	}
}

static void begin_round(struct control *c)
{
	struct candidate last = { 0 };

	if (c->next > 0)
		last = (struct candidate){ mem_strdup(in_use(c)->host), in_use(c)->port };
	free_candidates(c);
	c->candidates = c->events->candidates(c->owner, &c->count);
	if (last.host != NULL)
		put_last(c, &last);
	free(last.host);
	c->state = TRYING;
	try_next(c);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct control *c = CONTAINER_OF(timer, struct control, timer);

	(void)loop;
	(void)events;
	if (c->state == PAUSING)
		begin_round(c);
	else
		try_next(c);
}

static void on_beat_answer(void *owner, const uint8_t *body, uint32_t len)
{
	struct control *c = owner;

	(void)len;
	c->waits_for_beat = false;
	c->missed = 0;
	if (body != NULL)
		c->events->on_beat(c->owner, true);
}

static void on_beat(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct control *c = CONTAINER_OF(timer, struct control, beat);
	const struct call_request request = { .key = KEY_API_VERSIONS,
					      .version = 0, /* which every broker has */
					      .answer = on_beat_answer,
					      .owner = c };

	(void)loop;
	(void)events;
	if (!c->waits_for_beat) {
		c->waits_for_beat = control_send(c, &request);
		return;
	}
	c->events->on_beat(c->owner, false);
	if (++c->missed >= CONTROL_BEATS_MISSED)
		control_leave(c, "it is silent");
}

static void tell_trouble(const struct control *c, const char *why)
{
	char broker[TEXT_HOST_MAX + 16];

	text_host_port_print(broker, sizeof broker, in_use(c)->host, in_use(c)->port);
	c->events->on_trouble(c->owner, broker, why);
}

static void on_versions(void *owner, struct broker_versions *v)
{
	struct control *c = owner;
	bool is_new = c->state == TRYING;

	if (v == NULL) {
		control_leave(c, "its ApiVersions answer can't be used");
		return;
	}
	if (is_new) {
		c->state = LIVE;
		c->was_good = false;
		tell_trouble(c, NULL);
		ev_timer_start(c->loop, &c->beat);
		log_info("who=topology event=connected broker=%s:%d", in_use(c)->host,
			 in_use(c)->port);
	}
	c->events->on_live(c->owner, v, is_new);
	versions_deinit(v);
}

/* The connection is gone, which its owner hears; another takes its place. */
static void replace(struct control *c)
{
	bool was_live = c->state == LIVE, was_good = c->was_good;

	end_call(c);
	c->state = TRYING;
	c->was_good = false;
	if (was_live)
		c->events->on_lost(c->owner);
	if (was_good)
		begin_round(c);
	else
		try_next(c);
}

static void on_closed(void *owner, enum link_end end, int error)
{
	struct control *c = owner;

	if (call_refusal(c->call) != NULL)
		tell_trouble(c, call_refusal(c->call));

	if (c->state == LIVE)
		log_warn("who=topology event=lost broker=%s:%d err=\"%s\" reason=\"%s\"",
			 in_use(c)->host, in_use(c)->port, link_end_text(end),
			 call_reason(c->call, error));
	else
		log_info("who=topology event=not_connected broker=%s:%d err=\"%s\" reason=\"%s\"",
			 in_use(c)->host, in_use(c)->port, link_end_text(end),
			 call_reason(c->call, error));
	replace(c);
}

void control_leave(struct control *c, const char *why)
{
	if (c->call == NULL)
		return;
	log_warn("who=topology event=left broker=%s:%d err=\"%s\"", in_use(c)->host,
		 in_use(c)->port, why);
	replace(c);
}

static void open_call(struct control *c, const struct endpoint *a)
{
	static const struct call_events call_events = { .on_closed = on_closed };
	const struct call_options options = { .address = (const struct sockaddr *)&a->storage,
					      .address_len = a->len,
					      .connect_timeout_ms = c->connect_timeout_ms,
					      .max_answer = c->max_answer,
					      .terms = c->terms,
					      .host = in_use(c)->host,
					      .port = in_use(c)->port };

	c->call = call_new(c->loop, &options, &call_events, c);
	negotiate_start(&c->negotiate, c->call, CONTROL_TIMEOUT_MS, on_versions, c);
}

static void look_up(struct control *c)
{
	c->next_address = 0;
	resolve(c->resolver, in_use(c)->host, in_use(c)->port, &c->resolved);
}

static void try_next(struct control *c)
{
	ev_timer_stop(c->loop, &c->timer);
	c->state = TRYING;
	while (c->next_address == c->resolved.count) {
		if (c->next == c->count) {
			log_warn("who=topology event=no_broker tried=%zu retry_ms=%d", c->count,
				 c->pause_ms);
			pause_then_try(c);
			return;
		}
		c->next++;
		look_up(c);
		if (c->resolved.count == 0 && c->resolved.is_pending) {
			wait_in(c, RESOLVING, c->connect_timeout_ms);
			return;
		}
	}
	open_call(c, &c->resolved.addresses[c->next_address++]);
}

void control_resolved(struct control *c, const char *host)
{
	if (c->state != RESOLVING || strcmp(in_use(c)->host, host) != 0)
		return;
	look_up(c);
	try_next(c);
}

struct control *control_new(struct ev_loop *loop, struct resolver *resolver,
			    const struct link_terms *terms, int connect_timeout_ms,
			    int64_t max_answer, const struct control_events *events, void *owner)
{
	struct control *c = mem_zalloc(sizeof *c);

	c->loop = loop;
	c->resolver = resolver;
	c->terms = terms;
	c->connect_timeout_ms = connect_timeout_ms;
	c->max_answer = max_answer < INT32_MAX ? (uint32_t)max_answer : INT32_MAX;
	c->events = events;
	c->owner = owner;
	c->pause_ms = PAUSE_FIRST_MS;
	ev_timer_init(&c->timer, on_timer, 0., 0.);
	ev_timer_init(&c->beat, on_beat, CONTROL_BEAT_MS / 1e3, CONTROL_BEAT_MS / 1e3);
	return c;
}

void control_set_timeout(struct control *c, int connect_timeout_ms)
{
	c->connect_timeout_ms = connect_timeout_ms;
}

void control_free(struct control *c)
{
	if (c == NULL)
		return;
	ev_timer_stop(c->loop, &c->timer);
	end_call(c);
	free_candidates(c);
	free(c);
}

void control_start(struct control *c)
{
	begin_round(c);
}

bool control_is_live(const struct control *c)
{
	return c->state == LIVE;
}

void control_is_good(struct control *c)
{
	c->was_good = true;
	c->pause_ms = PAUSE_FIRST_MS;
}

void control_renew(struct control *c)
{
	if (c->state == LIVE)
		negotiate_again(&c->negotiate);
}

bool control_send(struct control *c, const struct call_request *request)
{
	struct call_request r = *request;

	r.timeout_ms = CONTROL_TIMEOUT_MS;
	return c->state == LIVE && call_send(c->call, &r);
}
