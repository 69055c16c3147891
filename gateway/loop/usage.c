#include "loop/usage.h"

#include "util/hash.h"
#include "util/mem.h"
#include "util/text.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WEIGHT_OF_REQUEST = 1024 }; /* bytes that weigh as much */

/* What is counted is in one line of the cache. */
struct place {
	_Alignas(64) uint32_t taken; /* how often, so far; 0: never */
	uint32_t len;
	uint64_t weight;
	struct usage_sum sum;
	double since;
	uint64_t hash;
	char name[USAGE_NAME_MAX];
};

/* Of a heap: a place with the weight that it had when the heap looked last.  As weights only grow,
 * the first one is the least as soon as it is what it was. */
struct looked {
	uint64_t weight;
	uint32_t place;
};

struct usage {
	uint32_t places, used;
	uint32_t mask;	 /* of the index */
	uint32_t *index; /* by hash, open addressing: a place's number + 1; 0: free */
	struct looked *heap;
	struct place *place;
	struct usage_sum rest;
	uint64_t displaced;
	double aged_at;
};

void usage_sum_add(struct usage_sum *to, const struct usage_sum *n)
{
	to->requests += n->requests;
	to->bytes_in += n->bytes_in;
	to->bytes_out += n->bytes_out;
	to->errors += n->errors;
	to->throttled_ms += n->throttled_ms;
}

static uint64_t weight_of(const struct usage_sum *n)
{
	return n->bytes_in + n->bytes_out + n->requests * WEIGHT_OF_REQUEST;
}

/* At least twice as many as there are places. */
static uint32_t index_size(uint32_t places)
{
	uint32_t size = 8;

	while (size < 2 * places)
		size *= 2;
	return size;
}

size_t usage_bytes(uint32_t places)
{
	return sizeof(struct usage) + index_size(places) * sizeof(uint32_t) +
	       places * (sizeof(struct looked) + sizeof(struct place));
}

struct usage *usage_new(uint32_t places)
{
	struct usage *u = mem_zalloc(sizeof *u);

	assert(places > 0);
	u->places = places;
	u->mask = index_size(places) - 1;
	u->index = mem_zalloc((u->mask + 1) * sizeof *u->index);
	u->heap = mem_zalloc(places * sizeof *u->heap);
	u->place = aligned_alloc(_Alignof(struct place), places * sizeof *u->place);
	if (u->place == NULL)
		abort();
	memset(u->place, 0, places * sizeof *u->place);
	return u;
}

void usage_free(struct usage *u)
{
	if (u == NULL)
		return;
	free(u->index);
	free(u->heap);
	free(u->place);
	free(u);
}

/* --- the index --- */

/* Where the name stands in the index, or would. */
static uint32_t find(const struct usage *u, uint64_t hash, const void *name, size_t len)
{
	uint32_t i = (uint32_t)hash & u->mask;

	for (; u->index[i] != 0; i = (i + 1) & u->mask) {
		const struct place *p = &u->place[u->index[i] - 1];

		if (p->hash == hash && p->len == len &&
		    (len == 0 || memcmp(p->name, name, len) == 0))
			break;
	}
	return i;
}

/* The entry goes, and those behind it that would not be found any more move up. */
static void forget(struct usage *u, uint32_t i)
{
	uint32_t gap = i;

	u->index[gap] = 0;
	for (i = (i + 1) & u->mask; u->index[i] != 0; i = (i + 1) & u->mask) {
		uint32_t home = (uint32_t)u->place[u->index[i] - 1].hash & u->mask;

		if (((i - home) & u->mask) < ((i - gap) & u->mask))
			continue;
		u->index[gap] = u->index[i];
		u->index[i] = 0;
		gap = i;
	}
}

/* --- the heap --- */

static void swap(struct looked *a, struct looked *b)
{
	struct looked was = *a;

	*a = *b;
	*b = was;
}

static void sift_down(struct usage *u)
{
	uint32_t at = 0;

	for (;;) {
		uint32_t least = at, left = 2 * at + 1;

		for (uint32_t child = left; child < left + 2 && child < u->used; child++) {
			if (u->heap[child].weight < u->heap[least].weight)
				least = child;
		}
		if (least == at)
			return;
		swap(&u->heap[at], &u->heap[least]);
		at = least;
	}
}

/* A place without weight is less than any: it stands first. */
static void add_first(struct usage *u, uint32_t place)
{
	uint32_t at = u->used++;

	u->heap[at] = (struct looked){ 0, place };
	for (; at > 0; at = (at - 1) / 2)
		swap(&u->heap[at], &u->heap[(at - 1) / 2]);
}

/* The place that weighs least. */
static uint32_t lightest(struct usage *u)
{
	struct looked *first = u->heap;

	while (first->weight != u->place[first->place].weight) {
		first->weight = u->place[first->place].weight;
		sift_down(u);
	}
	return first->place;
}

/* The order stays what it was. */
static void age(struct usage *u, double now)
{
	double ages = floor((now - u->aged_at) / USAGE_AGE_S);
	int bits = ages < 63 ? (int)ages : 63;

	if (bits <= 0)
		return;
	u->aged_at += ages * USAGE_AGE_S;
	for (uint32_t i = 0; i < u->used; i++) {
		u->heap[i].weight >>= bits;
		u->place[i].weight >>= bits;
	}
}

/* --- places --- */

static uint32_t make_room(struct usage *u)
{
	struct place *p;
	uint32_t place;

	if (u->used < u->places) {
		add_first(u, u->used);
		return u->used - 1;
	}
	place = lightest(u);
	p = &u->place[place];
	usage_sum_add(&u->rest, &p->sum);
	u->displaced++;
	forget(u, find(u, p->hash, p->name, p->len));
	p->sum = (struct usage_sum){ 0 };
	return place;
}

static struct usage_ref ref_of(const struct usage *u, uint32_t place)
{
	return (struct usage_ref){ place, u->place[place].taken };
}

bool usage_has(const struct usage *u, struct usage_ref ref)
{
	return ref.taken != 0 && u->place[ref.place].taken == ref.taken;
}

bool usage_is(const struct usage *u, struct usage_ref ref, const void *name, size_t len)
{
	const struct place *p = &u->place[ref.place];

	return usage_has(u, ref) && p->len == len && (len == 0 || memcmp(p->name, name, len) == 0);
}

struct usage_ref usage_take(struct usage *u, const void *name, size_t len, double now)
{
	size_t kept = len < USAGE_NAME_MAX ? len : USAGE_NAME_MAX;
	uint64_t hash = hash_bytes(name, kept);
	uint32_t at = find(u, hash, name, kept), place;
	struct place *p;

	if (u->index[at] != 0)
		return ref_of(u, u->index[at] - 1);
	age(u, now);
	place = make_room(u);
	p = &u->place[place];
	p->hash = hash;
	p->since = now;
	p->len = (uint32_t)kept;
	if (kept > 0)
		memcpy(p->name, name, kept);
	if (++p->taken == 0)
		p->taken = 1;
	u->index[find(u, hash, name, kept)] = place + 1; /* what went has made others move */
	return ref_of(u, place);
}

void usage_add(struct usage *u, struct usage_ref ref, const struct usage_sum *n)
{
	struct place *p = &u->place[ref.place];

	usage_sum_add(&p->sum, n);
	p->weight += weight_of(n);
}

void usage_add_rest(struct usage *u, const struct usage_sum *n)
{
	usage_sum_add(&u->rest, n);
}

/* --- telling --- */

static const char *const order_words[USAGE_ORDERS] = {
	[USAGE_BY_BYTES] = "bytes",	    [USAGE_BY_BYTES_IN] = "bytes_in",
	[USAGE_BY_BYTES_OUT] = "bytes_out", [USAGE_BY_REQUESTS] = "requests",
	[USAGE_BY_ERRORS] = "errors",	    [USAGE_BY_THROTTLED] = "throttled_ms",
};

const char *usage_order_word(enum usage_order order)
{
	return order_words[order];
}

bool usage_order_of(const char *word, enum usage_order *order)
{
	for (int i = 0; i < USAGE_ORDERS; i++) {
		if (strcmp(word, order_words[i]) == 0) {
			*order = (enum usage_order)i;
			return true;
		}
	}
	return false;
}

static struct usage_row *add_row(struct usage_told *told)
{
	if (told->count == told->room) {
		told->room = told->room == 0 ? 64 : 2 * told->room;
		told->rows = mem_realloc(told->rows, told->room * sizeof *told->rows);
	}
	return &told->rows[told->count++];
}

void usage_tell(const struct usage *u, struct usage_told *told)
{
	for (uint32_t i = 0; i < u->used; i++) {
		const struct place *p = &u->place[i];

		*add_row(told) =
			(struct usage_row){ mem_strndup(p->name, p->len), p->sum, p->since };
	}
	usage_sum_add(&told->rest, &u->rest);
	told->displaced += u->displaced;
}

void usage_append(struct usage_told *to, struct usage_told *from)
{
	for (size_t i = 0; i < from->count; i++)
		*add_row(to) = from->rows[i];
	usage_sum_add(&to->rest, &from->rest);
	to->displaced += from->displaced;
	free(from->rows);
	*from = (struct usage_told){ 0 };
}

void usage_told_free(struct usage_told *told)
{
	for (size_t i = 0; i < told->count; i++)
		free(told->rows[i].name);
	free(told->rows);
	*told = (struct usage_told){ 0 };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct usage_row *)a)->name, ((const struct usage_row *)b)->name);
}

/* Sorted by name: neighbours of one name become one. */
static void join(struct usage_told *told)
{
	size_t n = 0;

	for (size_t i = 0; i < told->count; i++) {
		struct usage_row *row = &told->rows[i], *before = &told->rows[n > 0 ? n - 1 : 0];

		if (n == 0 || strcmp(before->name, row->name) != 0) {
			told->rows[n++] = *row;
			continue;
		}
		usage_sum_add(&before->sum, &row->sum);
		if (row->since < before->since)
			before->since = row->since;
		free(row->name);
	}
	told->count = n;
}

static uint64_t figure(const struct usage_sum *s, enum usage_order order)
{
	switch (order) {
	case USAGE_BY_BYTES_IN:
		return s->bytes_in;
	case USAGE_BY_BYTES_OUT:
		return s->bytes_out;
	case USAGE_BY_REQUESTS:
		return s->requests;
	case USAGE_BY_ERRORS:
		return s->errors;
	case USAGE_BY_THROTTLED:
		return s->throttled_ms;
	case USAGE_BY_BYTES:
	case USAGE_ORDERS:
		break;
	}
	return s->bytes_in + s->bytes_out;
}

/* The largest first; of equals as their names go. */
static int by_figure(const void *a, const void *b, void *order)
{
	const struct usage_row *x = a, *y = b;
	const enum usage_order by = *(const enum usage_order *)order;
	uint64_t fx = figure(&x->sum, by), fy = figure(&y->sum, by);

	return fx != fy ? (fx < fy) - (fx > fy) : strcmp(x->name, y->name);
}

void usage_settle(struct usage_told *told, enum usage_order order, size_t limit)
{
	for (size_t i = 0; i < told->count; i++)
		text_make_printable(told->rows[i].name);
	if (told->count > 1)
		qsort(told->rows, told->count, sizeof *told->rows, by_name);
	join(told);
	if (told->count > 1)
		qsort_r(told->rows, told->count, sizeof *told->rows, by_figure, &order);
	told->named = told->count;
	told->all = told->rest;
	for (size_t i = 0; i < told->count; i++)
		usage_sum_add(&told->all, &told->rows[i].sum);
	while (told->count > limit) {
		struct usage_row *last = &told->rows[--told->count];

		usage_sum_add(&told->rest, &last->sum);
		free(last->name);
	}
}
