#include "session/fetch_session.h"

#include "kafka/wire.h"
#include "session/inside.h"
#include "session/request.h"

static bool has_session_fields(const struct request *r)
{
	return r->layout.session_epoch.size > 0;
}

static bool goes_on(const struct request *r)
{
	return has_session_fields(r) && r->layout.session_epoch.number > 0;
}

/* The request names the session that the connection has. */
static bool is_ours(const struct client *c, const struct request *r)
{
	return has_session_fields(r) && c->fetch_session.id != 0 &&
	       r->layout.session_id.number == c->fetch_session.id &&
	       snapshot_broker(c->worker->snapshot, c->fetch_session.broker) != NULL;
}

bool fetch_session_is_unknown(const struct client *c, const struct request *r)
{
	return goes_on(r) && !is_ours(c, r);
}

int32_t fetch_session_broker(const struct client *c, const struct request *r, int32_t any)
{
	return is_ours(c, r) ? c->fetch_session.broker : any;
}

bool fetch_session_settle(const struct client *c, const struct request *r, int32_t only,
			  struct sending *to)
{
	const bool is_at_its_broker = is_ours(c, r) && only == c->fetch_session.broker;

	if (is_at_its_broker)
		to->session = SESSION_PASSED;
	else if (goes_on(r))
		return false;
	else if (has_session_fields(r) && r->layout.session_epoch.number == 0 &&
		 only != NO_BROKER && c->worker->config->advertised_mode != ADVERTISE_SINGLE)
		to->session = SESSION_NEW;
	return true;
}

void fetch_session_write(struct client *c, struct request *r, const struct sending *to)
{
	uint8_t *body = conn_data(&c->conn) + r->head.body_at;

	r->asks_session = has_session_fields(r) && to->session != SESSION_NONE;
	if (!has_session_fields(r) || to->session == SESSION_PASSED)
		return;
	wire_put32(body + r->layout.session_id.at, 0);
	if (to->session == SESSION_NONE)
		wire_put32(body + r->layout.session_epoch.at, UINT32_MAX);
}

void fetch_session_told(struct client *c, const struct request *r, int32_t id)
{
	if (r->asks_session)
		c->fetch_session = (struct fetch_session){ .id = id, .broker = r->parts->broker };
}
