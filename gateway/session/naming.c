/* Which gateway nodes a client is told under internal balancing, and which one it would be told
 * for the broker that it came for: under internal balancing a port is one broker's. */
#include "session/session.h"

#include "route/mapping.h"
#include "session/client.h"
#include "util/hash.h"

#include <netinet/in.h>

enum { FIRST_ANSWERS = 8 };

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
	const struct broker *b = snapshot_broker(w->snapshot, c->port + w->config->min_broker_id);

	return w->mapping != NULL && b != NULL && mapping_has_port(w->mapping, b->id) ? b : NULL;
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

	if (b == NULL || c->key_of_client == 0)
		return true;
	if (is_coordinators(c))
		return false;
	return strcmp(mapping_choose(w->mapping, c->key_of_client, b->id, b->rack)->node_id,
		      w->config->node_id) != 0;
}

int naming_at_home(const struct worker *w)
{
	int count = 0;

	for (const struct client *c = w->clients; c != NULL; c = c->next)
		count += c->came_back || !naming_would_move(c);
	return count;
}

/* --- who works here --- */

static bool is_work(const struct kapi *api)
{
	return api->route == TO_LEADER || api->route == TO_GROUP || api->route == TO_TXN;
}

enum why { WORKED, SHED };

/* As one who came for the broker of a port. */
static uint64_t key_with_broker(const struct client *c, int port, enum why why)
{
	const uint64_t all[3] = { c->key_of_client, (uint64_t)port, why };

	return hash_bytes(all, sizeof all) | 1;
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
	known_add(c->worker->node->known, key_with_broker(c, c->port, WORKED));
	if (!c->came_back) {
		c->live_key = key_with_broker(c, c->port, WORKED);
		live_add(c->worker->node->live, c->live_key);
	}
}

void naming_forget(struct client *c)
{
	if (c->live_key != 0)
		live_remove(c->worker->node->live, c->live_key);
	c->live_key = 0;
}

void naming_note_shed(const struct client *c)
{
	known_add(c->worker->node->known, key_with_broker(c, c->port, SHED));
}

static void note_client(struct client *c, const struct request *r)
{
	bool is_first = c->key_of_client == 0;

	c->key_of_client = key_of_client(c, r);
	if (is_first && known_has(c->worker->node->known, key_with_broker(c, c->port, SHED))) {
		c->came_back = true;
		c->times_chosen = 1;
	}
}

/* A connection that a client opens anew may carry a metadata request before any other.  One to
 * another port than the first, or to the node that stands for its broker, was most likely named
 * by an answer; but somebody who asks often and does nothing else only asks. */
static bool is_at_work(const struct client *c)
{
	return c->has_work || c->port > 0 || known_has(c->worker->node->known, c->key_of_client) ||
	       (c->times_mapped < FIRST_ANSWERS && !naming_would_move(c));
}

/* --- what does not move --- */

/* Not when it was closed so that it moves, and has come back; in a drain only once its port is
 * closed, for the client's others may be on the way. */
static bool own_stays(const struct client *c)
{
	const struct worker *w = c->worker;
	bool is_at_work = c->has_work ||
			  known_has(w->node->known, key_with_broker(c, c->port, WORKED));

	return is_at_work && !c->came_back &&
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

	if (!r->map_at_work || b == NULL || port < 0 || port >= w->port_count || !may_be_here(w, b))
		return false;
	return port == c->port ? own_stays(c)
			       : live_has(w->node->live, key_with_broker(c, port, WORKED));
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
