#include "cluster/cluster.h"

#include "cluster/group.h"
#include "cluster/roster.h"
#include "cluster/traffic.h"
#include "loop/thread.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>

enum {
	WATCH_MS = 1000, /* loads are published so often, and a lost session is seen */
	LEAVE_MS = 1000, /* for the group to hear that this node goes */
};

/* Wishes of other threads, laid down here until the cluster's thread takes them. */
struct desk {
	pthread_mutex_t lock;
	struct cluster_load load;
	bool has_load, is_draining, is_posted;
};

struct cluster {
	const struct config *config;
	struct topology *topology;
	char topic[CONFIG_TOPIC_MAX]; /* "": off */
	pthread_t thread;
	bool is_started, is_stopped;
	struct publisher *publisher;
	struct mailbox inbox;
	struct letter stop_letter, desk_letter;
	struct desk desk;

	/* The cluster's thread has these; before it runs, the thread that makes it; where there is
	 * none, whoever has the desk's lock. */
	struct ev_loop *loop;
	const struct snapshot *snapshot;
	struct lines *lines;
	struct group *group;
	struct traffic *traffic;
	struct load_events load_events;
	const struct cluster_exchange *exchange; /* NULL: none */
	struct seal *seal;			 /* NULL: there is no secret */
	struct roster roster;
	enum cluster_state state;
	int64_t since;
	bool is_changed, loads_changed;
	bool is_leaving, has_left;
	ev_prepare prepare; /* publishes, once for all that came together */
	ev_timer watch, leave_timer;
};

/* --- the view --- */

static char *copied(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

static void tell_group(const struct cluster *c, struct cluster_view *v)
{
	const struct member *m = group_life(c->group);

	v->generation = m->generation;
	v->trouble = copied(member_trouble(m));
	v->is_refused = member_is_refused(m);
	v->topic_trouble = copied(traffic_trouble(c->traffic));
	v->has_heard = traffic_has_heard(c->traffic);
}

static void publish(struct cluster *c)
{
	const struct cluster_view *before = publisher_peek(c->publisher);
	struct cluster_view *v =
		roster_view(&c->roster, c->config, *c->topic != '\0' ? c->topic : NULL);
	bool is_same = before != NULL && view_same_members(before, v);

	c->is_changed = c->loads_changed = false;
	v->state = c->state;
	v->is_told = c->roster.is_told;
	v->since = c->since;
	if (c->group != NULL)
		tell_group(c, v);
	v->serial = is_same ? before->serial : before != NULL ? before->serial + 1 : 1;
	view_log(before, v);
	publisher_publish(c->publisher, v);
}

/* --- who is there --- */

static void set_state(struct cluster *c, enum cluster_state state)
{
	if (c->state == state)
		return;
	log_info("who=cluster event=state state=%s group=%s", cluster_state_text(state),
		 c->config->group_id);
	c->state = state;
	c->since = clock_ms();
	c->is_changed = true;
}

static void look_at_state(struct cluster *c)
{
	const struct member *m = group_life(c->group);

	if (c->state == CLUSTER_JOINING && m->state != MEMBER_STABLE)
		return;
	set_state(c, member_is_apart(m, clock_ms()) ? CLUSTER_APART : CLUSTER_MEMBER);
}

static void send_identity(struct cluster *c)
{
	struct buf identity;

	buf_init(&identity, IDENTITY_MAX);
	identity_write(&identity, &c->roster.self);
	identity_seal(&identity, &c->roster.self, c->seal, clock_wall_ms());
	group_identity(c->group, &identity);
	buf_deinit(&identity);
	c->is_changed = true;
}

/* The map has old data of this node, or none: the node must say again who it is, as something
 * newer, or the group would take it for the same. */
static void put_right(struct cluster *c)
{
	if (group_life(c->group)->state != MEMBER_STABLE ||
	    !roster_put_right(&c->roster, clock_ms()))
		return;
	log_info("who=cluster event=rejoin reason=\"the group has older data of this node\"");
	send_identity(c);
}

static void on_map(void *owner, const uint8_t *map, size_t len)
{
	struct cluster *c = owner;

	roster_take_map(&c->roster, map, len);
	c->is_changed = true;
	put_right(c);
}

/* The coordinator is a broker that the snapshot lacks: the snapshot is older than the cluster. */
static void on_stranger(void *owner)
{
	topology_notice_all(((struct cluster *)owner)->topology);
}

static void on_change(void *owner)
{
	struct cluster *c = owner;

	look_at_state(c);
	c->is_changed = true;
}

static void on_load(void *owner, const char *node_id, size_t id_len, int64_t incarnation,
		    const struct cluster_load *load)
{
	struct cluster *c = owner;

	(void)incarnation;
	roster_take_load(&c->roster, node_id, id_len, load, clock_ms());
	c->loads_changed = true;
}

static void on_keys(void *owner, const char *node_id, size_t id_len, const struct load_keys *keys)
{
	struct cluster *c = owner;
	const struct cluster_exchange *x = c->exchange;

	if (x == NULL || roster_is_self(&c->roster, node_id, id_len))
		return;
	if (keys->asks)
		x->asked(x->owner);
	if (keys->count > 0)
		x->heard(x->owner, node_id, id_len, keys->keys, keys->count);
}

/* --- what comes from elsewhere --- */

static void on_snapshot(void *owner, const void *value)
{
	struct cluster *c = owner;
	const struct snapshot *s = value, *before = c->snapshot;
	bool is_first = before == NULL;

	if (c->is_stopped) {
		snapshot_unref(s);
		return;
	}
	c->snapshot = s;
	group_snapshot(c->group, s);
	if (s->cluster_id != NULL &&
	    (c->roster.self.kafka == NULL || strcmp(c->roster.self.kafka, s->cluster_id) != 0)) {
		free(c->roster.self.kafka);
		c->roster.self.kafka = mem_strdup(s->cluster_id);
		c->roster.self.incarnation += !is_first;
		if (!is_first)
			send_identity(c);
	}
	if (is_first)
		send_identity(c);
	traffic_snapshot(c->traffic, s);
	snapshot_unref(before);
}

/* Takes what lies on the desk, under its lock.  Whether the node now drains, or no longer does. */
static bool take_desk(struct cluster *c)
{
	bool is_new = c->desk.is_draining != c->roster.self.is_draining;

	c->roster.self.is_draining = c->desk.is_draining;
	if (c->desk.has_load) {
		c->roster.self.load = c->desk.load;
		c->roster.self.load_at = clock_ms();
		c->desk.has_load = false;
	}
	return is_new;
}

static void deliver_desk(struct letter *letter, void *owner)
{
	struct cluster *c = owner;
	bool is_new;

	(void)letter;
	pthread_mutex_lock(&c->desk.lock);
	c->desk.is_posted = false;
	is_new = take_desk(c);
	pthread_mutex_unlock(&c->desk.lock);
	traffic_load(c->traffic, c->roster.self.incarnation, &c->roster.self.load);
	c->loads_changed = true;
	if (!is_new || c->is_stopped)
		return;
	roster_renew(&c->roster);
	if (c->snapshot != NULL)
		send_identity(c);
	c->is_changed = true;
}

/* Something new lies on the desk; called under its lock. */
static void ring(struct cluster *c)
{
	if (!c->is_started) {
		(void)take_desk(c);
		publish(c);
	} else if (!c->desk.is_posted) {
		c->desk.is_posted = true;
		mailbox_post(&c->inbox, &c->desk_letter);
	}
}

void cluster_report_load(struct cluster *c, const struct cluster_load *load)
{
	pthread_mutex_lock(&c->desk.lock);
	c->desk.load = *load;
	c->desk.has_load = true;
	ring(c);
	pthread_mutex_unlock(&c->desk.lock);
}

void cluster_set_draining(struct cluster *c, bool is_draining)
{
	pthread_mutex_lock(&c->desk.lock);
	if (c->desk.is_draining != is_draining) {
		c->desk.is_draining = is_draining;
		ring(c);
	}
	pthread_mutex_unlock(&c->desk.lock);
}

/* --- the thread --- */

static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct cluster *c = prepare->data;

	(void)events;
	if (c->is_changed)
		publish(c);
	if (c->is_leaving && c->has_left)
		ev_break(loop, EVBREAK_ALL);
}

static void on_watch(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct cluster *c = timer->data;

	(void)loop;
	(void)events;
	look_at_state(c);
	put_right(c);
	if (c->loads_changed)
		c->is_changed = true;
}

static void on_leave_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void deliver_stop(struct letter *letter, void *owner)
{
	struct cluster *c = owner;

	(void)letter;
	c->is_leaving = true;
	group_leave(c->group, &c->has_left);
	ev_timer_start(c->loop, &c->leave_timer);
}

static void *run(void *arg)
{
	struct cluster *c = arg;

	ev_run(c->loop, 0);
	return NULL;
}

static void start_watchers(struct cluster *c)
{
	ev_prepare_init(&c->prepare, on_prepare);
	ev_timer_init(&c->watch, on_watch, WATCH_MS / 1e3, WATCH_MS / 1e3);
	ev_timer_init(&c->leave_timer, on_leave_timer, LEAVE_MS / 1e3, 0.);
	c->prepare.data = c->watch.data = c->leave_timer.data = c;
	ev_prepare_start(c->loop, &c->prepare);
	ev_timer_start(c->loop, &c->watch);
}

/* Makes all that a member needs; nothing of it runs yet. */
static void prepare_member(struct cluster *c, const struct link_terms *terms)
{
	static const struct group_events group_events = { on_map, on_change, on_stranger };

	c->loop = ev_loop_new(EVFLAG_AUTO);
	mailbox_init(&c->inbox, c->loop, c);
	c->stop_letter.deliver = deliver_stop;
	c->desk_letter.deliver = deliver_desk;
	c->load_events = (struct load_events){ on_load, on_keys, c, c->seal };
	c->lines = lines_new(c->loop, terms, c->config->connect_timeout_ms);
	c->group = group_new(c->loop, c->lines, c->config, c->topic, &group_events, c);
	c->traffic = traffic_new(c->loop, c->lines, c->topology, c->topic, c->config->node_id,
				 &c->load_events);
	start_watchers(c);
	topology_subscribe(c->topology, &c->inbox, on_snapshot);
	c->state = CLUSTER_JOINING;
}

struct cluster *cluster_new(const struct config *config, struct topology *topology,
			    const struct link_terms *terms, const char *version)
{
	struct cluster *c = mem_zalloc(sizeof *c);

	c->config = config;
	c->topology = topology;
	c->since = clock_ms();
	pthread_mutex_init(&c->desk.lock, NULL);
	c->publisher = publisher_new(&cluster_view_published);
	if (config->group_id != NULL)
		c->seal = seal_new(config->cluster_secret, config->group_id);
	roster_init(&c->roster, config, version, c->seal);
	config_internal_topic(config, c->topic);
	if (config->group_id != NULL)
		prepare_member(c, terms);
	publish(c);
	return c;
}

void cluster_subscribe(struct cluster *c, struct mailbox *mailbox, publisher_heard on_view)
{
	publisher_subscribe(c->publisher, mailbox, on_view);
}

void cluster_exchange(struct cluster *c, const struct cluster_exchange *exchange)
{
	if (c->traffic == NULL)
		return;
	c->exchange = exchange;
	traffic_tell(c->traffic, exchange->take, exchange->owner);
}

static void say_no_secret(const struct cluster *c)
{
	static const char text[] =
		"no gateway.cluster_secret: whoever can reach the brokers can say "
		"that it is a node; fine inside one trusted network";

	if (c->config->listener.internal_load_balancing)
		log_warn("who=cluster event=no_secret reason=\"%s\"", text);
	else
		log_info("who=cluster event=no_secret reason=\"%s\"", text);
}

void cluster_start(struct cluster *c, const int port_counts[])
{
	pthread_mutex_lock(&c->desk.lock);
	self_count_ports(&c->roster.self, port_counts);
	publish(c);
	c->is_started = c->loop != NULL;
	pthread_mutex_unlock(&c->desk.lock);
	if (c->is_started && c->seal == NULL)
		say_no_secret(c);
	if (c->is_started)
		thread_start(&c->thread, "cluster", run, c);
}

void cluster_stop(struct cluster *c)
{
	if (!c->is_started || c->is_stopped)
		return;
	mailbox_post(&c->inbox, &c->stop_letter);
	pthread_join(c->thread, NULL);
	c->is_stopped = true;
}

static void free_member(struct cluster *c)
{
	c->is_stopped = true;
	mailbox_deinit(&c->inbox);
	traffic_free(c->traffic);
	group_free(c->group);
	lines_free(c->lines);
	snapshot_unref(c->snapshot);
	ev_timer_stop(c->loop, &c->watch);
	ev_timer_stop(c->loop, &c->leave_timer);
	ev_prepare_stop(c->loop, &c->prepare);
	ev_loop_destroy(c->loop);
}

void cluster_free(struct cluster *c)
{
	if (c == NULL)
		return;
	publisher_free(c->publisher);
	if (c->loop != NULL)
		free_member(c);
	roster_deinit(&c->roster);
	seal_free(c->seal);
	pthread_mutex_destroy(&c->desk.lock);
	free(c);
}

const struct cluster_view *cluster_view_get(struct cluster *c)
{
	return publisher_current(c->publisher);
}
