#include "cluster/cluster.h"

#include "cluster/view_build.h"
#include "util/clock.h"
#include "util/mem.h"

#include <stdlib.h>

struct cluster {
	const struct config *config;
	struct topology *topology;
	pthread_mutex_t lock; /* of what follows, and of publishing */
	struct publisher *publisher;
	struct cluster_member self;
	int64_t since;
};

/* With the lock. */
static void publish(struct cluster *c)
{
	const struct cluster_view *before = publisher_peek(c->publisher);
	struct cluster_view *v = view_new(c->config, NULL);

	v->state = CLUSTER_OFF;
	v->since = c->since;
	view_add(v, &c->self);
	view_finish(v);
	v->serial = before == NULL		   ? 1
		    : view_same_members(before, v) ? before->serial
						   : before->serial + 1;
	publisher_publish(c->publisher, v);
}

struct cluster *cluster_new(const struct config *config, struct topology *topology,
			    const char *version)
{
	struct cluster *c = mem_zalloc(sizeof *c);

	c->config = config;
	c->topology = topology;
	c->since = clock_ms();
	pthread_mutex_init(&c->lock, NULL);
	c->publisher = publisher_new(&cluster_view_published);
	self_describe(&c->self, config, version, config->port_count);
	publish(c);
	return c;
}

void cluster_subscribe(struct cluster *c, struct mailbox *mailbox, publisher_heard on_view)
{
	publisher_subscribe(c->publisher, mailbox, on_view);
}

void cluster_start(struct cluster *c, int port_count)
{
	pthread_mutex_lock(&c->lock);
	c->self.port_count = port_count;
	publish(c);
	pthread_mutex_unlock(&c->lock);
}

void cluster_free(struct cluster *c)
{
	if (c == NULL)
		return;
	publisher_free(c->publisher);
	member_deinit(&c->self);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

const struct cluster_view *cluster_view_get(struct cluster *c)
{
	return publisher_current(c->publisher);
}

void cluster_report_load(struct cluster *c, const struct cluster_load *load)
{
	pthread_mutex_lock(&c->lock);
	c->self.load = *load;
	c->self.load_at = clock_ms();
	publish(c);
	pthread_mutex_unlock(&c->lock);
}

void cluster_set_draining(struct cluster *c, bool is_draining)
{
	pthread_mutex_lock(&c->lock);
	c->self.is_draining = is_draining;
	publish(c);
	pthread_mutex_unlock(&c->lock);
}
