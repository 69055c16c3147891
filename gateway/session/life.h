/* life.h - how a client's life moves on, whoever finds out; client.h has the drawing. */
#ifndef SESSION_LIFE_H
#define SESSION_LIFE_H

#include "session/inside.h"

/* It is stepped before the loop sleeps. */
void client_wake(struct client *c);
void client_on_event(void *client); /* the same, as a connection's on_event */
void client_set_life(struct client *c, enum client_life life, const char *why);
/* It must end, now; the first reason counts. */
void client_fail(struct client *c, const char *why);

#endif
