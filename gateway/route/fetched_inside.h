/* fetched_inside.h - the partitions that are kept, and where; for fetched*.c only.
 *
 * fetched_kept.c keeps them, fetched.c says by what a client's Fetch and the cluster change them,
 * fetched_said.c what a broker is told of them.
 */
#ifndef ROUTE_FETCHED_INSIDE_H
#define ROUTE_FETCHED_INSIDE_H

#include "route/fetched.h"
#include "util/table.h"

#include <sys/queue.h>

struct fetched_topic {
	struct table_node node;
	struct layout_topic key; /* how it is named; in `bytes` */
	uint32_t items;
	uint32_t head, tail; /* bytes in front of its partitions' count, and behind them */
	uint8_t bytes[];
};

struct fetched_item {
	struct table_node node;
	TAILQ_ENTRY(fetched_item) link; /* in one of its broker's lists */
	struct fetched_topic *topic;
	struct fetched_broker *at;
	int32_t partition;
	uint32_t since;	 /* answers to what was said before it are not wanted */
	bool is_changed; /* in the list `changed` */
	bool was_said;	 /* the broker may have it */
	bool is_gone;	 /* not read here any more: the broker is to forget it */
	uint32_t len;
	uint8_t bytes[]; /* as the client said it */
};

TAILQ_HEAD(fetched_list, fetched_item);

struct fetched_broker {
	TAILQ_ENTRY(fetched_broker) link;
	int32_t id;
	int32_t session, epoch; /* what the broker has, 0: none; what it is to hear next */
	bool begins;		/* it is to be told all: there is none, or nobody knows */
	uint32_t said;		/* so many frames were said to it */
	int32_t epoch_before;	/* as it was before the last of them */
	bool told_news;		/* that one said something of partitions */
	uint32_t floor;		/* answers to those up to this one are not wanted */
	uint32_t reading;
	struct fetched_list told, changed;
};

struct fetched {
	struct table topics, items;
	TAILQ_HEAD(, fetched_broker) brokers; /* each has its turn to be the first */
	uint32_t reading;
	size_t bytes;		      /* of topics and items; brokers are few */
	int64_t min_bytes, isolation; /* of the last Fetch */
	uint32_t behind_forgotten;    /* its body's offset behind what it forgets */
};

/* What is not there is NULL; that is as good as a topic without partitions, too. */
struct fetched_topic *fetched_find_topic(const struct fetched *f, const struct layout_topic *topic);
/* The partition, where it is read; or what `gone` is to forget of it. */
struct fetched_item *fetched_find_item(const struct fetched *f, const struct fetched_topic *topic,
				       int32_t partition, const struct fetched_broker *gone);
struct fetched_broker *fetched_find_broker(const struct fetched *f, int32_t id);
/* The same, made where there is none yet. */
struct fetched_broker *fetched_get_broker(struct fetched *f, int32_t id);

/* One that is not known yet, as it stands in that body. */
struct fetched_topic *fetched_add_topic(struct fetched *f, const struct layout_topic *like,
					const uint8_t *body);
/* The partition is read at this broker from now on, and not where it was: it has so many bytes, which
 * are what they were or are to be set. */
struct fetched_item *fetched_item_at(struct fetched *f, struct fetched_topic *topic,
				     int32_t partition, struct fetched_broker *at, uint32_t len);
/* The broker is to be told of it, or has been. */
void fetched_set_changed(struct fetched_item *i, bool is_changed);
/* The broker is to forget it, if it has it; then the item, and its topic with the last one, is gone. */
void fetched_leave_item(struct fetched *f, struct fetched_item *i);
/* Nothing is read there any more. */
void fetched_leave_broker(struct fetched *f, struct fetched_broker *b);
/* And its topic with the last one. */
void fetched_free_item(struct fetched *f, struct fetched_item *i);

#endif
