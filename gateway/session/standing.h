/* standing.h - what outlives a request at its client: polls; sessions are others.
 *
 * Each kind embeds a struct standing and knows what it must do when an upstream is lost or the
 * client ends.
 * Tests: tests/unit/session/upstreams_test.c, tests/unit/session/polled_test.c
 */
#ifndef SESSION_STANDING_H
#define SESSION_STANDING_H

#include <stdbool.h>

struct client;
struct standing;
struct upstream;

struct standing_kind {
	const char *name;
	/* An upstream is about to be freed; may remove the standing. */
	void (*upstream_lost)(struct client *c, struct standing *s, const struct upstream *u);
	/* The upstream is not to be closed for idleness; u NULL: the client not for balance. */
	bool (*keeps)(const struct standing *s, const struct upstream *u);
	/* The standing has been removed, since the client ends. */
	void (*free)(struct client *c, struct standing *s);
};

struct standing {
	const struct standing_kind *kind;
	struct standing *next;
};

void standing_add(struct client *c, struct standing *s);
void standing_remove(struct client *c, struct standing *s);
void standing_upstream_lost(struct client *c, const struct upstream *u);
bool standing_keeps(const struct client *c, const struct upstream *u);
void standing_free_all(struct client *c);

#endif
