/* The course of a request with one broker whose answer names addresses: it is held, and written
 * anew for the client. */
#include "session/rewritten.h"

#include "route/rewrite.h"
#include "session/collect.h"
#include "session/inside.h"
#include "session/reply.h"
#include "session/request.h"
#include "session/send.h"
#include "session/stay.h"
#include "session/upstreams.h"

static void news_topic(void *owner, const uint8_t *name, uint32_t len)
{
	struct client *c = ((struct part *)owner)->request->client;

	topology_notice_topic(c->worker->shared->topology,
			      (struct topology_name){ name, len, false });
}

static void news_cluster(void *owner)
{
	struct client *c = ((struct part *)owner)->request->client;

	topology_notice_all(c->worker->shared->topology);
}

static void news_throttle(void *owner, int64_t ms)
{
	struct part *p = owner;

	upstreams_mute(p->request->client, p, ms);
}

void rewritten_terms(struct client *c, struct request *r, struct rewritten_terms *t)
{
	t->news = (struct rewrite_news){ news_topic, news_cluster, news_throttle, r->parts };
	t->told = *client_told(c);
	t->told.key = r->naming.key;
	t->told.zone = c->came.zone;
	t->told.stays = stay_node;
	t->told.stays_ctx = r;
	t->of = (struct rewrite){ .api = r->head.api,
				  .version = r->head.version,
				  .reserved = &c->worker->reserved,
				  .advertising = &t->told,
				  .snapshot = c->worker->snapshot,
				  .news = &t->news };
}

bool rewritten_body(struct client *c, struct request *r, struct gather *g, uint8_t *body,
		    uint32_t size)
{
	struct rewritten_terms terms;

	rewritten_terms(c, r, &terms);
	terms.of.body = body;
	terms.of.size = size;
	if (!rewrite_answer(g, &terms.of))
		return false;
	stats_add(&c->worker->stats, STAT_REWRITTEN, 1);
	return true;
}

static bool write_anew(struct client *c, struct request *r)
{
	uint8_t *head = reply_begin(r), *body;
	uint32_t size;

	if (!collect_body(r->parts, &body, &size) || !rewritten_body(c, r, &r->reply, body, size))
		return false;
	reply_end(r, head);
	return true;
}

static enum course_result answer(struct client *c, struct request *r)
{
	return collect_one(c, r, 1, write_anew);
}

const struct course course_rewritten = { .name = "rewritten",
					 .commit = send_begin_one,
					 .answer = answer };
