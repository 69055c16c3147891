/* watch.h - an answer is looked at on its way to the client.
 *
 * Errors say that the topology is stale (KAFKA-ROUTING 3.3); hints that would lead clients past
 * the gateway are blanked in place, since the answer's size has been announced.
 * Tests: tests/unit/session/watch_test.c
 */
#ifndef SESSION_WATCH_H
#define SESSION_WATCH_H

#include "route/layout.h"
#include "session/relay.h"

struct client;
struct part;
struct request;

/* An answer of `head` bytes and a body of `size` is about to pass; it has passed. */
void watch_begin(struct request *r, uint32_t head, uint32_t size);
void watch_end(struct request *r);
struct relay_watcher watch_over(struct request *r);
/* A held answer, whole; false: it contradicts its schema. */
bool watch_whole(struct request *r, uint8_t *body, uint32_t size);
/* The same of one of several parts. */
bool watch_part(struct part *p, uint8_t *body, uint32_t size);
/* The same of one that the client is told in full: its records are counted. */
bool watch_told(struct request *r, uint8_t *body, uint32_t size);
/* The same notices, from an answer that was read to a layout. */
void watch_layout(struct client *c, struct request *r, const struct layout *answer);
void watch_topic_error(struct client *c, const struct layout_topic *topic, int error);
void watch_key_error(struct client *c, const struct request *r, int error);

#endif
