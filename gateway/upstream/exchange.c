#include "upstream/exchange.h"

#include "auth/lifetime.h"
#include "auth/secret.h"
#include "kafka/head.h"
#include "kafka/say.h"
#include "kafka/walk.h"
#include "kafka/wire.h"
#include "util/mem.h"

#include <string.h>

enum {
	HANDSHAKE_VERSION = 1, /* the first whose tokens are in frames of their own */
	AUTHENTICATE_VERSION = 2,
	FRAME_ROOM = 1024,	  /* of a frame, besides what the login says */
	ANSWER_MAX = INBUF_BLOCK, /* what a connection holds without a reservation */
	MECHANISMS_MAX = 512,	  /* bytes of their list */
};

struct exchange {
	struct login *login;
	enum exchange_state state;
	enum api_key asked; /* which frame is out, or is to be answered next */
	bool is_waiting;    /* for an answer */
	bool is_held;	    /* the login WAITs */
	uint32_t correlation_id;
	struct buf frame;
	size_t sent;
	int64_t lifetime_ms;
};

/* --- what is said --- */

/* Takes it as lost what does not fit: a login says no more than a broker takes. */
static void put_frame(struct exchange *x, enum api_key key, int version, struct say_pairs says,
		      size_t len)
{
	secret_buf_deinit(&x->frame);
	buf_reserve(&x->frame, len + FRAME_ROOM); /* a secret is not left behind where it grew */
	x->sent = 0;
	x->asked = key;
	x->is_waiting = true;
	if (!say_frame(api_of(key), version, ++x->correlation_id, "anyport", says, &x->frame)) {
		login_fails(x->login, "too much to say", strlen("too much to say"));
		x->state = EXCHANGE_REFUSED;
	}
}

static void put_handshake(struct exchange *x, const char *mechanism)
{
	const struct say says[] = { say_text(MECHANISM, mechanism) };

	put_frame(x, KEY_SASL_HANDSHAKE, HANDSHAKE_VERSION, SAY_ALL(says), strlen(mechanism));
}

static void put_token(struct exchange *x, const struct buf *token)
{
	const struct say says[] = { say_buf(AUTH_BYTES, token) };

	put_frame(x, KEY_SASL_AUTHENTICATE, AUTHENTICATE_VERSION, SAY_ALL(says), token->len);
}

/* heard NULL: nothing new. */
static void ask_login(struct exchange *x, const struct login_heard *heard)
{
	struct buf say;

	buf_init(&say, MECHANISM_SAY_MAX);
	x->is_held = false;
	switch (x->login->kind->next(x->login, heard, &say)) {
	case LOGIN_SAYS:
		put_token(x, &say);
		break;
	case LOGIN_WAITS:
		x->is_held = true;
		break;
	case LOGIN_IS_DONE:
		x->state = EXCHANGE_DONE;
		break;
	case LOGIN_FAILED:
		x->state = EXCHANGE_REFUSED;
		break;
	}
	secret_buf_deinit(&say);
}

static void write_some(struct exchange *x, struct conn *c)
{
	while (x->sent < x->frame.len && conn_may_write(c))
		x->sent +=
			conn_write(c, x->frame.data + x->sent, (uint32_t)(x->frame.len - x->sent));
	if (x->frame.len > 0 && x->sent == x->frame.len) {
		secret_buf_deinit(&x->frame);
		x->sent = 0;
	}
}

/* --- what is heard --- */

struct reading {
	struct login_heard heard;
	char mechanisms[MECHANISMS_MAX];
};

/* One more name of the list, while it has room. */
static void add_mechanism(char list[MECHANISMS_MAX], const struct walk_event *e)
{
	size_t used = strlen(list);

	if (used + 1 + e->len + 1 > MECHANISMS_MAX)
		return;
	snprintf(list + used, MECHANISMS_MAX - used, "%s%.*s", used > 0 ? "," : "", (int)e->len,
		 (const char *)e->bytes);
}

static void take(struct reading *r, const struct walk_event *e, const uint8_t *body)
{
	switch (e->is) {
	case ERROR_CODE:
		r->heard.error = (int)e->number;
		break;
	case ERROR_MESSAGE:
		r->heard.message = e->bytes;
		r->heard.message_len = e->len;
		break;
	case AUTH_BYTES:
		r->heard.bytes = body + e->at + e->size - e->len;
		r->heard.len = e->len;
		break;
	case SESSION_LIFETIME_MS:
		r->heard.lifetime_ms = lifetime_bounded(e->number);
		break;
	case MECHANISM:
		add_mechanism(r->mechanisms, e);
		break;
	default:
		break;
	}
}

static bool read_body(struct reading *r, enum api_key key, const uint8_t *body, uint32_t len)
{
	int version = key == KEY_SASL_HANDSHAKE ? HANDSHAKE_VERSION : AUTHENTICATE_VERSION;
	struct walk w;
	struct walk_event e;
	enum walk_result got;

	*r = (struct reading){ .heard = { .bytes = body, .mechanisms = r->mechanisms } };
	walk_init(&w, api_plan(api_of((int)key), version, RESPONSE), len);
	walk_input(&w, body, len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.kind == WALK_VALUE || e.kind == WALK_RUN)
			take(r, &e, body);
	}
	return got == WALK_DONE;
}

static void hear(struct exchange *x, const uint8_t *body, uint32_t len)
{
	struct reading r;

	if (!read_body(&r, x->asked, body, len)) {
		x->state = EXCHANGE_BAD;
		return;
	}
	x->is_waiting = false;
	if (x->asked == KEY_SASL_AUTHENTICATE) {
		x->lifetime_ms = r.heard.lifetime_ms;
		ask_login(x, &r.heard);
		return;
	}
	x->login->kind->offered(x->login, &r.heard);
	if (r.heard.error != 0)
		x->state = EXCHANGE_REFUSED;
	else
		ask_login(x, NULL);
}

/* A frame, its size field left out: correlation id | v1: tagged fields | body */
static void take_frame(struct exchange *x, const uint8_t *frame, uint32_t size)
{
	bool has_tags = x->asked ==
			KEY_SASL_AUTHENTICATE; /* SaslHandshake has none in any version */
	uint32_t at = ANSWER_FIXED - HEAD_SIZE_BYTES, tags = 0;

	if (!x->is_waiting || x->sent < x->frame.len || size < at ||
	    wire_get32(frame) != x->correlation_id ||
	    (has_tags && answer_tags_skip(frame + at, size - at, size - at, &tags) != HEAD_OK))
		x->state = EXCHANGE_BAD;
	else
		hear(x, frame + at + tags, size - at - tags);
}

/* True: there was a whole frame, or what can be none. */
static bool take_some(struct exchange *x, struct conn *c)
{
	uint32_t size;

	if (conn_len(c) < HEAD_SIZE_BYTES)
		return false;
	size = wire_get32(conn_data(c));
	if (size > ANSWER_MAX - HEAD_SIZE_BYTES) {
		x->state = EXCHANGE_BAD;
		return true;
	}
	if (conn_len(c) - HEAD_SIZE_BYTES < size)
		return false;
	take_frame(x, conn_data(c) + HEAD_SIZE_BYTES, size);
	conn_take(c, HEAD_SIZE_BYTES + size);
	return true;
}

static void read_some(struct exchange *x, struct conn *c)
{
	bool moved = true;

	while (moved && x->state == EXCHANGE_GOES_ON) {
		moved = take_some(x, c);
		if (!moved)
			moved = conn_fill(c, INBUF_BLOCK) > 0 || conn_may_read(c);
	}
}

enum exchange_state exchange_step(struct exchange *x, struct conn *c)
{
	if (x->state == EXCHANGE_GOES_ON)
		write_some(x, c);
	if (x->state == EXCHANGE_GOES_ON)
		read_some(x, c);
	if (x->state == EXCHANGE_GOES_ON)
		write_some(x, c); /* what the answer led to */
	if (x->state == EXCHANGE_GOES_ON && conn_is_dry(c))
		x->state = EXCHANGE_BAD;
	conn_rest(c);
	return x->state;
}

/* --- for its owner --- */

struct exchange *exchange_new(struct login *login)
{
	struct exchange *x = mem_zalloc(sizeof *x);
	const char *mechanism;

	x->login = login;
	buf_init(&x->frame, MECHANISM_SAY_MAX + FRAME_ROOM);
	*login->why = '\0';
	mechanism = login->kind->begin(login);
	if (mechanism != NULL)
		put_handshake(x, mechanism);
	else
		x->state = EXCHANGE_REFUSED;
	return x;
}

void exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	secret_buf_deinit(&x->frame);
	free(x);
}

bool exchange_has_more(const struct exchange *x)
{
	return x->sent < x->frame.len;
}

void exchange_go_on(struct exchange *x)
{
	if (x->is_held && x->state == EXCHANGE_GOES_ON)
		ask_login(x, NULL);
}

int64_t exchange_lifetime_ms(const struct exchange *x)
{
	return x->lifetime_ms;
}
