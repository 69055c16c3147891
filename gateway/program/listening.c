/* The node's ports.  They are bound once the brokers are known, since their ids say how many
 * there are.  Under internal balancing nobody is served before the other nodes, their loads and
 * where clients have connections are known too: an answer that knew less would move several of a
 * client's brokers at once.
 * A client that connects in the meantime waits, in the kernel's queue.  A node that its group
 * refuses does not wait for the others: it would wait in vain. */
#include "balance/skew.h"
#include "net/listen.h"
#include "program/inside.h"
#include "route/advertise.h"
#include "session/session.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NODES_LIMIT_S = 10 };

/* At most so many of the listener's ports, from its first on. */
static bool open_ports(struct program *p, size_t listener, int most)
{
	const struct listener *l = config_listener(p->first, listener);
	struct bound *b = &p->listening.bound[listener];
	int ports = b->ports < most ? b->ports : most;
	char why[256];

	b->fds = mem_alloc((size_t)ports * (size_t)p->worker_count * sizeof *b->fds);
	if (listen_open(l->bind_host, l->port_start, ports, p->worker_count, b->fds, why,
			sizeof why) == 0) {
		b->fd_ports = ports;
		return true;
	}
	free(b->fds);
	b->fds = NULL;
	program_fail(p, why);
	return false;
}

static bool open_all(struct program *p, int most)
{
	for (size_t i = 0; i < p->listener_count; i++) {
		if (!open_ports(p, i, most))
			return false;
	}
	return true;
}

static void hand_out_ports(struct program *p, size_t listener)
{
	struct bound *b = &p->listening.bound[listener];
	int *mine = mem_alloc((size_t)b->fd_ports * sizeof *mine);

	for (int w = 0; w < p->worker_count; w++) {
		for (int i = 0; i < b->fd_ports; i++)
			mine[i] = b->fds[i * p->worker_count + w];
		ports_listen(p->workers[w], listener, mine, b->fd_ports);
	}
	free(mine);
	free(b->fds);
	b->fds = NULL;
}

static void hand_out(struct program *p)
{
	for (size_t i = 0; i < p->listener_count; i++)
		hand_out_ports(p, i);
}

bool listening_open(struct program *p, int ports)
{
	if (!open_all(p, ports))
		return false;
	hand_out(p);
	return true;
}

/* --- the start --------------------------------------------------------------- */

static void tell_ready(const struct program *p, size_t listener)
{
	const struct listener *l = config_listener(p->first, listener);

	log_info("who=main event=ready%s%s host=%s ports=%d-%d advertised=%s:%d workers=%d",
		 l->name != NULL ? " listener=" : "", l->name != NULL ? l->name : "", l->bind_host,
		 l->port_start, l->port_start + p->listening.bound[listener].ports - 1,
		 l->advertised_host, l->advertised_port, p->worker_count);
}

static void serve(struct program *p)
{
	ev_timer_stop(p->loop, &p->listening.limit);
	hand_out(p);
	p->listening.is_open = true;
	atomic_store(&p->phase, HTTP_READY);
	notify_ready(&p->notify, "serving");
	for (size_t i = 0; i < p->listener_count; i++)
		tell_ready(p, i);
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
	return p->listening.bound[0].fds != NULL && !p->listening.is_open;
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

static void begin(struct program *p)
{
	const struct cluster_view *v;
	int counts[LISTENERS_MAX];

	for (size_t i = 0; i < p->listener_count; i++) {
		int ports = p->listening.bound[i].ports;

		counts[i] = ports;
		p->port_count = ports > p->port_count ? ports : p->port_count;
	}
	if (!open_all(p, p->port_count))
		return;
	cluster_start(p->shared.cluster, counts);
	ev_timer_start(p->loop, &p->listening.limit);
	v = cluster_view_get(p->shared.cluster);
	look(p, v);
	cluster_view_unref(v);
}

int listening_needs(const struct listener *l, const struct snapshot *s)
{
	struct advertising a = { l, l->port_count };
	struct advertised told;

	if (a.port_count == 0)
		a.port_count = advertise_ports_needed(l, s);
	return s->broker_count > 0 && advertise_broker(&a, s, s->brokers[0].id, &told)
		       ? a.port_count
		       : 0;
}

/* False: told. */
static bool count_ports(struct program *p, const struct snapshot *s)
{
	for (size_t i = 0; i < p->listener_count; i++) {
		const struct listener *l = config_listener(p->first, i);
		int ports = listening_needs(l, s);

		p->listening.bound[i].ports = ports;
		if (ports > 0)
			continue;
		log_error("who=main err=\"no broker has a port: ids from %d on, %d ports, see "
			  "min_broker_id and port_count\"",
			  l->min_broker_id,
			  l->port_count > 0 ? l->port_count : advertise_ports_needed(l, s));
		return false;
	}
	return true;
}

/* How many ports a listener has may be known only now (9092-): clients of two must not be told the same addresses. */
static bool are_apart(struct program *p)
{
	char why[256];

	for (size_t j = 1; j < p->listener_count; j++) {
		for (size_t i = 0; i < j; i++) {
			const struct listener *a = config_listener(p->first, i),
					      *b = config_listener(p->first, j);
			const int ports_a = p->listening.bound[i].ports,
				  ports_b = p->listening.bound[j].ports;

			if (!listeners_told_alike(a, ports_a, b, ports_b))
				continue;
			snprintf(why, sizeof why,
				 "the cluster needs %d and %d ports: clients of the listeners %s "
				 "and %s would be told the same addresses of %.100s, from %d and "
				 "from %d on",
				 ports_a, ports_b, a->name, b->name, a->advertised_host,
				 a->advertised_port, b->advertised_port);
			program_fail(p, why);
			return false;
		}
	}
	return true;
}

static void on_snapshot(void *owner, const void *snapshot)
{
	struct program *p = owner;
	const struct snapshot *s = snapshot;

	if (p->port_count == 0 && atomic_load(&p->phase) == HTTP_STARTING && count_ports(p, s) &&
	    are_apart(p))
		begin(p);
	if ((int)s->broker_count != p->brokers)
		clients_limit(p, p->config, (int)s->broker_count);
	snapshot_unref(s);
}

void listening_init(struct program *p)
{
	p->listening.bound = mem_zalloc(p->listener_count * sizeof *p->listening.bound);
	topology_subscribe(p->shared.topology, &p->mailbox, on_snapshot);
	cluster_subscribe(p->shared.cluster, &p->mailbox, on_view);
	ev_timer_init(&p->listening.limit, on_limit, NODES_LIMIT_S, 0.);
	p->listening.limit.data = p;
}

static void close_ports(const struct program *p, struct bound *b)
{
	for (int i = 0; b->fds != NULL && i < b->fd_ports * p->worker_count; i++)
		close(b->fds[i]);
	free(b->fds);
}

void listening_deinit(struct program *p)
{
	ev_timer_stop(p->loop, &p->listening.limit);
	for (size_t i = 0; i < p->listener_count; i++)
		close_ports(p, &p->listening.bound[i]);
	free(p->listening.bound);
}
