/* What a node does about having more than its share: balance/correction.c says when and how many
 * connections are closed, the workers close those that are between requests (session/stay.c). */
#include "program/inside.h"
#include "util/clock.h"
#include "util/log.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

static uint64_t closed_so_far(const struct stats *all)
{
	return all->counters[STAT_SHED_SKEW] + all->counters[STAT_SHED_ASKED];
}

/* The sum over all workers. */
static int sum(const struct program *p, int (*count)(const struct worker *w))
{
	int all = 0;

	for (int i = 0; i < p->worker_count; i++)
		all += count(p->workers[i]);
	return all;
}

/* The oldest connections of each port are often the same clients', which need a while to
 * reconnect before they lose another one.  Ports change by the clock, so that all nodes close the
 * connections of the same broker at the same time. */
enum { SECONDS_A_PORT = 4 };

/* The workers close equal numbers; each gets the odd ones in turn. */
static void shed(struct program *p, unsigned count)
{
	unsigned workers = (unsigned)p->worker_count, second = (unsigned)time(NULL);
	enum stats_counter why = p->balance.correction.by_request ? STAT_SHED_ASKED
								  : STAT_SHED_SKEW;

	for (unsigned i = 0; i < workers; i++) {
		unsigned n = count / workers + ((i + second) % workers < count % workers);

		if (n > 0)
			worker_shed(p->workers[i], n, second / SECONDS_A_PORT, why);
	}
}

static void tell(const struct program *p, enum correction_event event,
		 const struct cluster_skew *skew)
{
	const struct correction *c = &p->balance.correction;
	const char *why = c->by_request ? "it was asked for" : "above the nodes' mean";
	unsigned long long closed = c->closed_last - c->closed_before;

	if (event == CORRECTION_BEGUN)
		log_info("who=balance event=begin connections=%.0f mean=%.1f nodes=%d close=%llu "
			 "reason=\"%s\"",
			 skew->connections.own, skew->connections.mean, skew->nodes,
			 (unsigned long long)c->goal, why);
	else if (event == CORRECTION_ENDED)
		log_info(
			"who=balance event=end connections=%.0f mean=%.1f closed=%llu reason=\"%s\"",
			skew->connections.own, skew->connections.mean, closed, why);
	else if (event == CORRECTION_IN_VAIN)
		log_warn("who=balance event=in_vain connections=%.0f mean=%.1f closed=%llu "
			 "pause_s=%lld reason=\"%s\"",
			 skew->connections.own, skew->connections.mean, closed,
			 (long long)c->pause_ms / 1000,
			 closed > 0 ? "those that were closed came back to this node"
				    : "none was between requests, or would not have come back");
}

static bool is_steady(const struct program *p, enum cluster_state state,
		      const struct cluster_skew *skew)
{
	return atomic_load(&p->phase) == HTTP_READY && state == CLUSTER_MEMBER && skew->nodes > 1 &&
	       skew->is_whole && !skew->is_leaving && !skew->is_moving;
}

unsigned balance_declines(struct program *p, const struct cluster_view *v,
			  const struct cluster_skew *skew)
{
	const struct config *c = p->config;
	const struct declining_input in = {
		.now_ms = clock_ms(),
		.is_on = c->listener.internal_load_balancing && c->balance_enabled,
		.is_steady = is_steady(p, v->state, skew),
		.members = v->serial,
		.own = skew->connections.own,
		.mean = skew->connections.mean,
		.at_home = sum(p, worker_at_home),
		.tolerance = c->balance_tolerance,
	};

	const unsigned before = p->balance.declining.now;
	unsigned now = declining_step(&p->balance.declining, &in);

	if (now != before)
		log_info("who=balance event=declines connections=%.0f belong=%.0f mean=%.1f "
			 "percent=%.1f before=%.1f",
			 in.own, in.at_home, in.mean, now / 10.0, before / 10.0);
	return now;
}

void balance_step(struct program *p, const struct cluster_view *v, const struct cluster_skew *skew,
		  const struct stats *all)
{
	struct balance *b = &p->balance;
	struct correction_input in = { .now_ms = clock_ms(),
				       .own = skew->connections.own,
				       .mean = skew->connections.mean,
				       .is_steady = is_steady(p, v->state, skew),
				       .is_on = p->config->balance_enabled,
				       .members = v->serial,
				       .closed = closed_so_far(all),
				       .chosen = (unsigned)sum(p, worker_chosen),
				       .returned = program_names_nodes(p) ? sum(p, worker_returned)
									  : -1,
				       .tolerance = p->config->balance_tolerance,
				       .per_second = (unsigned)p->config->balance_per_second };
	enum correction_event event;
	unsigned count = correction_step(&b->correction, &in, &event);

	b->skew = *skew;
	b->is_steady = in.is_steady;
	tell(p, event, skew);
	if (count > 0)
		shed(p, count);
}

bool balance_rebalance(struct program *p, FILE *out)
{
	const struct balance *b = &p->balance;
	double own = b->skew.connections.own, mean = b->skew.connections.mean;

	if (!b->is_steady) {
		fputs("the loads of the other nodes are not known, or this node drains\n", out);
		return false;
	}
	if (own < mean + 1) {
		fprintf(out,
			"nothing to do: %.0f connections here, the nodes have %.1f on average\n",
			own, mean);
		return true;
	}
	p->balance.correction.is_asked = true;
	fprintf(out, "closing %.0f of %.0f connections, at most %d a second, between requests\n",
		floor(own - mean), own, p->config->balance_per_second);
	return true;
}
