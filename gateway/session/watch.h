/* watch.h - an answer is looked at on its way to the client.
 *
 * Errors say that the topology is stale (KAFKA-ROUTING 3.3); hints that would lead clients past
 * the gateway are blanked in place, since the answer's size has been announced.
 */
#ifndef SESSION_WATCH_H
#define SESSION_WATCH_H

#include "kafka/walk.h"
#include "route/layout.h"
#include "session/relay.h"

struct client;
struct request;

/* One answer under way; good from watch_begin on. */
struct watch {
	struct walk walk;
	uint32_t head;		       /* bytes in front of its body, not passed yet */
	uint32_t blank_from, blank_to; /* offsets in its body: not for the client */
	bool in_leader_hint;
	int64_t throttle_ms; /* as the answer says */
	bool hides_value;    /* of the setting whose name was read */
	/* the topic being read, for the notices */
	struct layout_topic topic;
	uint8_t topic_bytes[256];
	bool topic_noticed;
};

/* An answer of `head` bytes and a body of `size` is about to pass. */
void watch_begin(struct request *r, uint32_t head, uint32_t size);
struct relay_watcher watch_over(struct request *r);
/* A held answer, whole; false: it contradicts its schema. */
bool watch_whole(struct request *r, uint8_t *body, uint32_t size);
/* The same notices, from an answer that was read to a layout. */
void watch_layout(struct client *c, const struct request *r, const struct layout *answer);
void watch_topic_error(struct client *c, const struct layout_topic *topic, int error);
void watch_key_error(struct client *c, const struct request *r, int error);

#endif
