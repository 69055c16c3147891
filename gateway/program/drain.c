/* Clients leave, virtual broker by virtual broker: librdkafka reports an error to its
 * application only when the connections to all brokers are down at once.  So a turn begins
 * when the clients of the turn before have gone and had a second to connect elsewhere. */
#include "balance/turns.h"
#include "program/inside.h"
#include "session/session.h"
#include "util/clock.h"
#include "util/log.h"

enum { TURN_MS = 1000, MOVING_TURN_MS = 1500, LOOK_MS = 100, SPREAD = 8 };

/* Under internal balancing the other nodes are to know of the drain first, and stop naming this
 * node: they hear of it with their next heartbeat.  After two heartbeats, or a quarter of the
 * drain's time, nobody is waited for. */
static bool others_know(const struct program *p, int64_t now)
{
	const struct config *c = p->config;
	const struct cluster_view *v;
	int64_t limit = 2 * (int64_t)c->heartbeat_interval_ms;
	bool known;

	if (!program_names_nodes(p))
		return true;
	if (limit > c->drain_timeout_ms / 4)
		limit = c->drain_timeout_ms / 4;
	v = cluster_view_get(p->shared.cluster);
	known = v->state != CLUSTER_MEMBER || v->believed_count == 1 ||
		(v->members[v->self].is_draining && v->is_told);
	cluster_view_unref(v);
	return known || now >= atomic_load(&p->drain.ends_at) - c->drain_timeout_ms + limit;
}

/* Under internal balancing a client that was closed comes back before it knows where else to
 * go, and is told; a client that is refused waits longer after each time.  So a port is closed a
 * turn later than its clients. */
static int lag(const struct program *p)
{
	return program_names_nodes(p) ? 1 : 0;
}

/* Under internal balancing turns are longer too: a client waits longer between its attempts the
 * more often it has moved of late. */
static int turn_ms(const struct program *p)
{
	return program_names_nodes(p) ? MOVING_TURN_MS : TURN_MS;
}

/* Turns are as many as there are virtual brokers, but all of them fit in half of the time. */
static int turns(const struct program *p)
{
	int most = p->config->drain_timeout_ms / 2 / turn_ms(p);
	int wanted = (p->port_count > 1 ? p->port_count : SPREAD) + lag(p);

	most = most < 1 + lag(p) ? 1 + lag(p) : most;
	return wanted < most ? wanted : most;
}

/* Clients can leave by port unless a load balancer sends all of them to one. */
static bool came_by_several_ports(const struct program *p)
{
	int one = NO_PORT;

	for (int i = 0; i < p->worker_count; i++) {
		int port = draining_came_by(p->workers[i]);

		if (port == SEVERAL_PORTS || (port != NO_PORT && one != NO_PORT && port != one))
			return true;
		if (port != NO_PORT)
			one = port;
	}
	return false;
}

static void each_worker(struct program *p, void (*tell)(struct worker *w))
{
	for (int i = 0; i < p->worker_count; i++)
		tell(p->workers[i]);
}

static void next_turn(struct program *p)
{
	struct drain *d = &p->drain;

	each_worker(p, draining_turn);
	d->gone_at = 0;
	atomic_fetch_add(&d->turns_done, 1);
	log_info("who=main event=drain_turn turn=%d of=%d clients=%lld",
		 atomic_load(&d->turns_done), atomic_load(&d->turns),
		 (long long)program_clients(p));
}

static bool is_anyone_leaving(const struct program *p)
{
	for (int i = 0; i < p->worker_count; i++) {
		if (draining_leaving(p->workers[i]) > 0)
			return true;
	}
	return false;
}

/* A turn begins when the clients of the turn before have gone and had their second, or when only
 * that second is left for each turn to come. */
static bool may_begin_turn(struct program *p, int64_t now)
{
	struct drain *d = &p->drain;
	int turns_left = atomic_load(&d->turns) - atomic_load(&d->turns_done);

	if (atomic_load(&d->turns_done) == 0)
		return others_know(p, now);
	if (is_anyone_leaving(p))
		d->gone_at = 0;
	else if (d->gone_at == 0)
		d->gone_at = now;
	return (d->gone_at > 0 && now >= d->gone_at + turn_ms(p)) ||
	       now >= atomic_load(&d->ends_at) - (turns_left + 1) * turn_ms(p);
}

static bool has_turns(const struct drain *d)
{
	return atomic_load(&d->turns_done) < atomic_load(&d->turns);
}

static void arm(struct program *p, int64_t ms)
{
	ev_timer_stop(p->loop, &p->drain.timer);
	ev_timer_set(&p->drain.timer, (double)(ms < 0 ? 0 : ms) / 1e3, 0.);
	ev_timer_start(p->loop, &p->drain.timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct program *p = timer->data;
	struct drain *d = &p->drain;
	int64_t left = atomic_load(&d->ends_at) - clock_ms();

	(void)loop;
	(void)events;
	if (left <= 0) {
		log_warn("who=main event=drain_timeout clients=%lld",
			 (long long)program_clients(p));
		each_worker(p, draining_end);
		atomic_store(&d->turns_done, atomic_load(&d->turns));
		return;
	}
	/* turns without any client left are not waited for */
	while (has_turns(d) && (program_clients(p) == 0 || may_begin_turn(p, clock_ms())))
		next_turn(p);
	arm(p, has_turns(d) && left > LOOK_MS ? LOOK_MS : left);
}

/* How many ports the workers have closed, from the first on: see balance/turns.h. */
static int closed_ports(const struct program *p)
{
	int turns = atomic_load(&p->drain.turns) - lag(p),
	    done = atomic_load(&p->drain.turns_done) - lag(p), n = 0;

	while (n < p->port_count && turns_of_port(n, turns, p->port_count) < done)
		n++;
	return n;
}

/* The ports can be bound again once every worker has closed what it had to. */
static void undrained(struct program *p)
{
	struct drain *d = &p->drain;
	int ports = closed_ports(p);

	d->is_undone = false;
	if (ports > 0 && !listening_open(p, ports))
		return;
	cluster_set_draining(p->shared.cluster, false);
	atomic_store(&p->phase, HTTP_READY);
	log_info("who=main event=undrained clients=%lld", (long long)program_clients(p));
	notify_status(&p->notify, "serving");
	if (d->begins_again)
		drain_begin(p, d->then_exits, "asked for meanwhile");
	d->begins_again = d->then_exits = false;
}

static void all_drained(struct program *p)
{
	if (atomic_load(&p->phase) != HTTP_DRAINING || ++p->drain.workers_done < p->worker_count)
		return;
	if (p->drain.is_undone) {
		undrained(p);
		return;
	}
	ev_timer_stop(p->loop, &p->drain.timer);
	atomic_store(&p->drain.turns_done, atomic_load(&p->drain.turns));
	log_info("who=main event=drained exits=%s",
		 atomic_load(&p->drain.exits) ? "true" : "false");
	if (atomic_load(&p->drain.exits))
		ev_break(p->loop, EVBREAK_ALL);
}

void drain_on_worker(void *program)
{
	program_post(program, all_drained);
}

void drain_init(struct program *p)
{
	ev_timer_init(&p->drain.timer, on_timer, 0., 0.);
	p->drain.timer.data = p;
}

static void tell_manager(struct program *p)
{
	if (atomic_load(&p->drain.exits))
		notify_stopping(&p->notify, atomic_load(&p->drain.ends_at) - clock_ms());
	notify_status(&p->notify, "draining");
}

bool drain_begin(struct program *p, bool exits, const char *reason)
{
	struct drain *d = &p->drain;
	bool by_port;

	if (d->is_undone) { /* the workers are about to answer */
		d->begins_again = true;
		d->then_exits |= exits;
		return true;
	}
	if (atomic_load(&p->phase) == HTTP_DRAINING) {
		atomic_store(&d->exits, exits || atomic_load(&d->exits));
		tell_manager(p);
		if (exits && d->workers_done >= p->worker_count)
			ev_break(p->loop, EVBREAK_ALL);
		return true;
	}
	if (!p->listening.is_open)
		return false;
	by_port = came_by_several_ports(p);
	log_info("who=main event=draining reason=\"%s\" clients=%lld", reason,
		 (long long)program_clients(p));
	atomic_store(&d->exits, exits);
	atomic_store(&d->turns, turns(p));
	atomic_store(&d->turns_done, 0);
	atomic_store(&d->ends_at, clock_ms() + p->config->drain_timeout_ms);
	d->workers_done = 0;
	atomic_store(&p->phase, HTTP_DRAINING);
	cluster_set_draining(p->shared.cluster, true);
	for (int i = 0; i < p->worker_count; i++)
		draining_begin(p->workers[i], atomic_load(&d->turns), lag(p), by_port);
	tell_manager(p);
	arm(p, 0);
	return true;
}

bool drain_undo(struct program *p)
{
	if (atomic_load(&p->phase) != HTTP_DRAINING || atomic_load(&p->drain.exits))
		return false;
	if (p->drain.is_undone)
		return true;
	ev_timer_stop(p->loop, &p->drain.timer);
	p->drain.is_undone = true;
	each_worker(p, draining_undo);
	if (p->drain.workers_done >= p->worker_count)
		undrained(p);
	return true;
}

void drain_state(struct program *p, struct http_drain *out)
{
	const struct drain *d = &p->drain;
	int64_t left = atomic_load(&d->ends_at) - clock_ms();

	*out = (struct http_drain){ .is_draining = atomic_load(&p->phase) == HTTP_DRAINING,
				    .turns = atomic_load(&d->turns),
				    .turns_done = atomic_load(&d->turns_done),
				    .clients = program_clients(p),
				    .left_ms = left > 0 ? left : 0,
				    .exits = atomic_load(&d->exits) };
}
