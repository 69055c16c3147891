/* anyportctl haproxy generate - haproxy.cfg from the gateway's configuration. */
#include "commands.h"

#include "config/config.h"
#include "plan/consistency.h"
#include "plan/model.h"
#include "plan/render.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* An option that changes the plan. */
struct setter {
	const char *option;
	const char *(*set)(struct haproxy_plan *plan, const char *value);
};

static const char *set_no_splice(struct haproxy_plan *plan, const char *ignored)
{
	(void)ignored;
	plan->splice = false;
	return NULL;
}

static const struct setter setters[] = {
	{ "listen", model_set_listen },		{ "node", model_add_node },
	{ "balance", model_set_balance },	{ "stickiness", model_set_stickiness },
	{ "maxconn", model_set_maxconn },	{ "fd-limit", model_set_fd_limit },
	{ "no-splice", set_no_splice },		{ "stats-socket", model_set_stats_socket },
	{ "stats-page", model_set_stats_page }, { "user", model_set_user },
};

/* All that the command line says of the plan; every mistake is told. */
static int set_all(const struct cli *cli, struct haproxy_plan *plan)
{
	int status = EXIT_DONE;

	for (size_t i = 0; i < ARRAY_LEN(setters); i++) {
		size_t at = 0;

		for (const char *v; (v = cli_next(cli, setters[i].option, &at)) != NULL;) {
			const char *mistake = setters[i].set(plan, v);

			if (mistake != NULL)
				status = cli_usage_error(cli, "--%s %s: %s", setters[i].option, v,
							 mistake);
		}
	}
	return status;
}

/* The plan as far as the configuration tells it: from the file, or from the
 * environment where that has one, or nothing known.  NULL: it has mistakes. */
static struct haproxy_plan *plan_from_config(const char *file)
{
	struct config *config = NULL;
	struct haproxy_plan *plan;

	if (file != NULL || getenv("KAFKA_BOOTSTRAP_SERVERS") != NULL) {
		config = config_load(file, stderr);
		if (config == NULL)
			return NULL;
	}
	plan = model_new(config);
	config_free(config);
	return plan;
}

/* What only this machine tells; HAProxy may well run on another one. */
static void warn_of_this_machine(const struct haproxy_plan *plan)
{
	struct sizing s = model_sizing(plan);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < (rlim_t)s.descriptors)
		fprintf(stderr,
			"warning: a process on this machine may open %llu descriptors and this "
			"HAProxy wants %d: if it is to run here, raise ulimit -Hn or give "
			"--fd-limit %llu\n",
			(unsigned long long)limit.rlim_max, s.descriptors,
			(unsigned long long)limit.rlim_max);
}

/* Into a new file that then takes the place of the old one at once. */
static int write_file(const char *path, const char *text, size_t length)
{
	size_t size = strlen(path) + sizeof ".XXXXXX";
	char *draft = mem_alloc(size);
	FILE *out = NULL;
	int fd;
	bool ok;

	snprintf(draft, size, "%s.XXXXXX", path);
	fd = mkstemp(draft);
	if (fd >= 0)
		out = fdopen(fd, "w");
	ok = out != NULL && fwrite(text, 1, length, out) == length && fchmod(fd, 0644) == 0 &&
	     fflush(out) == 0 && fsync(fd) == 0 && rename(draft, path) == 0;
	if (!ok) {
		fprintf(stderr, "anyportctl: %s: %s\n", path, strerror(errno));
		if (fd >= 0)
			unlink(draft);
	}
	if (out != NULL)
		fclose(out);
	free(draft);
	return ok ? EXIT_DONE : EXIT_FINDINGS;
}

static int write_plan(const struct haproxy_plan *plan, const char *path)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int status = EXIT_DONE;

	if (out == NULL)
		return EXIT_FINDINGS;
	render_plan(plan, out);
	fclose(out);
	if (path != NULL) {
		status = write_file(path, text, length);
	} else if (fwrite(text, 1, length, stdout) != length || fflush(stdout) != 0) {
		fprintf(stderr, "anyportctl: standard output: %s\n", strerror(errno));
		status = EXIT_FINDINGS;
	}
	free(text);
	return status;
}

static int generate(struct haproxy_plan *plan, const char *output)
{
	model_settle(plan);
	if (consistency_check(plan, stderr) > 0)
		return EXIT_FINDINGS;
	warn_of_this_machine(plan);
	return write_plan(plan, output);
}

static int run(struct cli *cli)
{
	struct haproxy_plan *plan = plan_from_config(cli_get(cli, "config"));
	int status;

	if (plan == NULL)
		return EXIT_FINDINGS;
	status = set_all(cli, plan);
	if (status == EXIT_DONE)
		status = generate(plan, cli_get(cli, "output"));
	model_free(plan);
	return status;
}

static const struct cli_option options[] = {
	{ "config", 'c', CLI_TEXT, "FILE",
	  .what = "the gateway's configuration; the environment wins over it, as in the gateway itself" },
	{ "output", 'o', CLI_TEXT, "FILE", .what = "write there, not to standard output" },
	{ "listen", 0, CLI_TEXT, "HOST:PORT[-PORT]",
	  .what = "where clients come in (haproxy.listen of the configuration)" },
	{ "node", 0, CLI_TEXT, "NAME=HOST[:HTTP-PORT]", .repeats = true,
	  .what = "a node, once for each; the configuration's nodes are then left out" },
	{ "balance", 0, CLI_TEXT, "HOW",
	  .what = "leastconn (default), roundrobin, random or source" },
	{ "stickiness", 0, CLI_TEXT, "KIND",
	  .what = "what keeps a client on its node: none (default), source, client-id or port" },
	{ "maxconn", 0, CLI_TEXT, "N", .what = "clients at once; worked out when not given" },
	{ "fd-limit", 0, CLI_TEXT, "N",
	  .what = "descriptors HAProxy may open where it runs, ulimit -n (16384)" },
	{ "no-splice", .what = "copy bytes in HAProxy instead of in the kernel" },
	{ "stats-socket", 0, CLI_TEXT, "PATH",
	  .what = "the socket on which HAProxy is asked and told things" },
	{ "stats-page", 0, CLI_TEXT, "HOST:PORT",
	  .what = "a page for a browser, on a loopback address" },
	{ "user", 0, CLI_TEXT, "NAME[:GROUP]", .what = "whom HAProxy becomes when root starts it" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy generate -c /etc/anyport.conf -o /etc/haproxy/haproxy.cfg",
	  "from the nodes' own configuration" },
	{ "anyportctl haproxy generate --listen 0.0.0.0:9092-9096 --node n1=10.0.0.1:8888 --node n2=10.0.0.2",
	  "from nothing but flags" },
	{ 0 },
};

const struct cli_command haproxy_generate_command = {
	.words = "haproxy generate",
	.what = "write a haproxy.cfg for the gateway's nodes",
	.about =
		"Writes a haproxy.cfg for the nodes of the gateway's configuration.  Every line that is "
		"not obvious says why it is there.  A set-up that contradicts itself is refused, with "
		"the reason and what to do instead, and nothing is written.",
	.options = options,
	.examples = examples,
	.run = run,
};
