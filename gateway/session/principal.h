/* principal.h - who the client is, as a broker has believed it, and what follows for its connections.
 *
 * Tests: tests/unit/session/doorway_test.c
 */
#ifndef SESSION_PRINCIPAL_H
#define SESSION_PRINCIPAL_H

#include "upstream/upstream.h"
#include "util/compiler.h"

struct carried;
struct client;
struct login;
struct part;

/* As the worker's configuration says, for a client that has just come. */
void principal_init(struct client *c);
/* Wipes what must not be found. */
void principal_deinit(struct client *c);
/* Wipes what the client said to log in. */
void principal_forget(struct client *c);
/* A broker has let the client in: from now on others are told the same. */
void principal_carry(struct client *c);

/* The gateway has judged a login of that name: finds whom the client is to be at the brokers, which principal_carry then
 * makes it.  NULL, or why it can't be anybody there. */
MUST_CHECK const char *principal_find(struct client *c, const char *who);

/* As it may stand in a log line and in JSON, to be freed. */
char *principal_printable(const char *name);
/* The same of a User. */
char *principal_text(const char *who);
/* A broker takes the client for that User. */
void principal_is(struct client *c, const char *who);
/* As it may be printed: who the client is; NULL: it has not said so yet. */
const char *principal_told(const struct client *c);

/* The mechanism of that name, where clients may have it; NULL: they may not. */
const struct carried *principal_offers(const struct client *c, const uint8_t *name, size_t len);
/* Whether a connection of that purpose to another broker can be opened as the client. */
bool principal_can_open(const struct client *c, enum upstream_purpose purpose);
/* How a new connection of that purpose logs in; NULL: it does not, or the client does it itself. */
struct login *principal_login(const struct client *c, enum upstream_purpose purpose);
/* The connection may not have the part yet: a login is under way there. */
bool principal_holds(const struct client *c, const struct upstream *u, const struct part *p);

#endif
