#include "status_rows.h"

#include "simulate/simulate.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

/* -1 is null. */
static json_t *number_or_null(int64_t n)
{
	return n < 0 ? json_null() : json_integer(n);
}

static json_t *text_or_null(const char *text)
{
	json_t *value = text != NULL && text[0] != '\0' ? json_string(text) : NULL;

	return value != NULL ? value : json_null();
}

static void add_node(json_t *nodes, const struct observed_balancer *o,
		     const struct observed_server *s)
{
	const struct stat_row *row = s->row;
	bool ramps = row->throttle >= 0 && row->throttle < 100;

	json_array_append_new(
		nodes,
		json_pack("{s:s s:s s:s s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o}", "node",
			  row->server, "balancer", o->balancer->name, "backend", o->backend,
			  "state", text_or_null(row->status), "since",
			  number_or_null(row->last_change), "check",
			  text_or_null(row->check_status), "agent", text_or_null(row->agent_status),
			  "weight", number_or_null(row->weight), "slowstart",
			  ramps ? json_real((double)row->throttle / 100) : json_null(), "sessions",
			  number_or_null(s->sessions), "old_sessions",
			  number_or_null(s->old_sessions), "bytes_in", number_or_null(s->bytes_in),
			  "bytes_out", number_or_null(s->bytes_out), "counted_in",
			  number_or_null(row->bytes_in), "counted_out",
			  number_or_null(row->bytes_out)));
}

static void add_table(json_t *row, const struct stick_table *t)
{
	json_object_set_new(row, "table", json_string(t->name));
	json_object_set_new(row, "table_type", json_string(t->type));
	json_object_set_new(row, "table_size", json_integer(t->size));
	json_object_set_new(row, "table_used", json_integer(t->used));
	if (t->size > 0)
		json_object_set_new(row, "table_fill",
				    json_real((double)t->used / (double)t->size));
}

static json_t *balancer_row(const struct observed_balancer *o)
{
	json_t *row =
		json_pack("{s:s s:b}", "balancer", o->balancer->name, "answers", o->why[0] == '\0');

	if (o->why[0] != '\0') {
		json_object_set_new(row, "why", json_string(o->why));
		return row;
	}
	json_object_set_new(row, "version", text_or_null(o->version));
	json_object_set_new(row, "uptime", number_or_null(o->uptime));
	json_object_set_new(row, "backend", json_string(o->backend));
	json_object_set_new(row, "balance", text_or_null(o->algorithm));
	json_object_set_new(row, "connections", number_or_null(o->connections));
	json_object_set_new(row, "maxconn", number_or_null(o->maxconn));
	json_object_set_new(row, "old_workers",
			    o->knows_old_workers ? json_integer((json_int_t)o->old_workers)
						 : json_null());
	json_object_set_new(row, "old_elsewhere", number_or_null(o->old_elsewhere));
	if (o->table != NULL)
		add_table(row, o->table);
	if (o->master_why[0] != '\0')
		json_object_set_new(row, "why", json_string(o->master_why));
	return row;
}

/* --- skew --- */

/* Of a node, over all load balancers. */
struct node {
	const char *name;
	bool is_up;
	double sessions, bytes;
};

struct nodes {
	struct node *list;
	size_t count;
};

static struct node *node_of(struct nodes *nodes, const char *name)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (strcmp(nodes->list[i].name, name) == 0)
			return &nodes->list[i];
	nodes->list = mem_realloc(nodes->list, (nodes->count + 1) * sizeof *nodes->list);
	nodes->list[nodes->count] = (struct node){ .name = name };
	return &nodes->list[nodes->count++];
}

static double known(int64_t n)
{
	return n > 0 ? (double)n : 0;
}

static struct nodes nodes_of(const struct observation *seen)
{
	struct nodes nodes = { 0 };

	for (size_t i = 0; i < seen->count; i++) {
		for (size_t k = 0; k < seen->list[i].server_count; k++) {
			const struct observed_server *s = &seen->list[i].servers[k];
			struct node *node = node_of(&nodes, s->row->server);

			node->is_up |= stat_is_up(s->row);
			node->sessions += known(s->sessions) + known(s->old_sessions);
			node->bytes += known(s->bytes_in) + known(s->bytes_out);
		}
	}
	return nodes;
}

/* Of the nodes that are up; null when there is none. */
static json_t *skew_of(const struct nodes *nodes)
{
	double *sessions = mem_alloc((nodes->count + 1) * sizeof *sessions);
	double *bytes = mem_alloc((nodes->count + 1) * sizeof *bytes);
	size_t up = 0;
	json_t *skew = json_null();

	for (size_t i = 0; i < nodes->count; i++) {
		if (!nodes->list[i].is_up)
			continue;
		sessions[up] = nodes->list[i].sessions;
		bytes[up++] = nodes->list[i].bytes;
	}
	if (up > 0)
		skew = json_pack("{s:I s:f s:f}", "nodes", (json_int_t)up, "sessions",
				 simulate_skew(sessions, up), "bytes", simulate_skew(bytes, up));
	free(sessions);
	free(bytes);
	return skew;
}

json_t *status_rows(const struct observation *seen)
{
	json_t *nodes = json_array(), *balancers = json_array();
	struct nodes sums = nodes_of(seen);
	json_t *status;

	for (size_t i = 0; i < seen->count; i++) {
		const struct observed_balancer *o = &seen->list[i];

		json_array_append_new(balancers, balancer_row(o));
		for (size_t k = 0; k < o->server_count; k++)
			add_node(nodes, o, &o->servers[k]);
	}
	status = json_pack("{s:o s:o s:o}", "nodes", nodes, "balancers", balancers, "skew",
			   skew_of(&sums));
	free(sums.list);
	return status;
}
