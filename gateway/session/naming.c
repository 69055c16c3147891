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
	return c->worker->shared->config->mapping == MAPPING_STABLE;
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
	if (c->shares_key && !is_stable(c))
		return mapping_choices(w->mapping, b->id, b->rack) > 1;
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

/* As one who came for the broker of a port; as one who was closed there at that time.  Alike at
 * every node. */
static uint64_t key_at_port(const struct client *c, int port, uint64_t period)
{
	static const uint64_t port_key[2] = { 0x6e616d696e67, 1 };
	const uint64_t all[3] = { c->key_of_client, (uint64_t)port, period };

	return hash_keyed(port_key, all, sizeof all) | 1;
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
	c->shares_key = live_count(c->worker->shared->live, own_key(c)) >= SHARED;
}

/* It goes, or is to go. */
static bool is_leaving(const struct client *c)
{
	const struct worker *w = c->worker;

	return c->leaving || c->came_back || leave_is_chosen(c) ||
	       (w->draining && client_drain_turn(c) < w->drained_turns);
}

/* From now on it is told, here and by the other nodes, that its broker is at this one. */
static void hold(struct client *c)
{
	if (c->live_key != 0 || is_leaving(c))
		return;
	c->live_key = own_key(c);
	live_add(c->worker->shared->live, c->live_key);
}

static void note_work(struct client *c, const struct request *r)
{
	if (!is_work(r->head.api))
		return;
	c->has_leader_work |= r->head.api->route == TO_LEADER;
	hold(c);
	if (c->has_work)
		return;
	c->has_work = true;
	known_add(c->worker->shared->known, c->key_of_client);
	known_add(c->worker->shared->known, own_key(c));
	look_for_others(c);
}

void naming_forget(struct client *c)
{
	if (c->live_key != 0)
		live_remove(c->worker->shared->live, c->live_key);
	c->live_key = 0;
}

void naming_note_shed(const struct client *c)
{
	known_add(c->worker->shared->known, key_at_port(c, c->port, period(c)));
}

static bool was_shed(const struct client *c)
{
	const struct known *known = c->worker->shared->known;

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
		atomic_fetch_add(&c->worker->returned, 1);
		c->times_chosen = 1;
	}
	if (known_has(c->worker->shared->known, own_key(c)))
		hold(c); /* it worked here, and has connected again */
}

/* A node at which the client has a connection for the broker of a port, this one first: its tag,
 * or 0. */
static uint16_t node_at_port(const struct client *c, int port)
{
	const struct shared *shared = c->worker->shared;
	uint64_t key = key_at_port(c, port, 0);

	return live_count(shared->live, key) > 0 ? shared->tag
						 : elsewhere_tag(shared->elsewhere, key);
}

/* Whether it has a connection that works, at whatever node. */
static bool works_somewhere(const struct client *c)
{
	for (int port = 0; port < c->worker->port_count; port++) {
		if (node_at_port(c, port) != 0)
			return true;
	}
	return false;
}

/* A connection that a client opens anew may carry a metadata request before any other.  One to
 * another port than the first, or to the node that stands for its broker, was most likely named
 * by an answer; but somebody who asks often and does nothing else only asks. */
static bool is_at_work(const struct client *c)
{
	if (c->shares_key)
		return false;
	return c->has_work || c->port > 0 ||
	       known_has(c->worker->shared->known, c->key_of_client) ||
	       (c->times_mapped < FIRST_ANSWERS && !naming_would_move(c)) || works_somewhere(c);
}

/* --- what does not move --- */

/* Not when it was closed so that it moves, and has come back, or is to be closed. */
static bool own_stays(const struct client *c)
{
	const struct worker *w = c->worker;

	return (c->has_work || known_has(w->shared->known, own_key(c))) && !is_leaving(c);
}

/* The node that the answer to the request leaves the broker of a port at: its tag, or 0. */
static uint16_t holder(const struct request *r, int port)
{
	const struct client *c = r->client;
	const struct shared *shared = c->worker->shared;

	if (port == c->port && (r->map_at_work || c->has_work) && own_stays(c))
		return shared->tag;
	if (!r->map_at_work)
		return 0;
	return port == c->port ? elsewhere_tag(shared->elsewhere, own_key(c))
			       : node_at_port(c, port);
}

/* A broker to which a client has a connection, at whatever node, keeps its address until that
 * is closed or about to be.  Else an answer might move all of a client's brokers, or two answers
 * at the same time do, and for a moment it would have no connection at all: librdkafka tells its
 * application so, as an error (_ALL_BROKERS_DOWN). */
const struct mapping_node *naming_stays(const void *request, int32_t broker)
{
	const struct request *r = request;
	const struct worker *w = r->client->worker;
	const struct broker *b = snapshot_broker(w->snapshot, broker);
	int port = broker - w->config->min_broker_id;
	uint16_t tag;

	if (b == NULL || port < 0 || port >= w->port_count)
		return NULL;
	tag = holder(r, port);
	return tag != 0 ? mapping_find(w->mapping, tag, broker, b->rack) : NULL;
}

/* --- what the nodes tell each other --- */

size_t naming_tell(void *shared, uint64_t *keys, size_t max)
{
	return live_take(((const struct shared *)shared)->live, keys, max);
}

void naming_tell_all(void *shared)
{
	live_tell_all(((const struct shared *)shared)->live);
}

void naming_hear(void *shared, const char *node_id, size_t id_len, const uint64_t *keys,
		 size_t count)
{
	struct elsewhere *elsewhere = ((const struct shared *)shared)->elsewhere;
	uint16_t tag = mapping_tag(node_id, id_len);

	for (size_t i = 0; i < count; i++) {
		if (keys[i] & 1)
			elsewhere_add(elsewhere, keys[i], tag);
		else
			elsewhere_remove(elsewhere, keys[i] | 1, tag);
	}
}

/* --- for a request --- */

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
