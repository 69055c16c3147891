/* anyportctl doctor - looks at all that a node on this machine rests on, and says what to do. */
#include "doctor.h"

#include "commands.h"
#include "table.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum { STEP_MS = 3000, EXIT_WARNINGS = 1, EXIT_ERRORS = 2 };

/* Where packages put them. */
static const char default_haproxy[] = "/etc/haproxy/haproxy.cfg";

/* In the order of importance. */
static const struct {
	const char *name;
	void (*look)(struct doctor *d);
} looks[] = {
	{ "names", doctor_names },
	{ "brokers", doctor_brokers },
	{ "rights", doctor_rights },
	{ "certificates", doctor_certificates },
	{ "this node", doctor_node },
	{ "other nodes", doctor_nodes },
	{ "HAProxy's file", doctor_haproxy_file },
	{ "HAProxy", doctor_haproxy_process },
	{ "clients' way", doctor_front },
	{ "machine", doctor_machine },
	{ "clocks", doctor_clocks },
	{ "Kafka's clock", doctor_kafka_clock },
};

/* --- one look after the other --- */

static json_t *state_of(const struct doctor *d)
{
	return json_pack("{s:s, s:b, s:s?}", "look", d->look, "looked", d->passed == NULL, "why",
			 d->passed);
}

static void take(struct doctor *d, json_t *states, const char *name, void (*look)(struct doctor *d))
{
	d->look = name;
	if (d->config != NULL)
		look(d);
	else
		doctor_pass(d, "there is no configuration to go by");
	json_array_append_new(states, state_of(d));
	free(d->passed);
	d->passed = NULL;
}

/* What looked, and what could not. */
static json_t *take_all(struct doctor *d)
{
	json_t *states = json_array();
	struct config *config = NULL;

	d->look = "configuration";
	doctor_configuration(d, &config);
	d->config = config;
	json_array_append_new(states, state_of(d));
	for (size_t i = 0; i < ARRAY_LEN(looks); i++)
		take(d, states, looks[i].name, looks[i].look);
	return states;
}

/* --- for people and programs --- */

static json_t *findings(const struct doctor *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->found_count; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s}", "look", d->found[i].look,
					"severity", doctor_severity_name(d->found[i].severity),
					"what", d->found[i].what, "do", d->found[i].mend));
	return list;
}

static size_t count(const struct doctor *d, enum doctor_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < d->found_count; i++)
		n += d->found[i].severity == severity;
	return n;
}

static void print_looks(const json_t *states, bool looked)
{
	const char *before = looked ? "looked at: " : "";
	json_t *state;
	size_t i;

	json_array_foreach((json_t *)states, i, state)
	{
		const char *name = json_string_value(json_object_get(state, "look"));

		if (json_is_true(json_object_get(state, "looked")) != looked)
			continue;
		if (looked)
			printf("%s%s", before, name);
		else
			printf("not looked at: %s: %s\n", name,
			       json_string_value(json_object_get(state, "why")));
		before = ", ";
	}
	if (looked)
		putchar('\n');
}

static void print_count(size_t n, const char *what, const char *end)
{
	printf("%zu %s%s%s", n, what, n == 1 ? "" : "s", end);
}

static void print(const struct doctor *d, const json_t *states)
{
	for (size_t i = 0; i < d->found_count; i++) {
		const struct doctor_finding *f = &d->found[i];

		printf("%zu. %s, %s: %s\n   do: %s\n", i + 1, doctor_severity_name(f->severity),
		       f->look, f->what, f->mend);
	}
	if (d->found_count > 0)
		putchar('\n');
	print_looks(states, true);
	print_looks(states, false);
	print_count(count(d, DOCTOR_ERROR), "error", ", ");
	print_count(count(d, DOCTOR_WARNING), "warning", "");
	puts(count(d, DOCTOR_ERROR) + count(d, DOCTOR_WARNING) == 0 ? ": nothing to do" : "");
}

static void print_json(const struct doctor *d, const json_t *states)
{
	json_t *all = json_pack("{s:o, s:O, s:I, s:I}", "findings", findings(d), "looks", states,
				"errors", (json_int_t)count(d, DOCTOR_ERROR), "warnings",
				(json_int_t)count(d, DOCTOR_WARNING));

	table_print_json(stdout, all);
	json_decref(all);
}

/* --- the command --- */

static void deinit(struct doctor *d)
{
	for (size_t i = 0; i < d->found_count; i++) {
		free(d->found[i].what);
		free(d->found[i].mend);
	}
	for (size_t i = 0; i < d->broker_count; i++)
		free(d->brokers[i].host);
	free(d->found);
	free(d->brokers);
	json_decref(d->node);
	json_decref(d->cluster);
	json_decref(d->silent);
	json_decref(d->clocks);
	own_account_deinit(&d->own);
	tls_slot_deinit(&d->tls);
	node_way_deinit(&d->way);
	balancers_deinit(&d->balancers);
	config_free((struct config *)d->config);
	ev_loop_destroy(d->loop);
}

static int outcome(const struct doctor *d)
{
	if (count(d, DOCTOR_ERROR) > 0)
		return EXIT_ERRORS;
	return count(d, DOCTOR_WARNING) > 0 ? EXIT_WARNINGS : EXIT_DONE;
}

static int examine(struct doctor *d)
{
	json_t *states = take_all(d);

	doctor_sort(d);
	if (cli_json(d->cli))
		print_json(d, states);
	else
		print(d, states);
	json_decref(states);
	return outcome(d);
}

/* Another HAProxy's file is nobody's business here: the names that `generate` gives are looked for. */
static bool is_for_anyport(const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (in != NULL && !found && getline(&line, &room, in) > 0)
		found = strstr(line, "anyport") != NULL;
	free(line);
	if (in != NULL)
		fclose(in);
	return found;
}

static int run(struct cli *cli)
{
	const char *haproxy = cli_get(cli, "haproxy"), *proc = cli_get(cli, "proc");
	struct doctor d = { .cli = cli, .silent = json_object(), .clocks = json_object() };
	int status = EXIT_ERRORS;

	if (!apis_compile(stderr))
		return EXIT_ERRORS;
	d.timeout_ms = (int)cli_time(cli, "timeout", STEP_MS);
	d.proc = proc != NULL ? proc : "/proc";
	d.haproxy = haproxy != NULL ? haproxy : default_haproxy;
	if (haproxy == NULL && !is_for_anyport(default_haproxy))
		d.haproxy = NULL;
	d.loop = ev_loop_new(EVFLAG_AUTO);
	tls_slot_init(&d.tls);
	balancers_init(&d.balancers, d.timeout_ms);
	node_way_init(&d.way, cli);
	status = examine(&d);
	deinit(&d);
	apis_free();
	return status;
}

static const struct cli_option options[] = {
	{ "config", 'c', CLI_TEXT, "FILE",
	  .what = "the gateway's configuration; the environment wins over it, as in the gateway "
		  "itself (/etc/anyport.conf, where it is)" },
	{ "haproxy", 0, CLI_TEXT, "FILE",
	  .what = "HAProxy's file on this machine (/etc/haproxy/haproxy.cfg, where it is for Anyport)" },
	{ "listener", 0, CLI_TEXT, "NAME",
	  .what = "of several listeners: whose clients come by that file (those whose ports it binds)" },
	{ "stats-socket", 's', CLI_TEXT, "PATH|HOST:PORT",
	  .what = "where the HAProxy that runs is asked (the stats socket of its file)" },
	{ "master-socket", 0, CLI_TEXT, "PATH|HOST:PORT",
	  .what = "the same by the socket of its master process, where it has no stats socket" },
	{ "http", 'H', CLI_TEXT, "HOST:PORT",
	  .what = "the HTTP API of this machine's node (as its configuration says)" },
	NODE_WAY_OPTION,
	{ "proc", 0, CLI_TEXT, "FOLDER",
	  .what = "where the kernel tells of itself; a copy of another machine's does too (/proc)" },
	{ "timeout", 0, CLI_TIME, "TIME", .min = 1, .max = 600000, .what = "of each step (3s)" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl doctor", "this machine, with the files where packages have them" },
	{ "anyportctl doctor -c anyport.conf --haproxy haproxy.cfg", "with those files" },
	{ "anyportctl doctor --json | jq -r '.findings[].do'", "what to do, for a program" },
	{ 0 },
};

const struct cli_command doctor_command = {
	.words = "doctor",
	.json = true,
	.what = "look at everything a node here rests on, and say what to do",
	.about =
		"Looks at the configuration, the names in it, the brokers (each listener that they tell, "
		"TLS, the login, versions, the account's rights), certificates, the node that runs here "
		"(what it has otherwise than its configuration says) and the other ones, HAProxy's file and "
		"the HAProxy that runs with it (the certificate that it shows), clients' way in, the "
		"kernel's limits, and clocks, and says what to do, the most important first.  It changes "
		"nothing, neither here nor at the brokers.  What can't be looked at is named with the reason, "
		"and is no finding.  Advice is none either.",
	.options = options,
	.examples = examples,
	.run = run,
	.exits = "0 nothing to do, 1 warnings, 2 an error, or a wrong command line.",
};
