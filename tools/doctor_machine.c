/* What the kernel allows: a row for each of its settings that Kafka behind a gateway can run into. */
#include "doctor.h"

#include "program/files.h"
#include "util/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
	NUMBERS_MAX = 3,
	BROKERS_USUAL = 3, /* while none is known */
	BURST = 1024,	   /* clients that come at once, after a node or HAProxy is gone */
	PIPE_PAGES = 16384,
	BUFFER_BYTES = 1 << 18,
};

struct setting {
	const char *path; /* below /proc */
	const char *name; /* as sysctl has it */
	enum doctor_severity severity;
	/* How much it allows, of the numbers in the file, and how much it should be. */
	int64_t (*value)(const int64_t numbers[NUMBERS_MAX]);
	int64_t (*needed)(const struct doctor *d);
	const char *why;
	const char *mend; /* what to write; NULL: what is needed */
};

/* --- what is there --- */

static int64_t first(const int64_t n[NUMBERS_MAX])
{
	return n[0];
}

static int64_t third(const int64_t n[NUMBERS_MAX])
{
	return n[2];
}

static int64_t width(const int64_t n[NUMBERS_MAX])
{
	return n[1] - n[0] + 1;
}

/* 0: there is no limit. */
static int64_t or_all(const int64_t n[NUMBERS_MAX])
{
	return n[0] == 0 ? INT64_MAX : n[0];
}

/* --- what is needed --- */

static int64_t a_burst(const struct doctor *d)
{
	return d->config->max_connections < BURST ? d->config->max_connections : BURST;
}

/* Each client may have a connection to the same broker. */
static int64_t a_client(const struct doctor *d)
{
	return d->config->max_connections;
}

static int64_t brokers(const struct doctor *d)
{
	return d->broker_count > 0 ? (int64_t)d->broker_count : BROKERS_USUAL;
}

static int64_t all_descriptors(const struct doctor *d)
{
	return d->config->max_connections * (1 + brokers(d));
}

static int64_t all_connections(const struct doctor *d)
{
	return d->config->max_connections * 2;
}

static int64_t pipe_pages(const struct doctor *d)
{
	(void)d;
	return PIPE_PAGES;
}

static int64_t a_buffer(const struct doctor *d)
{
	(void)d;
	return BUFFER_BYTES;
}

static const struct setting settings[] = {
	{ "sys/fs/file-max", "fs.file-max", DOCTOR_ERROR, first, all_descriptors,
	  "descriptors of the whole machine: each client (gateway.limits.connections) has one, and one "
	  "for each broker",
	  NULL },
	{ "sys/net/netfilter/nf_conntrack_max", "net.netfilter.nf_conntrack_max", DOCTOR_ERROR,
	  first, all_connections,
	  "connections that the packet filter keeps in mind: beyond them it drops new ones without a "
	  "word",
	  NULL },
	{ "sys/net/ipv4/ip_local_port_range", "net.ipv4.ip_local_port_range", DOCTOR_WARNING, width,
	  a_client,
	  "ports for connections to one broker: each client (gateway.limits.connections) may have one",
	  "1024 65535" },
	{ "sys/net/core/somaxconn", "net.core.somaxconn", DOCTOR_WARNING, first, a_burst,
	  "clients that wait to be taken, when all of a dead node's or a reload's come at once",
	  NULL },
	{ "sys/net/ipv4/tcp_rmem", "net.ipv4.tcp_rmem", DOCTOR_WARNING, third, a_buffer,
	  "bytes on their way to this machine on one connection, its third number: it bounds what one "
	  "fetch moves over a long way",
	  "4096 131072 6291456" },
	{ "sys/net/ipv4/tcp_wmem", "net.ipv4.tcp_wmem", DOCTOR_WARNING, third, a_buffer,
	  "bytes on their way from this machine on one connection, its third number",
	  "4096 16384 4194304" },
	{ "sys/fs/pipe-user-pages-soft", "fs.pipe-user-pages-soft", DOCTOR_WARNING, or_all,
	  pipe_pages,
	  "pages of pipes, by which bytes pass without a copy: beyond them pipes are short", NULL },
};

/* --- reading --- */

/* False: the kernel has no such setting, or it is not to be read. */
static bool read_numbers(const struct doctor *d, const char *path, int64_t to[NUMBERS_MAX])
{
	char *whole = mem_printf("%s/%s", d->proc, path);
	FILE *in = fopen(whole, "re");
	int n = 0;

	free(whole);
	if (in == NULL)
		return false;
	to[1] = to[2] = 0;
	n = fscanf(in, "%" SCNd64 " %" SCNd64 " %" SCNd64, &to[0], &to[1], &to[2]);
	fclose(in);
	return n > 0;
}

static void look_setting(struct doctor *d, const struct setting *s)
{
	int64_t numbers[NUMBERS_MAX], value, needed = s->needed(d);
	char number[24];

	if (!read_numbers(d, s->path, numbers))
		return;
	value = s->value(numbers);
	if (value >= needed)
		return;
	snprintf(number, sizeof number, "%" PRId64, needed);
	doctor_find(d, s->severity,
		    mem_printf("sysctl -w %s='%s', and the same as a line of "
			       "/etc/sysctl.d/90-anyport.conf",
			       s->name, s->mend != NULL ? s->mend : number),
		    "%s allows %" PRId64 " and should %s: %s", s->name, value, number, s->why);
}

/* --- descriptors of the process --- */

/* That the node listens at: of a listener that does not say how many, one for each broker. */
static int all_ports(const struct doctor *d)
{
	int all = 0;

	for (size_t i = 0; i < config_listener_count(d->config); i++) {
		const struct listener *l = config_listener(d->config, i);

		all += l->port_count > 0 ? l->port_count : (int)brokers(d);
	}
	return all;
}

static void look_descriptors(struct doctor *d)
{
	const struct config *c = d->config;
	struct files_need need = { .limit = d->node_files,
				   .workers = c->workers,
				   .ports = all_ports(d),
				   .brokers = (int)brokers(d),
				   .is_single = c->listener.advertised_mode == ADVERTISE_SINGLE,
				   .clients = c->max_connections,
				   .is_given = true };
	struct files_plan plan;
	int64_t wanted;

	if (d->node_files == 0)
		return; /* the node does not run, or has no limit */
	plan = files_plan(&need);
	if (plan.clients <= plan.fit)
		return;
	wanted = (int64_t)plan.clients * plan.a_client + need.limit - plan.kept_from;
	doctor_find(
		d, DOCTOR_WARNING,
		mem_printf("LimitNOFILE=%" PRId64
			   " in the node's unit (systemctl edit anyport), or "
			   "ulimit -n where it is started, or a lower gateway.limits.connections",
			   wanted),
		"the node may have %" PRId64 " descriptors open, which are enough for %d of the %d "
		"clients of gateway.limits.connections",
		d->node_files, plan.fit, plan.clients);
}

/* --- memory --- */

static void look_memory(struct doctor *d)
{
	char *path = mem_printf("%s/meminfo", d->proc);
	FILE *in = fopen(path, "re");
	int64_t kib = 0;

	free(path);
	if (in == NULL)
		return;
	if (fscanf(in, "MemTotal: %" SCNd64, &kib) == 1 &&
	    d->config->memory_budget_bytes / 1024 > kib)
		doctor_find(d, DOCTOR_ERROR,
			    mem_strdup("lower gateway.limits.memory, or take a larger machine"),
			    "gateway.limits.memory is %" PRId64
			    " MiB, and the machine has %" PRId64,
			    d->config->memory_budget_bytes >> 20, kib >> 10);
	fclose(in);
}

void doctor_machine(struct doctor *d)
{
	look_memory(d);
	look_descriptors(d);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		look_setting(d, &settings[i]);
}
