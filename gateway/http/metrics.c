#include "http/metrics.h"

#include "config/listeners.h"
#include "kafka/api.h"
#include "util/compiler.h"
#include "util/logsink.h"
#include "util/mem.h"

#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* One row a counter, in the order of enum stats_counter. */
static const struct counter {
	const char *name, *labels, *help;
} counters[] = {
#define X(counter, metric, labels, help) { metric, labels, help },
	STATS(X)
#undef X
};

void metrics_sum(const struct http_metrics *metrics, struct stats *sum)
{
	memset(sum, 0, sizeof *sum);
	for (size_t i = 0; i < metrics->worker_count; i++)
		stats_sum(sum, metrics->workers[i]);
}

static double seconds(struct timespec t)
{
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double metrics_uptime(const struct http_node *node)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return fmax(seconds(now) - seconds(node->started), 0);
}

static void family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(FILE *out, const char *name, double value, const char *help)
{
	family(out, name, "gauge", help);
	fprintf(out, "%s %.15g\n", name, value);
}

static bool is_first_of_family(size_t row)
{
	for (size_t i = 0; i < row; i++) {
		if (strcmp(counters[i].name, counters[row].name) == 0)
			return false;
	}
	return true;
}

static void print_family(FILE *out, const struct stats *sum, size_t first)
{
	char name[80];

	snprintf(name, sizeof name, "anyport_%s", counters[first].name);
	family(out, name, "counter", counters[first].help);
	for (size_t i = first; i < ARRAY_LEN(counters); i++) {
		const char *labels = counters[i].labels;

		if (strcmp(counters[i].name, counters[first].name) != 0)
			continue;
		if (labels[0] == '\0')
			fprintf(out, "%s %" PRIu64 "\n", name, sum->counters[i]);
		else
			fprintf(out, "%s{%s} %" PRIu64 "\n", name, labels, sum->counters[i]);
	}
}

static void print_counters(FILE *out, const struct stats *sum)
{
	for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
		if (is_first_of_family(i))
			print_family(out, sum, i);
	}
}

static void print_requests(FILE *out, const struct stats *sum)
{
	family(out, "anyport_requests_total", "counter", "Requests of clients by API.");
	for (int key = 0; key < STATS_APIS; key++) {
		const struct kapi *api = api_of(key);

		if (sum->requests[key] == 0)
			continue;
		if (api != NULL)
			fprintf(out, "anyport_requests_total{api=\"%s\"} ", api->name);
		else
			fprintf(out, "anyport_requests_total{api=\"%d\"} ", key);
		fprintf(out, "%" PRIu64 "\n", sum->requests[key]);
	}
}

static void print_errors(FILE *out, const struct stats *sum)
{
	family(out, "anyport_errors_total", "counter",
	       "Kafka error codes seen in answers to clients.");
	for (int i = 0; i < STATS_ERRORS; i++) {
		if (sum->errors[i] != 0)
			fprintf(out, "anyport_errors_total{code=\"%d\"} %" PRIu64 "\n", i - 1,
				sum->errors[i]);
	}
}

/* What is counted by listener, as rows of families. */
static const struct {
	const char *name, *labels, *help;
	enum stats_by_listener what;
} by_listener[] = {
	{ "anyport_listener_connections_total", "", "Client connections accepted, by listener.",
	  BY_LISTENER_ACCEPTED },
	{ "anyport_listener_connections_closed_total", "",
	  "Client connections closed, by listener.", BY_LISTENER_CLOSED },
	{ "anyport_listener_bytes_total", ",direction=\"in\"",
	  "Bytes from and to clients, by listener.", BY_LISTENER_BYTES_IN },
	{ "anyport_listener_bytes_total", ",direction=\"out\"",
	  "Bytes from and to clients, by listener.", BY_LISTENER_BYTES_OUT },
	{ "anyport_listener_logins_total", ",outcome=\"accepted\"",
	  "Logins of clients, by listener.", BY_LISTENER_LOGINS },
	{ "anyport_listener_logins_total", ",outcome=\"refused\"",
	  "Logins of clients, by listener.", BY_LISTENER_LOGINS_REFUSED },
};

static void print_open_by_listener(FILE *out, const struct config *c, const struct stats *sum)
{
	family(out, "anyport_listener_connections", "gauge",
	       "Client connections open, by listener.");
	for (size_t i = 0; i < c->named_count; i++) {
		uint64_t o = sum->by_listener[i][BY_LISTENER_ACCEPTED],
			 closed = sum->by_listener[i][BY_LISTENER_CLOSED];

		fprintf(out, "anyport_listener_connections{listener=\"%s\"} %" PRIu64 "\n",
			c->named[i].name, o > closed ? o - closed : 0);
	}
}

/* Where listeners have names. */
static void print_listeners(FILE *out, const struct config *c, const struct stats *sum)
{
	if (c == NULL || c->named_count == 0)
		return;
	print_open_by_listener(out, c, sum);
	for (size_t f = 0; f < ARRAY_LEN(by_listener); f++) {
		if (f == 0 || strcmp(by_listener[f].name, by_listener[f - 1].name) != 0)
			family(out, by_listener[f].name, "counter", by_listener[f].help);
		for (size_t i = 0; i < c->named_count; i++)
			fprintf(out, "%s{listener=\"%s\"%s} %" PRIu64 "\n", by_listener[f].name,
				c->named[i].name, by_listener[f].labels,
				sum->by_listener[i][by_listener[f].what]);
	}
}

static void print_latency(FILE *out, const struct stats *sum)
{
	uint64_t so_far = 0;

	family(out, "anyport_request_seconds", "histogram",
	       "From the head of a request to the last byte of its answer.");
	for (int i = 0; i < STATS_BUCKETS; i++) {
		so_far += sum->latency[i];
		fprintf(out, "anyport_request_seconds_bucket{le=\"%.9g\"} %" PRIu64 "\n",
			ldexp(64e-6, i), so_far);
	}
	so_far += sum->latency[STATS_BUCKETS];
	fprintf(out, "anyport_request_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", so_far);
	fprintf(out, "anyport_request_seconds_sum %.15g\n", (double)sum->latency_sum_us / 1e6);
	fprintf(out, "anyport_request_seconds_count %" PRIu64 "\n", so_far);
}

static void print_cluster(FILE *out, const struct http_metrics *m)
{
	gauge(out, "anyport_cluster_member", m->is_cluster_member,
	      "Whether this node is a member of its group.");
	gauge(out, "anyport_cluster_nodes", m->cluster_members,
	      "Gateway nodes known, this one included.");
	gauge(out, "anyport_cluster_nodes_draining", m->cluster_draining,
	      "Gateway nodes that clients are led away from.");
	gauge(out, "anyport_cluster_disagreements", m->cluster_disagreements,
	      "Ways in which gateway nodes do not fit together.");
}

static void print_pair(FILE *out, const char *name, double connections, double bytes,
		       const char *help)
{
	family(out, name, "gauge", help);
	fprintf(out, "%s{of=\"connections\"} %.15g\n", name, connections);
	fprintf(out, "%s{of=\"bytes\"} %.15g\n", name, bytes);
}

static void print_skew(FILE *out, const struct http_metrics *m)
{
	gauge(out, "anyport_cluster_nodes_measured", m->nodes_measured,
	      "Gateway nodes that take clients and whose load is known.");
	print_pair(out, "anyport_cluster_skew", m->connections_skew, m->bytes_skew,
		   "The most that one of them has, as a multiple of their mean.");
	print_pair(out, "anyport_cluster_share", m->connections_share, m->bytes_share,
		   "What this node has, as a multiple of their mean.");
	gauge(out, "anyport_balance_declined_ratio", m->declined,
	      "Internal balancing: the share of its clients that this node leaves to the others.");
}

/* One that has not been tried yet is not told: nothing is known of it. */
static void print_brokers(FILE *out, const struct http_metrics *m)
{
	static const char name[] = "anyport_broker_up";
	bool is_told = false;

	for (size_t i = 0; i < m->broker_count; i++) {
		const struct broker_known *k = &m->broker_list[i];

		if (k->state == BROKER_UNTRIED)
			continue;
		if (!is_told)
			family(out, name, "gauge", "Whether the broker answers this node.");
		is_told = true;
		fprintf(out, "%s{broker=\"%d\"} %d\n", name, (int)k->id, k->state == BROKER_UP);
	}
}

static void print_records(FILE *out)
{
	uint64_t taken, left_out;

	logsink_records(&taken, &left_out);
	family(out, "anyport_audit_lines_total", "counter",
	       "Lines of the audit log, and those for which the log had no room.");
	fprintf(out, "anyport_audit_lines_total{outcome=\"taken\"} %" PRIu64 "\n", taken);
	fprintf(out, "anyport_audit_lines_total{outcome=\"left_out\"} %" PRIu64 "\n", left_out);
}

static void print_certificates(FILE *out, const struct http_metrics *m)
{
	static const char name[] = "anyport_certificate_expiry_timestamp_seconds";

	const struct {
		const char *to;
		int64_t ends;
	} all[] = { { "clients", m->clients_certificate_ends },
		    { "brokers", m->brokers_certificate_ends },
		    { "http", m->http_certificate_ends } };
	bool is_told = false;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (all[i].ends == 0)
			continue;
		if (!is_told)
			family(out, name, "gauge",
			       "When the certificate that is shown ends, since 1970.");
		is_told = true;
		fprintf(out, "%s{to=\"%s\"} %lld\n", name, all[i].to, (long long)all[i].ends);
	}
}

static void print_gauges(FILE *out, const struct http_metrics *m, const struct stats *sum)
{
	gauge(out, "anyport_client_connections",
	      (double)stats_open(sum, STAT_CLIENTS_ACCEPTED, STAT_CLIENTS_CLOSED),
	      "Client connections open.");
	gauge(out, "anyport_client_connections_max", m->max_clients,
	      "Client connections that are taken, as configured or as the descriptors allow.");
	gauge(out, "anyport_workers_without_descriptors", m->workers_resting,
	      "Workers that take no clients for want of file descriptors.");
	gauge(out, "anyport_broker_connections",
	      (double)stats_open(sum, STAT_UPSTREAMS_OPENED, STAT_UPSTREAMS_CLOSED),
	      "Broker connections open.");
	gauge(out, "anyport_memory_budget_bytes", (double)m->memory_budget_bytes,
	      "Memory for requests and answers that must be held.");
	gauge(out, "anyport_memory_held_bytes", (double)m->memory_held_bytes,
	      "Memory reserved out of the budget.");
	gauge(out, "anyport_memory_waiting", m->memory_waiting,
	      "Requests that wait for memory out of the budget.");
	gauge(out, "anyport_brokers", m->brokers, "Brokers known.");
	gauge(out, "anyport_topics", m->topics, "Topics known.");
	if (m->cluster_members > 0)
		print_cluster(out, m);
	if (m->nodes_measured > 0)
		print_skew(out, m);
	if (m->topology_age_ms >= 0)
		gauge(out, "anyport_topology_age_seconds", (double)m->topology_age_ms / 1e3,
		      "Time since the last metadata answer.");
}

static void print_node(FILE *out, const struct http_node *node)
{
	family(out, "anyport_build_info", "gauge", "The version that runs.");
	fprintf(out, "anyport_build_info{version=\"%s\"} 1\n", node->version);
	gauge(out, "anyport_ready", node->is_ready, "Whether clients may come.");
	gauge(out, "anyport_start_time_seconds", seconds(node->started),
	      "When the node started, in seconds since 1970.");
}

/* Without the one that counts them; -1: can't be told. */
static int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -1;

	if (d == NULL)
		return -1;
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void print_process(FILE *out)
{
	struct timespec cpu;
	struct rlimit files;
	double memory = (double)mem_resident();
	int fds = open_files();

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	family(out, "process_cpu_seconds_total", "counter", "Processor time used.");
	fprintf(out, "process_cpu_seconds_total %.15g\n", seconds(cpu));
	if (memory >= 0)
		gauge(out, "process_resident_memory_bytes", memory, "Resident memory.");
	if (fds >= 0)
		gauge(out, "process_open_fds", fds, "Open file descriptors.");
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
		gauge(out, "process_max_fds", (double)files.rlim_cur,
		      "Most file descriptors that may be open.");
}

static const char *const usage_words[USAGE_KINDS] = {
	[USAGE_CLIENTS] = "client",
	[USAGE_TOPICS] = "topic",
	[USAGE_GROUPS] = "group",
	[USAGE_PRINCIPALS] = "principal",
};

/* A label's value: what may be in a name is text without control characters. */
static void put_label(FILE *out, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			fputc('\\', out);
		fputc(*name, out);
	}
}

/* One figure of names, or of all together. */
struct usage_family {
	const char *name, *all_name, *labels, *help;
	size_t figure; /* offset in struct usage_sum */
};

static uint64_t usage_figure(const struct usage_family *f, const struct usage_sum *s)
{
	return *(const uint64_t *)((const char *)s + f->figure);
}

static void print_names(FILE *out, const struct http_metrics *metrics, const struct usage_family *f)
{
	for (int k = 0; k < USAGE_KINDS; k++) {
		const struct usage_told *told = &metrics->usage[k];

		for (size_t i = 0; i < told->count; i++) {
			fprintf(out, "%s{kind=\"%s\",name=\"", f->name, usage_words[k]);
			put_label(out, told->rows[i].name);
			fprintf(out, "\"%s} %" PRIu64 "\n", f->labels,
				usage_figure(f, &told->rows[i].sum));
		}
	}
}

static void print_all_names(FILE *out, const struct http_metrics *metrics,
			    const struct usage_family *f)
{
	for (int k = 0; k < USAGE_KINDS; k++) {
		if (metrics->has_usage[k])
			fprintf(out, "%s{kind=\"%s\"%s} %" PRIu64 "\n", f->all_name, usage_words[k],
				f->labels, usage_figure(f, &metrics->usage[k].all));
	}
}

static void print_usage(FILE *out, const struct http_metrics *metrics)
{
	static const struct usage_family families[] = {
		{ "anyport_top_requests_total", "anyport_usage_requests_total", "",
		  "Requests of names with many bytes.", offsetof(struct usage_sum, requests) },
		{ "anyport_top_bytes_total", "anyport_usage_bytes_total", ",direction=\"in\"",
		  "Bytes from and to clients of names with many.",
		  offsetof(struct usage_sum, bytes_in) },
		{ "anyport_top_bytes_total", "anyport_usage_bytes_total", ",direction=\"out\"",
		  NULL, offsetof(struct usage_sum, bytes_out) },
		{ "anyport_top_errors_total", "anyport_usage_errors_total", "",
		  "Answers with an error of names with many bytes.",
		  offsetof(struct usage_sum, errors) },
	};
	bool has_any = false;

	for (int k = 0; k < USAGE_KINDS; k++)
		has_any |= metrics->has_usage[k];
	for (size_t i = 0; has_any && i < ARRAY_LEN(families); i++) {
		if (families[i].help != NULL)
			family(out, families[i].name, "counter", families[i].help);
		print_names(out, metrics, &families[i]);
	}
	for (size_t i = 0; has_any && i < ARRAY_LEN(families); i++) {
		if (families[i].help != NULL)
			family(out, families[i].all_name, "counter",
			       "The same of all clients, topics, groups and principals.");
		print_all_names(out, metrics, &families[i]);
	}
}

char *metrics_render(const struct http_metrics *metrics, const struct http_node *node, size_t *size)
{
	char *page = NULL;
	FILE *out = open_memstream(&page, size);
	struct stats sum;

	assert(out != NULL);
	metrics_sum(metrics, &sum);
	print_counters(out, &sum);
	print_listeners(out, metrics->config, &sum);
	print_requests(out, &sum);
	print_errors(out, &sum);
	print_latency(out, &sum);
	print_gauges(out, metrics, &sum);
	print_brokers(out, metrics);
	print_usage(out, metrics);
	print_certificates(out, metrics);
	print_records(out);
	print_node(out, node);
	print_process(out);
	fclose(out);
	return page;
}
