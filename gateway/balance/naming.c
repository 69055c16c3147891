#include "balance/naming.h"

#include "config/listeners.h"
#include "util/hash.h"

#include <ctype.h>
#include <netinet/in.h>
#include <string.h>

enum {
	FIRST_ANSWERS = 8,
	SHARED = 4,   /* so many connections by one port are not one client's */
	SHED_S = 120, /* a client that was closed for the balance is known by that for as long */
};

static bool is_stable(const struct naming *n)
{
	return n->config->mapping == MAPPING_STABLE;
}

/* --- keys --- */

static uint64_t key_of_address(const struct naming_question *q)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)q->peer;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)q->peer;

	if (q->peer->sa_family == AF_INET6)
		return mapping_client_key(&v6->sin6_addr, sizeof v6->sin6_addr, q->client_id,
					  q->client_id_len);
	return mapping_client_key(&v4->sin_addr, sizeof v4->sin_addr, q->client_id,
				  q->client_id_len);
}

/* By another listener a client is another one: its ports are others.  Alike at every node, which know listeners by
 * their names, whatever the case of their letters. */
static uint64_t key_of_client(const struct naming *n, const struct naming_question *q)
{
	static const uint64_t listener_key[2] = { 0x6c697374656e, 1 };
	const char *name = n->listener->name;
	char lower[LISTENER_NAME_MOST + 1];
	size_t len = 0;

	if (name == NULL)
		return key_of_address(q);
	for (; name[len] != '\0' && len < LISTENER_NAME_MOST; len++)
		lower[len] = (char)tolower((unsigned char)name[len]);
	return key_of_address(q) ^ hash_keyed(listener_key, lower, len);
}

/* A key that nobody can foresee, never 0. */
static uint64_t draw(struct naming_drawn *drawn)
{
	const uint64_t next[2] = { drawn->worker, ++drawn->count };

	return hash_bytes(next, sizeof next) | 1;
}

/* The client as one that came for the broker of a port (period 0), or as one that was closed there
 * in that period.  Odd, as places are, and alike at every node. */
static uint64_t key_at_port(const struct tenure *t, int port, uint64_t period)
{
	static const uint64_t port_key[2] = { 0x6e616d696e67, 1 };
	const uint64_t all[3] = { t->client_key, (uint64_t)port, period };

	return hash_keyed(port_key, all, sizeof all) | 1;
}

static uint64_t own_key(const struct tenure *t)
{
	return key_at_port(t, t->port, 0);
}

static uint64_t period(double now)
{
	return (uint64_t)(now / SHED_S);
}

/* --- where the client belongs --- */

/* The broker of the port that the client came by; NULL: the port is no broker's, or no node has a
 * port for that broker. */
static const struct broker *own_broker(const struct naming *n, const struct tenure *t)
{
	const struct broker *b;

	if (n->mapping == NULL)
		return NULL;
	b = snapshot_broker(n->snapshot, t->broker);
	return b != NULL && mapping_has_port(n->mapping, b->id) ? b : NULL;
}

/* A consumer's connection to its group's coordinator goes where the last FindCoordinator said,
 * and librdkafka does not ask again because that was closed. */
static bool is_coordinators(const struct tenure *t)
{
	return t->has_work && !t->has_leader_work;
}

/* The racks whose nodes are to stand for it. */
static const char *near_of(const struct naming *n, const struct broker *b)
{
	return mapping_near(n->mapping, b->id, b->rack, n->zone);
}

bool naming_would_move(const struct naming *n, const struct tenure *t)
{
	const struct broker *b = own_broker(n, t);

	if (b == NULL || t->client_key == 0)
		return true;
	if (is_coordinators(t))
		return false;
	if (t->shares_key && !is_stable(n))
		return mapping_choices(n->mapping, b->id, near_of(n, b)) > 1;
	return strcmp(mapping_choose(n->mapping, t->client_key, b->id, near_of(n, b))->node_id,
		      n->config->node_id) != 0;
}

bool naming_is_at_home(const struct naming *n, const struct tenure *t)
{
	return t->came_back || !naming_would_move(n, t);
}

/* --- who works here --- */

static bool is_work(const struct kapi *api)
{
	return api->route == TO_LEADER || api->route == TO_GROUP || api->route == TO_TXN;
}

/* Clients without a name, behind one address, share a key: nothing tells one from the other. */
static void look_for_others(const struct naming *n, struct tenure *t)
{
	t->shares_key = live_count(n->places->live, own_key(t)) >= SHARED;
}

/* The client leaves, is about to, or has come back though it was to move. */
static bool is_leaving(const struct naming *n, const struct tenure *t)
{
	return t->is_leaving || t->came_back || tenure_is_chosen(t) || turns_has_come(n->turns, t);
}

/* From now on the client is told, here and by the other nodes, that its broker is at this one. */
static void note_place(const struct naming *n, struct tenure *t)
{
	if (t->live_key != 0 || is_leaving(n, t))
		return;
	t->live_key = own_key(t);
	live_add(n->places->live, t->live_key);
}

static void note_work(const struct naming *n, struct tenure *t, const struct kapi *api)
{
	if (!is_work(api))
		return;
	t->has_leader_work |= api->route == TO_LEADER;
	note_place(n, t);
	if (t->has_work)
		return;
	t->has_work = true;
	known_add(n->places->known, t->client_key);
	known_add(n->places->known, own_key(t));
	look_for_others(n, t);
}

void naming_forget(const struct places *places, struct tenure *t)
{
	if (t->live_key != 0)
		live_remove(places->live, t->live_key);
	t->live_key = 0;
}

void naming_note_shed(const struct places *places, const struct tenure *t, double now)
{
	known_add(places->known, key_at_port(t, t->port, period(now)));
}

static bool was_shed(const struct naming *n, const struct tenure *t)
{
	const struct known *known = n->places->known;

	return known_has(known, key_at_port(t, t->port, period(n->now))) ||
	       known_has(known, key_at_port(t, t->port, period(n->now) - 1));
}

static void note_client(const struct naming *n, struct tenure *t, uint64_t client_key)
{
	bool is_first = t->client_key == 0;

	t->client_key = client_key;
	look_for_others(n, t);
	if (is_first && !t->shares_key && was_shed(n, t)) {
		t->came_back = true;
		t->times_chosen = 1;
	}
	if (known_has(n->places->known, own_key(t)))
		note_place(n, t); /* the client worked here, and has connected again */
}

/* A node at which the client has a connection for the broker of a port: its tag, or 0. */
static uint16_t node_at_port(const struct naming *n, const struct tenure *t, int port)
{
	return places_node(n->places, key_at_port(t, port, 0));
}

/* The client has a connection that works, at whatever node. */
static bool works_somewhere(const struct naming *n, const struct tenure *t)
{
	for (int port = 0; port < n->port_count; port++) {
		if (node_at_port(n, t, port) != 0)
			return true;
	}
	return false;
}

/* A connection that a client opens anew may carry a metadata request before any other.  One to
 * another port than the first, or to the node that stands for its broker, was most likely named
 * by an answer; but a client that asks often and does nothing else only asks. */
static bool is_at_work(const struct naming *n, const struct tenure *t)
{
	if (t->shares_key)
		return false;
	return t->has_work || t->port > 0 || known_has(n->places->known, t->client_key) ||
	       (t->times_mapped < FIRST_ANSWERS && !naming_would_move(n, t)) ||
	       works_somewhere(n, t);
}

/* --- what does not move --- */

/* The broker that the client came for stays here while the client works here: not when the client
 * was closed so that it moves and has come back, nor when it is to be closed. */
static bool own_stays(const struct naming *n, const struct tenure *t)
{
	return (t->has_work || known_has(n->places->known, own_key(t))) && !is_leaving(n, t);
}

/* The node at which the answer leaves the broker of a port: its tag, or 0. */
static uint16_t tag_of(const struct naming *n, const struct tenure *t,
		       const struct naming_answer *answer, int port)
{
	const struct places *places = n->places;

	if (port == t->port && (answer->is_at_work || t->has_work) && own_stays(n, t))
		return places->tag;
	if (!answer->is_at_work)
		return 0;
	return port == t->port ? elsewhere_tag(places->elsewhere, own_key(t))
			       : node_at_port(n, t, port);
}

const struct mapping_node *naming_stays(const struct naming *n, const struct tenure *t,
					const struct naming_answer *answer, int32_t broker)
{
	const struct broker *b = snapshot_broker(n->snapshot, broker);
	int port = broker - n->listener->min_broker_id;
	uint16_t tag;

	if (b == NULL || port < 0 || port >= n->port_count)
		return NULL;
	tag = tag_of(n, t, answer, port);
	return tag != 0 ? mapping_find(n->mapping, tag, broker, b->rack) : NULL;
}

/* --- for a request --- */

void naming_of(const struct naming *n, struct tenure *t, const struct naming_question *question,
	       struct naming_answer *answer)
{
	const bool anew = t->map_key == 0 || question->api->maps_anew;

	if (t->client_key == 0 || anew)
		note_client(n, t, key_of_client(n, question));
	note_work(n, t, question->api);
	if (answer->key != 0 || question->api->answer != ANSWER_REWRITE)
		return;
	answer->is_at_work = is_at_work(n, t);
	if (is_stable(n) || answer->is_at_work)
		t->map_key = t->client_key;
	else if (anew)
		t->map_key = draw(n->drawn);
	answer->key = t->map_key;
	if (anew) {
		t->times_mapped++;
		t->mapped_at = n->now;
	}
}
