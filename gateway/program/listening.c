/* The node's ports.  They are bound once the brokers are known, since their ids say how many
 * there are.  Under internal balancing nobody is served before the other nodes, their loads and
 * where clients have connections are known too: an answer that knew less would move several of a
 * client's brokers at once.
 * A client that connects in the meantime waits, in the kernel's queue.  A node that its group
 * refuses does not wait for the others: it would wait in vain. */
#include "route/advertise.h"
#include "balance/skew.h"
#include "net/listen.h"
#include "program/inside.h"
#include "session/session.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>
#include <unistd.h>

enum { NODES_LIMIT_S = 10 };

static bool open_ports(struct program *p, int ports)
{
	const struct config *c = p->first;
	struct listening *l = &p->listening;
	char why[256];

	l->fds = mem_alloc((size_t)ports * (size_t)p->worker_count * sizeof *l->fds);
	if (listen_open(c->bind_host, c->port_start, ports, p->worker_count, l->fds, why,
			sizeof why) == 0) {
		l->fd_ports = ports;
		return true;
	}
	free(l->fds);
	l->fds = NULL;
	program_fail(p, why);
	return false;
}

static void hand_out(struct program *p)
{
	struct listening *l = &p->listening;
	int *mine = mem_alloc((size_t)l->fd_ports * sizeof *mine);

	for (int w = 0; w < p->worker_count; w++) {
		for (int i = 0; i < l->fd_ports; i++)
			mine[i] = l->fds[i * p->worker_count + w];
		ports_listen(p->workers[w], mine, l->fd_ports);
	}
	free(mine);
	free(l->fds);
	l->fds = NULL;
}

bool listening_open(struct program *p, int ports)
{
	if (!open_ports(p, ports))
		return false;
	hand_out(p);
	return true;
}

/* --- the start --------------------------------------------------------------- */

static void serve(struct program *p)
{
	const struct config *c = p->first;

	ev_timer_stop(p->loop, &p->listening.limit);
	hand_out(p);
	p->listening.is_open = true;
	atomic_store(&p->phase, HTTP_READY);
	notify_ready(&p->notify, "serving");
	log_info("who=main event=ready host=%s ports=%d-%d advertised=%s:%d workers=%d",
		 c->bind_host, c->port_start, c->port_start + p->port_count - 1, c->advertised_host,
		 c->advertised_port, p->worker_count);
}

static bool knows_nodes(const struct cluster_view *v)
{
	const struct cluster_load none = { 0 };

	return v->state == CLUSTER_MEMBER &&
	       (v->topic_trouble != NULL || ((v->has_heard || v->believed_count == 1) &&
					     skew_of(v, &none, clock_ms()).is_whole));
}

static bool is_waiting(const struct program *p)
{
	return p->listening.fds != NULL && !p->listening.is_open;
}

static void look(struct program *p, const struct cluster_view *v)
{
	if (is_waiting(p) && (!program_names_nodes(p) || v->is_refused || knows_nodes(v)))
		serve(p);
}

static void on_view(void *owner, const void *view)
{
	const struct cluster_view *v = view;

	look(owner, v);
	cluster_view_unref(v);
}

static void on_limit(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct program *p = timer->data;

	(void)loop;
	(void)events;
	if (!is_waiting(p))
		return;
	log_warn("who=main event=alone reason=\"the other nodes or their loads are not known after "
		 "%d s: clients are told what is known\"",
		 NODES_LIMIT_S);
	serve(p);
}

static void begin(struct program *p, int ports)
{
	const struct cluster_view *v;

	if (!open_ports(p, ports))
		return;
	p->port_count = ports;
	cluster_start(p->shared.cluster, ports);
	ev_timer_start(p->loop, &p->listening.limit);
	v = cluster_view_get(p->shared.cluster);
	look(p, v);
	cluster_view_unref(v);
}

static void on_snapshot(void *owner, const void *snapshot)
{
	struct program *p = owner;
	const struct snapshot *s = snapshot;
	struct advertising a = { p->first, p->first->port_count };
	struct advertised told;

	if (a.port_count == 0)
		a.port_count = advertise_ports_needed(p->first, s);
	if (p->port_count == 0 && atomic_load(&p->phase) == HTTP_STARTING) {
		if (s->broker_count > 0 && advertise_broker(&a, s, s->brokers[0].id, &told))
			begin(p, a.port_count);
		else
			log_error(
				"who=main err=\"no broker has a port: ids from %d on, %d ports, see "
				"min_broker_id and port_count\"",
				p->first->min_broker_id, a.port_count);
	}
	if ((int)s->broker_count != p->brokers)
		clients_limit(p, p->config, (int)s->broker_count);
	snapshot_unref(s);
}

void listening_init(struct program *p)
{
	topology_subscribe(p->shared.topology, &p->mailbox, on_snapshot);
	cluster_subscribe(p->shared.cluster, &p->mailbox, on_view);
	ev_timer_init(&p->listening.limit, on_limit, NODES_LIMIT_S, 0.);
	p->listening.limit.data = p;
}

void listening_deinit(struct program *p)
{
	struct listening *l = &p->listening;

	ev_timer_stop(p->loop, &l->limit);
	for (int i = 0; l->fds != NULL && i < l->fd_ports * p->worker_count; i++)
		close(l->fds[i]);
	free(l->fds);
}
