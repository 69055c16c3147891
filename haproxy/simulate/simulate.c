#include "simulate/simulate.h"

#include "simulate/sticktable.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One key: its name, its length in a table, what one must see for it. */
static const struct {
	const char *name;
	size_t length;
	unsigned sees;
} keys[SIMULATE_KEYS] = {
	[SIMULATE_NONE] = { "none", 0, 0 },
	[SIMULATE_SOURCE] = { "source", 16, 1 << SEES_SOURCE },
	[SIMULATE_CLIENT_ID] = { "client-id", 64, 1 << SEES_CLIENT_ID },
	[SIMULATE_SOURCE_CLIENT_ID] = { "source+client-id", 128,
					1 << SEES_SOURCE | 1 << SEES_CLIENT_ID },
	[SIMULATE_PORT] = { "port", 4, 1 << SEES_PORT },
	[SIMULATE_SNI] = { "sni", 128, 1 << SEES_SNI },
	[SIMULATE_CERT] = { "cert", 64, 1 << SEES_CERT },
};

const char *simulate_key_name(enum simulate_key key)
{
	return keys[key].name;
}

bool simulate_key_parse(const char *name, enum simulate_key *key)
{
	for (size_t i = 0; i < SIMULATE_KEYS; i++) {
		if (strcmp(name, keys[i].name) == 0) {
			*key = (enum simulate_key)i;
			return true;
		}
	}
	return false;
}

bool simulate_key_is_seen(enum simulate_key key, const struct population *p)
{
	return (keys[key].sees & ~p->sees) == 0;
}

size_t simulate_key_length(enum simulate_key key)
{
	return keys[key].length;
}

bool simulate_has_table(const struct simulate_choice *choice)
{
	return choice->key != SIMULATE_NONE && choice->rule.kind != BALANCER_HASH;
}

double simulate_skew(const double *values, size_t count)
{
	double sum = 0, most = 0;

	for (size_t i = 0; i < count; i++) {
		sum += values[i];
		most = values[i] > most ? values[i] : most;
	}
	return sum > 0 ? most * (double)count / sum : 1;
}

/* --- keys --- */

/* A key as bytes; none: n is 0. */
struct key {
	uint8_t bytes[SIMULATE_KEY_MAX];
	size_t n;
	bool is_address; /* of the source alone: 4 or 16 bytes */
};

static void add_bytes(struct key *k, const void *bytes, size_t n)
{
	if (n > sizeof k->bytes - k->n)
		n = sizeof k->bytes - k->n;
	if (n > 0)
		memcpy(k->bytes + k->n, bytes, n);
	k->n += n;
}

static void add_text(struct key *k, const char *text)
{
	if (text != NULL)
		add_bytes(k, text, strlen(text));
}

/* As a number in network order; what is no address counts by its letters. */
static void take_source(struct key *k, const char *source)
{
	uint8_t address[16];

	k->is_address = true;
	if (source != NULL && inet_pton(AF_INET, source, address) == 1)
		add_bytes(k, address, 4);
	else if (source != NULL && inet_pton(AF_INET6, source, address) == 1)
		add_bytes(k, address, 16);
	else
		add_text(k, source);
}

static void take_text_or_source(struct key *k, const char *text, const char *source)
{
	if (text != NULL && *text != '\0')
		add_text(k, text);
	else
		take_source(k, source);
}

static void take_port(struct key *k, unsigned port)
{
	uint8_t number[8] = { [6] = (uint8_t)(port >> 8), [7] = (uint8_t)port };

	add_bytes(k, number, sizeof number);
}

static void key_of(enum simulate_key kind, const struct population_connection *c, struct key *k)
{
	k->n = 0;
	k->is_address = false;
	switch (kind) {
	case SIMULATE_NONE:
	case SIMULATE_KEYS:
		break;
	case SIMULATE_SOURCE:
		take_source(k, c->source);
		break;
	case SIMULATE_CLIENT_ID:
		take_text_or_source(k, c->client_id, c->source);
		break;
	case SIMULATE_SOURCE_CLIENT_ID:
		add_text(k, c->source);
		add_text(k, "|");
		add_text(k, c->client_id);
		break;
	case SIMULATE_PORT:
		take_port(k, c->port);
		break;
	case SIMULATE_SNI:
		take_text_or_source(k, c->sni, c->source);
		break;
	case SIMULATE_CERT:
		take_text_or_source(k, c->cert, c->source);
		break;
	}
}

/* `balance source` for the source, `balance hash` for the rest. */
static uint32_t hash_of(const struct simulate_choice *choice, const struct key *k)
{
	if (choice->key == SIMULATE_SOURCE && k->is_address)
		return lbhash_source(&choice->rule.hash_type, k->bytes, k->n);
	return lbhash_sample(&choice->rule.hash_type, k->bytes, k->n);
}

/* A table keeps no more of a key than its type has room for. */
static size_t table_length(const struct simulate_choice *choice, const struct key *k)
{
	size_t most = keys[choice->key].length;

	return most > 8 && k->n > most ? most : k->n;
}

/* --- one run --- */

struct run {
	const struct simulate_choice *choice;
	struct balancer *balancer;
	struct sticktable *table; /* NULL: none */
	struct prng *r;
};

/* The node of one connection, as HAProxy would choose it. */
static int place(struct run *run, const struct population_connection *c, int64_t now_ms)
{
	struct key k;
	uint32_t hash;
	int node = STICKTABLE_NONE;

	key_of(run->choice->key, c, &k);
	if (run->table == NULL) {
		hash = hash_of(run->choice, &k);
		return balancer_pick(run->balancer, k.n > 0 ? &hash : NULL, run->r);
	}
	if (k.n > 0)
		node = sticktable_match(run->table, k.bytes, table_length(run->choice, &k), now_ms);
	if (node != STICKTABLE_NONE && balancer_is_up(run->balancer, node))
		return node;
	node = balancer_pick(run->balancer, NULL, run->r);
	if (node != BALANCER_NONE && k.n > 0)
		sticktable_store(run->table, k.bytes, table_length(run->choice, &k), node, now_ms);
	return node;
}

/* What ends, in the order in which it does: a heap with the first on top. */
struct endings {
	struct ending {
		int64_t at_ms;
		int node;
	} * all;
	size_t count;
};

static void endings_push(struct endings *e, int64_t at_ms, int node)
{
	size_t i = e->count++;

	for (; i > 0 && e->all[(i - 1) / 2].at_ms > at_ms; i = (i - 1) / 2)
		e->all[i] = e->all[(i - 1) / 2];
	e->all[i] = (struct ending){ at_ms, node };
}

static struct ending endings_pop(struct endings *e)
{
	struct ending first = e->all[0], last = e->all[--e->count];
	size_t i = 0;

	for (size_t child; (child = 2 * i + 1) < e->count; i = child) {
		if (child + 1 < e->count && e->all[child + 1].at_ms < e->all[child].at_ms)
			child++;
		if (e->all[child].at_ms >= last.at_ms)
			break;
		e->all[i] = e->all[child];
	}
	e->all[i] = last;
	return first;
}

static void account(struct simulate_result *result, const struct population *p,
		    const struct population_connection *c, int node)
{
	int64_t ends = c->ends_ms == INT64_MAX ? p->end_ms : c->ends_ms;

	/* a millisecond more: what has no length counts too */
	result->connection_ms[node] += (double)(ends > c->begins_ms ? ends - c->begins_ms : 0) + 1;
	result->bytes[node] += c->bytes;
}

/* Every connection in its turn; `last` gets each client's last one. */
static void play(struct run *run, const struct population *p, struct simulate_result *result,
		 int *placed, size_t *last)
{
	struct endings endings = { mem_alloc((p->count + 1) * sizeof *endings.all), 0 };

	for (size_t i = 0; i < p->count; i++) {
		const struct population_connection *c = &p->connections[i];

		while (endings.count > 0 && endings.all[0].at_ms <= c->begins_ms)
			balancer_drop(run->balancer, endings_pop(&endings).node);
		placed[i] = place(run, c, c->begins_ms);
		last[c->client] = i;
		if (placed[i] == BALANCER_NONE)
			continue;
		balancer_take(run->balancer, placed[i]);
		endings_push(&endings, c->ends_ms, placed[i]);
		account(result, p, c, placed[i]);
	}
	free(endings.all);
}

/* --- what if --- */

/* The share of the clients on nodes other than `gone` whose next connection
 * goes elsewhere; all of them connect again, one after the other. */
static double moved(const struct run *run, const struct population *p, const int *placed,
		    const size_t *last, int gone, const struct simulate_nodes *more)
{
	struct prng r = *run->r;
	struct run then = { run->choice, NULL, NULL, &r };
	size_t moves = 0, clients = 0;

	then.balancer = more == NULL ? balancer_copy(run->balancer)
				     : balancer_new(&run->choice->rule, more->servers, more->count);
	then.table = run->table == NULL ? NULL : sticktable_copy(run->table);
	for (size_t i = 0; more != NULL && i < p->count; i++) {
		if (p->connections[i].ends_ms == INT64_MAX && placed[i] != SIMULATE_UNPLACED)
			balancer_take(then.balancer, placed[i]);
	}
	if (gone != SIMULATE_UNPLACED)
		balancer_set_up(then.balancer, gone, false);
	for (unsigned client = 0; client < p->client_count; client++) {
		const struct population_connection *c;
		int node, before;

		if (last[client] == SIZE_MAX)
			continue;
		c = &p->connections[last[client]];
		before = placed[last[client]];
		node = place(&then, c, p->end_ms > c->begins_ms ? p->end_ms : c->begins_ms);
		if (before != SIMULATE_UNPLACED && before != gone) {
			clients++;
			moves += node != before;
		}
		if (node != BALANCER_NONE) /* it stays until all have come */
			balancer_take(then.balancer, node);
	}
	balancer_free(then.balancer);
	sticktable_free(then.table);
	return clients == 0 ? 0 : (double)moves / (double)clients;
}

/* The mean over the nodes: each one goes once. */
static double moved_leaving(const struct run *run, const struct population *p, const int *placed,
			    const size_t *last, const struct simulate_nodes *nodes)
{
	double sum = 0;

	for (size_t i = 0; i < nodes->count; i++)
		sum += moved(run, p, placed, last, (int)i, NULL);
	return nodes->count < 2 ? 0 : sum / (double)nodes->count;
}

/* The new one has the next free id and the last one's weight; its address, where that counts,
 * is one more than the last one's. */
static double moved_joining(const struct run *run, const struct population *p, const int *placed,
			    const size_t *last, const struct simulate_nodes *nodes)
{
	struct simulate_nodes more = *nodes;

	if (more.count == SIMULATE_NODES_MAX)
		return 0;
	more.servers[more.count] = more.servers[more.count - 1];
	for (size_t i = 0; i < nodes->count; i++) {
		if (nodes->servers[i].id >= more.servers[more.count].id)
			more.servers[more.count].id = nodes->servers[i].id + 1;
	}
	if (more.servers[more.count].address_length > 0)
		more.servers[more.count].address[more.servers[more.count].address_length - 1]++;
	more.count++;
	return moved(run, p, placed, last, SIMULATE_UNPLACED, &more);
}

/* A table that never forgets counts them. */
static size_t different_keys(const struct simulate_choice *choice, const struct population *p)
{
	struct sticktable *all = sticktable_new(p->count + 1, 0, 1);
	size_t count;

	for (size_t i = 0; i < p->count; i++) {
		struct key k;

		key_of(choice->key, &p->connections[i], &k);
		if (k.n > 0)
			sticktable_store(all, k.bytes, k.n, 0, 0);
	}
	count = sticktable_used(all);
	sticktable_free(all);
	return count;
}

static void ask_what_if(const struct run *run, const struct population *p, const int *placed,
			const size_t *last, const struct simulate_nodes *nodes,
			struct simulate_result *result)
{
	result->stays = 1 - moved(run, p, placed, last, SIMULATE_UNPLACED, NULL);
	result->moved_leaving = moved_leaving(run, p, placed, last, nodes);
	result->moved_joining = moved_joining(run, p, placed, last, nodes);
	result->connections_skew = simulate_skew(result->connection_ms, nodes->count);
	result->bytes_skew = simulate_skew(result->bytes, nodes->count);
	result->keys = different_keys(run->choice, p);
	if (run->table == NULL)
		return;
	result->table_used = sticktable_most_used(run->table);
	result->table_evicted = sticktable_evicted(run->table);
	result->table_bytes =
		result->table_used *
		version_entry_bytes(&run->choice->rule.version, keys[run->choice->key].length);
}

void simulate_run(const struct simulate_choice *choice, const struct simulate_nodes *nodes,
		  const struct population *p, struct prng *r, struct simulate_result *result,
		  int *placed)
{
	struct run run = { choice, balancer_new(&choice->rule, nodes->servers, nodes->count), NULL,
			   r };
	int *places = placed != NULL ? placed : mem_alloc((p->count + 1) * sizeof *places);
	size_t *last = mem_alloc((p->client_count + 1) * sizeof *last);

	assert(nodes->count > 0 && nodes->count <= SIMULATE_NODES_MAX);
	if (simulate_has_table(choice))
		run.table = sticktable_new(
			nodes->table_size, nodes->table_expire_ms,
			version_thrown_out(&choice->rule.version, nodes->table_size));
	for (unsigned client = 0; client < p->client_count; client++)
		last[client] = SIZE_MAX;
	*result = (struct simulate_result){ 0 };
	play(&run, p, result, places, last);
	ask_what_if(&run, p, places, last, nodes, result);
	balancer_free(run.balancer);
	sticktable_free(run.table);
	free(last);
	if (placed == NULL)
		free(places);
}
