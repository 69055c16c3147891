#include "advise/facts.h"

#include "live/show_sess.h"
#include "live/stick.h"
#include "simulate/compare.h"
#include "util/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 20, SEED = 1 };

/* --- sessions --- */

static char *host_of(struct population *p, const char *source)
{
	const char *colon = strrchr(source, ':');

	return arena_strndup(p->texts, source,
			     colon != NULL ? (size_t)(colon - source) : strlen(source));
}

void facts_read_sessions(struct facts *f, const char *text, const char *backend,
			 struct population *p)
{
	struct sessions all = show_sess_parse(text);

	for (size_t i = 0; i < all.count; i++) {
		const struct session *s = &all.list[i];
		struct population_connection *c;

		if (strcmp(s->backend, backend) != 0 || s->server[0] == '\0' ||
		    (c = population_add(p)) == NULL)
			continue;
		*c = (struct population_connection){
			.source = host_of(p, s->source),
			.port = s->port > 0 ? (unsigned)s->port : 0,
			.node = arena_strndup(p->texts, s->server, strlen(s->server)),
			.begins_ms = s->age > 0 ? -s->age : 0,
			.ends_ms = INT64_MAX,
			.bytes = (double)s->bytes_in + (double)s->bytes_out,
		};
		if (s->age > f->oldest)
			f->oldest = s->age;
	}
	show_sess_free(&all);
}

static int by_source(const void *a, const void *b)
{
	const struct population_connection *const *x = a, *const *y = b;

	return strcmp((*x)->source, (*y)->source);
}

/* One client is one source. */
static void number_clients(struct facts *f, struct population *p)
{
	struct population_connection **sorted = mem_alloc((p->count + 1) * sizeof(void *));
	size_t same = 0;

	for (size_t i = 0; i < p->count; i++)
		sorted[i] = &p->connections[i];
	qsort(sorted, p->count, sizeof(void *), by_source);
	for (size_t i = 0; i < p->count; i++) {
		bool is_new = i == 0 || strcmp(sorted[i - 1]->source, sorted[i]->source) != 0;

		same = is_new ? 1 : same + 1;
		f->sources += is_new;
		sorted[i]->client = (unsigned)f->sources - 1;
		if (same <= f->busiest)
			continue;
		f->busiest = same;
		snprintf(f->busiest_source, sizeof f->busiest_source, "%s", sorted[i]->source);
	}
	p->client_count = (unsigned)f->sources;
	free(sorted);
}

/* In the order in which they came, a millisecond apart, and all of them open for a long time
 * after: each counts alike. */
void facts_count(struct facts *f, struct population *p)
{
	f->sessions = p->count;
	f->sources = f->busiest = 0;
	number_clients(f, p);
	population_sort(p);
	p->sees = 1 << SEES_SOURCE | 1 << SEES_NODE;
	for (size_t i = 0; i < p->count; i++) {
		p->sees |= p->connections[i].port != 0 ? 1 << SEES_PORT : 0;
		p->sees |= p->connections[i].bytes > 0 ? 1 << SEES_BYTES : 0;
		p->connections[i].begins_ms = (int64_t)i;
	}
	p->end_ms = 1000 * (int64_t)p->count + 1;
}

/* --- what the nodes have --- */

static bool takes_part(const struct observed_server *s)
{
	return stat_is_up(s->row) && s->row->weight != 0;
}

/* The nodes of the first load balancer that are up. */
static void take_nodes(const struct observation *seen, struct simulate_nodes *nodes)
{
	const struct observed_balancer *o = &seen->list[0];

	for (size_t i = 0; i < o->server_count && nodes->count < SIMULATE_NODES_MAX; i++) {
		const struct stat_row *row = o->servers[i].row;

		if (!takes_part(&o->servers[i]))
			continue;
		nodes->names[nodes->count] = row->server;
		nodes->servers[nodes->count++] = (struct balancer_server){
			.id = row->server_id > 0 ? (unsigned)row->server_id
						 : (unsigned)nodes->count + 1,
			.weight = row->weight > 0 ? (unsigned)row->weight : 1,
		};
	}
}

/* Of the sessions that were read, on the nodes that are up. */
static void take_skew(struct facts *f, const struct population *p,
		      const struct simulate_nodes *nodes)
{
	double sessions[SIMULATE_NODES_MAX] = { 0 }, bytes[SIMULATE_NODES_MAX] = { 0 };

	for (size_t i = 0; i < p->count; i++) {
		for (size_t n = 0; n < nodes->count; n++) {
			if (strcmp(nodes->names[n], p->connections[i].node) != 0)
				continue;
			sessions[n]++;
			bytes[n] += p->connections[i].bytes;
		}
	}
	f->nodes = nodes->count;
	f->skew = simulate_skew(sessions, nodes->count);
	f->bytes_skew = simulate_skew(bytes, nodes->count);
}

/* --- asking --- */

static bool ask_worker(struct facts *f, const struct balancers *all,
		       const struct observed_balancer *o, int64_t worker, struct population *p,
		       char why[RUNTIME_WHY_MAX])
{
	char *text = balancer_ask(all, o->balancer, worker, "show sess all", why);

	if (text == NULL)
		return false;
	facts_read_sessions(f, text, o->backend, p);
	free(text);
	return true;
}

static bool ask_workers(struct facts *f, const struct balancers *all,
			const struct observed_balancer *o, struct population *p,
			char why[RUNTIME_WHY_MAX])
{
	struct processes processes;
	bool good = balancer_processes(all, o->balancer, &processes, why) &&
		    ask_worker(f, all, o, WORKER_CURRENT, p, why);

	for (size_t i = 0; good && i < processes.count; i++)
		if (processes.workers[i].is_old)
			good = ask_worker(f, all, o, processes.workers[i].pid, p, why);
	show_proc_free(&processes);
	return good;
}

/* Most connections that its frontends have had. */
static int64_t peak_of(const struct observed_balancer *o)
{
	int64_t sum = 0;

	for (size_t i = 0; i < o->rows.count; i++)
		if (o->rows.rows[i].type == STAT_FRONTEND && o->rows.rows[i].sessions_max > 0)
			sum += o->rows.rows[i].sessions_max;
	return sum;
}

bool facts_is_shared_id(const char *key)
{
	static const char *const whole[] = { "rdkafka",	      "sarama",	      "producer-1",
					     "adminclient-1", "kafka-python", "aiokafka" };
	static const char *const begin[] = { "kafka-python-", "aiokafka-" };

	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (strcmp(key, whole[i]) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_LEN(begin); i++)
		if (strncmp(key, begin[i], strlen(begin[i])) == 0)
			return true;
	return false;
}

static bool ask_table(struct facts *f, const struct balancers *all,
		      const struct observed_balancer *o, char why[RUNTIME_WHY_MAX])
{
	struct stick_place place;
	struct stick_tables tables;

	if (o->table == NULL)
		return true;
	if (!stick_find(&place, all, o, NULL, why) || !stick_read(&place, NULL, &tables, why))
		return false;
	if ((int64_t)tables.entry_count > f->table_used)
		f->table_used = (int64_t)tables.entry_count;
	for (size_t i = 0; i < tables.entry_count; i++)
		if (facts_is_shared_id(tables.entries[i].key))
			snprintf(f->shared_id, sizeof f->shared_id, "%s", tables.entries[i].key);
	show_table_free(&tables);
	return true;
}

/* One that does not tell its version counts as the oldest. */
static void take_version(struct facts *f, const struct observed_balancer *o)
{
	struct version v;

	if (o->version == NULL || !version_parse(o->version, &v))
		v = VERSION_OLDEST;
	if (f->version.major == 0 || version_compare(&v, &f->version) < 0)
		f->version = v;
}

bool facts_observe(struct facts *f, const struct balancers *all, const struct observation *seen,
		   struct population *p, char why[RUNTIME_WHY_MAX])
{
	struct simulate_nodes nodes = { 0 };

	*f = (struct facts){ .balancers = seen->count, .maxconn = -1, .table_used = -1 };
	for (size_t i = 0; i < seen->count; i++) {
		const struct observed_balancer *o = &seen->list[i];
		int64_t peak = peak_of(o);

		if (!ask_workers(f, all, o, p, why) || !ask_table(f, all, o, why))
			return false;
		take_version(f, o);
		f->peak = peak > f->peak ? peak : f->peak;
		if (o->maxconn >= 0 && (f->maxconn < 0 || o->maxconn < f->maxconn))
			f->maxconn = o->maxconn;
	}
	facts_count(f, p);
	take_nodes(seen, &nodes);
	take_skew(f, p, &nodes);
	return true;
}

static bool draws(const struct facts *f, enum balancer_kind balance)
{
	return balance == BALANCER_RANDOM ||
	       (balance == BALANCER_LEASTCONN && version_leastconn_draws(&f->version));
}

void facts_simulate(struct facts *f, const struct population *p, const struct observation *seen,
		    enum balancer_kind balance, size_t table_size, int64_t expire_ms)
{
	struct simulate_nodes nodes = { .table_size = table_size, .table_expire_ms = expire_ms };
	struct compare_source source = { .read = p };
	struct compare_row *rows = mem_zalloc(SIMULATE_KEYS * sizeof *rows);
	size_t count = 0;

	take_nodes(seen, &nodes);
	for (int key = 0; key < SIMULATE_KEYS; key++)
		if (simulate_key_is_seen((enum simulate_key)key, p))
			rows[count++].choice = (struct simulate_choice){
				(enum simulate_key)key,
				{ .kind = balance, .draws = 2, .version = f->version }
			};
	if (nodes.count > 0 && p->count > 0)
		compare_run(rows, count, &nodes, &source, draws(f, balance) ? RUNS : 1, SEED);
	else
		count = 0;
	for (size_t i = 0; i < count; i++)
		f->kinds[rows[i].choice.key] =
			(struct facts_kind){ true, rows[i].connections_skew.median,
					     rows[i].bytes_skew.median, rows[i].stays };
	free(rows);
}
