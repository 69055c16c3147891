/* rewritten.h - an answer that names addresses, written anew for the client. */
#ifndef SESSION_REWRITTEN_H
#define SESSION_REWRITTEN_H

#include "util/gather.h"

#include <stdbool.h>
#include <stdint.h>

struct client;
struct request;

/* Appends the body as the client may see it; the broker's, which is changed, must stay until g
 * has left.  False: it can't be shown. */
bool rewritten_body(struct client *c, struct request *r, struct gather *g, uint8_t *body,
		    uint32_t size);

#endif
