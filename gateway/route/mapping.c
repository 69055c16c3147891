#include "route/mapping.h"

#include "util/hash.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

struct mapping {
	size_t count;
	struct mapping_node nodes[];
};

/* The keys are alike at every node. */
static const uint64_t node_key[2] = { 0x6d617070696e67, 1 };
static const uint64_t client_key[2] = { 0x6d617070696e67, 2 };

static bool shares_ports(const struct mapping_node *a, const struct mapping_node *b)
{
	return strcmp(a->host, b->host) == 0 && a->port < b->port + b->port_count &&
	       b->port < a->port + a->port_count;
}

static bool fits(const struct mapping *m, const struct mapping_node *n)
{
	for (size_t i = 0; i < m->count; i++) {
		if (shares_ports(&m->nodes[i], n))
			return false;
	}
	return true;
}

static void add(struct mapping *m, const struct mapping_node *n)
{
	struct mapping_node *to = &m->nodes[m->count++];

	*to = *n;
	to->node_id = mem_strdup(n->node_id);
	to->host = mem_strdup(n->host);
	to->rack = n->rack != NULL ? mem_strdup(n->rack) : NULL;
	to->hash = hash_keyed(node_key, n->node_id, strlen(n->node_id));
}

struct mapping *mapping_new(const struct mapping_node *nodes, size_t count)
{
	struct mapping *m;

	if (count == 0)
		return NULL;
	m = mem_zalloc(sizeof *m + count * sizeof m->nodes[0]);
	for (int leaves = 0; leaves < 2; leaves++) {
		for (size_t i = 0; i < count; i++) {
			if (nodes[i].leaves == leaves && fits(m, &nodes[i]))
				add(m, &nodes[i]);
		}
	}
	return m;
}

void mapping_free(struct mapping *m)
{
	for (size_t i = 0; m != NULL && i < m->count; i++) {
		free((void *)(uintptr_t)m->nodes[i].node_id);
		free((void *)(uintptr_t)m->nodes[i].host);
		free((void *)(uintptr_t)m->nodes[i].rack);
	}
	free(m);
}

static bool has_port(const struct mapping_node *n, int32_t broker)
{
	return broker >= n->min_broker_id && broker - n->min_broker_id < n->port_count;
}

static bool may_be(const struct mapping_node *n, int32_t broker)
{
	return !n->leaves && has_port(n, broker);
}

bool mapping_has_port(const struct mapping *m, int32_t broker)
{
	for (size_t i = 0; i < m->count; i++) {
		if (may_be(&m->nodes[i], broker))
			return true;
	}
	return false;
}

/* Every bit of the three decides about every bit of the result. */
static uint64_t score(uint64_t key, uint64_t node, int32_t broker)
{
	uint64_t x = key ^ node ^ ((uint64_t)(uint32_t)broker + 1) * 0x9e3779b97f4a7c15;

	x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
	return x ^ x >> 33;
}

static bool is_near(const struct mapping_node *n, const char *rack)
{
	return rack != NULL && n->rack != NULL && strcmp(rack, n->rack) == 0;
}

/* A node in the rack has a port for the broker: then only such nodes are considered. */
static bool has_near(const struct mapping *m, int32_t broker, const char *rack)
{
	for (size_t i = 0; i < m->count; i++) {
		if (may_be(&m->nodes[i], broker) && is_near(&m->nodes[i], rack))
			return true;
	}
	return false;
}

const char *mapping_near(const struct mapping *m, int32_t broker, const char *rack,
			 const char *zone)
{
	if (has_near(m, broker, rack))
		return rack;
	return has_near(m, broker, zone) ? zone : NULL;
}

/* The low bits of the mark say whether a node declines; the high bits decide about the order. */
static bool declines(const struct mapping_node *n, uint64_t mark)
{
	return (mark & 0xffff) * 1000 >> 16 < n->declines;
}

/* The best of all, and the best of those that do not decline. */
struct choice {
	const struct mapping_node *node;
	uint64_t mark;
};

static void consider(struct choice *c, const struct mapping_node *n, uint64_t mark)
{
	if (c->node == NULL || mark > c->mark)
		*c = (struct choice){ n, mark };
}

const struct mapping_node *mapping_choose(const struct mapping *m, uint64_t key, int32_t broker,
					  const char *rack)
{
	const bool only_near = has_near(m, broker, rack);
	struct choice first = { NULL, 0 }, willing = { NULL, 0 };

	for (size_t i = 0; i < m->count; i++) {
		const struct mapping_node *n = &m->nodes[i];
		uint64_t mark;

		if (!may_be(n, broker) || (only_near && !is_near(n, rack)))
			continue;
		mark = score(key, n->hash, broker);
		consider(&first, n, mark);
		if (!declines(n, mark))
			consider(&willing, n, mark);
	}
	return willing.node != NULL ? willing.node : first.node;
}

size_t mapping_choices(const struct mapping *m, int32_t broker, const char *rack)
{
	const bool only_near = has_near(m, broker, rack);
	size_t count = 0;

	for (size_t i = 0; i < m->count; i++)
		count += may_be(&m->nodes[i], broker) &&
			 (!only_near || is_near(&m->nodes[i], rack));
	return count;
}

static uint16_t tag_of(uint64_t hash)
{
	return (uint16_t)hash != 0 ? (uint16_t)hash : 1;
}

uint16_t mapping_tag(const char *node_id, size_t len)
{
	return tag_of(hash_keyed(node_key, node_id, len));
}

const struct mapping_node *mapping_find(const struct mapping *m, uint16_t tag, int32_t broker,
					const char *rack)
{
	const bool only_near = has_near(m, broker, rack);

	for (size_t i = 0; i < m->count; i++) {
		const struct mapping_node *n = &m->nodes[i];

		if (tag_of(n->hash) == tag && has_port(n, broker) &&
		    (!only_near || is_near(n, rack)))
			return n;
	}
	return NULL;
}

uint64_t mapping_client_key(const void *address, size_t address_len, const void *client_id,
			    size_t client_id_len)
{
	const uint64_t name = hash_keyed(client_key, client_id, client_id_len);
	const uint64_t both[2] = { hash_keyed(client_key, address, address_len), name };

	return hash_keyed(client_key, both, sizeof both);
}
