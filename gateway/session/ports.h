/* ports.h - the ports of a worker, by which clients come.
 *
 * Each worker has a listening socket of its own for every port (SO_REUSEPORT); the kernel divides
 * new connections among them.  When there is no descriptor for a client, or no broker can be
 * reached, the listeners rest: who comes waits in the kernel for a few seconds and is refused then.
 * A load balancer that gives the next client to the node with the fewest would else give them all
 * to the one that fails at once.
 * Tests: tests/integration/data/no_files.py, tests/integration/haproxy/sick_node.py
 */
#ifndef SESSION_PORTS_H
#define SESSION_PORTS_H

#include "session/worker.h"

/* Before the worker's thread runs. */
void ports_init(struct worker *w);
/* From any thread: the worker takes the listening sockets of a listener, one a port from its first on,
 * and closes them when it drains. */
void ports_listen(struct worker *w, size_t entrance, const int *fds, int port_count);
/* On the worker's thread: takes the connections in the port's queue, and closes it, of each listener
 * that has so many. */
void ports_close(struct worker *w, int port);
/* Closes all at once; after the worker's thread has ended, and its clients have gone. */
void ports_free(struct worker *w);

/* From any thread: no clients are taken for want of descriptors. */
bool ports_lack_files(const struct worker *w);
/* From any thread: for how long connections to several brokers have failed and none was made; 0:
 * that is not so, or nobody has tried for of_late_ms.  Brokers that are gone for everybody say
 * nothing of this node. */
int64_t ports_cut_off_ms(const struct worker *w, int64_t of_late_ms);

#endif
