#include "session/fetch_session.h"

#include "kafka/errors.h"
#include "kafka/wire.h"
#include "session/inside.h"
#include "session/nearby.h"
#include "session/own_session.h"
#include "session/request.h"

static bool has_session_fields(const struct request *r)
{
	return r->layout.session_epoch.size > 0;
}

static bool goes_on(const struct request *r)
{
	return has_session_fields(r) && r->layout.session_epoch.number > 0;
}

static bool begins(const struct request *r)
{
	return has_session_fields(r) && r->layout.session_epoch.number == 0;
}

/* The request names the session that the connection has at a broker. */
static bool is_passed(const struct client *c, const struct request *r)
{
	return has_session_fields(r) && c->fetch_session.id != 0 &&
	       r->layout.session_id.number == c->fetch_session.id &&
	       snapshot_broker(c->worker->snapshot, c->fetch_session.broker) != NULL &&
	       !nearby_session_must_end(c, r);
}

static bool is_own(const struct client *c, const struct request *r)
{
	return has_session_fields(r) && own_session_is_named(c, r);
}

bool fetch_session_is_unknown(const struct client *c, const struct request *r)
{
	return goes_on(r) && !is_passed(c, r) && !is_own(c, r);
}

int32_t fetch_session_broker(const struct client *c, const struct request *r, int32_t any)
{
	return is_passed(c, r) ? c->fetch_session.broker : any;
}

static void refuse(struct sending *to, int code)
{
	to->course = &course_here;
	to->code = code;
}

/* What is refused is told without a session: that would have to tell it again and again. */
static void settle_own(const struct client *c, const struct request *r, struct sending *to)
{
	const int code = to->refused > 0 ? ERROR_FETCH_SESSION_ID_NOT_FOUND
					 : own_session_code(c, r);

	to->session = SESSION_OWN;
	if (code != ERROR_NONE)
		refuse(to, code);
}

/* A broker's last word to a client that closes has no partitions. */
static bool is_last_word(const struct client *c, const struct request *r)
{
	return is_own(c, r) && r->layout.session_epoch.number < 0 && r->layout.item_count == 0 &&
	       own_session_is_free(c);
}

static bool is_for_several(const struct client *c, const struct sending *to)
{
	return to->refused == 0 && to->count > 1 && own_session_is_free(c);
}

void fetch_session_settle(const struct client *c, const struct request *r, int32_t only,
			  struct sending *to)
{
	if (is_passed(c, r) && only == c->fetch_session.broker) {
		to->session = SESSION_PASSED;
	} else if (goes_on(r) && is_own(c, r)) {
		settle_own(c, r, to);
	} else if (goes_on(r)) {
		refuse(to, ERROR_FETCH_SESSION_ID_NOT_FOUND);
	} else if (is_last_word(c, r)) {
		to->session = SESSION_LAST;
	} else if (begins(r) && only != NO_BROKER) {
		to->session = SESSION_NEW;
	} else if (begins(r) && is_for_several(c, to)) {
		to->session = SESSION_BEGUN;
	}
}

/* A broker hears of no session, or of a new one. */
static void write_fields(struct client *c, const struct request *r, enum session_heard session)
{
	uint8_t *body = conn_data(&c->conn) + r->head.body_at;

	wire_put32(body + r->layout.session_id.at, 0);
	if (session == SESSION_NONE)
		wire_put32(body + r->layout.session_epoch.at, UINT32_MAX);
}

void fetch_session_commit(struct client *c, struct request *r, struct sending *to)
{
	if (!has_session_fields(r))
		return;
	if (to->session == SESSION_LAST) {
		own_session_last(c, r, to);
	} else if (to->session == SESSION_OWN) {
		if (!own_session_go_on(c, r, to))
			refuse(to, ERROR_FETCH_SESSION_ID_NOT_FOUND);
	} else if (to->session == SESSION_BEGUN) {
		if (!own_session_begin(c, r, to))
			to->session = SESSION_NONE;
	}
	if (to->session == SESSION_NEW || (to->session == SESSION_NONE && is_own(c, r)))
		own_session_end(c);
	r->asks_session = to->session == SESSION_NEW || to->session == SESSION_PASSED;
	if (to->session == SESSION_NONE || to->session == SESSION_NEW)
		write_fields(c, r, to->session);
}

void fetch_session_told(struct client *c, const struct request *r, int32_t id)
{
	if (!r->asks_session)
		return;
	c->fetch_session.id = id;
	c->fetch_session.broker = r->parts->broker;
	c->fetch_session.is_near = r->is_near;
}
