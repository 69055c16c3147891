/* anyportctl haproxy check - what goes wrong with Kafka behind a haproxy.cfg. */
#include "commands.h"

#include "cfg/cfg.h"
#include "config/config.h"
#include "live/replace.h"
#include "live/verdict.h"
#include "rules/rules.h"
#include "table.h"
#include "util/mem.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { WIDTH = 96, INDENT = 4 };

/* Everything that one run found. */
struct check {
	struct cfg *cfg;
	struct rule_facts facts;
	struct findings findings;
	struct verdict verdict;
	char *program; /* HAProxy; NULL: not there, or not wanted */
	bool has_verdict;
	size_t fixed;
};

/* --- text --------------------------------------------------------------------- */

/* The text in lines of WIDTH, each indented; the first begins with the label. */
static void print_wrapped(const char *label, const char *text)
{
	int column = printf("%*s%s ", INDENT, "", label);

	while (*text != '\0') {
		int n = (int)strcspn(text, " ");

		if (column + n > WIDTH && column > INDENT)
			column = printf("\n%*s", INDENT + 2, "") - 1;
		column += printf("%.*s ", n, text);
		text += n;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_place(const char *file, int number)
{
	if (file != NULL && number > 0)
		printf("%s:%d: ", file, number);
	else if (file != NULL)
		printf("%s: ", file);
}

static void print_finding(const struct finding *f)
{
	print_place(f->file, f->number);
	printf("%s %s %s: %s\n", rule_severity_name(f->severity), f->rule->id, f->rule->name,
	       f->what);
	print_wrapped("why: ", f->rule->why);
	print_wrapped("mend:", f->rule->mend);
}

static void print_mistake(const struct cfg_mistake *m)
{
	print_place(m->file, m->line);
	printf("error: %s\n", m->what);
}

static void print_verdict_line(const struct verdict_line *line)
{
	print_place(line->file, line->number);
	printf("%s haproxy: %s\n", line->is_bad ? "error" : "warning", line->what);
}

static void print_count(size_t n, const char *what, const char *end)
{
	printf("%zu %s%s%s", n, what, n == 1 || strcmp(what, "advice") == 0 ? "" : "s", end);
}

static void print_summary(const struct check *c)
{
	print_count(findings_count(&c->findings, RULE_ERROR) + c->cfg->mistake_count, "error",
		    ", ");
	print_count(findings_count(&c->findings, RULE_WARNING), "warning", ", ");
	print_count(findings_count(&c->findings, RULE_ADVICE), "advice", "");
	if (c->fixed > 0)
		printf(" left after %zu mended", c->fixed);
	if (c->has_verdict)
		printf("; HAProxy itself: %s%s\n", c->verdict.accepts ? "accepted" : "refused",
		       c->verdict.accepts && c->verdict.has_warnings ? ", with warnings" : "");
	else
		printf("; HAProxy itself was not asked\n");
}

static void print_all(const struct check *c)
{
	for (size_t i = 0; i < c->cfg->mistake_count; i++)
		print_mistake(&c->cfg->mistakes[i]);
	for (size_t i = 0; i < c->findings.count; i++)
		print_finding(&c->findings.list[i]);
	for (size_t i = 0; i < c->verdict.count; i++)
		print_verdict_line(&c->verdict.lines[i]);
	print_summary(c);
}

/* --- JSON --------------------------------------------------------------------- */

static json_t *place_json(const char *file, int number)
{
	json_t *o = json_object();

	json_object_set_new(o, "file", file != NULL ? json_string(file) : json_null());
	json_object_set_new(o, "line", number > 0 ? json_integer(number) : json_null());
	return o;
}

static json_t *findings_json(const struct check *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->cfg->mistake_count; i++) {
		json_t *o = place_json(c->cfg->mistakes[i].file, c->cfg->mistakes[i].line);

		json_object_set_new(o, "id", json_null());
		json_object_set_new(o, "severity", json_string("error"));
		json_object_set_new(o, "what", json_string(c->cfg->mistakes[i].what));
		json_array_append_new(list, o);
	}
	for (size_t i = 0; i < c->findings.count; i++) {
		const struct finding *f = &c->findings.list[i];
		json_t *o = place_json(f->file, f->number);

		json_object_set_new(o, "id", json_string(f->rule->id));
		json_object_set_new(o, "name", json_string(f->rule->name));
		json_object_set_new(o, "severity", json_string(rule_severity_name(f->severity)));
		json_object_set_new(o, "what", json_string(f->what));
		json_object_set_new(o, "why", json_string(f->rule->why));
		json_object_set_new(o, "mend", json_string(f->rule->mend));
		json_object_set_new(o, "fixable", json_boolean(f->rule->fix != NULL));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *verdict_json(const struct check *c)
{
	json_t *o = json_object(), *list = json_array();

	if (!c->has_verdict) {
		json_decref(o);
		json_decref(list);
		return json_null();
	}
	for (size_t i = 0; i < c->verdict.count; i++) {
		const struct verdict_line *line = &c->verdict.lines[i];
		json_t *l = place_json(line->file, line->number);

		json_object_set_new(l, "severity", json_string(line->is_bad ? "error" : "warning"));
		json_object_set_new(l, "what", json_string(line->what));
		json_array_append_new(list, l);
	}
	json_object_set_new(o, "program", json_string(c->program));
	json_object_set_new(o, "accepts", json_boolean(c->verdict.accepts));
	json_object_set_new(o, "lines", list);
	return o;
}

static void print_json(const struct check *c)
{
	json_t *o = json_object();

	json_object_set_new(o, "findings", findings_json(c));
	json_object_set_new(o, "fixed", json_integer((json_int_t)c->fixed));
	json_object_set_new(o, "haproxy", verdict_json(c));
	table_print_json(stdout, o);
	json_decref(o);
}

/* --- explain -------------------------------------------------------------------- */

static json_t *rule_json(const struct rule *rule)
{
	static const char *const needs[] = { "file", "machine", "gateway", "live" };
	json_t *o = json_object();

	json_object_set_new(o, "id", json_string(rule->id));
	json_object_set_new(o, "name", json_string(rule->name));
	json_object_set_new(o, "severity", json_string(rule_severity_name(rule->severity)));
	json_object_set_new(o, "needs", json_string(needs[rule->needs]));
	json_object_set_new(o, "haproxy", json_string(rule->haproxy));
	json_object_set_new(o, "why", json_string(rule->why));
	json_object_set_new(o, "mend", json_string(rule->mend));
	json_object_set_new(o, "fixable", json_boolean(rule->fix != NULL));
	return o;
}

static void print_rule(const struct rule *rule)
{
	printf("%s %s (%s%s)\n", rule->id, rule->name, rule_severity_name(rule->severity),
	       rule->fix != NULL ? ", --fix mends it" : "");
	print_wrapped("why: ", rule->why);
	print_wrapped("mend:", rule->mend);
	printf("%*shaproxy -c: %s\n", INDENT, "", rule->haproxy);
}

static int explain(const struct cli *cli, const char *id)
{
	const struct rule *all[RULES_MAX];
	size_t count = rules_all(all), shown = 0;
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		if (strcmp(id, "all") != 0 && all[i] != rules_find(id))
			continue;
		if (cli_json(cli))
			json_array_append_new(list, rule_json(all[i]));
		else
			print_rule(all[i]);
		shown++;
	}
	if (cli_json(cli) && shown > 0)
		table_print_json(stdout, list);
	json_decref(list);
	if (shown == 0)
		return cli_usage_error(
			cli, "--explain %s: there is no such rule; --explain all shows them", id);
	return EXIT_DONE;
}

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

static int mend(const struct cli *cli, struct check *c)
{
	if (!cli_flag(cli, "fix"))
		return EXIT_DONE;
	if (c->cfg->mistake_count > 0)
		return cli_fail("%s:%d: %s: nothing was mended", c->cfg->mistakes[0].file,
				c->cfg->mistakes[0].line, c->cfg->mistakes[0].what);
	c->fixed = rules_fix(c->cfg, &c->facts);
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

static int gather_facts(const struct cli *cli, struct check *c)
{
	struct rlimit limit;

	c->facts.machine = cli_flag(cli, "here");
	c->facts.descriptors = cli_number(cli, "fd-limit", 0);
	if (c->facts.machine && c->facts.descriptors == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0)
		c->facts.descriptors = (int64_t)limit.rlim_max;
	if (cli_get(cli, "config") != NULL) {
		c->facts.gateway = config_load(cli_get(cli, "config"), stderr);
		if (c->facts.gateway == NULL)
			return EXIT_FINDINGS;
	}
	return EXIT_DONE;
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
	if (status != EXIT_DONE)
		return status;
	rules_check(c->cfg, &c->facts, &c->findings);
	if (cli_json(cli))
		print_json(c);
	else
		print_all(c);
	return outcome(c);
}

static int run(struct cli *cli)
{
	struct check c = { 0 };
	bool fixes = cli_flag(cli, "fix"), in_place = cli_flag(cli, "in-place");
	const char *output = cli_get(cli, "output");
	int status;

	if (cli_get(cli, "explain") != NULL)
		return explain(cli, cli_get(cli, "explain"));
	if (cli_argument_count(cli) == 0)
		return cli_usage_error(cli, "name a haproxy.cfg");
	if (fixes == (output == NULL && !in_place) || (output != NULL && in_place))
		return cli_usage_error(
			cli, "--fix needs one of --output FILE and --in-place, and they need "
			     "--fix");
	if (output != NULL && cli_argument_count(cli) > 1)
		return cli_usage_error(cli, "--output takes one file");
	c.cfg = cfg_new();
	status = check(cli, &c);
	findings_deinit(&c.findings);
	verdict_deinit(&c.verdict);
	config_free((struct config *)c.facts.gateway);
	cfg_free(c.cfg);
	free(c.program);
	return status;
}

static const struct cli_option options[] = {
	{ "config", 'c', CLI_TEXT, "FILE",
	  .what = "the gateway's configuration: checks that the two agree" },
	{ "fix", .what = "mend what can be mended without knowing what was meant" },
	{ "output", 'o', CLI_TEXT, "FILE", .what = "where --fix writes" },
	{ "in-place", 'i', .what = "--fix writes where it was read" },
	{ "explain", 0, CLI_TEXT, "ID", .what = "what a rule is about; `all` for every one" },
	{ "here",
	  .what = "HAProxy is to run on this machine: look at its limits, folders and users" },
	{ "fd-limit", 0, CLI_NUMBER, "N", .min = 1,
	  .what = "descriptors that HAProxy may open where it runs, ulimit -n" },
	{ "haproxy", 0, CLI_TEXT, "PROGRAM",
	  .what = "whose own verdict is asked (the one in PATH)" },
	{ "no-haproxy", .what = "do not ask HAProxy itself" },
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
		"one configuration, as with HAProxy's -f.  Exit status 1: an error or a warning was "
		"found; advice alone is no finding.",
	.options = options,
	.examples = examples,
	.run = run,
};
