/* json.h - small makers of JSON.
 *
 * Tests: tests/unit/http/health_test.c
 */
#ifndef HTTP_JSON_H
#define HTTP_JSON_H

#include <jansson.h>

/* Text that may hold anything; what is not UTF-8 becomes '?' byte by byte.  null for NULL. */
json_t *json_text(const char *s);
json_t *json_text_n(const char *s, size_t n);
/* "host:port" */
json_t *json_host_port(const char *host, int port);
/* Compact text; takes the value.  Caller frees. */
char *json_done(json_t *o);

#endif
