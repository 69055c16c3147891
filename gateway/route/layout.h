/* layout.h - where the parts of a message are that routing cares about.
 *
 * Filled by the events of a walk, a request's or an answer's, as they come; so
 * a Produce is decided by its first hundred bytes when it has one partition.
 * A message is divided either in two levels (topics of partitions) or in one
 * (keys: groups, transactions, resources); both end up as items.
 *
 *   body   ......|n|topic.........|n|item|item|.....|topic...|......
 *                ^array_at         ^topic.count_at  ^topic.end    ^array_end
 *                  ^array_body       ^items[first].at
 *
 * Where topics stand in sections (markers of a producer, what lies in a directory) the array is
 * theirs, and each has its topics as the message above has its own.
 *
 * Offsets count from the body's first byte.  Memory is the arena's; names and
 * keys point into the message until layout_keep copies them.
 *
 * A layout takes memory for LAYOUT_FEW topics and items by itself, and is then full: it hears of
 * nothing more.  Who may have more counts the message first (layout_count), pays, and gives the
 * layout exactly the room for what was counted (layout_room).
 * Tests: tests/unit/route/layout_test.c, tests/fuzz/route.c
 */
#ifndef ROUTE_LAYOUT_H
#define ROUTE_LAYOUT_H

#include "kafka/walk.h"
#include "util/arena.h"
#include "util/compiler.h"

enum { LAYOUT_SUMS = 2 };

/* A single value and where it is; at is 0 when the message has none. */
struct layout_value {
	int64_t number;
	uint32_t at, size;
};

struct layout_section {
	const uint8_t *id; /* as it is on the wire; NULL: it has none, topics are what counts */
	uint32_t id_len;
	uint32_t at, count_at, topics_at, topics_end, end;
	uint32_t first, count;		       /* its topics */
	struct layout_value error;	       /* its own */
	struct layout_value sums[LAYOUT_SUMS]; /* in their order */
	uint32_t sum_count;
};

struct layout_topic {
	uint32_t section;    /* index; 0 where there are none */
	const uint8_t *name; /* NULL: by id */
	uint32_t name_len;
	const uint8_t *id; /* 16 bytes, NULL: by name */
	uint32_t at, count_at, items_at, items_end, end;
	uint32_t first, count; /* its items */
	bool is_refused;       /* of a request: see route/reserved.h */
};

struct layout_item {
	uint32_t topic;	    /* index; 0 for keys */
	int32_t partition;  /* -1 for keys */
	const uint8_t *key; /* NULL for partitions, and for a null key */
	uint32_t key_len;
	int16_t resource_type;
	int16_t error;	      /* of an answer's item; of a request's: with what it is refused */
	int32_t leader_epoch; /* -1: not told */
	uint32_t at, end;
	/* RECORD_BYTES and the length in front of them; size 0: it has none (yet), len 0: they
	 * are empty or null */
	uint32_t records_at, records_size, records_len;
	uint32_t
		records_told; /* of an answer's that was merged: bytes of them that the merged one has */
	/* of the first batch, where somebody reads it (session/behind.h); producer -1: not known */
	int64_t producer;
	int32_t sequence;
	int16_t producer_epoch;
	int32_t target; /* a broker id, or one of the values below */
};

enum {
	TARGET_ANY = -1,     /* any live broker writes the authentic answer */
	TARGET_UNKNOWN = -2, /* not looked up, or unknown: ask the topology, then any */
	TARGET_REFUSED = -3, /* no broker gets it: see route/reserved.h */
	TARGET_VETTED = -4,  /* any live broker says whether the client may: session/vetted.h */
};

struct layout {
	struct arena *arena;
	struct layout_section *sections;
	struct layout_topic *topics;
	struct layout_item *items;
	uint32_t section_count, section_cap, topic_count, topic_cap, item_count, item_cap;
	uint32_t topics_said, items_said; /* how many the counts announced */
	bool has_array, has_sections, by_key, array_null;
	uint32_t array_at, array_body, array_end;
	bool is_full;  /* there is more than it has room for: what it says ends there */
	bool all_seen; /* every item's key or index is known */
	bool done;     /* the walk is through */
	/* a single key */
	bool has_key;
	const uint8_t *key; /* NULL: null */
	uint32_t key_len;
	const uint8_t *named_group; /* beside the key; NULL: none */
	uint32_t named_group_len;
	enum kis key_is;       /* what the key is, or the items' keys are */
	uint64_t record_bytes; /* of all RECORD_BYTES */
	uint32_t record_runs;  /* how many of them have begun: their lengths are good */
	bool has_item_error;
	/* values outside of items */
	struct layout_value acks, timeout_ms, max_wait_ms, min_bytes, max_bytes, session_id,
		session_epoch, member, rack, replica, isolation, throttle, error, key_type,
		endpoints;
	/* state of the filling */
	bool only_counts; /* it has one section, topic and item: the last ones */
	bool in_section, in_item, in_tag;
	size_t kept; /* bytes of memory that layout_keep takes */
};

enum {
	LAYOUT_FEW = 128,
	LAYOUT_MOST = 1000 * 1000, /* sections, topics and items that a message may have */
};

/* A layout that was only counted: its counts and single values, and no topics or items. */
struct layout_sum {
	struct layout layout;
	struct layout_section section;
	struct layout_topic topic;
	struct layout_item item;
};

void layout_init(struct layout *l, struct arena *arena);
/* Counts a whole message body, which takes no memory.  False: it contradicts its plan, or has more
 * than LAYOUT_MOST things (is_full). */
MUST_CHECK bool layout_count(struct layout_sum *sum, const struct plan *plan, const uint8_t *body,
			     uint32_t size);
/* Memory that a layout of what was counted takes, its copies included. */
size_t layout_bytes(const struct layout_sum *sum);
/* Gives an empty layout exactly that room. */
void layout_room(struct layout *l, const struct layout_sum *sum);
/* Walks a whole message body that was counted. */
void layout_read_counted(struct layout *l, const struct layout_sum *sum, const struct plan *plan,
			 const uint8_t *body, uint32_t size);
void layout_event(struct layout *l, const struct walk_event *e);
/* Copies names and keys into the arena, so that the message may go. */
void layout_keep(struct layout *l);

/* The same topic, named the same way; alike for those: hashes of it, and of one of its partitions. */
bool layout_same_topic(const struct layout_topic *a, const struct layout_topic *b);
uint64_t layout_topic_hash(const struct layout_topic *t);
uint64_t layout_partition_hash(const struct layout_topic *t, int32_t partition);

/* The items that `has` says, in the topics and sections that they stand in, as a layout of their own
 * in memory of `arena`. */
struct layout layout_some(const struct layout *l, struct arena *arena,
			  bool (*has)(const void *ctx, const struct layout *l,
				      const struct layout_item *i),
			  const void *ctx);

/* The section of a topic; NULL: there are none. */
static inline const struct layout_section *layout_section_of(const struct layout *l,
							     const struct layout_topic *topic)
{
	return l->section_count > 0 ? &l->sections[topic->section] : NULL;
}

/* Counts and walks a whole message body; false: see layout_count. */
bool layout_read(struct layout *l, const struct plan *plan, const uint8_t *body, uint32_t size);

#endif
