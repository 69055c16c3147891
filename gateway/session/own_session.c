#include "session/own_session.h"

#include "kafka/errors.h"
#include "session/hold.h"
#include "session/inside.h"
#include "session/nearby.h"
#include "session/request.h"
#include "session/standing.h"
#include "util/hash.h"
#include "util/mem.h"

enum {
	EPOCH_FIRST = 1,
	TOPICS_BY_ID = 13, /* of Fetch: from this version on */
};

/* As min.incremental.fetch.session.eviction.ms */
static const ev_tstamp idle_s = 120;

struct own_session {
	struct standing standing;
	TAILQ_ENTRY(own_session) link; /* in the worker's slots */
	struct client *client;
	struct request *request; /* that is under way; NULL: none */
	struct fetched *fetched;
	struct hold hold; /* its memory; never waits */
	int32_t id, epoch;
	int version;	   /* of all its requests */
	uint32_t followed; /* the worker's snapshot whose leaders it has */
	uint32_t near;	   /* nearby_changes then */
	ev_tstamp born, used;
	bool ends; /* with its request */
};

void own_slots_init(struct own_slots *slots)
{
	TAILQ_INIT(&slots->used);
	slots->count = 0;
}

/* --- its end --- */

static void free_session(struct own_session *s)
{
	struct own_slots *slots = &s->client->worker->own_slots;

	TAILQ_REMOVE(&slots->used, s, link);
	slots->count--;
	hold_release(&s->hold);
	fetched_free(s->fetched);
	s->client->fetch_session.own = NULL;
	free(s);
}

static void end_session(struct own_session *s)
{
	standing_remove(s->client, &s->standing);
	free_session(s);
}

static void on_upstream_lost(struct client *c, struct standing *s, const struct upstream *u)
{
	(void)c;
	(void)s;
	(void)u; /* brokers keep sessions beyond connections */
}

static bool keeps(const struct standing *s, const struct upstream *u)
{
	(void)s;
	(void)u;
	return false;
}

static void on_client_end(struct client *c, struct standing *s)
{
	(void)c;
	free_session(CONTAINER_OF(s, struct own_session, standing));
}

static const struct standing_kind own_kind = { .name = "fetch session",
					       .upstream_lost = on_upstream_lost,
					       .keeps = keeps,
					       .free = on_client_end };

/* --- room --- */

/* As a broker: one that nobody has used for long, or one that is as old and smaller than the new one. */
static struct own_session *evictable(const struct worker *w, uint32_t partitions, ev_tstamp now)
{
	struct own_session *s, *smallest = NULL;

	TAILQ_FOREACH(s, &w->own_slots.used, link)
	{
		if (s->request != NULL)
			continue; /* it is used at this moment */
		if (s->used + idle_s < now)
			return s;
		if (s->born + idle_s < now &&
		    (smallest == NULL || fetched_count(s->fetched, NO_BROKER) <
						 fetched_count(smallest->fetched, NO_BROKER)))
			smallest = s;
	}
	if (smallest != NULL && fetched_count(smallest->fetched, NO_BROKER) < partitions)
		return smallest;
	return NULL;
}

static bool evict(struct client *c, uint32_t partitions)
{
	struct own_session *s = evictable(c->worker, partitions, client_now(c));

	if (s == NULL)
		return false;
	end_session(s);
	stats_add(&c->worker->stats, STAT_FETCH_SESSIONS_EVICTED, 1);
	return true;
}

/* At least one slot a worker, for whoever wants sessions at all. */
static int slots_of(const struct worker *w)
{
	const int slots = w->config->fetch_session_slots;

	return slots > 0 && slots < w->config->workers ? 1 : slots / w->config->workers;
}

static bool has_slot(struct client *c, uint32_t partitions)
{
	const int slots = slots_of(c->worker);

	return c->worker->own_slots.count < slots || (slots > 0 && evict(c, partitions));
}

/* Memory is there at once, or not at all. */
static bool reserve(struct client *c, struct hold *h, int64_t bytes)
{
	if (bytes > budget_largest(c->worker->shared->budget, BUDGET_SESSIONS))
		return false;
	if (hold_get(c, h, BUDGET_SESSIONS, bytes))
		return true;
	hold_release(h);
	return false;
}

static bool has_memory(struct own_session *s, size_t bytes, uint32_t partitions)
{
	struct client *c = s->client;
	struct hold more = { 0 };

	if ((size_t)s->hold.bytes >= bytes)
		return true;
	if (!reserve(c, &more, (int64_t)bytes) &&
	    (!evict(c, partitions) || !reserve(c, &more, (int64_t)bytes)))
		return false;
	hold_release(&s->hold);
	hold_move(&more, &s->hold);
	return true;
}

/* --- a request of it --- */

bool own_session_is_named(const struct client *c, const struct request *r)
{
	const struct own_session *s = c->fetch_session.own;

	return s != NULL && r->layout.session_id.number == s->id;
}

bool own_session_is_free(const struct client *c)
{
	return c->fetch_session.own == NULL || c->fetch_session.own->request == NULL;
}

int own_session_code(const struct client *c, const struct request *r)
{
	const struct own_session *s = c->fetch_session.own;

	if ((s->version >= TOPICS_BY_ID) != (r->head.version >= TOPICS_BY_ID))
		return ERROR_FETCH_SESSION_TOPIC_ID_ERROR;
	if (s->version != r->head.version)
		return ERROR_FETCH_SESSION_ID_NOT_FOUND; /* partitions are kept as they were said */
	if (s->request != NULL || r->layout.session_epoch.number != s->epoch)
		return ERROR_INVALID_FETCH_SESSION_EPOCH;
	return ERROR_NONE;
}

static struct fetched_request request_of(const struct client *c, const struct request *r)
{
	return (struct fetched_request){ .api = r->head.api,
					 .version = r->head.version,
					 .body = conn_data(&c->conn) + r->head.body_at,
					 .size = request_frame_size(r) - r->head.body_at,
					 .layout = &r->layout };
}

static void set_brokers(struct request *r, struct sending *to)
{
	const struct own_session *s = r->session;
	const uint32_t most = fetched_brokers(s->fetched, s->ends, NULL, 0);
	int32_t *brokers = arena_alloc(&r->arena, (most + 1) * sizeof *brokers);

	to->count = fetched_brokers(s->fetched, s->ends, brokers, most);
	to->brokers = brokers;
}

static void begin_request(struct own_session *s, struct request *r, struct sending *to)
{
	struct own_slots *slots = &s->client->worker->own_slots;

	s->request = r;
	r->session = s;
	s->used = client_now(s->client);
	TAILQ_REMOVE(&slots->used, s, link);
	TAILQ_INSERT_TAIL(&slots->used, s, link);
	set_brokers(r, to);
}

/* False: there is no memory for it. */
static bool take(struct own_session *s, struct request *r, struct sending *to, int32_t any)
{
	struct client *c = s->client;
	const struct fetched_request said = request_of(c, r);

	s->request = r;
	if (!has_memory(s, fetched_bytes_with(s->fetched, &said), r->layout.item_count)) {
		s->request = NULL;
		return false;
	}
	fetched_take(s->fetched, &said);
	if (s->followed != c->worker->snapshots || s->near != nearby_changes(c))
		fetched_follow(s->fetched, c->worker->snapshot, any, nearby_place(c));
	s->followed = c->worker->snapshots;
	s->near = nearby_changes(c);
	s->ends = fetched_count(s->fetched, NO_BROKER) ==
		  0; /* as a broker ends one that is empty */
	begin_request(s, r, to);
	return true;
}

/* Nobody can guess it. */
static int32_t new_id(const struct client *c)
{
	const uint64_t of[] = { c->worker->next_client_id, c->id, c->next_correlation,
				(uint64_t)clock_ms() };
	const int32_t id = (int32_t)(hash_bytes(of, sizeof of) & INT32_MAX);

	return id > 0 ? id : 1;
}

static struct own_session *new_session(struct client *c)
{
	struct own_session *s = mem_zalloc(sizeof *s);
	struct own_slots *slots = &c->worker->own_slots;

	s->standing.kind = &own_kind;
	s->client = c;
	s->fetched = fetched_new();
	TAILQ_INSERT_TAIL(&slots->used, s, link);
	slots->count++;
	standing_add(c, &s->standing);
	c->fetch_session.own = s;
	return s;
}

bool own_session_begin(struct client *c, struct request *r, struct sending *to)
{
	struct own_session *s = c->fetch_session.own;

	if (s == NULL && !has_slot(c, r->layout.item_count))
		return false;
	if (s == NULL)
		s = new_session(c);
	fetched_clear(s->fetched); /* brokers' sessions are used for the new one */
	s->id = new_id(c);
	s->epoch = EPOCH_FIRST;
	s->version = r->head.version;
	s->born = client_now(c);
	s->followed = c->worker->snapshots;
	if (c->fetch_session.id != 0)
		fetched_know(s->fetched, c->fetch_session.broker, c->fetch_session.id);
	c->fetch_session.id = 0;
	if (take(s, r, to, to->brokers[0]))
		return true;
	end_session(s);
	return false;
}

bool own_session_go_on(struct client *c, struct request *r, struct sending *to)
{
	struct own_session *s = c->fetch_session.own;

	if (!take(s, r, to, to->count > 0 ? to->brokers[0] : NO_BROKER)) {
		end_session(s);
		return false;
	}
	s->epoch = s->epoch == INT32_MAX ? EPOCH_FIRST : s->epoch + 1;
	return true;
}

void own_session_last(struct client *c, struct request *r, struct sending *to)
{
	struct own_session *s = c->fetch_session.own;
	const struct fetched_request said = request_of(c, r);

	fetched_take(s->fetched, &said); /* where its frame ends */
	s->ends = true;
	begin_request(s, r, to);
}

void own_session_end(struct client *c)
{
	if (c->fetch_session.own != NULL && own_session_is_free(c))
		end_session(c->fetch_session.own);
}

void own_session_leave(struct client *c, struct request *r)
{
	struct own_session *s = r->session;

	(void)c;
	r->session = NULL;
	s->request = NULL;
	if (s->ends)
		end_session(s);
}

/* --- what is asked of it --- */

int32_t own_session_told(const struct request *r)
{
	return r->session != NULL && !r->session->ends ? r->session->id : 0;
}

int32_t own_session_id(const struct request *r)
{
	return r->session != NULL ? r->session->id : 0;
}

bool own_session_is_incremental(const struct request *r)
{
	return r->session != NULL && r->layout.session_epoch.number != 0;
}

bool own_session_ends(const struct request *r)
{
	return r->session != NULL && r->session->ends;
}

struct fetched *own_session_fetched(const struct own_session *s)
{
	return s->fetched;
}

struct fetched *own_session_find(const struct client *c, int32_t id)
{
	const struct own_session *s = c->fetch_session.own;

	return s != NULL && s->id == id ? s->fetched : NULL;
}
