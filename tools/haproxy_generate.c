/* anyportctl haproxy generate - haproxy.cfg from the gateway's configuration. */
#include "commands.h"

#include "config/config.h"
#include "plan/consistency.h"
#include "plan/model.h"
#include "plan/render.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the command line says besides the plan. */
struct wishes {
	const char *config_file;
	const char *output_file;
	bool help;
};

/* An option that changes the plan. */
struct row {
	const char *name;
	const char *value; /* NULL: takes none */
	const char *(*set)(struct haproxy_plan *plan, const char *value);
	const char *what;
};

static const char *set_no_splice(struct haproxy_plan *plan, const char *ignored)
{
	(void)ignored;
	plan->splice = false;
	return NULL;
}

static const struct row rows[] = {
	{ "listen", "HOST:PORT[-PORT]", model_set_listen,
	  "where clients come in (haproxy.listen of the configuration)" },
	{ "node", "NAME=HOST[:HTTP-PORT]", model_add_node,
	  "a node, once for each; the configuration's nodes are then left out" },
	{ "balance", "HOW", model_set_balance,
	  "leastconn (default), roundrobin, random or source" },
	{ "stickiness", "KIND", model_set_stickiness,
	  "what keeps a client on its node: none (default), source, client-id or port" },
	{ "maxconn", "N", model_set_maxconn, "clients at once; worked out when not given" },
	{ "fd-limit", "N", model_set_fd_limit,
	  "descriptors HAProxy may open where it runs, ulimit -n (16384)" },
	{ "no-splice", NULL, set_no_splice, "copy bytes in HAProxy instead of in the kernel" },
	{ "stats-socket", "PATH", model_set_stats_socket,
	  "the socket on which HAProxy is asked and told things" },
	{ "stats-page", "HOST:PORT", model_set_stats_page,
	  "a page for a browser, on a loopback address" },
	{ "user", "NAME[:GROUP]", model_set_user, "whom HAProxy becomes when root starts it" },
};

enum { ROW_FIRST = 256, LONG_OPTIONS = (int)ARRAY_LEN(rows) + 4 };

static void help(FILE *out)
{
	fputs("usage: anyportctl haproxy generate [-c FILE] [OPTION]...\n\n"
	      "Writes a haproxy.cfg for the nodes of the gateway's configuration.  A set-up that\n"
	      "contradicts itself is refused, with the reason, and nothing is written.\n\n"
	      "  -c, --config FILE                the gateway's configuration; the environment wins\n"
	      "                                   over it, as in the gateway itself\n"
	      "  -o, --output FILE                write there, not to standard output\n",
	      out);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char left[64];

		snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
			 rows[i].value ? rows[i].value : "");
		fprintf(out, "      %-28s %s\n", left, rows[i].what);
	}
	fputs("  -h, --help                       this text\n\n"
	      "Example:\n"
	      "  anyportctl haproxy generate -c /etc/anyport.cfg -o /etc/haproxy/haproxy.cfg\n"
	      "  anyportctl haproxy generate --listen 0.0.0.0:9092-9096 \\\n"
	      "      --node n1=10.0.0.1:8888 --node n2=10.0.0.2:8888\n\n"
	      "Exit status: 0 written, 1 refused, 2 wrong command line.\n",
	      out);
}

static void long_options(struct option *options)
{
	memset(options, 0, sizeof *options * LONG_OPTIONS);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		options[i].name = rows[i].name;
		options[i].has_arg = rows[i].value ? required_argument : no_argument;
		options[i].val = ROW_FIRST + (int)i;
	}
	options += ARRAY_LEN(rows);
	options[0] = (struct option){ "config", required_argument, NULL, 'c' };
	options[1] = (struct option){ "output", required_argument, NULL, 'o' };
	options[2] = (struct option){ "help", no_argument, NULL, 'h' };
}

/* Goes over the command line: with a plan for what changes it, without one for
 * the rest (the configuration has to be known first). */
static int parse(int argc, char **argv, struct wishes *w, struct haproxy_plan *plan)
{
	struct option options[LONG_OPTIONS];
	const char *mistake;
	int c;

	long_options(options);
	optind = 1;
	opterr = plan == NULL;
	while ((c = getopt_long(argc, argv, "c:o:h", options, NULL)) != -1) {
		if (c == 'c') {
			w->config_file = optarg;
		} else if (c == 'o') {
			w->output_file = optarg;
		} else if (c == 'h') {
			w->help = true;
		} else if (c < ROW_FIRST) {
			return EXIT_USAGE;
		} else if (plan != NULL) {
			const struct row *row = &rows[c - ROW_FIRST];

			mistake = row->set(plan, optarg);
			if (mistake == NULL)
				continue;
			fprintf(stderr, "anyportctl: --%s %s: %s\n", row->name, optarg, mistake);
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return EXIT_DONE;
	fprintf(stderr, "anyportctl: \"%s\" is not understood here\n", argv[optind]);
	return EXIT_USAGE;
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

static int generate(struct haproxy_plan *plan, const struct wishes *w)
{
	model_settle(plan);
	if (consistency_check(plan, stderr) > 0)
		return EXIT_FINDINGS;
	warn_of_this_machine(plan);
	return write_plan(plan, w->output_file);
}

int haproxy_generate(int argc, char **argv)
{
	struct wishes w = { 0 };
	struct haproxy_plan *plan;
	int status = parse(argc, argv, &w, NULL);

	if (status != EXIT_DONE || w.help) {
		help(status == EXIT_DONE ? stdout : stderr);
		return status;
	}
	plan = plan_from_config(w.config_file);
	if (plan == NULL)
		return EXIT_FINDINGS;
	status = parse(argc, argv, &w, plan);
	if (status == EXIT_DONE)
		status = generate(plan, &w);
	model_free(plan);
	return status;
}
