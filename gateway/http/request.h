/* request.h - one request to the HTTP side, the answer to it, and who answers.
 *
 * Shared by the server and by what answers; has no code of its own but two
 * small makers of answers (server.c).
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* The header of a request that one node passes on to another. */
#define HTTP_PASSED_ON "X-Anyport-Passed-On"

/* Borrowed for the length of a call. */
struct http_request {
	const char *method; /* "GET" for HEAD too */
	const char *path;   /* decoded, without the arguments */
	const char *rest;   /* what follows the route's path; "" when nothing may */
	const char *token;  /* that the visitor gave; NULL: none */
	bool is_passed_on;  /* by another node */
	void *connection;   /* the server's */
};

/* An argument behind the '?', decoded; NULL: not there. */
const char *http_argument(const struct http_request *r, const char *name);
/* Each one in turn. */
void http_arguments(const struct http_request *r,
		    void (*each)(void *ctx, const char *name, const char *value), void *ctx);

struct http_reply {
	unsigned status;
	const char *type; /* Content-Type, not copied */
	char *body;	  /* the server frees it */
	size_t size;
};

/* Who may have a route's answer. */
enum http_access {
	HTTP_FOR_PROBES,    /* everybody, by whatever name the node was called */
	HTTP_FOR_METRICS,   /* the same, unless there is a metrics token */
	HTTP_FOR_ALL,	    /* everybody: tells nothing of the node */
	HTTP_FOR_READERS,   /* tells of clients and brokers: unless there is a read token */
	HTTP_FOR_OPERATORS, /* changes something: needs the token */
};

struct http_route {
	const char *method; /* GET (also answers HEAD), POST, DELETE */
	const char *path;   /* one that ends in '/' takes one word more */
	enum http_access access;
	/* On a thread of the connection's own; several at a time. */
	struct http_reply (*answer)(void *ctx, const struct http_request *r);
};

/* Takes the text. */
struct http_reply http_json(unsigned status, char *json);
/* {"error": "..."} */
struct http_reply http_error(unsigned status, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
