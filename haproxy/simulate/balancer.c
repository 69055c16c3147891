#include "simulate/balancer.h"

#include "util/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* HAProxy's scale of weights: a server has 16 points on the circle for each
 * unit, and there is room for 256 units. */
enum { POINTS_A_UNIT = 16, POINTS_OF_ID = BALANCER_WEIGHT_MAX * POINTS_A_UNIT };

struct server {
	unsigned id, weight;
	uint32_t key; /* the first of its points on the circle is made of it */
	bool up;
	unsigned served;
	uint64_t least_key;  /* leastconn serves the lowest ... */
	uint64_t least_turn; /* ... and of those alike who has waited longest */
	double turn_at;	     /* roundrobin serves the lowest */
};

/* A place on the circle of 2^32; a server has many. */
struct point {
	uint32_t key;
	int server;
};

struct balancer {
	struct balancer_rule rule;
	struct server *servers;
	size_t count;
	unsigned served;      /* of all */
	unsigned weight;      /* of the usable ones, in points */
	uint64_t turns;	      /* of leastconn */
	struct point *points; /* in order; of the usable ones */
	size_t point_count;
	size_t point_room;
	size_t point_next; /* when a hash has no key, the points take turns */
	int *map;	   /* of a map-based hash */
	size_t map_size;
	size_t map_room;
};

static bool is_usable(const struct server *s)
{
	return s->up && s->weight > 0;
}

static bool is_circle(const struct balancer *b)
{
	return b->rule.kind == BALANCER_RANDOM ||
	       (b->rule.kind == BALANCER_HASH && b->rule.hash_type.consistent);
}

/* Of points alike the one that was put in first comes first. */
static int by_key(const void *a, const void *b)
{
	const struct point *p = a, *q = b;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	return p->server - q->server;
}

static uint32_t key_of(const struct balancer_rule *rule, const struct balancer_server *s)
{
	if (rule->hash_key == BALANCER_KEY_ADDR && s->address_length > 0)
		return lbhash_address(s->address, s->address_length);
	return version_hashes_ids_twice(&rule->version) ? lbhash_mix(s->id) : s->id * POINTS_OF_ID;
}

static void build_circle(struct balancer *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct server *s = &b->servers[i];

		for (unsigned k = 0; is_usable(s) && k < s->weight * POINTS_A_UNIT; k++)
			b->points[n++] = (struct point){ lbhash_mix(s->key + k), (int)i };
	}
	qsort(b->points, n, sizeof *b->points, by_key);
	b->point_count = n;
	b->point_next = 0;
}

static unsigned common_divisor(const struct balancer *b)
{
	unsigned divisor = 0;

	for (size_t i = 0; i < b->count; i++) {
		for (unsigned w = b->servers[i].weight; w != 0;) {
			unsigned rest = divisor % w;

			divisor = w;
			w = rest;
		}
	}
	return divisor == 0 ? 1 : divisor;
}

/* Each slot goes to the server whose score is highest, the first of those
 * alike; scores grow by the weights, and who is served pays for all. */
static void build_map(struct balancer *b)
{
	unsigned divisor = common_divisor(b);
	int total = 0;
	int *score = mem_zalloc(b->count * sizeof *score);

	for (size_t i = 0; i < b->count; i++)
		total += is_usable(&b->servers[i]) ? (int)(b->servers[i].weight / divisor) : 0;
	for (int slot = 0; slot < total; slot++) {
		int best = BALANCER_NONE, most = 0;

		for (size_t i = 0; i < b->count; i++) {
			int value;

			if (!is_usable(&b->servers[i]))
				continue;
			score[i] += (int)(b->servers[i].weight / divisor);
			value = (score[i] + total) / total; /* whole: small leads do not count */
			if (best == BALANCER_NONE || value > most) {
				most = value;
				best = (int)i;
			}
		}
		assert(best != BALANCER_NONE);
		score[best] -= total;
		b->map[slot] = best;
	}
	b->map_size = (size_t)total;
	free(score);
}

static void rebuild(struct balancer *b)
{
	b->weight = 0;
	for (size_t i = 0; i < b->count; i++)
		b->weight += is_usable(&b->servers[i]) ? b->servers[i].weight * POINTS_A_UNIT : 0;
	if (is_circle(b))
		build_circle(b);
	else if (b->rule.kind == BALANCER_HASH)
		build_map(b);
}

static void requeue(struct balancer *b, struct server *s)
{
	uint64_t key = s->served == 0 || s->weight == 0 ? 0
							: (uint64_t)(s->served + 1) * POINTS_OF_ID /
								  (s->weight * POINTS_A_UNIT);

	if (key == s->least_key && s->least_turn != 0)
		return;
	s->least_key = key;
	s->least_turn = ++b->turns;
}

struct balancer *balancer_new(const struct balancer_rule *rule,
			      const struct balancer_server *servers, size_t count)
{
	struct balancer *b = mem_zalloc(sizeof *b);

	b->rule = *rule;
	b->count = count;
	b->servers = mem_zalloc((count + 1) * sizeof *b->servers);
	for (size_t i = 0; i < count; i++) {
		assert(servers[i].weight <= BALANCER_WEIGHT_MAX);
		b->servers[i] = (struct server){ .id = servers[i].id,
						 .weight = servers[i].weight,
						 .key = key_of(rule, &servers[i]),
						 .up = true };
		b->map_room += servers[i].weight;
		requeue(b, &b->servers[i]);
	}
	b->point_room = b->map_room * POINTS_A_UNIT;
	b->points = mem_alloc((b->point_room + 1) * sizeof *b->points);
	b->map = mem_alloc((b->map_room + 1) * sizeof *b->map);
	rebuild(b);
	return b;
}

void balancer_free(struct balancer *b)
{
	if (b == NULL)
		return;
	free(b->servers);
	free(b->points);
	free(b->map);
	free(b);
}

static void *copied(const void *from, size_t size)
{
	return memcpy(mem_alloc(size), from, size);
}

struct balancer *balancer_copy(const struct balancer *b)
{
	struct balancer *copy = copied(b, sizeof *b);

	copy->servers = copied(b->servers, (b->count + 1) * sizeof *b->servers);
	copy->points = copied(b->points, (b->point_room + 1) * sizeof *b->points);
	copy->map = copied(b->map, (b->map_room + 1) * sizeof *b->map);
	return copy;
}

/* hash-balance-factor: whether it has less than its share of what all serve,
 * with the new connection, times the factor; the shares are whole and add up. */
static bool has_room(const struct balancer *b, int server)
{
	unsigned slots_of_all, rest, before = 0, weight, slots;

	if (b->rule.balance_factor == 0)
		return true;
	for (int i = 0; i < server; i++)
		before += is_usable(&b->servers[i]) ? b->servers[i].weight * POINTS_A_UNIT : 0;
	slots_of_all = ((b->served + 1) * b->rule.balance_factor + 99) / 100;
	rest = slots_of_all % b->weight;
	weight = b->servers[server].weight * POINTS_A_UNIT;
	slots = weight * (slots_of_all / b->weight) + (before + weight) * rest / b->weight -
		before * rest / b->weight;
	return b->servers[server].served < (slots == 0 ? 1 : slots);
}

/* The first point at or after the hash; the number of points when there is none. */
static size_t point_from(const struct balancer *b, uint32_t hash)
{
	size_t low = 0, high = b->point_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (b->points[middle].key < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The nearer one of the points around the hash; then on along the circle past
 * servers that are full. */
static int pick_on_circle(const struct balancer *b, uint32_t hash)
{
	size_t next, before;

	if (b->point_count == 0)
		return BALANCER_NONE;
	next = point_from(b, hash) % b->point_count;
	before = (next + b->point_count - 1) % b->point_count;
	if ((uint32_t)(hash - b->points[before].key) <= (uint32_t)(b->points[next].key - hash))
		next = before;
	for (size_t n = 0; n < b->point_count && !has_room(b, b->points[next].server); n++)
		next = (next + 1) % b->point_count;
	return b->points[next].server;
}

static bool is_less_busy(const struct server *s, const struct server *other)
{
	return (uint64_t)s->served * other->weight < (uint64_t)other->served * s->weight;
}

/* Of so many drawn the one that is least busy for its weight. */
static int pick_random(const struct balancer *b, struct prng *r)
{
	int best = BALANCER_NONE;

	for (unsigned n = 0; n < (b->rule.draws == 0 ? 1 : b->rule.draws); n++) {
		int drawn = pick_on_circle(b, (uint32_t)(prng_next(r) >> 32));

		if (drawn == BALANCER_NONE)
			return BALANCER_NONE;
		if (best == BALANCER_NONE || is_less_busy(&b->servers[drawn], &b->servers[best]))
			best = drawn;
	}
	return best;
}

static bool is_queued_before(const struct server *s, const struct server *other)
{
	return s->least_key != other->least_key ? s->least_key < other->least_key
						: s->least_turn < other->least_turn;
}

static int pick_leastconn(const struct balancer *b)
{
	int best = BALANCER_NONE;

	for (size_t i = 0; i < b->count; i++) {
		if (is_usable(&b->servers[i]) &&
		    (best == BALANCER_NONE || is_queued_before(&b->servers[i], &b->servers[best])))
			best = (int)i;
	}
	return best;
}

/* One of those that are least busy, each with the same chance. */
static int draw_leastconn(const struct balancer *b, struct prng *r)
{
	int best = BALANCER_NONE;
	unsigned alike = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct server *s = &b->servers[i];

		if (!is_usable(s) ||
		    (best != BALANCER_NONE && s->least_key > b->servers[best].least_key))
			continue;
		if (best == BALANCER_NONE || s->least_key < b->servers[best].least_key)
			alike = 0;
		if (prng_below(r, ++alike) == 0)
			best = (int)i;
	}
	return best;
}

static int pick_in_turn(struct balancer *b)
{
	int best = BALANCER_NONE;

	for (size_t i = 0; i < b->count; i++) {
		if (is_usable(&b->servers[i]) &&
		    (best == BALANCER_NONE || b->servers[i].turn_at < b->servers[best].turn_at))
			best = (int)i;
	}
	if (best != BALANCER_NONE)
		b->servers[best].turn_at += 1.0 / b->servers[best].weight;
	return best;
}

/* Without a key: the next point of the circle, the next slot of the map. */
static int pick_without_key(struct balancer *b)
{
	bool circle = b->rule.hash_type.consistent;
	size_t n = circle ? b->point_count : b->map_size;
	size_t at;

	if (n == 0)
		return BALANCER_NONE;
	at = b->point_next % n;
	b->point_next = at + 1;
	return circle ? b->points[at].server : b->map[at];
}

int balancer_pick(struct balancer *b, const uint32_t *hash, struct prng *r)
{
	switch (b->rule.kind) {
	case BALANCER_LEASTCONN:
		return version_leastconn_draws(&b->rule.version) ? draw_leastconn(b, r)
								 : pick_leastconn(b);
	case BALANCER_ROUNDROBIN:
		return pick_in_turn(b);
	case BALANCER_RANDOM:
		return pick_random(b, r);
	case BALANCER_HASH:
		break;
	}
	if (hash == NULL)
		return pick_without_key(b);
	if (b->rule.hash_type.consistent)
		return pick_on_circle(b, *hash);
	return b->map_size == 0 ? BALANCER_NONE : b->map[*hash % b->map_size];
}

void balancer_take(struct balancer *b, int server)
{
	b->served++;
	b->servers[server].served++;
	requeue(b, &b->servers[server]);
}

void balancer_drop(struct balancer *b, int server)
{
	assert(b->servers[server].served > 0);
	b->served--;
	b->servers[server].served--;
	requeue(b, &b->servers[server]);
}

/* Who comes back waits as long as the one that is next: it does not get all at once. */
void balancer_set_up(struct balancer *b, int server, bool up)
{
	struct server *s = &b->servers[server];
	double lowest = s->turn_at;
	bool first = true;

	if (s->up == up)
		return;
	for (size_t i = 0; i < b->count; i++) {
		if (!is_usable(&b->servers[i]))
			continue;
		if (first || b->servers[i].turn_at < lowest)
			lowest = b->servers[i].turn_at;
		first = false;
	}
	if (up && lowest > s->turn_at)
		s->turn_at = lowest;
	s->up = up;
	rebuild(b);
}

bool balancer_is_up(const struct balancer *b, int server)
{
	return b->servers[server].up;
}

unsigned balancer_served(const struct balancer *b, int server)
{
	return b->servers[server].served;
}
