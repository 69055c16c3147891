#include "auth/door.h"

#include "auth/lifetime.h"
#include "kafka/api_keys.h"

#include <assert.h>

#define TO(state) (1u << DOOR_##state)

static const unsigned moves[] = {
	[DOOR_OFF] = 0,
	[DOOR_SHUT] = TO(GREETED) | TO(CHOSEN) | TO(BARE) | TO(OVER),
	[DOOR_GREETED] = TO(CHOSEN) | TO(BARE) | TO(OVER),
	[DOOR_CHOSEN] = TO(OPEN) | TO(OVER),
	[DOOR_BARE] = TO(OPEN) | TO(OVER),
	[DOOR_OPEN] = TO(AGAIN) | TO(OVER),
	[DOOR_AGAIN] = TO(OPEN) | TO(OVER),
	[DOOR_OVER] = TO(OVER),
};

static void set(struct door *d, enum door_state state)
{
	assert(moves[d->state] & 1u << state);
	d->state = state;
}

void door_init(struct door *d, bool is_on)
{
	*d = (struct door){ .state = is_on ? DOOR_SHUT : DOOR_OFF };
}

/* --- what is asked of it --- */

bool door_is_waiting(const struct door *d)
{
	return d->asked != ASKED_NOTHING;
}

bool door_is_bare(const struct door *d)
{
	return d->state == DOOR_BARE;
}

uint32_t door_frame_max(const struct door *d, uint32_t usual)
{
	if (d->state == DOOR_OFF || d->state == DOOR_OPEN)
		return usual;
	return usual < DOOR_FRAME_MAX ? usual : DOOR_FRAME_MAX;
}

bool door_is_shut(const struct door *d)
{
	return d->state != DOOR_OFF && d->state < DOOR_OPEN;
}

bool door_is_open(const struct door *d)
{
	return d->state == DOOR_OPEN || d->state == DOOR_AGAIN;
}

/* --- what is heard --- */

static enum door_answer ask(struct door *d, enum door_question question)
{
	d->asked = question;
	return DOOR_ASK;
}

static enum door_answer end(struct door *d, enum door_answer how)
{
	set(d, DOOR_OVER);
	return how;
}

static enum door_answer hear_at_start(struct door *d, int key)
{
	if (key == KEY_API_VERSIONS && d->state == DOOR_SHUT)
		return DOOR_PASS;
	if (key == KEY_SASL_HANDSHAKE)
		return ask(d, ASKED_MECHANISM);
	return end(d, DOOR_CLOSE);
}

/* A broker takes another mechanism's handshake and closes on its first step. */
static enum door_answer hear_step(struct door *d, int key)
{
	if (key != KEY_SASL_AUTHENTICATE)
		return end(d, DOOR_REFUSE);
	if (d->was != NULL && d->was != d->mechanism)
		return end(d, DOOR_CLOSE);
	return ask(d, ASKED_WHO);
}

static enum door_answer hear_request(struct door *d, int key, int64_t now)
{
	if (key == KEY_SASL_HANDSHAKE)
		return ask(d, ASKED_MECHANISM);
	if (d->runs_out_at != 0 && now >= d->runs_out_at)
		return end(d, DOOR_CLOSE);
	return DOOR_PASS;
}

enum door_answer door_hear(struct door *d, int key, int64_t now)
{
	assert(!door_is_waiting(d) && d->state != DOOR_BARE);
	switch (d->state) {
	case DOOR_OFF:
		return DOOR_PASS;
	case DOOR_SHUT:
	case DOOR_GREETED:
		return hear_at_start(d, key);
	case DOOR_CHOSEN:
	case DOOR_AGAIN:
		return hear_step(d, key);
	case DOOR_OPEN:
		return hear_request(d, key, now);
	case DOOR_BARE:
	case DOOR_OVER:
		break;
	}
	return DOOR_CLOSE;
}

enum door_answer door_hear_bare(struct door *d)
{
	assert(!door_is_waiting(d) && d->state == DOOR_BARE);
	return ask(d, ASKED_WHO);
}

void door_greeted(struct door *d, int error)
{
	if (d->state == DOOR_SHUT && error == 0)
		set(d, DOOR_GREETED);
}

/* --- what a broker says --- */

void door_chosen(struct door *d, int version, const struct carried *mechanism)
{
	assert(d->asked == ASKED_MECHANISM);
	d->asked = ASKED_NOTHING;
	if (d->state == DOOR_OPEN && mechanism == NULL)
		return; /* too soon, or not at all: the client stays who it is */
	if (mechanism == NULL) {
		set(d, DOOR_OVER);
		return;
	}
	d->was = d->state == DOOR_OPEN ? d->mechanism : NULL;
	d->mechanism = mechanism;
	if (d->state == DOOR_OPEN)
		set(d, DOOR_AGAIN);
	else
		set(d, version == 0 ? DOOR_BARE : DOOR_CHOSEN);
}

enum door_verdict door_judged(struct door *d, int error, const uint8_t *answer, size_t n,
			      int64_t lifetime_ms, int64_t now)
{
	assert(d->asked == ASKED_WHO);
	d->asked = ASKED_NOTHING;
	if (error != 0) {
		set(d, DOOR_OVER);
		return DOOR_OUT;
	}
	if (!d->mechanism->is_in(answer, n))
		return DOOR_MORE;
	set(d, DOOR_OPEN);
	d->was = NULL;
	d->runs_out_at = 0;
	if (lifetime_ms > 0)
		d->runs_out_at =
			now + (lifetime_bounded(lifetime_ms) + door_promise(lifetime_ms)) / 2;
	return DOOR_IN;
}

/* --- time --- */

enum { MARGIN_LEAST_MS = 1000, MARGIN_TENTH = 10 };

int64_t door_promise(int64_t lifetime_ms)
{
	int64_t margin;

	lifetime_ms = lifetime_bounded(lifetime_ms);
	margin = lifetime_ms / MARGIN_TENTH;
	if (margin < MARGIN_LEAST_MS)
		margin = MARGIN_LEAST_MS;
	if (margin > lifetime_ms / 2)
		margin = lifetime_ms / 2;
	return lifetime_ms - margin;
}
