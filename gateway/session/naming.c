/* Which gateway nodes a client is told under internal balancing, and which one it would be told
 * for the broker that it came for: under internal balancing a port is one broker's. */
#include "session/session.h"

#include "route/mapping.h"
#include "session/client.h"
#include "util/hash.h"

#include <netinet/in.h>

enum {
	FIRST_ANSWERS = 8,
	SHARED = 4,   /* so many connections by one port are not one client's */
	SHED_S = 120, /* a client that was closed for the balance is known by that for as long */
};

static bool is_stable(const struct client *c)
{
	return c->worker->node->config->mapping == MAPPING_STABLE;
}

static uint64_t key_of_client(const struct client *c, const struct request *r)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&c->peer;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&c->peer;
	const uint8_t *client_id = inbuf_at(&c->sock.in) + r->head.client_id_at;
	size_t len = r->head.client_id_len > 0 ? (size_t)r->head.client_id_len : 0;

	if (c->peer.ss_family == AF_INET6)
		return mapping_client_key(&v6->sin6_addr, sizeof v6->sin6_addr, client_id, len);
	return mapping_client_key(&v4->sin_addr, sizeof v4->sin_addr, client_id, len);
}

/* The broker of the port that it came by; NULL: there is none, or no node has a port for it. */
static const struct broker *own_broker(const struct client *c)
{
	const struct worker *w = c->worker;
	const struct broker *b;

	if (w->mapping == NULL)
		return NULL;
	b = snapshot_broker(w->snapshot, c->port + w->config->min_broker_id);
	return b != NULL && mapping_has_port(w->mapping, b->id) ? b : NULL;
}

/* Whether this node may stand for it, by its rack. */
static bool may_be_here(const struct worker *w, const struct broker *b)
{
	const char *rack = w->config->rack_id;
	bool near;

	(void)mapping_choices(w->mapping, b->id, b->rack, &near);
	return !near || (rack != NULL && strcmp(rack, b->rack) == 0);
}

/* A consumer's connection to its group's coordinator goes where the last FindCoordinator said,
 * and librdkafka does not ask again because it was closed. */
static bool is_coordinators(const struct client *c)
{
	return c->has_work && !c->has_leader_work;
}

bool naming_would_move(const struct client *c)
{
	const struct worker *w = c->worker;
	const struct broker *b = own_broker(c);
	bool near;

	if (b == NULL || c->key_of_client == 0)
		return true;
	if (is_coordinators(c))
		return false;
	if (c->shares_key && !is_stable(c))
		return mapping_choices(w->mapping, b->id, b->rack, &near) > 1;
	return strcmp(mapping_choose(w->mapping, c->key_of_client, b->id, b->rack)->node_id,
		      w->config->node_id) != 0;
}

int naming_at_home(const struct worker *w)
{
	int count = 0;

	if (w->mapping == NULL)
		return 0;
	for (const struct client *c = w->clients; c != NULL; c = c->next)
		count += c->came_back || !naming_would_move(c);
	return count;
}

/* --- who works here --- */

static bool is_work(const struct kapi *api)
{
	return api->route == TO_LEADER || api->route == TO_GROUP || api->route == TO_TXN;
}

/* As one who came for the broker of a port; as one who was closed there at that time. */
static uint64_t key_at_port(const struct client *c, int port, uint64_t period)
{
	const uint64_t all[3] = { c->key_of_client, (uint64_t)port, period };

	return hash_bytes(all, sizeof all) | 1;
}

static uint64_t own_key(const struct client *c)
{
	return key_at_port(c, c->port, 0);
}

static uint64_t period(const struct client *c)
{
	return (uint64_t)(client_now(c) / SHED_S);
}

/* Clients without a name, behind one address: nothing tells one from the other. */
static void look_for_others(struct client *c)
{
	c->shares_key = live_count(c->worker->node->live, own_key(c)) >= SHARED;
}

static void note_work(struct client *c, const struct request *r)
{
	if (!is_work(r->head.api))
		return;
	c->has_leader_work |= r->head.api->route == TO_LEADER;
	if (c->has_work)
		return;
	c->has_work = true;
	known_add(c->worker->node->known, c->key_of_client);
	known_add(c->worker->node->known, own_key(c));
	if (!c->came_back) {
		c->live_key = own_key(c);
		live_add(c->worker->node->live, c->live_key);
	}
	look_for_others(c);
}

void naming_forget(struct client *c)
{
	if (c->live_key != 0)
		live_remove(c->worker->node->live, c->live_key);
	c->live_key = 0;
}

void naming_note_shed(const struct client *c)
{
	known_add(c->worker->node->known, key_at_port(c, c->port, period(c)));
}

static bool was_shed(const struct client *c)
{
	const struct known *known = c->worker->node->known;

	return known_has(known, key_at_port(c, c->port, period(c))) ||
	       known_has(known, key_at_port(c, c->port, period(c) - 1));
}

static void note_client(struct client *c, const struct request *r)
{
	bool is_first = c->key_of_client == 0;

	c->key_of_client = key_of_client(c, r);
	look_for_others(c);
	if (is_first && !c->shares_key && was_shed(c)) {
		c->came_back = true;
		c->times_chosen = 1;
	}
}

/* A connection that a client opens anew may carry a metadata request before any other.  One to
 * another port than the first, or to the node that stands for its broker, was most likely named
 * by an answer; but somebody who asks often and does nothing else only asks. */
static bool is_at_work(const struct client *c)
{
	if (c->shares_key)
		return false;
	return c->has_work || c->port > 0 || known_has(c->worker->node->known, c->key_of_client) ||
	       (c->times_mapped < FIRST_ANSWERS && !naming_would_move(c));
}

/* --- what does not move --- */

/* Not when it was closed so that it moves, and has come back; in a drain only once its port is
 * closed, for the client's others may be on the way. */
static bool own_stays(const struct client *c)
{
	const struct worker *w = c->worker;
	bool is_its_broker = c->has_work || known_has(w->node->known, own_key(c));

	return is_its_broker && !c->came_back &&
	       !(w->draining && client_drain_turn(c) < w->drained_turns - w->drain_lag);
}

/* A broker to which a client has a connection here keeps its address, until that is closed.
 * Else an answer might move all of a client's brokers, or two answers at the same time do, and
 * for a moment it would have no connection at all: librdkafka tells its application so, as an
 * error (_ALL_BROKERS_DOWN). */
bool naming_stays(const void *request, int32_t broker)
{
	const struct request *r = request;
	const struct client *c = r->client;
	const struct worker *w = c->worker;
	const struct broker *b = snapshot_broker(w->snapshot, broker);
	int port = broker - w->config->min_broker_id;

	if (b == NULL || port < 0 || port >= w->port_count || !may_be_here(w, b))
		return false;
	if (port == c->port)
		return (r->map_at_work || c->has_work) && own_stays(c);
	return r->map_at_work && live_count(w->node->live, key_at_port(c, port, 0)) > 0;
}

/* At random for each request that maps anew, and what comes between agrees with it; but not any
 * more once a client works with what it was told: librdkafka and several Go clients close each
 * connection whose broker has moved, and ask again because of that. */
void naming_of(struct client *c, struct request *r)
{
	const bool anew = c->map_key == 0 || r->head.api->maps_anew;

	if (c->worker->mapping == NULL)
		return;
	if (c->key_of_client == 0 || anew)
		note_client(c, r);
	note_work(c, r);
	if (r->map_key != 0 || r->head.api->answer != ANSWER_REWRITE)
		return;
	r->map_at_work = is_at_work(c);
	if (is_stable(c) || r->map_at_work)
		c->map_key = c->key_of_client;
	else if (anew)
		c->map_key = worker_map_key(c->worker);
	r->map_key = c->map_key;
	if (anew) {
		c->times_mapped++;
		c->mapped_at = client_now(c);
	}
}
