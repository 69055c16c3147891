/* anyportctl haproxy status - the nodes as their load balancers see them, and as they see themselves. */
#include "balancer_options.h"
#include "commands.h"
#include "node_view.h"
#include "status_rows.h"
#include "table.h"

#include "live/observe.h"
#include "util/text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ADDRESS_MAX = 300, NODE_TIMEOUT_MS = 1000, INTERVAL_MS = 2000 };

/* --- the nodes' own view --- */

/* HOST:PORT of the HTTP API: as told, or where HTTP checks or checks on a port of their own go. */
static bool http_address(const struct cli *cli, const struct observed_server *s,
			 char to[ADDRESS_MAX])
{
	const struct server_state *state = s->state;
	const char *name = s->row->server, *host;
	size_t at = 0, n = strlen(name);

	for (const char *text; (text = cli_next(cli, "node-http", &at)) != NULL;) {
		if (strncmp(text, name, n) == 0 && text[n] == '=') {
			snprintf(to, ADDRESS_MAX, "%s", text + n + 1);
			return true;
		}
	}
	if (state == NULL || state->check_port <= 0)
		return false;
	if (strstr(s->row->check_status, "L7") == NULL && state->check_port == state->port)
		return false;
	host = state->check_address[0] != '\0' && strcmp(state->check_address, "-") != 0
		       ? state->check_address
		       : state->address;
	if (strcmp(host, "-") == 0)
		return false;
	text_host_port_print(to, ADDRESS_MAX, host, (int)state->check_port);
	return true;
}

/* Each node once, though several load balancers know it. */
static json_t *own_views(const struct cli *cli, const struct observation *seen)
{
	json_t *views = json_array(), *done = json_object();
	char address[ADDRESS_MAX];
	struct node_way way;

	node_way_init(&way, cli);

	for (size_t i = 0; i < seen->count; i++) {
		for (size_t k = 0; k < seen->list[i].server_count; k++) {
			const struct observed_server *s = &seen->list[i].servers[k];
			const char *name = s->row->server;

			if (json_object_get(done, name) != NULL || !http_address(cli, s, address))
				continue;
			json_object_set_new(done, name, json_true());
			json_array_append_new(views,
					      node_view(&way, name, address, NODE_TIMEOUT_MS));
		}
	}
	json_decref(done);
	node_way_deinit(&way);
	return views;
}

/* --- all of it --- */

/* A load balancer that does not answer, or a node that is down there, is a finding. */
static int verdict(const struct observation *seen)
{
	for (size_t i = 0; i < seen->count; i++) {
		const struct observed_balancer *o = &seen->list[i];

		if (o->why[0] != '\0')
			return EXIT_FINDINGS;
		for (size_t k = 0; k < o->server_count; k++)
			if (!stat_is_up(o->servers[k].row) && !stat_is_maint(o->servers[k].row))
				return EXIT_FINDINGS;
	}
	return EXIT_DONE;
}

/* --- for people --- */

/* A load balancer has a row for each of its backends. */
static bool is_first_of(const json_t *balancers, size_t i)
{
	return i == 0 || !json_equal(json_object_get(json_array_get(balancers, i - 1), "balancer"),
				     json_object_get(json_array_get(balancers, i), "balancer"));
}

/* Whether some load balancer has several backends with nodes. */
static bool has_several(const json_t *balancers)
{
	for (size_t i = 0; i < json_array_size(balancers); i++) {
		if (!is_first_of(balancers, i))
			return true;
	}
	return false;
}

/* The backend where a load balancer has several: else it is told with the load balancer. */
static void print_nodes(FILE *out, const json_t *rows, bool with_backend)
{
	static const struct table_column columns[] = {
		{ "backend", "BACKEND", TABLE_TEXT },	 { "node", "NODE", TABLE_TEXT },
		{ "balancer", "BALANCER", TABLE_TEXT },	 { "state", "STATE", TABLE_TEXT },
		{ "since", "FOR", TABLE_SECONDS },	 { "check", "CHECK", TABLE_TEXT },
		{ "agent", "AGENT", TABLE_TEXT },	 { "weight", "WEIGHT", TABLE_NUMBER },
		{ "slowstart", "RAMP", TABLE_PERCENT },	 { "sessions", "SESSIONS", TABLE_NUMBER },
		{ "old_sessions", "OLD", TABLE_NUMBER }, { "bytes_in", "IN", TABLE_BYTES },
		{ "bytes_out", "OUT", TABLE_BYTES },
	};
	size_t left_out = with_backend ? 0 : 1;

	if (json_array_size(rows) > 0)
		table_print(out, columns + left_out, ARRAY_LEN(columns) - left_out, rows);
}

static void print_elsewhere(FILE *out, const json_t *row)
{
	json_int_t sessions = json_integer_value(json_object_get(row, "old_elsewhere"));

	if (sessions > 0)
		fprintf(out,
			"%s: old workers hold %lld more sessions, of servers that its file no longer "
			"has\n",
			json_string_value(json_object_get(row, "balancer")), (long long)sessions);
}

static void print_balancers(FILE *out, const json_t *rows)
{
	static const struct table_column columns[] = {
		{ "balancer", "BALANCER", TABLE_TEXT },
		{ "version", "VERSION", TABLE_TEXT },
		{ "uptime", "UP", TABLE_SECONDS },
		{ "backend", "BACKEND", TABLE_TEXT },
		{ "balance", "BALANCE", TABLE_TEXT },
		{ "connections", "CONNECTIONS", TABLE_NUMBER },
		{ "maxconn", "MAXCONN", TABLE_NUMBER },
		{ "old_workers", "OLD WORKERS", TABLE_NUMBER },
		{ "table_used", "STICK ENTRIES", TABLE_NUMBER },
		{ "table_fill", "FILL", TABLE_PERCENT },
	};
	size_t i;
	json_t *row;

	fputc('\n', out);
	table_print(out, columns, ARRAY_LEN(columns), rows);
	json_array_foreach((json_t *)rows, i, row)
	{
		if (json_object_get(row, "why") != NULL)
			fprintf(out, "%s\n", json_string_value(json_object_get(row, "why")));
		if (is_first_of(rows, i))
			print_elsewhere(out, row);
	}
}

static void print_own_view(FILE *out, const json_t *rows)
{
	static const struct table_column columns[] = {
		{ "node", "NODE", TABLE_TEXT },
		{ "status", "SAYS", TABLE_TEXT },
		{ "version", "VERSION", TABLE_TEXT },
		{ "uptime", "UP", TABLE_SECONDS },
		{ "connections", "CLIENTS", TABLE_NUMBER },
		{ "brokers", "TO BROKERS", TABLE_NUMBER },
		{ "memory", "HELD", TABLE_BYTES },
		{ "reasons", "BECAUSE", TABLE_TEXT },
	};

	if (json_array_size(rows) == 0)
		return;
	fputc('\n', out);
	table_print(out, columns, ARRAY_LEN(columns), rows);
}

static void print_skew(FILE *out, const json_t *skew)
{
	if (json_is_object(skew))
		fprintf(out,
			"\nSkew, the busiest node to the mean of the %d that are up: sessions "
			"%.2f, bytes of open sessions %.2f\n",
			(int)json_integer_value(json_object_get(skew, "nodes")),
			json_real_value(json_object_get(skew, "sessions")),
			json_real_value(json_object_get(skew, "bytes")));
}

static void print_status(FILE *out, const json_t *status)
{
	print_nodes(out, json_object_get(status, "nodes"),
		    has_several(json_object_get(status, "balancers")));
	print_balancers(out, json_object_get(status, "balancers"));
	print_own_view(out, json_object_get(status, "own_view"));
	print_skew(out, json_object_get(status, "skew"));
}

/* --- once, or again and again --- */

static int show(const struct cli *cli, const struct balancers *all, FILE *out)
{
	struct observation seen = observe(all, cli_get(cli, "backend"));
	json_t *status = status_rows(&seen);
	int result = verdict(&seen);

	json_object_set_new(status, "own_view",
			    cli_flag(cli, "no-http") ? json_array() : own_views(cli, &seen));
	if (cli_json(cli))
		table_print_json(out, status);
	else
		print_status(out, status);
	json_decref(status);
	observe_free(&seen);
	return result;
}

/* Written out at once, so that a terminal does not flicker. */
static bool show_block(const struct cli *cli, const struct balancers *all)
{
	bool is_screen = isatty(STDOUT_FILENO) && !cli_json(cli);
	char *text = NULL, when[40];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	time_t now = time(NULL);
	struct tm local;
	bool good;

	if (out == NULL)
		return false;
	strftime(when, sizeof when, "%F %T", localtime_r(&now, &local));
	if (is_screen)
		fputs("\033[H\033[2J", out);
	if (!cli_json(cli))
		fprintf(out, "%s\n", when);
	show(cli, all, out);
	if (!is_screen && !cli_json(cli))
		fputc('\n', out);
	fclose(out);
	good = fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0;
	free(text);
	return good;
}

/* Nothing is held that the system would not take back. */
static void on_signal(int number)
{
	(void)number;
	_exit(EXIT_DONE);
}

static int watch(const struct cli *cli, const struct balancers *all)
{
	int64_t ms = cli_time(cli, "interval", INTERVAL_MS);
	struct timespec interval = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	while (show_block(cli, all))
		nanosleep(&interval, NULL);
	return cli_fail("standard output can't be written");
}

static int check_node_http(const struct cli *cli)
{
	size_t at = 0;

	for (const char *text; (text = cli_next(cli, "node-http", &at)) != NULL;) {
		const char *equals = strchr(text, '=');
		char host[TEXT_HOST_MAX];
		int port;

		if (equals == NULL || equals == text || !text_host_port(equals + 1, host, &port) ||
		    port == 0)
			return cli_usage_error(cli, "--node-http %s: it is NAME=HOST:PORT", text);
	}
	return EXIT_DONE;
}

static int run(struct cli *cli)
{
	struct balancers all;
	int status = balancer_options_read(cli, &all);

	if (status == EXIT_DONE)
		status = check_node_http(cli);
	if (status == EXIT_DONE)
		status = cli_flag(cli, "watch") ? watch(cli, &all) : show(cli, &all, stdout);
	balancers_deinit(&all);
	return status;
}

static const struct cli_option options[] = {
	BALANCER_OPTIONS,
	{ "watch", 'w', .what = "again and again, until it is interrupted" },
	{ "interval", 'i', CLI_TIME, "TIME", .min = 100, .max = 86400000,
	  .what = "between two looks of --watch (2s)" },
	{ "node-http", 0, CLI_TEXT, "NAME=HOST:PORT", .repeats = true,
	  .what = "a node's HTTP API (where its health checks go)" },
	NODE_WAY_OPTION,
	{ "no-http", .what = "don't ask the nodes themselves" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy status -c /etc/haproxy/haproxy.cfg --master-socket /run/haproxy-master.sock",
	  "the load balancer on this machine, old workers too" },
	{ "anyportctl haproxy status -s lb1=10.0.0.11:9999 -s lb2=10.0.0.12:9999 --watch",
	  "both of a pair, every two seconds" },
	{ 0 },
};

const struct cli_command haproxy_status_command = {
	.words = "haproxy status",
	.json = true,
	.what = "show the nodes, their sessions and how evenly they are spread",
	.about =
		"Shows what each load balancer says of each node: its state and checks, its weight, the "
		"sessions of the worker that listens and of old ones that a reload left behind, and the "
		"bytes that open sessions have moved; then the load balancers with their stick tables; "
		"then what the nodes say of themselves when their HTTP API answers; then the skew.  "
		"HAProxy counts a session's bytes when it ends, so its own counters (counted_in and "
		"counted_out of --json) say little of Kafka's long sessions.  Old workers are seen "
		"through the master's socket.  The exit status is 1 when a load balancer does not "
		"answer, or a node is down there that nobody took out.",
	.options = options,
	.examples = examples,
	.run = run,
};
