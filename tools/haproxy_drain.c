/* anyportctl haproxy drain - takes a node out and ends its sessions, a few at a time. */
#include "balancer_options.h"
#include "commands.h"
#include "node_places.h"
#include "progress.h"
#include "table.h"

#include "cfg/view.h"
#include "util/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	RATE = 5,	 /* sessions a second */
	QUIET_MS = 300,	 /* less than a consumer's long poll, which is 500 ms by default */
	APART_MS = 1000, /* a client needs less to connect again */
	TIMEOUT_MS = 300000,
	PERIOD_MS = 100,
	FORCE_AFTER_MS = 1000, /* quiet ones come first */
	SHOWN_MAX = 10
};

struct drain {
	const struct cli *cli;
	const struct balancers *all;
	struct node_places places;
	struct shed shed;
	int64_t begin_ms;
	size_t most, ended;	   /* sessions at once, and those that were ended */
	double allowance;	   /* how many may be ended now */
	char why[RUNTIME_WHY_MAX]; /* who did not answer at the last look; "": everyone did */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* A call that waits is to end on a signal. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* --- before --- */

static bool takes_clients(const struct stat_row *row)
{
	return stat_is_up(row) && strncmp(row->status, "DRAIN", 5) != 0 && row->weight != 0;
}

/* Whether some other node takes the clients, on each load balancer. */
static bool leaves_another(const struct drain *d)
{
	for (size_t i = 0; i < d->places.seen.count; i++) {
		const struct observed_balancer *o = &d->places.seen.list[i];
		size_t others = 0;

		for (size_t k = 0; k < o->server_count; k++)
			others += strcmp(o->servers[k].row->server, d->places.node) != 0 &&
				  takes_clients(o->servers[k].row);
		if (others == 0)
			return cli_fail("%s: no other node of %s takes clients: with %s out they "
					"would all be refused (--last-too if that is meant)",
					o->balancer->name, o->backend, d->places.node) == EXIT_DONE;
	}
	return true;
}

static bool is_server(const struct cfg_server *s, const char *name)
{
	size_t n = strlen(s->name);

	return s->is_template ? strncmp(name, s->name, n) == 0 : strcmp(name, s->name) == 0;
}

/* Whether haproxy.cfg says that maintenance closes all sessions at once. */
static bool closes_all(const char *config, const char *backend, const char *node, bool *closes)
{
	struct cfg *cfg = cfg_new();
	struct cfg_section *section;
	struct cfg_server *servers = NULL;
	size_t count = 0;
	bool is_read = cfg_read(cfg, config);

	*closes = false;
	section = is_read ? cfg_section(cfg, CFG_BACKEND, backend) : NULL;
	if (section != NULL)
		servers = cfg_servers(section, &count);
	for (size_t i = 0; i < count; i++) {
		const char *what = cfg_option_value(&servers[i].options, "on-marked-down");

		*closes |= is_server(&servers[i], node) && what != NULL &&
			   strcmp(what, "shutdown-sessions") == 0;
	}
	free(servers);
	cfg_free(cfg);
	return is_read;
}

static bool keeps_sessions(const struct drain *d)
{
	for (size_t i = 0; i < d->places.count; i++) {
		const struct shed_place *place = &d->places.list[i];
		bool closes;

		if (place->balancer->config == NULL)
			continue;
		if (!closes_all(place->balancer->config, place->backend, d->places.node, &closes))
			return cli_fail("%s: %s", place->balancer->config, strerror(errno)) ==
			       EXIT_DONE;
		if (closes)
			return cli_fail("%s: %s has on-marked-down shutdown-sessions: maintenance "
					"would close all its sessions at once (--force if that is "
					"meant)",
					place->balancer->config, d->places.node) == EXIT_DONE;
	}
	return true;
}

/* Into maintenance everywhere, or as it was everywhere. */
static bool take_out(const struct drain *d)
{
	size_t n = 0;

	while (n < d->places.count && node_places_set(&d->places, d->all, n, "maint"))
		n++;
	if (n == d->places.count)
		return true;
	while (n-- > 0) {
		const struct observed_server *was =
			observe_find(&d->places.seen.list[n], d->places.node);

		if (!stat_is_maint(was->row) && node_places_set(&d->places, d->all, n, "ready"))
			fprintf(stderr, "anyportctl: %s: %s is ready again\n",
				d->places.list[n].balancer->name, d->places.node);
	}
	return false;
}

static void warn_of_unseen(const struct drain *d)
{
	for (size_t i = 0; i < d->places.count; i++)
		if (d->places.list[i].balancer->master == NULL &&
		    (i == 0 || d->places.list[i - 1].balancer != d->places.list[i].balancer))
			fprintf(stderr,
				"anyportctl: %s: without its --master-socket sessions of old "
				"workers are not seen\n",
				d->places.list[i].balancer->name);
}

/* --- ending sessions --- */

/* Ends those that may go now. */
static void end_some(struct drain *d, int64_t now)
{
	bool force = cli_flag(d->cli, "force") && now - d->begin_ms >= FORCE_AFTER_MS;
	struct shed_session *next;

	while (d->allowance >= 1 && (next = shed_pick(&d->shed, now, force)) != NULL) {
		enum shed_result result = shed_end(&d->shed, next, now, force, d->why);

		if (result == SHED_FAILED)
			return;
		if (result == SHED_GONE)
			next->ended_ms = now; /* the next look forgets it */
		if (result == SHED_ENDED) {
			d->ended++;
			d->allowance--;
		}
	}
}

static void allow(struct drain *d, int64_t passed_ms)
{
	double rate = (double)cli_number(d->cli, "rate", RATE);

	d->allowance += rate * (double)passed_ms / 1000;
	if (d->allowance > rate)
		d->allowance = rate;
	if (d->allowance < 1 && passed_ms >= 1000)
		d->allowance = 1;
}

static void show(struct drain *d, struct progress *progress, int64_t now)
{
	struct shed_counts counts = shed_count(&d->shed, now);
	char note[700];

	if (counts.left > d->most)
		d->most = counts.left;
	snprintf(note, sizeof note, " sessions gone, %zu of old workers, %zu move bytes%s%s",
		 counts.old, counts.moving, d->why[0] != '\0' ? "; " : "", d->why);
	progress_show(progress, d->most - counts.left, d->most, note);
}

/* Whether all are gone. */
static bool shed_all(struct drain *d)
{
	int64_t timeout = cli_time(d->cli, "timeout", TIMEOUT_MS), last = d->begin_ms;
	struct timespec period = { 0, PERIOD_MS * 1000000 };
	struct progress progress;
	bool empty = false;

	progress_init(&progress, d->places.node);
	while (!empty && !interrupted) {
		int64_t now = clock_ms();
		bool good = shed_look(&d->shed, now, d->why);

		if (good)
			d->why[0] = '\0';
		empty = good && d->shed.count == 0;
		show(d, &progress, now);
		if (empty || clock_ms() - d->begin_ms >= timeout)
			break;
		allow(d, now - last);
		last = now;
		if (good)
			end_some(d, now);
		nanosleep(&period, NULL);
	}
	progress_end(&progress);
	return empty;
}

/* --- what has come of it --- */

static json_t *left_rows(const struct drain *d)
{
	json_t *rows = json_array();
	int64_t now = clock_ms();

	for (size_t i = 0; i < d->shed.count; i++) {
		const struct shed_session *s = &d->shed.list[i];

		json_array_append_new(rows, json_pack("{s:s s:s s:o s:I s:I s:I s:b}", "balancer",
						      d->places.list[s->place].balancer->name,
						      "source", s->source, "worker",
						      s->worker == WORKER_CURRENT
							      ? json_null()
							      : json_integer(s->worker),
						      "age", (json_int_t)s->age, "bytes_in",
						      (json_int_t)s->bytes_in, "bytes_out",
						      (json_int_t)s->bytes_out, "moves",
						      !shed_is_quiet(&d->shed, s, now)));
	}
	return rows;
}

static void print_left(const json_t *rows)
{
	static const struct table_column columns[] = {
		{ "balancer", "BALANCER", TABLE_TEXT }, { "source", "CLIENT", TABLE_TEXT },
		{ "worker", "OLD WORKER", TABLE_TEXT }, { "age", "AGE", TABLE_SECONDS },
		{ "bytes_in", "IN", TABLE_BYTES },	{ "bytes_out", "OUT", TABLE_BYTES },
		{ "moves", "MOVES", TABLE_TEXT },
	};
	json_t *few = json_array();
	size_t i;
	json_t *row;

	json_array_foreach((json_t *)rows, i, row)
	{
		if (i < SHOWN_MAX)
			json_array_append(few, row);
	}
	table_print(stdout, columns, ARRAY_LEN(columns), few);
	if (json_array_size(rows) > SHOWN_MAX)
		printf("... and %zu more\n", json_array_size(rows) - SHOWN_MAX);
	json_decref(few);
}

static void print_end(const struct drain *d, bool empty, double seconds, const json_t *left)
{
	if (empty) {
		char *named = balancer_options_said(d->cli);

		printf("%s is empty: %zu sessions in %.1f s, %zu of them ended here; it stays in "
		       "maintenance until `anyportctl haproxy undrain %s%s`\n",
		       d->places.node, d->most, seconds, d->ended, d->places.node, named);
		free(named);
		return;
	}
	printf("%s is not empty: %zu of %zu sessions are left after %.1f s; it stays in "
	       "maintenance\n",
	       d->places.node, d->shed.count, d->most, seconds);
	if (d->why[0] != '\0')
		printf("%s\n", d->why);
	if (d->shed.count > 0)
		print_left(left);
	if (d->shed.count > 0 && !cli_flag(d->cli, "force"))
		puts("Those that move bytes are ended with --force: their clients send again what "
		     "was not answered.");
}

static int finish(const struct drain *d, bool empty)
{
	double seconds = (double)(clock_ms() - d->begin_ms) / 1000;
	json_t *left = left_rows(d);

	if (cli_json(d->cli)) {
		json_t *all = json_pack("{s:s s:b s:I s:I s:f s:O}", "node", d->places.node,
					"empty", empty, "sessions", (json_int_t)d->most, "ended",
					(json_int_t)d->ended, "seconds", seconds, "left", left);

		table_print_json(stdout, all);
		json_decref(all);
	} else {
		print_end(d, empty, seconds, left);
	}
	json_decref(left);
	return empty ? EXIT_DONE : EXIT_FINDINGS;
}

static int drain(struct drain *d)
{
	int status;

	if (!node_places_find(&d->places, d->all, cli_get(d->cli, "backend"),
			      cli_argument(d->cli, 0)))
		return EXIT_FINDINGS;
	if (!cli_flag(d->cli, "last-too") && !leaves_another(d))
		return EXIT_FINDINGS;
	if (!cli_flag(d->cli, "force") && !keeps_sessions(d))
		return EXIT_FINDINGS;
	warn_of_unseen(d);
	if (!take_out(d))
		return EXIT_FINDINGS;
	shed_init(&d->shed, d->all, d->places.list, d->places.count, d->places.node,
		  cli_time(d->cli, "quiet", QUIET_MS), cli_time(d->cli, "apart", APART_MS));
	catch_signals();
	d->begin_ms = clock_ms();
	status = finish(d, shed_all(d));
	shed_deinit(&d->shed);
	return status;
}

static int run(struct cli *cli)
{
	struct balancers all;
	struct drain d = { .cli = cli, .all = &all };
	int status = balancer_options_read(cli, &all);

	if (status == EXIT_DONE) {
		status = drain(&d);
		node_places_free(&d.places);
	}
	balancers_deinit(&all);
	return status;
}

static const struct cli_option options[] = {
	BALANCER_OPTIONS,
	{ "rate", 'r', CLI_NUMBER, "N", .min = 1, .max = 100000,
	  .what = "sessions that are ended a second, on all load balancers together (5)" },
	{ "quiet", 0, CLI_TIME, "TIME", .min = 1, .max = 600000,
	  .what = "a session is ended when it has moved no byte for so long (300ms)" },
	{ "apart", 0, CLI_TIME, "TIME", .max = 600000,
	  .what = "of a client's connections to different ports, which are brokers (1s)" },
	{ "timeout", 't', CLI_TIME, "TIME", .min = 1, .max = 7 * 86400000LL,
	  .what = "give up after that time, with the node in maintenance (5m)" },
	{ "force", 'f', .what = "end sessions that move bytes too, after the quiet ones" },
	{ "last-too", .what = "even when no other node takes clients" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy drain n1 -c /etc/haproxy/haproxy.cfg --master-socket /run/haproxy-master.sock",
	  "before n1 is stopped" },
	{ "anyportctl haproxy drain n1 -s lb1=10.0.0.11:9999 -s lb2=10.0.0.12:9999 --rate 20 --timeout 10m",
	  "on both of a pair" },
	{ 0 },
};

const struct cli_command haproxy_drain_command = {
	.words = "haproxy drain",
	.arguments = "NODE",
	.least = 1,
	.most = 1,
	.json = true,
	.what = "take a node out and move its clients, a few at a time",
	.about =
		"Puts the node into maintenance on every load balancer, since HAProxy's drain and weight "
		"0 leave a node those clients that stick to it, and then ends its sessions, a few a "
		"second, those of old workers too.  Their clients connect again at once and reach "
		"another node.  A client's connections to different brokers end apart, since one that loses "
		"all at once takes the cluster for gone.  Sessions that have been quiet for longest go first; one that moves bytes "
		"is left alone unless --force is given.  A quiet session may wait for an answer, which "
		"is a consumer's long poll most often: its client asks again.  In the end the node has "
		"no session left, or the exit status is 1 and what is left is listed; it stays in "
		"maintenance either way.",
	.options = options,
	.examples = examples,
	.run = run,
};
