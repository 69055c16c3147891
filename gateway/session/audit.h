/* audit.h - the log has one line of each administrative request: who, from where, what, and the answer.
 *
 *   who=audit event=request conn=7 client=10.0.0.5:4411 principal="User:alice" api=CreateTopics v=7
 *   corr=12 outcome=errors part=1 named=2 names="orders,payments" errors="36*1" brokers="2"
 *   validate_only=false ms=4 listener="inside" client_id="tool" why=""
 *
 * Names that do not fit it are told before, as the request leaves, in lines of their own with the same conn and corr:
 *
 *   who=audit event=names conn=7 client=10.0.0.5:4411 principal="User:alice" api=DeleteTopics v=6
 *   corr=13 part=1 names="..."
 *
 * In a name %2C is a comma, as other bytes are that would mislead; one longer than a line ends with "%..." and goes on in
 * the next.
 * It is written when the answer has left, or will not (outcome=unanswered, and why), once a request:
 * whatever its log level, and not limited a second.  Who logs does not wait; room is left for these lines, and one
 * that has none all the same is counted and told of (util/logsink.h).
 * Only names are told; so a request is held whole, within the budget, before it leaves.  Requests
 * that the door does not let pass are logins out of order, and told as those.
 * Tests: tests/unit/session/audit_test.c, tests/integration/operate/audit_log.py,
 * tests/e2e/scenarios/admin_tools.py
 */
#ifndef SESSION_AUDIT_H
#define SESSION_AUDIT_H

#include <stdbool.h>

struct client;
struct request;

/* The request is to be told of: all of its frame is needed before it is sent. */
bool audit_wants(const struct client *c, const struct request *r);
/* It is about to be sent, and its frame is in the client's buffer. */
void audit_begin(struct client *c, struct request *r);
/* Its answer, or a part of that, has the error. */
void audit_error(struct request *r, int error);
/* Its answer has left. */
void audit_answered(struct request *r);
/* It ends, answered or not. */
void audit_end(struct request *r);

#endif
