#include "program/program.h"

#include "balance/skew.h"
#include "program/inside.h"
#include "session/salting.h"
#include "session/token_turns.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* --- load -------------------------------------------------------------------- */

static void give_back(struct program *p)
{
	int64_t held;
	unsigned waiting;

	budget_read(p->shared.budget, &held, &waiting);
	burst_step(&p->burst, held);
}

static void on_load_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct program *p = timer->data;
	const struct cluster_view *view = cluster_view_get(p->shared.cluster);
	struct weight_load load;
	struct cluster_load told;
	struct cluster_skew skew;
	struct stats all;
	uint64_t bytes;

	(void)loop;
	(void)events;
	give_back(p);
	program_count(p, &all);
	bytes = all.counters[STAT_CLIENT_BYTES_IN] + all.counters[STAT_CLIENT_BYTES_OUT];
	told.connections = stats_open(&all, STAT_CLIENTS_ACCEPTED, STAT_CLIENTS_CLOSED);
	told.bytes_per_second = bytes - p->bytes_before;
	p->bytes_before = bytes;
	skew = skew_of(view, &told, clock_ms());
	told.declines = balance_declines(p, view, &skew);
	cluster_report_load(p->shared.cluster, &told);
	balance_step(p, view, &skew, &all);
	cluster_view_unref(view);
	load.own = skew.connections.own;
	load.mean = skew.connections.mean;
	load.bytes = skew.bytes.own;
	load.bytes_mean = skew.bytes.mean;
	load.room = 1 - load.own / p->files.clients;
	atomic_store(&p->weight_now, weight_step(&p->weight, &load));
	if (p->http != NULL)
		api_tend(p->http);
}

/* --- signals ----------------------------------------------------------------- */

static void on_stop_signal(struct ev_loop *loop, ev_signal *signal, int events)
{
	struct program *p = signal->data;
	bool is_second = atomic_load(&p->phase) == HTTP_DRAINING && atomic_load(&p->drain.exits);

	(void)events;
	if (!is_second && drain_begin(p, true, signal->signum == SIGINT ? "SIGINT" : "SIGTERM"))
		return;
	log_info("who=main event=stopping signal=%d", signal->signum);
	notify_stopping(&p->notify, 0);
	ev_break(loop, EVBREAK_ALL);
}

static void on_hangup(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)loop;
	(void)events;
	reload_begin(signal->data, NULL);
}

static void watch_signal(struct program *p, ev_signal *w, int signum,
			 void (*on_signal)(struct ev_loop *, ev_signal *, int))
{
	ev_signal_init(w, on_signal, signum);
	w->data = p;
	ev_signal_start(p->loop, w);
}

static void watch(struct program *p)
{
	watch_signal(p, &p->term, SIGTERM, on_stop_signal);
	watch_signal(p, &p->interrupt, SIGINT, on_stop_signal);
	watch_signal(p, &p->hangup, SIGHUP, on_hangup);
	ev_timer_init(&p->load_timer, on_load_timer, 1., 1.);
	p->load_timer.data = p;
	ev_timer_start(p->loop, &p->load_timer);
	certificates_watch(&p->certificates, p->loop);
	identity_file_watch(&p->identity_file, p->loop);
	known_users_watch(&p->known_users, p->loop);
	if (p->identity_file.granted != NULL)
		granted_start(p->identity_file.granted, p->loop, p->shared.topology,
			      &p->certificates.terms);
}

static void unwatch(struct program *p)
{
	ev_signal_stop(p->loop, &p->term);
	ev_signal_stop(p->loop, &p->interrupt);
	ev_signal_stop(p->loop, &p->hangup);
	ev_timer_stop(p->loop, &p->load_timer);
	certificates_unwatch(&p->certificates, p->loop);
	identity_file_unwatch(&p->identity_file, p->loop);
	known_users_unwatch(&p->known_users, p->loop);
	ev_timer_stop(p->loop, &p->drain.timer);
	listening_deinit(p);
}

/* --- start and stop ---------------------------------------------------------- */

/* Answers that are held come and go: memory that each time went back to the system would come back as
 * page faults.  What is larger has its own, for between pieces of all sizes it would leave holes, which
 * nobody pays for. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void say_who_acts(const struct config *c)
{
	if (c->clients_act_as_gateway)
		log_warn(
			"who=main event=clients_act_as_gateway reason=\"to the brokers every client is "
			"the gateway's own account: whoever reaches this node may do all that it may\"");
}

/* What the workers' tables of names take is not for what must be held. */
static void set_aside_for_usage(struct program *p)
{
	const struct config *c = p->first;
	const uint32_t places = uses_places(c->usage_names, c->workers, c->memory_budget_bytes);

	if (places < (uint32_t)c->usage_names)
		log_info(
			"who=main event=usage_names names=%u reason=\"a 64th of limits.memory has room for no more, not for %d\"",
			places, c->usage_names);
	if (places > 0)
		budget_set_aside(p->shared.budget,
				 (int64_t)usage_bytes(places) * USAGE_KINDS * c->workers);
}

static void start_parts(struct program *p)
{
	const struct config *c = p->first;

	own_account_init(&p->own, c);
	p->certificates.terms.account = p->own.account;
	say_who_acts(c);
	p->shared.config = c;
	p->shared.terms = &p->certificates.terms;
	p->shared.client_tls = p->certificates.clients;
	p->shared.identities = p->identity_file.identities;
	p->shared.users = p->known_users.users;
	p->shared.salting = p->shared.users != NULL ? salting_new() : NULL;
	p->shared.budget = budget_new(c->memory_budget_bytes, c->memory_per_address);
	set_aside_for_usage(p);
	p->shared.rebalances = rebalances_new();
	p->shared.token_turns = token_turns_new();
	places_init(&p->shared.places, c->node_id);
	p->shared.admission = admission_new(c->max_connections, c->max_connections_per_address);
	p->shared.topology = topology_new(c, &p->certificates.terms);
	p->shared.cluster =
		cluster_new(c, p->shared.topology, &p->certificates.terms, ANYPORT_VERSION);
	p->exchange = places_exchange(&p->shared.places);
	if (program_names_nodes(p))
		cluster_exchange(p->shared.cluster, &p->exchange);
	p->workers = mem_zalloc((size_t)c->workers * sizeof(struct worker *));
	p->stats = mem_zalloc((size_t)c->workers * sizeof *p->stats);
	for (int i = 0; i < c->workers; i++) {
		p->workers[i] = worker_new(&p->shared, i, drain_on_worker, p);
		p->stats[i] = worker_stats(p->workers[i]);
		p->worker_count++;
	}
	listening_init(p);
	topology_start(p->shared.topology);
}

static void stop_parts(struct program *p)
{
	if (p->identity_file.granted != NULL)
		granted_stop(p->identity_file.granted);
	for (int i = 0; i < p->worker_count; i++)
		worker_stop(p->workers[i]);
	salting_stop(p->shared.salting);
	cluster_stop(p->shared.cluster);
	topology_free(p->shared.topology);
	cluster_free(p->shared.cluster);
	for (int i = 0; i < p->worker_count; i++)
		worker_free(p->workers[i]);
	salting_free(p->shared.salting);
	free(p->workers);
	free(p->stats);
	admission_free(p->shared.admission);
	places_deinit(&p->shared.places);
	rebalances_free(p->shared.rebalances);
	token_turns_free(p->shared.token_turns);
	budget_free(p->shared.budget);
	own_account_deinit(&p->own);
	known_users_deinit(&p->known_users);
	identity_file_deinit(&p->identity_file);
	certificates_deinit(&p->certificates);
}

/* The HTTP API and the agent answer before the cluster is known. */
static bool start_answering(struct program *p)
{
	const struct config *c = p->first;
	struct http_source source = http_source(p);
	char why[256];

	p->http = api_start(&source, ANYPORT_VERSION, why, sizeof why);
	if (p->http == NULL) {
		program_fail(p, why);
		return false;
	}
	if (c->agent_port == 0)
		return true;
	p->agent = agent_new(p, c->http_host, c->agent_port, why, sizeof why);
	if (p->agent == NULL)
		program_fail(p, why);
	return p->agent != NULL;
}

/* False: told. */
static bool has_certificates(struct certificates *s, const struct config *config)
{
	char why[TLS_WHY_MAX];

	certificates_init(s);
	if (certificates_load(s, config, why))
		return true;
	log_error("who=main err=\"%s\"", why);
	certificates_deinit(s);
	return false;
}

/* False: told. */
static bool has_identities(struct identity_file *f, const struct config *config)
{
	char why[IDENTITY_MAP_WHY_MAX];

	if (identity_file_init(f, config->identity_map, why))
		return true;
	log_error("who=main err=\"%s\"", why);
	return false;
}

/* False: told. */
static bool has_users(struct known_users *k, const struct config *config)
{
	char why[USERS_FILE_WHY_MAX];

	if (known_users_init(k, config, why))
		return true;
	log_error("who=main err=\"%s\"", why);
	return false;
}

/* All files that a node begins with, or none.  False: told. */
static bool has_files(struct program *p, const struct config *config)
{
	if (!has_certificates(&p->certificates, config))
		return false;
	if (has_identities(&p->identity_file, config)) {
		if (has_users(&p->known_users, config))
			return true;
		identity_file_deinit(&p->identity_file);
	}
	certificates_deinit(&p->certificates);
	return false;
}

int program_check(const struct config *config)
{
	struct program *p = mem_zalloc(sizeof *p);
	bool good = has_files(p, config);

	if (good) {
		known_users_deinit(&p->known_users);
		identity_file_deinit(&p->identity_file);
		certificates_deinit(&p->certificates);
	}
	free(p);
	return good ? 0 : 1;
}

int program_run(struct config *config)
{
	struct program *p = mem_zalloc(sizeof *p);
	int status;

	if (!has_files(p, config)) {
		config_free(config);
		free(p);
		return 1;
	}
	p->first = p->config = config;
	p->listener_count = config_listener_count(config);
	p->files.clients = config->max_connections; /* until the brokers are known */
	atomic_store(&p->weight_now, 100);
	signal(SIGPIPE, SIG_IGN);
	keep_memory();
	raise_file_limit();
	p->loop = ev_default_loop(EVFLAG_AUTO);
	mailbox_init(&p->mailbox, p->loop, p);
	drain_init(p);
	notify_init(&p->notify);
	start_parts(p);
	p->watchdog = watchdog_new(p);
	p->peers = peers_new(p);
	watch(p);
	if (start_answering(p))
		ev_run(p->loop, 0);
	api_stop(p->http);
	peers_free(p->peers);
	agent_free(p->agent);
	stop_parts(p);
	mailbox_deinit(&p->mailbox);
	watchdog_free(p->watchdog);
	notify_deinit(&p->notify);
	unwatch(p);
	ev_loop_destroy(p->loop);
	reload_free(p);
	status = p->exit_status;
	free(p);
	return status;
}
