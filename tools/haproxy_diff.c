/* anyportctl haproxy diff - what changes from one haproxy.cfg to another, and what it takes. */
#include "commands.h"
#include "diff_text.h"
#include "haproxy_version.h"

#include "cfg/diff.h"

#include <errno.h>
#include <string.h>

/* A file, or a folder of them. */
static int read_side(struct cfg *cfg, const char *path)
{
	if (!cfg_read(cfg, path))
		return cli_fail("%s: %s", path, strerror(errno));
	if (cfg->mistake_count > 0)
		return cli_fail("%s:%d: %s", cfg->mistakes[0].file, cfg->mistakes[0].line,
				cfg->mistakes[0].what);
	return EXIT_DONE;
}

static int run(struct cli *cli)
{
	struct cfg *before = cfg_new(), *after = cfg_new();
	struct version version;
	int status = haproxy_version_read(cli, NULL, &version);

	if (status == EXIT_DONE)
		status = read_side(before, cli_argument(cli, 0));

	if (status == EXIT_DONE)
		status = read_side(after, cli_argument(cli, 1));
	if (status == EXIT_DONE) {
		struct diff d = diff_make(before, after, &version);

		if (cli_json(cli))
			diff_text_json(&d);
		else
			diff_text_print(&d, stdout);
		status = d.count > 0 ? EXIT_FINDINGS : EXIT_DONE;
		diff_free(&d);
	}
	cfg_free(before);
	cfg_free(after);
	return status;
}

static const struct cli_option options[] = {
	VERSION_OPTION,
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy diff /etc/haproxy/haproxy.cfg new.cfg", "before it is put in place" },
	{ "anyportctl haproxy diff --json old.cfg new.cfg", "for a program" },
	{ 0 },
};

const struct cli_command haproxy_diff_command = {
	.words = "haproxy diff",
	.arguments = "OLD NEW",
	.least = 2,
	.most = 2,
	.json = true,
	.what = "say what changes between two haproxy.cfg and what it takes",
	.about =
		"Compares what the two mean: comments, blanks and lines whose order HAProxy does not look "
		"at make no difference.  Each change has a class: runtime (the stats socket can do it), "
		"reload (a new worker takes over, open connections live on in the old one), restart (the "
		"master must start anew), disconnects (clients lose their connection or what they connect "
		"to), with the reason.  Exit status 1: they differ.",
	.options = options,
	.examples = examples,
	.run = run,
};
