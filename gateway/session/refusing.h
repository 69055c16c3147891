/* refusing.h - what names the nodes' own group or topic is refused (route/reserved.h).
 *
 * Tests: tests/unit/session/routing_test.c, tests/integration/cluster/reserved_names.py
 */
#ifndef SESSION_REFUSING_H
#define SESSION_REFUSING_H

#include "session/course.h"

/* Nothing of the request goes to a broker: it is answered with the code. */
enum course_need refusing_all(struct sending *to, int code);
/* Of a request for one broker, what names the nodes' group or topic; NEED_NOTHING: the rest of the
 * decision follows, unless there is a course.  Items that have brokers of their own are
 * send_items'. */
enum course_need refusing_look(struct client *c, struct request *r, struct sending *to);

#endif
