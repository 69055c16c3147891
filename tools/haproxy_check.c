/* anyportctl haproxy check - what goes wrong with Kafka behind a haproxy.cfg. */
#include "balancer_options.h"
#include "check_report.h"
#include "commands.h"
#include "haproxy_version.h"

#include "cfg/cfg.h"
#include "config/listeners.h"
#include "live/balancer.h"
#include "live/replace.h"
#include "live/verdict.h"
#include "plan/fronts.h"
#include "rules/rules.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { ANSWER_MS = 5000 };

/* --- the run -------------------------------------------------------------------- */

static int read_files(const struct cli *cli, struct check *c)
{
	for (int i = 0; i < cli_argument_count(cli); i++) {
		if (!cfg_read(c->cfg, cli_argument(cli, i)))
			return cli_fail("%s: %s", cli_argument(cli, i), strerror(errno));
	}
	return EXIT_DONE;
}

static char *text_of(const struct cfg *cfg, size_t file, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (out == NULL)
		abort();
	cfg_print(cfg, file, out);
	fclose(out);
	return text;
}

/* The mended files, where they were or where -o says. */
static int write_mended(const struct cli *cli, const struct check *c)
{
	const char *output = cli_get(cli, "output");
	int status = EXIT_DONE;

	for (size_t i = 0; i < c->cfg->file_count && status == EXIT_DONE; i++) {
		const char *path = output != NULL ? output : c->cfg->files[i];
		size_t size;
		char *text = text_of(c->cfg, i, &size);

		if (!replace_file(path, text, size))
			status = cli_fail("%s: %s", path, strerror(errno));
		free(text);
	}
	return status;
}

static const struct config *const *gateways(const struct check *c)
{
	return (const struct config *const *)c->fronts;
}

static int mend(const struct cli *cli, struct check *c)
{
	if (!cli_flag(cli, "fix"))
		return EXIT_DONE;
	if (c->cfg->mistake_count > 0)
		return cli_fail("%s:%d: %s: nothing was mended", c->cfg->mistakes[0].file,
				c->cfg->mistakes[0].line, c->cfg->mistakes[0].what);
	c->fixed = c->front_count > 0
			   ? rules_fix_each(c->cfg, &c->facts, gateways(c), c->front_count)
			   : rules_fix(c->cfg, &c->facts);
	return write_mended(cli, c);
}

/* Of what is written now: the mended file when there is one. */
static int ask_haproxy(const struct cli *cli, struct check *c)
{
	const char *named = cli_get(cli, "haproxy"), *output = cli_get(cli, "output");
	size_t count = (size_t)cli_argument_count(cli);
	const char **files = mem_alloc((count + 1) * sizeof *files);
	char *why = NULL;
	int status = EXIT_DONE;

	for (size_t i = 0; i < count; i++)
		files[i] = output != NULL ? output : cli_argument(cli, (int)i);
	if (!cli_flag(cli, "no-haproxy"))
		c->program = verdict_program(named);
	if (c->program != NULL)
		c->has_verdict = verdict_get(c->program, files, count, &c->verdict, &why);
	if (why != NULL)
		status = cli_fail("%s", why);
	else if (named != NULL && c->program == NULL)
		status = cli_fail("--haproxy %s: %s", named, strerror(errno));
	free(why);
	free(files);
	return status;
}

/* The one that runs with this file: its sockets as told, or the one in the file. */
static int find_balancer(const struct cli *cli, struct check *c)
{
	const char *stats = cli_get(cli, "stats-socket"), *master = cli_get(cli, "master-socket");
	char why[RUNTIME_WHY_MAX];
	char *own = NULL;

	if (stats == NULL && master == NULL) {
		own = balancer_options_socket_of(cli_argument(cli, 0), why);
		if (own == NULL)
			return cli_fail("%s", why);
		stats = own;
	}
	if ((stats != NULL && balancers_add(&c->balancers, BALANCER_STATS, stats) != NULL) ||
	    (master != NULL && balancers_add(&c->balancers, BALANCER_MASTER, master) != NULL)) {
		free(own);
		return cli_usage_error(cli,
				       "--stats-socket and --master-socket: a path or HOST:PORT");
	}
	free(own);
	c->facts.balancers = &c->balancers;
	return EXIT_DONE;
}

/* The version that is named; without one that of the program, which may not be there. */
static int take_version(const struct cli *cli, struct check *c)
{
	if (cli_get(cli, "for") != NULL)
		return haproxy_version_read(cli, c->program, &c->facts.version);
	if (c->program != NULL && !verdict_version(c->program, &c->facts.version))
		c->facts.version = (struct version){ 0 };
	return EXIT_DONE;
}

/* The one whose clients come by this HAProxy; or all of several. */
static int read_listeners(const struct cli *cli, struct check *c)
{
	const char *name = cli_get(cli, "listener");
	char why[CONFIG_WHY_MAX];
	size_t count;

	c->config = config_load(cli_get(cli, "config"), stderr);
	if (c->config == NULL)
		return EXIT_FINDINGS;
	count = config_listener_count(c->config);
	if ((name != NULL || count == 1) && !listeners_choose(c->config, name, why))
		return cli_fail("--listener: %s", why);
	count = config_listener_count(c->config);
	while (c->front_count < count) {
		c->fronts[c->front_count] = fronts_config(c->config, c->front_count);
		c->front_count++;
	}
	return EXIT_DONE;
}

static int gather_facts(const struct cli *cli, struct check *c)
{
	struct rlimit limit;
	int status = EXIT_DONE;

	c->facts.machine = cli_flag(cli, "here");
	c->facts.descriptors = cli_number(cli, "fd-limit", 0);
	if (c->facts.machine && c->facts.descriptors == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0)
		c->facts.descriptors = (int64_t)limit.rlim_max;
	if (cli_get(cli, "config") != NULL)
		status = read_listeners(cli, c);
	return status == EXIT_DONE && cli_flag(cli, "live") ? find_balancer(cli, c) : status;
}

static int outcome(const struct check *c)
{
	bool is_bad = c->cfg->mistake_count > 0 || findings_count(&c->findings, RULE_ERROR) > 0 ||
		      findings_count(&c->findings, RULE_WARNING) > 0 ||
		      (c->has_verdict && (!c->verdict.accepts || c->verdict.has_warnings));

	return is_bad ? EXIT_FINDINGS : EXIT_DONE;
}

static int check(const struct cli *cli, struct check *c)
{
	int status = gather_facts(cli, c);

	if (status == EXIT_DONE)
		status = read_files(cli, c);
	if (status == EXIT_DONE)
		status = mend(cli, c);
	if (status == EXIT_DONE)
		status = ask_haproxy(cli, c);
	if (status == EXIT_DONE)
		status = take_version(cli, c);
	if (status != EXIT_DONE)
		return status;
	if (c->front_count > 0)
		rules_check_each(c->cfg, &c->facts, gateways(c), c->front_count, &c->findings);
	else
		rules_check(c->cfg, &c->facts, &c->findings);
	if (cli_json(cli))
		check_report_json(c);
	else
		check_report_print(c);
	return outcome(c);
}

static int run(struct cli *cli)
{
	struct check c = { 0 };
	bool fixes = cli_flag(cli, "fix"), in_place = cli_flag(cli, "in-place");
	const char *output = cli_get(cli, "output");
	int status;

	if (cli_get(cli, "explain") != NULL)
		return check_report_explain(cli, cli_get(cli, "explain"));
	if (cli_argument_count(cli) == 0)
		return cli_usage_error(cli, "name a haproxy.cfg");
	if (fixes == (output == NULL && !in_place) || (output != NULL && in_place))
		return cli_usage_error(
			cli, "--fix needs one of --output FILE and --in-place, and they need "
			     "--fix");
	if (!cli_flag(cli, "live") &&
	    (cli_get(cli, "stats-socket") != NULL || cli_get(cli, "master-socket") != NULL))
		return cli_usage_error(cli, "--stats-socket and --master-socket are for --live");
	if (output != NULL && cli_argument_count(cli) > 1)
		return cli_usage_error(cli, "--output takes one file");
	c.cfg = cfg_new();
	balancers_init(&c.balancers, (int)cli_time(cli, "answer-within", ANSWER_MS));
	status = check(cli, &c);
	findings_deinit(&c.findings);
	verdict_deinit(&c.verdict);
	for (size_t i = 0; i < c.front_count; i++)
		fronts_config_free(c.fronts[i]);
	config_free(c.config);
	cfg_free(c.cfg);
	balancers_deinit(&c.balancers);
	free(c.program);
	return status;
}

static const struct cli_option options[] = {
	{ "config", 'c', CLI_TEXT, "FILE",
	  .what = "the gateway's configuration: checks that the two agree" },
	{ "listener", 0, CLI_TEXT, "NAME",
	  .what = "of several listeners the one whose clients come by this HAProxy (all of them)" },
	{ "fix", .what = "mend what can be mended without knowing what was meant" },
	{ "output", 'o', CLI_TEXT, "FILE", .what = "where --fix writes" },
	{ "in-place", 'i', .what = "--fix writes where it was read" },
	{ "explain", 0, CLI_TEXT, "ID", .what = "what a rule is about; `all` for every one" },
	{ "here",
	  .what = "HAProxy is to run on this machine: look at its limits, folders and users" },
	{ "fd-limit", 0, CLI_NUMBER, "N", .min = 1,
	  .what = "descriptors that HAProxy may open where it runs, ulimit -n" },
	{ "live", .what = "ask the HAProxy that runs with it, and try its nodes' ports" },
	{ "stats-socket", 's', CLI_TEXT, "PATH|HOST:PORT",
	  .what = "where --live asks (the stats socket of the file)" },
	{ "master-socket", 0, CLI_TEXT, "PATH|HOST:PORT", .what = "or through its master" },
	{ "answer-within", 0, CLI_TIME, "TIME", .min = 1, .max = 600000,
	  .what = "how long it may take for an answer (5s)" },
	{ "haproxy", 0, CLI_TEXT, "PROGRAM",
	  .what = "whose own verdict is asked (the one in PATH)" },
	{ "no-haproxy", .what = "do not ask HAProxy itself" },
	{ "for", 0, CLI_TEXT, "VERSION",
	  .what = "the HAProxy that is to read it, as haproxy -v says it (the one that is asked)" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy check /etc/haproxy/haproxy.cfg", "what is wrong with it, and why" },
	{ "anyportctl haproxy check -c /etc/anyport.conf haproxy.cfg",
	  "and with what the nodes expect" },
	{ "anyportctl haproxy check --fix -o better.cfg haproxy.cfg", "the same file, mended" },
	{ "anyportctl haproxy check --explain K02", "one rule" },
	{ 0 },
};

const struct cli_command haproxy_check_command = {
	.words = "haproxy check",
	.arguments = "FILE...",
	.most = -1,
	.json = true,
	.what = "say what goes wrong with Kafka behind a haproxy.cfg",
	.about =
		"Reads any haproxy.cfg, however it was made, and says what works otherwise than it "
		"looks: with the line, why it matters for Kafka, and the mend.  Most of it `haproxy -c` "
		"does not say; when HAProxy is there its own verdict comes too.  Several files are "
		"one configuration, as with HAProxy's -f.  Where the gateway's configuration has several "
		"listeners, what some of them miss is said with their names.  Exit status 1: an error or a warning was "
		"found; advice alone is no finding.",
	.options = options,
	.examples = examples,
	.run = run,
};
