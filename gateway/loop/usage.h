/* usage.h - who uses the node: figures by name, of as many names as there is room for.
 *
 * A table has a fixed number of places.  A name that comes when all are taken gets the place of the
 * one with the least weight, whose figures go to the rest; so what the places say and the rest are
 * exactly all that was added, whatever was named and however often.  Who comes inherits the weight
 * of who goes (Metwally, Agrawal and El Abbadi, "Space-Saving"): a name with more than one part in
 * `places` of all weight has a place.  Weights are halved every USAGE_AGE_S, so that what was much
 * once does not keep a place for good.
 *
 * A table is one thread's.  Counting for a name that is known by its reference is a comparison and
 * a few additions.  Another thread asks for rows, which are plain values, and joins those of several
 * tables.
 * Tests: tests/unit/loop/usage_test.c
 */
#ifndef LOOP_USAGE_H
#define LOOP_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum usage_kind {
	USAGE_CLIENTS, /* "ADDRESS/CLIENT.ID" */
	USAGE_TOPICS,
	USAGE_GROUPS,
	USAGE_PRINCIPALS,
	USAGE_KINDS,
};

enum {
	USAGE_NAME_MAX = 255, /* bytes; longer ones that begin alike are one */
	USAGE_AGE_S = 60,
};

struct usage_sum {
	uint64_t requests, bytes_in, bytes_out; /* from and to clients */
	uint64_t errors;			/* answers, or of topics partitions, with one */
	uint64_t throttled_ms;			/* as brokers said */
};

void usage_sum_add(struct usage_sum *to, const struct usage_sum *n);

/* --- a table --- */

struct usage;

/* A name's place, as long as the name has it; all zeros: no name's. */
struct usage_ref {
	uint32_t place, taken;
};

struct usage *usage_new(uint32_t places);
void usage_free(struct usage *u); /* fine with NULL */
/* Bytes that a table of so many places takes, whatever is in it. */
size_t usage_bytes(uint32_t places);

/* Whether the reference is good still. */
bool usage_has(const struct usage *u, struct usage_ref ref);
/* Whether it is a good one of that name. */
bool usage_is(const struct usage *u, struct usage_ref ref, const void *name, size_t len);
/* The name's place, taken for it if it has none.  `now` is clock_s; name may be NULL when len is 0. */
struct usage_ref usage_take(struct usage *u, const void *name, size_t len, double now);
/* With a good reference. */
void usage_add(struct usage *u, struct usage_ref ref, const struct usage_sum *n);
/* What is nobody's by name. */
void usage_add_rest(struct usage *u, const struct usage_sum *n);

/* --- what is told of it --- */

struct usage_row {
	char *name; /* as it may be printed: UTF-8 without control characters */
	struct usage_sum sum;
	double since; /* clock_s: what went before, if anything, is in the rest */
};

struct usage_told {
	struct usage_row *rows;
	size_t count, room;
	struct usage_sum rest, all;
	uint64_t displaced; /* how often a name has lost its place */
	size_t named;	    /* rows before some were cut */
};

enum usage_order {
	USAGE_BY_BYTES,
	USAGE_BY_BYTES_IN,
	USAGE_BY_BYTES_OUT,
	USAGE_BY_REQUESTS,
	USAGE_BY_ERRORS,
	USAGE_BY_THROTTLED,
	USAGE_ORDERS,
};

/* What is asked of workers' tables. */
struct usage_wanted {
	enum usage_kind kind;
	enum usage_order order;
	size_t limit;
};

#define USAGE_ORDER_WORDS "bytes, bytes_in, bytes_out, requests, errors or throttled_ms"

/* "bytes"; as one types it. */
const char *usage_order_word(enum usage_order order);
bool usage_order_of(const char *word, enum usage_order *order);

/* Appends what the table has.  *told begins as zeros. */
void usage_tell(const struct usage *u, struct usage_told *told);
/* Rows of one name become one, the largest stand first, and of those behind `limit` the figures go
 * to the rest. */
void usage_settle(struct usage_told *told, enum usage_order order, size_t limit);
/* Moves the rows of one to another. */
void usage_append(struct usage_told *to, struct usage_told *from);
void usage_told_free(struct usage_told *told);

#endif
