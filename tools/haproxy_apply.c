/* anyportctl haproxy apply - puts a haproxy.cfg into use, on one load balancer after another. */
#include "balancer_options.h"
#include "commands.h"
#include "diff_text.h"
#include "table.h"

#include "live/apply.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 30000 };

static const char *const outcomes[] = { "nothing", "file",	  "runtime", "reload",
					"refused", "rolled-back", "failed" };

/* The file for a load balancer: NAME=FILE, else the one without a name. */
static const char *file_for(const struct cli *cli, const char *name)
{
	const char *general = NULL;
	size_t n = strlen(name);

	for (int i = 0; i < cli_argument_count(cli); i++) {
		const char *text = cli_argument(cli, i), *equals = strchr(text, '=');
		const char *slash = strchr(text, '/');

		if (strncmp(text, name, n) == 0 && text[n] == '=')
			return text + n + 1;
		if (equals == NULL || (slash != NULL && slash < equals))
			general = text;
	}
	return general;
}

static bool is_good(const struct apply_result *r)
{
	return r->outcome < APPLY_REFUSED;
}

static void print_outcome(const struct apply *a, const struct apply_result *r)
{
	const char *would = a->dry_run ? "would be " : "";

	printf("%s: ", a->balancer->name);
	switch (r->outcome) {
	case APPLY_NOTHING:
		puts("nothing to do");
		break;
	case APPLY_FILE:
		printf("%sput in place; HAProxy has nothing to learn from it\n", would);
		break;
	case APPLY_RUNTIME:
		printf("%sdone at run time, and put in place\n", would);
		break;
	case APPLY_RELOAD:
		if (a->dry_run)
			puts("would be put in place, and reloaded");
		else
			printf("put in place, and reloaded: worker %" PRId64
			       " took over from %" PRId64 "\n",
			       r->reloaded.after, r->reloaded.before);
		break;
	case APPLY_REFUSED:
		printf("refused, nothing was changed: %s\n", r->why);
		break;
	case APPLY_ROLLED_BACK:
		printf("rolled back, the old file is in place: %s\n", r->why);
		break;
	case APPLY_FAILED:
		printf("failed, HAProxy does not run with its file: %s\n", r->why);
		break;
	}
}

static void print_verdict(const struct apply_result *r)
{
	for (size_t i = 0; i < r->verdict.count; i++) {
		const struct verdict_line *line = &r->verdict.lines[i];

		printf("haproxy: line %d: HAProxy %s: \"%s\"\n", line->number,
		       line->is_bad ? "refuses it" : "warns", line->what);
	}
}

static json_t *result_object(const struct apply *a, const struct apply_result *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "name", json_string(a->balancer->name));
	json_object_set_new(o, "outcome", json_string(outcomes[r->outcome]));
	json_object_set_new(o, "dry_run", json_boolean(a->dry_run));
	json_object_set_new(o, "why", is_good(r) ? json_null() : json_string(r->why));
	json_object_set_new(o, "old_worker",
			    r->outcome == APPLY_RELOAD ? json_integer(r->reloaded.before)
						       : json_null());
	json_object_set_new(o, "new_worker",
			    r->outcome == APPLY_RELOAD ? json_integer(r->reloaded.after)
						       : json_null());
	json_object_set_new(o, "diff", diff_text_object(&r->diff));
	return o;
}

/* Whether to go on with the next one. */
static bool apply_one(const struct cli *cli, const struct apply *a, json_t *list)
{
	struct apply_result r;
	bool good;

	apply_run(a, &r);
	if (cli_json(cli)) {
		json_array_append_new(list, result_object(a, &r));
	} else {
		if (r.diff.count > 0)
			diff_text_print(&r.diff, stdout);
		print_verdict(&r);
		print_outcome(a, &r);
	}
	good = is_good(&r);
	apply_result_free(&r);
	fflush(stdout);
	return good;
}

static int apply_all(const struct cli *cli, const struct balancers *all, const char *program)
{
	struct version version;
	json_t *list = json_array();
	size_t done = 0;

	if (program == NULL || !verdict_version(program, &version))
		version = VERSION_OLDEST; /* the verdict is refused with the reason */
	for (bool good = true; good && done < all->count; done += good) {
		struct apply a = {
			.all = all,
			.balancer = &all->list[done],
			.file = file_for(cli, all->list[done].name),
			.program = program,
			.version = version,
			.dry_run = cli_flag(cli, "dry-run"),
			.reloads = cli_flag(cli, "reload"),
			.may_disconnect = cli_flag(cli, "disconnect"),
			.patience_ms = (int)cli_time(cli, "patience", PATIENCE_MS),
		};

		good = apply_one(cli, &a, list);
	}
	for (size_t i = done + 1; !cli_json(cli) && i < all->count; i++)
		printf("%s: not touched\n", all->list[i].name);
	if (cli_json(cli))
		table_print_json(stdout, list);
	json_decref(list);
	return done == all->count ? EXIT_DONE : EXIT_FINDINGS;
}

static int check_arguments(const struct cli *cli, const struct balancers *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (file_for(cli, all->list[i].name) == NULL)
			return cli_usage_error(cli, "no file for %s", all->list[i].name);
		if (all->list[i].config == NULL)
			return cli_usage_error(cli, "--config %s=FILE: where its haproxy.cfg is",
					       all->list[i].name);
	}
	return EXIT_DONE;
}

static int run(struct cli *cli)
{
	char *program = verdict_program(cli_get(cli, "haproxy"));
	struct balancers all;
	int status = balancer_options_read(cli, &all);

	if (status == EXIT_DONE)
		status = check_arguments(cli, &all);
	if (status == EXIT_DONE)
		status = apply_all(cli, &all, program);
	balancers_deinit(&all);
	free(program);
	return status;
}

static const struct cli_option options[] = {
	BALANCER_SOCKET_OPTIONS,
	{ "dry-run", 'n', .what = "say what would be done, and change nothing" },
	{ "reload", .what = "even where the stats socket would do" },
	{ "disconnect", .what = "go on though clients lose what they connect to" },
	{ "patience", 0, CLI_TIME, "TIME", .min = 1, .max = 3600000,
	  .what = "how long peers may take to be in sync, and a new worker to start (30s)" },
	{ "haproxy", 0, CLI_TEXT, "PROGRAM",
	  .what = "which HAProxy checks the file (the one in PATH)" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy apply new.cfg --config /etc/haproxy/haproxy.cfg --master-socket "
	  "/run/haproxy-master.sock",
	  "on this machine" },
	{ "anyportctl haproxy apply --dry-run new.cfg --config /etc/haproxy/haproxy.cfg",
	  "what would be done" },
	{ "anyportctl haproxy apply a=1.cfg b=2.cfg -c a=/a.cfg -c b=/b.cfg --master-socket a=/a.sock "
	  "--master-socket b=/b.sock",
	  "a pair, one after the other" },
	{ 0 },
};

const struct cli_command haproxy_apply_command = {
	.words = "haproxy apply",
	.arguments = "[NAME=]FILE...",
	.least = 1,
	.most = -1,
	.json = true,
	.what = "put a haproxy.cfg into use without losing a connection",
	.about =
		"Checks the file with HAProxy itself, does at the stats socket what can be done there "
		"(weights, maintenance, servers that come and go) and reloads for anything else: once the "
		"peers are in sync, so that no stick-table is lost, and through the master's socket.  "
		"A reload that fails puts the old file back; the old worker has served on.  The file "
		"before is kept as FILE.previous.  While one process is at work on a file (it holds a lock on "
		"FILE.lock), another is refused.  Several load balancers go one after another, up to "
		"the first that fails.  Their files must be within reach of this machine.",
	.options = options,
	.examples = examples,
	.run = run,
};
