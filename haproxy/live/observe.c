#include "live/observe.h"

#include "live/show_sess.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GENERATED "anyport_nodes"

/* --- which backend --- */

static bool has_servers(const struct stat_rows *rows, const char *backend)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->rows[i].type == STAT_SERVER && strcmp(rows->rows[i].proxy, backend) == 0)
			return true;
	return false;
}

static bool is_candidate(const struct stat_rows *rows, const struct stat_row *row)
{
	return row->type == STAT_BACKEND && strcmp(row->mode, "http") != 0 &&
	       has_servers(rows, row->proxy);
}

static const char *wanted_backend(const struct stat_rows *rows, const char *wanted,
				  char why[RUNTIME_WHY_MAX])
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->rows[i].type == STAT_BACKEND && strcmp(rows->rows[i].proxy, wanted) == 0)
			return rows->rows[i].proxy;
	snprintf(why, RUNTIME_WHY_MAX, "no backend is called %.100s", wanted);
	return NULL;
}

/* The candidates, as a list with commas. */
static void list_candidates(const struct stat_rows *rows, char *to, size_t size)
{
	size_t at = 0;

	to[0] = '\0';
	for (size_t i = 0; i < rows->count && at < size; i++)
		if (is_candidate(rows, &rows->rows[i]))
			at += (size_t)snprintf(to + at, size - at, "%s%s", at > 0 ? ", " : "",
					       rows->rows[i].proxy);
}

const char *observe_backend(const struct stat_rows *rows, const char *wanted,
			    char why[RUNTIME_WHY_MAX])
{
	const char *found = NULL;
	char names[300];
	size_t count = 0;

	if (wanted != NULL)
		return wanted_backend(rows, wanted, why);
	for (size_t i = 0; i < rows->count; i++) {
		if (!is_candidate(rows, &rows->rows[i]))
			continue;
		if (strcmp(rows->rows[i].proxy, GENERATED) == 0)
			return rows->rows[i].proxy;
		found = rows->rows[i].proxy;
		count++;
	}
	if (count == 1)
		return found;
	list_candidates(rows, names, sizeof names);
	if (count == 0)
		snprintf(why, RUNTIME_WHY_MAX, "no backend in TCP mode has servers");
	else
		snprintf(why, RUNTIME_WHY_MAX,
			 "several backends could hold the nodes: name one of %s", names);
	return NULL;
}

static bool is_of_listener(const char *backend)
{
	return strncmp(backend, GENERATED "_", sizeof GENERATED) == 0;
}

size_t observe_fronts(const struct stat_rows *rows, const char ***names)
{
	size_t count = 0;

	*names = mem_alloc((rows->count + 1) * sizeof **names);
	for (size_t i = 0; i < rows->count; i++) {
		const struct stat_row *row = &rows->rows[i];

		if (!is_candidate(rows, row))
			continue;
		if (strcmp(row->proxy, GENERATED) == 0)
			return 0; /* it has them all */
		if (is_of_listener(row->proxy))
			(*names)[count++] = row->proxy;
	}
	return count;
}

/* --- servers --- */

struct observed_server *observe_find(const struct observed_balancer *o, const char *server)
{
	for (size_t i = 0; i < o->server_count; i++)
		if (strcmp(o->servers[i].row->server, server) == 0)
			return &o->servers[i];
	return NULL;
}

static const struct server_state *state_of(const struct observed_balancer *o, const char *server)
{
	for (size_t i = 0; i < o->states.count; i++)
		if (strcmp(o->states.list[i].backend, o->backend) == 0 &&
		    strcmp(o->states.list[i].name, server) == 0)
			return &o->states.list[i];
	return NULL;
}

static void add_server(struct observed_balancer *o, const struct stat_row *row)
{
	const struct server_state *state = state_of(o, row->server);

	if (state != NULL && (state->admin_state & ADMIN_RESOLVER_MAINT) != 0)
		return;
	o->servers = mem_realloc(o->servers, (o->server_count + 1) * sizeof *o->servers);
	o->servers[o->server_count++] = (struct observed_server){
		.row = row,
		.state = state,
		.sessions = row->sessions,
	};
}

static void read_rows(struct observed_balancer *o)
{
	for (size_t i = 0; i < o->rows.count; i++) {
		const struct stat_row *row = &o->rows.rows[i];

		if (strcmp(row->proxy, o->backend) != 0)
			continue;
		if (row->type == STAT_SERVER)
			add_server(o, row);
		else if (row->type == STAT_BACKEND)
			o->algorithm = row->algorithm;
	}
}

bool observe_read(struct observed_balancer *o, const char *stat, const char *state,
		  const char *backend)
{
	o->rows = show_stat_parse(stat);
	if (state != NULL)
		o->states = show_servers_parse(state);
	o->backend = observe_backend(&o->rows, backend, o->why);
	if (o->backend == NULL)
		return false;
	read_rows(o);
	return true;
}

/* Whether the worker that listens has that server, in whichever backend. */
static bool is_known(const struct observed_balancer *o, const struct stat_row *row)
{
	for (size_t i = 0; i < o->rows.count; i++) {
		const struct stat_row *own = &o->rows.rows[i];

		if (own->type == STAT_SERVER && strcmp(own->proxy, row->proxy) == 0 &&
		    strcmp(own->server, row->server) == 0)
			return true;
	}
	return false;
}

void observe_read_old(struct observed_balancer *o, const char *stat)
{
	struct stat_rows rows = show_stat_parse(stat);

	for (size_t i = 0; i < rows.count; i++) {
		const struct stat_row *row = &rows.rows[i];
		struct observed_server *s;

		if (row->type != STAT_SERVER)
			continue;
		if (o->old_elsewhere >= 0 && strcmp(row->mode, "http") != 0 && !is_known(o, row))
			o->old_elsewhere += row->sessions;
		if (strcmp(row->proxy, o->backend) != 0)
			continue;
		s = observe_find(o, row->server);
		if (s != NULL && s->old_sessions >= 0)
			s->old_sessions += row->sessions;
	}
	show_stat_free(&rows);
}

void observe_read_sessions(struct observed_balancer *o, const char *text)
{
	struct sessions all = show_sess_parse(text);

	for (size_t i = 0; i < all.count; i++) {
		const struct session *s = &all.list[i];
		struct observed_server *server;

		if (strcmp(s->backend, o->backend) != 0)
			continue;
		server = observe_find(o, s->server);
		if (server == NULL || server->bytes_in < 0)
			continue;
		server->bytes_in += (int64_t)s->bytes_in;
		server->bytes_out += (int64_t)s->bytes_out;
	}
	show_sess_free(&all);
}

void observe_read_tables(struct observed_balancer *o, const char *text)
{
	o->tables = show_table_parse(text);
	for (size_t i = 0; i < o->tables.table_count; i++)
		if (strcmp(o->tables.tables[i].name, o->backend) == 0)
			o->table = &o->tables.tables[i];
}

/* --- asking --- */

/* What is not told by all of its workers is not known. */
static void forget_bytes(struct observed_balancer *o)
{
	for (size_t i = 0; i < o->server_count; i++)
		o->servers[i].bytes_in = o->servers[i].bytes_out = -1;
}

static void forget_old(struct observed_balancer *o)
{
	for (size_t i = 0; i < o->server_count; i++)
		o->servers[i].old_sessions = -1;
	o->old_elsewhere = -1;
}

static void ask_sessions(const struct balancers *all, struct observed_balancer *o, int64_t worker)
{
	char why[RUNTIME_WHY_MAX];
	char *text = balancer_ask(all, o->balancer, worker, "show sess all", why);

	if (text == NULL)
		forget_bytes(o);
	else
		observe_read_sessions(o, text);
	free(text);
}

static void ask_old_worker(const struct balancers *all, struct observed_balancer *o, int64_t pid)
{
	char why[RUNTIME_WHY_MAX];
	char *text = balancer_ask(all, o->balancer, pid, "show stat", why);

	if (text == NULL)
		forget_old(o);
	else
		observe_read_old(o, text);
	free(text);
	ask_sessions(all, o, pid);
}

static void ask_old_workers(const struct balancers *all, struct observed_balancer *o)
{
	struct processes processes;

	o->knows_old_workers = o->balancer->master != NULL &&
			       balancer_processes(all, o->balancer, &processes, o->master_why);
	if (!o->knows_old_workers) {
		forget_old(o);
		return;
	}
	for (size_t i = 0; i < processes.count; i++) {
		if (!processes.workers[i].is_old)
			continue;
		o->old_workers++;
		ask_old_worker(all, o, processes.workers[i].pid);
	}
	show_proc_free(&processes);
}

static void ask_process(const struct balancers *all, struct observed_balancer *o)
{
	char why[RUNTIME_WHY_MAX];
	char *info = balancer_ask(all, o->balancer, WORKER_CURRENT, "show info", why);
	char *tables = balancer_ask(all, o->balancer, WORKER_CURRENT, "show table", why);

	if (info != NULL) {
		o->version = show_info_get(info, "Version");
		o->uptime = show_info_number(info, "Uptime_sec");
		o->connections = show_info_number(info, "CurrConns");
		o->maxconn = show_info_number(info, "Maxconn");
	}
	if (tables != NULL)
		observe_read_tables(o, tables);
	free(info);
	free(tables);
}

static void observe_one(const struct balancers *all, const struct balancer *b, const char *backend,
			struct observed_balancer *o)
{
	char *stat, *state;
	char why[RUNTIME_WHY_MAX];

	*o = (struct observed_balancer){
		.balancer = b, .uptime = -1, .connections = -1, .maxconn = -1
	};
	stat = balancer_ask(all, b, WORKER_CURRENT, "show stat", o->why);
	if (stat == NULL)
		return;
	o->why[0] = '\0';
	state = balancer_ask(all, b, WORKER_CURRENT, "show servers state", why);
	if (observe_read(o, stat, state, backend))
		ask_process(all, o);
	free(stat);
	free(state);
}

static void add_backend(struct observation *o, const struct balancers *all,
			const struct balancer *b, const char *backend)
{
	o->list = mem_realloc(o->list, (o->count + 1) * sizeof *o->list);
	observe_one(all, b, backend, &o->list[o->count++]);
}

/* Who does not answer is told by the one that is added then. */
static void add_balancer(struct observation *o, const struct balancers *all,
			 const struct balancer *b)
{
	char why[RUNTIME_WHY_MAX];
	char *stat = balancer_ask(all, b, WORKER_CURRENT, "show stat", why);
	struct stat_rows rows = show_stat_parse(stat != NULL ? stat : "");
	const char **names;
	size_t count = observe_fronts(&rows, &names);

	for (size_t i = 0; i < count; i++)
		add_backend(o, all, b, names[i]);
	if (count == 0)
		add_backend(o, all, b, NULL);
	free(names);
	show_stat_free(&rows);
	free(stat);
}

static struct observation observe_all(const struct balancers *all, const char *backend)
{
	struct observation o = { mem_zalloc(sizeof *o.list), 0 };

	for (size_t i = 0; i < all->count; i++) {
		if (backend != NULL)
			add_backend(&o, all, &all->list[i], backend);
		else
			add_balancer(&o, all, &all->list[i]);
	}
	return o;
}

struct observation observe_servers(const struct balancers *all, const char *backend)
{
	struct observation o = observe_all(all, backend);

	for (size_t i = 0; i < o.count; i++) {
		forget_bytes(&o.list[i]);
		forget_old(&o.list[i]);
	}
	return o;
}

struct observation observe(const struct balancers *all, const char *backend)
{
	struct observation o = observe_all(all, backend);

	for (size_t i = 0; i < o.count; i++) {
		if (o.list[i].why[0] != '\0')
			continue;
		ask_sessions(all, &o.list[i], WORKER_CURRENT);
		ask_old_workers(all, &o.list[i]);
	}
	return o;
}

void observe_free(struct observation *o)
{
	for (size_t i = 0; i < o->count; i++) {
		struct observed_balancer *b = &o->list[i];

		free(b->version);
		free(b->servers);
		show_stat_free(&b->rows);
		show_servers_free(&b->states);
		show_table_free(&b->tables);
	}
	free(o->list);
	*o = (struct observation){ 0 };
}
