/* anyport - one gateway node.  Starts the parts, waits for signals, stops them. */
#include "http/server.h"
#include "kafka/api.h"
#include "net/listen.h"
#include "session/worker.h"
#include "util/log.h"
#include "util/logsink.h"
#include "util/mem.h"

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>

#ifndef ANYPORT_VERSION
#define ANYPORT_VERSION "0.1.0"
#endif

enum { LOAD_EVERY_S = 2 };

struct program {
	struct config *config;
	struct node node;
	struct worker **workers;
	int worker_count, drained;
	struct http_server *http;
	struct ev_loop *loop;
	struct mailbox mailbox;
	ev_signal term, interrupt;
	ev_timer load_timer;
	uint64_t bytes_before; /* at its last turn */
	atomic_int phase;      /* enum http_phase */
	bool listening;
	int exit_status;
};

/* --- what the HTTP side asks --- */

static void tell_health(void *ctx, struct http_health *out)
{
	struct program *p = ctx;

	out->phase = (enum http_phase)atomic_load(&p->phase);
	if (out->phase == HTTP_STARTING)
		http_reason(out, topology_age_ms(p->node.topology) < 0 ? "no broker has answered"
								       : "the ports are not bound");
	else if (out->phase == HTTP_DRAINING)
		http_reason(out, "the node is going down");
}

static void tell_cluster(struct program *p, struct http_metrics *out)
{
	const struct cluster_view *v = cluster_view_get(p->node.cluster);

	if (v->state != CLUSTER_OFF) {
		out->is_cluster_member = v->state == CLUSTER_MEMBER;
		out->cluster_members = (int)v->member_count;
		out->cluster_disagreements = (int)v->disagreement_count;
		for (size_t i = 0; i < v->member_count; i++)
			out->cluster_draining += v->members[i].is_draining;
	}
	cluster_view_unref(v);
}

static void tell_metrics(void *ctx, struct http_metrics *out)
{
	static const struct stats *blocks[1024];
	struct program *p = ctx;
	const struct snapshot *s = topology_snapshot(p->node.topology);

	tell_cluster(p, out);
	for (int i = 0; i < p->worker_count; i++)
		blocks[i] = worker_stats(p->workers[i]);
	out->workers = blocks;
	out->worker_count = (size_t)p->worker_count;
	out->memory_budget_bytes = p->config->memory_budget_bytes;
	budget_read(p->node.budget, &out->memory_held_bytes, &out->memory_waiting);
	out->topology_age_ms = topology_age_ms(p->node.topology);
	if (s != NULL) {
		out->brokers = (int)s->broker_count;
		out->topics = (int)snapshot_topic_count(s);
	}
	snapshot_unref(s);
}

/* --- listening, once the cluster is known --- */

static void fail(struct program *p, const char *why)
{
	log_error("who=main err=\"%s\"", why);
	p->exit_status = 1;
	ev_break(p->loop, EVBREAK_ALL);
}

static void listen_on(struct program *p, int ports)
{
	const struct config *c = p->config;
	size_t all = (size_t)ports * (size_t)p->worker_count;
	int *fds = mem_alloc(all * sizeof *fds);
	int *mine = mem_alloc((size_t)ports * sizeof *mine);
	char why[256];

	if (listen_open(c->bind_host, c->port_start, ports, p->worker_count, fds, why,
			sizeof why)) {
		fail(p, why);
	} else {
		for (int w = 0; w < p->worker_count; w++) {
			for (int i = 0; i < ports; i++)
				mine[i] = fds[i * p->worker_count + w];
			worker_listen(p->workers[w], mine, ports, ports);
		}
		p->listening = true;
		cluster_start(p->node.cluster, ports);
		atomic_store(&p->phase, HTTP_READY);
		log_info("who=main event=ready host=%s ports=%d-%d advertised=%s:%d workers=%d",
			 c->bind_host, c->port_start, c->port_start + ports - 1, c->advertised_host,
			 c->advertised_port, p->worker_count);
	}
	free(fds);
	free(mine);
}

static void on_snapshot(void *owner, const void *snapshot)
{
	struct program *p = owner;
	const struct snapshot *s = snapshot;
	struct advertising a = { p->config, p->config->port_count };
	struct advertised told;

	if (a.port_count == 0)
		a.port_count = advertise_ports_needed(p->config, s);
	if (!p->listening && atomic_load(&p->phase) == HTTP_STARTING) {
		if (s->broker_count > 0 && advertise_broker(&a, s, s->brokers[0].id, &told))
			listen_on(p, a.port_count);
		else
			log_error(
				"who=main err=\"no broker has a port: ids from %d on, %d ports, see "
				"min_broker_id and port_count\"",
				p->config->min_broker_id, a.port_count);
	}
	snapshot_unref(s);
}

/* --- going down --- */

static void deliver_drained(struct letter *letter, void *owner)
{
	struct program *p = owner;

	free(letter);
	if (++p->drained < p->worker_count)
		return;
	log_info("who=main event=drained");
	ev_break(p->loop, EVBREAK_ALL);
}

/* On a worker's thread. */
static void on_drained(void *ctx)
{
	struct program *p = ctx;
	struct letter *l = mem_zalloc(sizeof *l);

	l->deliver = deliver_drained;
	mailbox_post(&p->mailbox, l);
}

static void on_signal(struct ev_loop *loop, ev_signal *signal, int events)
{
	struct program *p = signal->data;

	(void)events;
	if (!p->listening || atomic_load(&p->phase) == HTTP_DRAINING) {
		log_info("who=main event=stopping signal=%d", signal->signum);
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	log_info("who=main event=draining signal=%d", signal->signum);
	atomic_store(&p->phase, HTTP_DRAINING);
	cluster_set_draining(p->node.cluster, true);
	for (int i = 0; i < p->worker_count; i++)
		worker_drain(p->workers[i]);
}

/* --- what the other nodes are told --- */

static void on_load_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct program *p = timer->data;
	struct cluster_load load;
	struct stats sum = { 0 };
	uint64_t bytes;

	(void)loop;
	(void)events;
	for (int i = 0; i < p->worker_count; i++)
		stats_sum(&sum, worker_stats(p->workers[i]));
	bytes = sum.counters[STAT_CLIENT_BYTES_IN] + sum.counters[STAT_CLIENT_BYTES_OUT];
	load.connections = metrics_open(&sum, STAT_CLIENTS_ACCEPTED, STAT_CLIENTS_CLOSED);
	load.bytes_per_second = (uint64_t)((double)(bytes - p->bytes_before) / LOAD_EVERY_S);
	p->bytes_before = bytes;
	cluster_report_load(p->node.cluster, &load);
}

/* --- start and stop --- */

/* Answers that are held come and go by the megabyte: memory that each time went
 * back to the system would come back as page faults. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 8 << 20);
	mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

/* Each client needs a descriptor, and one a broker. */
static void raise_file_limit(const struct config *c)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)c->max_connections * 4 + 256;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < wanted)
		log_warn(
			"who=main event=few_files limit=%llu wanted=%llu reason=\"max_connections is "
			"%d, each with a connection to several brokers\"",
			(unsigned long long)limit.rlim_cur, (unsigned long long)wanted,
			c->max_connections);
}

static void start_parts(struct program *p)
{
	const struct config *c = p->config;

	p->node.config = c;
	p->node.budget = budget_new(c->memory_budget_bytes);
	p->node.admission = admission_new(c->max_connections, c->max_connections_per_address);
	p->node.topology = topology_new(c);
	p->node.cluster = cluster_new(c, p->node.topology, ANYPORT_VERSION);
	p->workers = mem_zalloc((size_t)c->workers * sizeof(struct worker *));
	for (int i = 0; i < c->workers; i++)
		p->workers[p->worker_count++] = worker_new(&p->node, i, on_drained, p);
	topology_subscribe(p->node.topology, &p->mailbox, on_snapshot);
	topology_start(p->node.topology);
}

static void stop_parts(struct program *p)
{
	for (int i = 0; i < p->worker_count; i++)
		worker_stop(p->workers[i]);
	cluster_stop(p->node.cluster);
	topology_free(p->node.topology);
	cluster_free(p->node.cluster);
	for (int i = 0; i < p->worker_count; i++)
		worker_free(p->workers[i]);
	free(p->workers);
	admission_free(p->node.admission);
	budget_free(p->node.budget);
}

static void watch_signal(struct program *p, ev_signal *w, int signum)
{
	ev_signal_init(w, on_signal, signum);
	w->data = p;
	ev_signal_start(p->loop, w);
}

static int run(struct config *config)
{
	struct program p = { .config = config };
	struct http_source source = { &p, tell_health, tell_metrics };
	char why[256];

	signal(SIGPIPE, SIG_IGN);
	keep_memory();
	raise_file_limit(config);
	p.loop = ev_default_loop(EVFLAG_AUTO);
	mailbox_init(&p.mailbox, p.loop, &p);
	watch_signal(&p, &p.term, SIGTERM);
	watch_signal(&p, &p.interrupt, SIGINT);
	start_parts(&p);
	ev_timer_init(&p.load_timer, on_load_timer, LOAD_EVERY_S, LOAD_EVERY_S);
	p.load_timer.data = &p;
	ev_timer_start(p.loop, &p.load_timer);
	p.http = http_start(config->http_host, config->http_port, ANYPORT_VERSION, &source, why,
			    sizeof why);
	if (p.http == NULL)
		fail(&p, why);
	else
		ev_run(p.loop, 0);
	http_stop(p.http);
	stop_parts(&p);
	mailbox_deinit(&p.mailbox);
	ev_signal_stop(p.loop, &p.term);
	ev_signal_stop(p.loop, &p.interrupt);
	ev_timer_stop(p.loop, &p.load_timer);
	ev_loop_destroy(p.loop);
	return p.exit_status;
}

static void usage(FILE *out)
{
	fputs("usage: anyport [-c FILE] [-t | --print-config]\n"
	      "One node of the Kafka gateway that stands behind HAProxy.\n\n"
	      "  -c, --config FILE  read options from FILE (libconfig); the environment wins\n"
	      "  -t, --test         check the configuration and exit: 0 good, 1 not\n"
	      "      --print-config print the effective configuration and exit\n"
	      "      --version      print the version and exit\n"
	      "  -h, --help         print this and exit\n\n"
	      "example: KAFKA_BOOTSTRAP_SERVERS=broker1:9092 anyport -c /etc/anyport.conf\n\n",
	      out);
	config_help(out);
}

int main(int argc, char **argv)
{
	enum { PRINT_CONFIG = 256, VERSION };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "test", no_argument, NULL, 't' },
		{ "print-config", no_argument, NULL, PRINT_CONFIG },
		{ "version", no_argument, NULL, VERSION },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *file = NULL;
	struct config *config;
	enum log_level level;
	int option, only = 0, status = 0;

	while ((option = getopt_long(argc, argv, "c:th", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			file = optarg;
			break;
		case 't':
		case PRINT_CONFIG:
			only = option;
			break;
		case VERSION:
			puts("anyport " ANYPORT_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "anyport: unexpected argument %s\n", argv[optind]);
		return 2;
	}
	config = config_load(file, stderr);
	if (config == NULL)
		return 1;
	if (!apis_compile(stderr))
		return 1;
	if (log_level_parse(config->log_level, &level) == 0)
		log_set_level(level);
	logsink_open(config->log_target, "anyport");
	if (only == PRINT_CONFIG)
		config_print(config, stdout);
	else if (only == 0)
		status = run(config);
	config_free(config);
	apis_free();
	return status;
}
