#include "config/options.h"
#include "program/inside.h"
#include "util/log.h"

#include <sys/resource.h>

static bool is_given(const struct config *c)
{
	return c->origins[option_index("gateway.limits.connections")].kind != ORIGIN_DEFAULT;
}

/* Clients of some listener have two connections to a broker. */
static bool is_single(const struct program *p)
{
	for (size_t i = 0; i < p->listener_count; i++) {
		if (config_listener(p->first, i)->advertised_mode == ADVERTISE_SINGLE)
			return true;
	}
	return false;
}

/* All listeners' together; 0: they are not known yet. */
static int ports(const struct program *p)
{
	int all = 0;

	for (size_t i = 0; i < p->listener_count; i++)
		all += p->listening.bound[i].ports;
	return all;
}

/* False: descriptors are not limited. */
static bool plan(const struct program *p, const struct config *c, struct files_need *need,
		 struct files_plan *to)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return false;
	*need = (struct files_need){ .limit = (int64_t)limit.rlim_cur,
				     .workers = p->worker_count,
				     .ports = ports(p),
				     .brokers = p->brokers,
				     .is_single = is_single(p),
				     .clients = c->max_connections,
				     .is_given = is_given(c) };
	*to = files_plan(need);
	return true;
}

static void tell(const struct files_need *need, const struct files_plan *plan)
{
	if (plan->clients > plan->fit)
		log_warn(
			"who=main event=few_files limit=%lld wanted=%lld reason=\"max_connections is "
			"%d, and each client may need %d descriptors, for %d brokers\"",
			(long long)need->limit,
			(long long)plan->clients * plan->a_client + need->limit - plan->kept_from,
			plan->clients, plan->a_client, need->brokers);
	else
		log_info("who=main event=max_connections clients=%d descriptors=%lld "
			 "a_client=%d brokers=%d reason=\"%s\"",
			 plan->clients, (long long)need->limit, plan->a_client, need->brokers,
			 plan->clients < need->clients ? "as many as the descriptors allow"
						       : "as configured");
}

void clients_limit(struct program *p, const struct config *config, int brokers)
{
	struct files_plan before = p->files;
	struct files_need need;

	p->brokers = brokers;
	if (brokers == 0)
		return;
	if (!plan(p, config, &need, &p->files)) {
		p->files = (struct files_plan){ .clients = config->max_connections };
	} else {
		admission_keep_files(p->shared.admission, p->files.kept_from);
		if (before.clients != p->files.clients || before.fit != p->files.fit)
			tell(&need, &p->files);
	}
	admission_limit(p->shared.admission, p->files.clients, config->max_connections_per_address);
}
