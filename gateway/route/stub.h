/* stub.h - the answer that the gateway writes when a broker can't.
 *
 * Every item of the request with one error code; what else an answer says is
 * the stub of its row.  Tests: tests/unit/route/stub_test.c
 */
#ifndef ROUTE_STUB_H
#define ROUTE_STUB_H

#include "kafka/api.h"
#include "kafka/errors.h"
#include "route/layout.h"
#include "util/buf.h"

/* Appends the body.  The code stands in each item, or at the top when the
 * request has none (or `at_top`: then the items are left out).  An item that is refused
 * (route/reserved.h) has its own.  False: it does not fit, and `out` is worthless. */
MUST_CHECK bool stub_answer(struct buf *out, const struct kapi *api, int version,
			    const struct layout *request, int code, bool at_top);
/* How long it is at most. */
size_t stub_most(const struct kapi *api, int version, const struct layout *request);

/* Whether answers of the version have an error that speaks for all of them. */
bool stub_has_top(const struct kapi *api, int version);

#endif
