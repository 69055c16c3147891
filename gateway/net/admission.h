/* admission.h - how many connections the node has, in all and by client address, and which file
 * descriptors may be theirs.
 *
 * One for the node, shared by the workers.  The address is the client's own:
 * the one in the PROXY header when there is one.
 * Thread-safe.  Tests: tests/unit/net/admission_test.c
 */
#ifndef NET_ADMISSION_H
#define NET_ADMISSION_H

#include "util/compiler.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

struct admission;

/* Limits; per_address 0: none. */
struct admission *admission_new(int total, int per_address);
/* Others from now on, from any thread; who is there stays. */
void admission_limit(struct admission *a, int total, int per_address);
int admission_max(const struct admission *a);
void admission_free(struct admission *a);

/* Another connection would be one too many; as far as can be known before it is tried. */
bool admission_is_full(const struct admission *a);
/* One connection more in all; false: the node is full. */
MUST_CHECK bool admission_enter(struct admission *a);
void admission_leave(struct admission *a);
/* One more from this address (ports don't count; IPv6 by /64); false: too many. */
MUST_CHECK bool admission_enter_address(struct admission *a, const struct sockaddr *address);
void admission_leave_address(struct admission *a, const struct sockaddr *address);

/* Descriptors from `first` on are not for new clients: those who are there need them, each one a
 * broker.  From any thread; at first none is kept. */
void admission_keep_files(struct admission *a, int first);
/* Whether a new client may have this one.  The kernel gives the lowest that is free, so one that
 * is kept says that all below it are in use; less than 0: there was none at all. */
bool admission_may_have_file(const struct admission *a, int fd);

#endif
