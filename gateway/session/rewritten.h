/* rewritten.h - an answer that names addresses, written anew for the client. */
#ifndef SESSION_REWRITTEN_H
#define SESSION_REWRITTEN_H

#include "route/rewrite.h"

struct client;
struct request;

/* What a client is told; `of` points into the rest of it, and lacks the answer's body. */
struct rewritten_terms {
	struct rewrite of;
	struct rewrite_news news;
	struct advertising told;
};

void rewritten_terms(struct client *c, struct request *r, struct rewritten_terms *t);
/* Appends the body as the client may see it; the broker's, which is changed, must stay until g
 * has left.  False: it can't be shown. */
bool rewritten_body(struct client *c, struct request *r, struct gather *g, uint8_t *body,
		    uint32_t size);

#endif
