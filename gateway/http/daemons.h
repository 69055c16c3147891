/* daemons.h - the libmicrohttpd daemons of a server: the one that takes visitors, and earlier ones.
 *
 * A daemon keeps the certificate that it began with.  When there is a newer one, another daemon takes
 * those who come, and the one before serves those whom it has: once they have left, it is stopped.
 * Nobody is cut off, as with clients (net/tls_context.h).  The threads take no signals.
 * Tests: tests/unit/http/server_test.c, tests/integration/operate/http_tls.py
 */
#ifndef HTTP_DAEMONS_H
#define HTTP_DAEMONS_H

#include "net/tls_context.h"
#include "util/compiler.h"

#include <microhttpd.h>

struct daemons;

/* Takes fd, which listens and does not block; nobody is let in yet.  Borrows ctx, for on_request. */
struct daemons *daemons_new(int fd, MHD_AccessHandlerCallback on_request, void *ctx);
/* From now on visitors are served by that certificate; NULL: without TLS.  Borrows the context.
 * False: libmicrohttpd does not start with it, and who was served before is. */
MUST_CHECK bool daemons_begin(struct daemons *d, const struct tls_context *context);
/* Stops the daemons that nobody needs any more. */
void daemons_sweep(struct daemons *d);
/* Closes every connection, ends the threads; fine with NULL. */
void daemons_free(struct daemons *d);

#endif
