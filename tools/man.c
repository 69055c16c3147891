/* anyportctl man - the manual pages, from the rows of the commands and of the gateway's options. */
#include "commands.h"
#include "config/options.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { OPTION_MAX = 64, PATH_SIZE = 1024 };

/* Text for roff: what would be a request or an escape is none. */
static void roff(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

/* Sentences of a paragraph, each on a line of its own as roff likes it. */
static void paragraph(FILE *out, const char *text)
{
	const char *end;

	while ((end = strstr(text, ".  ")) != NULL) {
		char sentence[1024];

		snprintf(sentence, sizeof sentence, "%.*s", (int)(end - text) + 1, text);
		roff(out, sentence);
		fputc('\n', out);
		text = end + 3;
	}
	roff(out, text);
	fputc('\n', out);
}

/* "haproxy generate" to "anyportctl-haproxy-generate" */
static void page_name(const char *words, char *to, size_t size)
{
	snprintf(to, size, "anyportctl-%s", words);
	for (char *c = to; *c != '\0'; c++) {
		if (*c == ' ')
			*c = '-';
	}
}

static void heading(FILE *out, const char *name, int section, const char *what)
{
	fputs(".TH ", out);
	for (const char *c = name; *c != '\0'; c++)
		fputc(toupper((unsigned char)*c), out);
	fprintf(out, " %d \"\" \"Anyport %s\" \"Anyport\"\n.SH NAME\n", section, ANYPORT_VERSION);
	roff(out, name);
	fputs(" \\- ", out);
	roff(out, what);
	fputc('\n', out);
}

static void print_options(FILE *out, const struct cli_command *c)
{
	struct cli_option options[OPTION_MAX];
	size_t n = cli_all_options(c, options, OPTION_MAX);

	fputs(".SH OPTIONS\n", out);
	for (size_t i = 0; i < n; i++) {
		char usage[160];

		cli_option_usage(&options[i], usage, sizeof usage);
		fputs(".TP\n.B ", out);
		if (options[i].letter)
			fprintf(out, "\\-%c, ", options[i].letter);
		roff(out, usage);
		fputc('\n', out);
		paragraph(out, options[i].what);
	}
}

static void print_examples(FILE *out, const struct cli_command *c)
{
	fputs(".SH EXAMPLES\n", out);
	for (const struct cli_example *e = c->examples; e->command != NULL; e++) {
		fputs(".TP\n.B ", out);
		roff(out, e->command);
		fputc('\n', out);
		roff(out, e->shows);
		fputc('\n', out);
	}
}

static void exit_status(FILE *out)
{
	fputs(".SH EXIT STATUS\n0 done, 1 findings, 2 wrong command line.\n", out);
}

static void command_page(FILE *out, const void *about)
{
	const struct cli_command *c = about;
	char name[80];

	page_name(c->words, name, sizeof name);
	heading(out, name, 1, c->what);
	fputs(".SH SYNOPSIS\n.B anyportctl ", out);
	roff(out, c->words);
	fputs("\n[OPTION]...\n", out);
	if (c->arguments != NULL) {
		roff(out, c->arguments);
		fputc('\n', out);
	}
	fputs(".SH DESCRIPTION\n", out);
	paragraph(out, c->about);
	print_options(out, c);
	print_examples(out, c);
	exit_status(out);
	fputs(".SH SEE ALSO\n.BR anyportctl (1),\n.BR anyport (8),\n.BR anyport.conf (5)\n", out);
}

static void overview_page(FILE *out, const void *ignored)
{
	size_t count;
	const struct cli_command *const *all = cli_commands(&count);

	(void)ignored;
	heading(out, "anyportctl", 1, "generate, check, run and tune HAProxy for Anyport");
	fputs(".SH SYNOPSIS\n.B anyportctl\nCOMMAND [OPTION]...\n.SH DESCRIPTION\n"
	      "The operator's tool of Anyport, a Kafka gateway that stands behind HAProxy.\n"
	      ".SH COMMANDS\n",
	      out);
	for (size_t i = 0; i < count; i++) {
		char name[80];

		page_name(all[i]->words, name, sizeof name);
		fputs(".TP\n.BR ", out);
		roff(out, name);
		fputs(" (1)\n", out);
		roff(out, all[i]->what);
		fputc('\n', out);
	}
	exit_status(out);
	fputs(".SH SEE ALSO\n.BR anyport (8),\n.BR anyport.conf (5)\n", out);
}

static void gateway_page(FILE *out, const void *ignored)
{
	(void)ignored;
	heading(out, "anyport", 8, "one node of the Kafka gateway that stands behind HAProxy");
	fputs(".SH SYNOPSIS\n.B anyport\n[\\-c FILE] [\\-t | \\-\\-print\\-config]\n.SH DESCRIPTION\n"
	      "Takes Kafka clients that a load balancer hands it on any port, and takes each of their\n"
	      "requests to the broker that it is for.\n"
	      "Options come from the file and from the environment, which wins: see\n"
	      ".BR anyport.conf (5).\n"
	      ".SH OPTIONS\n"
	      ".TP\n.B \\-c, \\-\\-config FILE\nread options from FILE\n"
	      ".TP\n.B \\-t, \\-\\-test\ncheck the configuration and exit: 0 good, 1 not; every mistake is told\n"
	      ".TP\n.B \\-\\-print\\-config\nprint the effective configuration and exit\n"
	      ".TP\n.B \\-\\-version\nprint the version and exit\n"
	      ".TP\n.B \\-h, \\-\\-help\nprint the options and exit\n"
	      ".SH SIGNALS\n"
	      ".TP\n.B SIGTERM, SIGINT\n"
	      "drain: not ready, no new connections, what is in flight is answered, then exit with 0;\n"
	      "a second one ends it at once\n"
	      ".TP\n.B SIGHUP\n"
	      "read the configuration again: what reloads is taken, what does not is named in the log,\n"
	      "and a file with mistakes changes nothing\n"
	      ".SH SEE ALSO\n.BR anyport.conf (5),\n.BR anyportctl (1)\n",
	      out);
}

static void print_gateway_option(FILE *out, const struct config_option *o)
{
	const char *standard = o->standard_help != NULL ? o->standard_help : o->standard;

	fputs(".TP\n.B ", out);
	roff(out, o->key);
	fputs("\n", out);
	paragraph(out, o->help);
	if (o->words != NULL) {
		fputs("One of: ", out);
		roff(out, o->built != NULL && *o->built != '\0' ? o->built : o->words);
		fputs(".\n", out);
	}
	if (o->built != NULL && *o->built == '\0')
		fputs("Not built yet: refused.\n", out);
	else if (standard != NULL && *standard != '\0') {
		fputs("Default: ", out);
		roff(out, standard);
		fputs(".\n", out);
	}
	if (o->reloads)
		fputs("Reloads.\n", out);
	fputs("In the environment: ", out);
	roff(out, o->env);
	fputs(".\n", out);
}

static void file_page(FILE *out, const void *ignored)
{
	(void)ignored;
	heading(out, "anyport.conf", 5, "options of an Anyport node and of its haproxy.cfg");
	fputs(".SH DESCRIPTION\n"
	      "A libconfig file with the groups kafka, gateway and haproxy.\n"
	      "Sizes are written \"512 MiB\", times \"30 s\".\n"
	      "The environment wins over the file.\n"
	      "What reloads is taken on SIGHUP; the rest needs a restart.\n"
	      ".SH OPTIONS\n",
	      out);
	for (size_t i = 0; i < config_option_count; i++)
		print_gateway_option(out, &config_options[i]);
	fputs(".SH SEE ALSO\n.BR anyport (8),\n.BR anyportctl\\-haproxy\\-generate (1)\n", out);
}

static int write_page(const char *folder, const char *name, int section,
		      void (*print)(FILE *out, const void *about), const void *about)
{
	char path[PATH_SIZE];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s.%d", folder, name, section);
	out = fopen(path, "we");
	if (out == NULL)
		return cli_fail("%s: %s", path, strerror(errno));
	print(out, about);
	return fclose(out) == 0 ? EXIT_DONE : cli_fail("%s: %s", path, strerror(errno));
}

static int run(struct cli *cli)
{
	const char *folder = cli_argument(cli, 0);
	size_t count;
	const struct cli_command *const *all = cli_commands(&count);
	int status;

	if (mkdir(folder, 0777) != 0 && errno != EEXIST)
		return cli_fail("%s: %s", folder, strerror(errno));
	status = write_page(folder, "anyportctl", 1, overview_page, NULL);
	status |= write_page(folder, "anyport", 8, gateway_page, NULL);
	status |= write_page(folder, "anyport.conf", 5, file_page, NULL);
	for (size_t i = 0; i < count; i++) {
		char name[80];

		page_name(all[i]->words, name, sizeof name);
		status |= write_page(folder, name, 1, command_page, all[i]);
	}
	return status;
}

static const struct cli_example examples[] = {
	{ "anyportctl man build/man", "the pages of this version" },
	{ 0 },
};

const struct cli_command man_command = {
	.words = "man",
	.arguments = "FOLDER",
	.least = 1,
	.most = 1,
	.what = "write the manual pages",
	.about =
		"Writes anyportctl(1), a page a command, anyport(8) and anyport.conf(5) into a folder.",
	.examples = examples,
	.run = run,
};
