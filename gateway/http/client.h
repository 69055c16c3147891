/* client.h - asks a node's HTTP API: anyportctl does, and one node for another; and whoever else hands
 * out something by HTTP.
 *
 * One request at a time, each with a deadline; no proxy of the environment is used.
 * Safe from any thread.  Tests: tests/integration/operate/http_api.py
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "util/compiler.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { HTTP_CLIENT_BODY_MAX = 64 << 20, HTTP_CLIENT_WHY_MAX = 400 };

struct http_answer {
	long status; /* 200... */
	char *body;  /* ends with NUL; never NULL */
	size_t size;
	char type[64]; /* Content-Type; "" when there is none */
};

/* What goes along; all may be NULL or 0. */
struct http_extra {
	const char *token;
	const char *body;	     /* sent as JSON, */
	const char *type;	     /* or as this, "application/x-www-form-urlencoded" */
	const char *header;	     /* one more line, "X-Name: value" */
	const char *user, *password; /* RFC 7617; no user: none */
	const char *ca;	    /* file or folder of who signs the server's certificate; the system's */
	bool ignores_names; /* the server's certificate may be for anything */
};

/* Where the API is of a node that is called so: "host:port" is without TLS, what has a scheme stays as it is. */
void http_base(char *to, size_t size, const char *place);

/* False, and why with the URL: no answer within timeout_ms.  `extra` may be NULL.
 * Caller frees with http_answer_free. */
MUST_CHECK bool http_ask(const char *method, const char *url, const struct http_extra *extra,
			 long timeout_ms, struct http_answer *answer,
			 char why[HTTP_CLIENT_WHY_MAX]);
void http_answer_free(struct http_answer *answer);

/* GET of base and path, `extra` may be NULL; NULL and why: no answer, another status than 200, or no JSON. */
json_t *http_get_json(const char *base, const char *path, const struct http_extra *extra,
		      long timeout_ms, char why[HTTP_CLIENT_WHY_MAX]);

#endif
