/* A broker or a deadline is gone. */
#include "session/session.h"

#include "util/log.h"

#include "route/stub.h"

/* An InitProducerId without a transactional id: any broker answers it, none coordinates it.  Told
 * that its coordinator is gone, kafka-python asks for that of no id at all, for ever. */
static bool has_no_coordinator(const struct request *r)
{
	return r->head.api->route == TO_TXN && r->layout.has_key && r->layout.key == NULL;
}

/* Nothing was done: the client may try again at once (KAFKA-ROUTING 3.1). */
static int unsent_code(const struct kapi *api)
{
	switch (api->route) {
	case TO_LEADER:
		return ERROR_NOT_LEADER_OR_FOLLOWER;
	case TO_GROUP:
	case TO_TXN:
		return ERROR_COORDINATOR_NOT_AVAILABLE;
	case TO_RESOURCE:
		return ERROR_REQUEST_TIMED_OUT;
	default:
		break;
	}
	switch (api->lost) {
	case LOST_COORDINATOR:
		return ERROR_COORDINATOR_NOT_AVAILABLE;
	case LOST_LOADING:
		return ERROR_COORDINATOR_LOAD_IN_PROGRESS;
	default:
		return -1;
	}
}

int lost_code(const struct request *r, const struct part *p)
{
	const struct kapi *api = r->head.api;

	if (api->response == NULL)
		return -1;
	if (has_no_coordinator(r))
		return ERROR_COORDINATOR_LOAD_IN_PROGRESS; /* as a broker that has no ids yet */
	if (p->state == PART_UNSENT)
		return unsent_code(api);
	switch (api->lost) {
	case LOST_NOT_LEADER:
		return ERROR_NOT_LEADER_OR_FOLLOWER;
	case LOST_TIMED_OUT:
		return ERROR_REQUEST_TIMED_OUT;
	case LOST_COORDINATOR:
		return ERROR_COORDINATOR_NOT_AVAILABLE;
	case LOST_LOADING:
		return ERROR_COORDINATOR_LOAD_IN_PROGRESS;
	case LOST_CLOSE:
		break;
	}
	return -1;
}

static void lost_part(struct client *c, struct part *p)
{
	struct request *r = p->request;

	p->upstream = NULL;
	if (p->state == PART_TO_SEND) {
		if (r->composed)
			p->state = PART_UNSENT;
		else
			send_give_up(c, p);
	} else if (p->state == PART_SENT) {
		p->state = PART_LOST;
		if (r->answer_begun)
			client_fail(c, "its broker was lost in mid-answer");
	}
	if (r->head.api->route == TO_GROUP || r->head.api->route == TO_TXN)
		watch_key_error(c, r, ERROR_NOT_COORDINATOR);
}

/* Parts whose answers were to come over a broken connection. */
static void lose_upstream(struct client *c, struct upstream *u)
{
	char address[ADDRESS_TEXT];
	bool busy = u->ring_count > 0;

	for (struct request *r = c->first; r != NULL; r = r->next) {
		for (uint32_t i = 0; i < r->part_count; i++) {
			if (r->parts[i].upstream == u)
				lost_part(c, &r->parts[i]);
		}
	}
	if (u->loose && u->link.was_open)
		client_fail(c, "a broker was lost with acks=0 data on its way");
	if (upstream_is_given_up(u) || (!busy && u->link.was_open))
		return; /* idle connections end, that means nothing */
	client_address(c, address);
	log_info("conn=%llu client=%s broker=%d err=%s", (unsigned long long)c->id, address,
		 u->broker, u->link.was_open ? "lost" : "unreachable");
	if (u->link.was_open)
		stats_add(&c->worker->stats, STAT_UPSTREAMS_LOST, 1);
	else
		worker_shun(c->worker, u->broker);
	topology_notice_broker(c->worker->shared->topology, u->broker);
}

bool lost_step(struct client *c)
{
	bool any = false;

	for (struct upstream **at = &c->upstreams; *at != NULL;) {
		struct upstream *u = *at;

		any |= upstream_discard(u);
		if (!upstream_is_lost(u)) {
			at = &u->next;
			continue;
		}
		*at = u->next;
		lose_upstream(c, u);
		if (!u->link.was_open)
			send_connect_failed(c, u);
		phases_forget(c, u);
		upstream_free(u);
		any = true;
	}
	return any;
}

void lost_deadline(struct client *c, struct request *r)
{
	r->deadline = client_now(c) + c->worker->config->body_timeout_ms / 1000.0;
	if (r->answer_begun && !conn_may_write(&c->conn))
		return; /* it is the client that takes its time */
	stats_add(&c->worker->stats, STAT_TIMEOUTS_REQUEST, 1);
	for (uint32_t i = 0; i < r->part_count; i++) {
		struct part *p = &r->parts[i];

		/* its answer can't be told from a late one: the connection goes */
		if (p->upstream != NULL && (p->state == PART_SENT || p->state == PART_TO_SEND))
			upstream_lose(p->upstream, LINK_LATE);
	}
}
