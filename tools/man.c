/* anyportctl man - what the manual has of the commands and the gateway's options, from their rows, in Markdown:
 * tools/manual/pages makes the manual of it, together with the texts beside it. */
#include "commands.h"
#include "config/listeners.h"
#include "config/options.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { OPTION_MAX = 64, PATH_SIZE = 1024 };

/* Text for Markdown: what would be emphasis, a cell, an element or a link is none. */
static void plain(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("\\`*_[]<>|#", *text) != NULL)
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* Names and what people type, as it is. */
static void code(FILE *out, const char *text)
{
	fprintf(out, "`%s`", text);
}

/* "a|b|c" as `a`, `b`, `c` */
static void codes(FILE *out, const char *words)
{
	while (*words != '\0') {
		size_t n = strcspn(words, "|");

		fprintf(out, "`%.*s`%s", (int)n, words, words[n] != '\0' ? ", " : "");
		words += n + (words[n] != '\0');
	}
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

static void print_options(FILE *out, const struct cli_command *c)
{
	struct cli_option options[OPTION_MAX];
	size_t n = cli_all_options(c, options, OPTION_MAX);

	fputs("\n# OPTIONS\n", out);
	for (size_t i = 0; i < n; i++) {
		char usage[160];

		cli_option_usage(&options[i], usage, sizeof usage);
		fputc('\n', out);
		if (options[i].letter)
			fprintf(out, "`-%c`, ", options[i].letter);
		code(out, usage);
		fputs("\n: ", out);
		plain(out, options[i].what);
		fputc('\n', out);
	}
}

static void print_examples(FILE *out, const struct cli_command *c)
{
	fputs("\n# EXAMPLES\n", out);
	for (const struct cli_example *e = c->examples; e->command != NULL; e++) {
		fprintf(out, "\n    %s\n\n", e->command);
		plain(out, e->shows);
		fputc('\n', out);
	}
}

static void command_page(FILE *out, const void *about)
{
	const struct cli_command *c = about;
	char name[80];

	page_name(c->words, name, sizeof name);
	fprintf(out, "# NAME\n\n%s - ", name);
	plain(out, c->what);
	fprintf(out, "\n\n# SYNOPSIS\n\n`anyportctl %s` \\[OPTION\\]... ", c->words);
	plain(out, c->arguments != NULL ? c->arguments : "");
	fputs("\n\n# DESCRIPTION\n\n", out);
	plain(out, c->about);
	fputc('\n', out);
	print_options(out, c);
	print_examples(out, c);
	fprintf(out,
		"\n# EXIT STATUS\n\n%s\n\n# SEE ALSO\n\n"
		"[anyportctl(1)](anyportctl.1.md), [anyport(8)](anyport.8.md), "
		"[anyport.conf(5)](anyport.conf.5.md)\n",
		c->exits != NULL ? c->exits : CLI_EXITS);
}

static void command_list(FILE *out, const void *ignored)
{
	size_t count;
	const struct cli_command *const *all = cli_commands(&count);

	(void)ignored;
	for (size_t i = 0; i < count; i++) {
		char name[80];

		page_name(all[i]->words, name, sizeof name);
		fprintf(out, "[anyportctl %s](%s.1.md)\n: ", all[i]->words, name);
		plain(out, all[i]->what);
		fputs("\n\n", out);
	}
}

/* What a value looks like; words tell it themselves. */
static const char *const kinds[] = {
	[OPTION_TEXT] = "Text.",
	[OPTION_FLAG] = "`true` or `false`.",
	[OPTION_SIZE] = "Bytes, or with a unit: `64 KiB`, `512 MiB`, `4 GiB`.",
	[OPTION_TIME] = "A time with its unit: `500 ms`, `30 s`, `11 min`, `24 h`.",
	[OPTION_LISTENER] = "`HOST` or `HOST:FIRST-PORT`.",
	[OPTION_SERVERS] = "`HOST:PORT`, with commas.",
	[OPTION_NETWORKS] = "`ADDRESS/BITS` or `ADDRESS`, with commas.",
	[OPTION_ZONES] =
		"`ADDRESS/BITS=ZONE` or `ADDRESS=ZONE`, with commas; the longest that fits counts.",
	[OPTION_RANGE] = "`HOST`, `HOST:PORT` or `HOST:FIRST-LAST`.",
	[OPTION_NODES] = "`NAME=HOST:HTTP-PORT@RACK` with commas; in the file a list of groups.",
	[OPTION_PEERS] = "`NAME=HOST:PORT` with commas; in the file a list of groups.",
	[OPTION_FRONTS] = "`LISTENER=HOST:PORT` with commas; in the file a list of such texts.",
	[OPTION_ROUTES] = "`NAME=PORT` with commas; in the file a list of groups.",
};

/* What a listener may say. */
static void print_properties(FILE *out)
{
	fputs("In the file a list of groups, `{ name = \"inside\"; ports = \"9092-9095\"; }`, each with a "
	      "`name` of letters and digits and, in the file and behind the name in the environment:",
	      out);
	for (int i = 0; i < LISTENER_OPTIONS; i++) {
		const struct listener_option *p = &listener_options[i];

		fprintf(out, " `%s`, `%s`, ", p->key, p->env);
		if (p->option == NULL)
			plain(out, p->help);
		else
			fprintf(out, "%s `%s`", p->is_common ? "else" : "as", p->option);
		fputc(i + 1 < LISTENER_OPTIONS ? ';' : '.', out);
	}
}

static void print_kind(FILE *out, const struct config_option *o)
{
	if (o->kind == OPTION_NUMBER) {
		fprintf(out, "A number from %lld to %lld.", (long long)o->min, (long long)o->max);
	} else if (o->kind == OPTION_LISTENERS) {
		print_properties(out);
	} else if (o->words != NULL) {
		fputs("One of ", out);
		codes(out, o->words);
		fputc('.', out);
	} else {
		fputs(kinds[o->kind], out);
	}
}

static void print_default(FILE *out, const struct config_option *o)
{
	const char *standard = o->standard_help != NULL ? o->standard_help : o->standard;

	if (standard == NULL || *standard == '\0')
		return;
	fputs(" Default: ", out);
	plain(out, standard);
	fputc('.', out);
}

static void print_environment(FILE *out, const struct config_option *o)
{
	fprintf(out, " Environment: `%s`", o->env);
	if (o->env_also != NULL)
		fprintf(out, ", also `%s`", o->env_also);
	if (o->env_file != NULL)
		fprintf(out, "; `%s`: a file that has it", o->env_file);
	fputs(".", out);
}

static void print_gateway_option(FILE *out, const struct config_option *o)
{
	code(out, o->key);
	if (o->key_also != NULL)
		fprintf(out, ", also `%s`", o->key_also);
	fputs("\n: ", out);
	plain(out, o->help);
	fputs(". ", out);
	print_kind(out, o);
	print_default(out, o);
	print_environment(out, o);
	fputs(o->reloads ? " Reloads.\n\n" : " Needs a restart.\n\n", out);
}

/* The options, group by group, as their rows stand. */
static void option_list(FILE *out, const void *ignored)
{
	const char *group = "";
	size_t n = 0;

	(void)ignored;
	for (size_t i = 0; i < config_option_count; i++) {
		const char *key = config_options[i].key, *dot = strrchr(key, '.');

		if ((size_t)(dot - key) != n || strncmp(key, group, n) != 0) {
			group = key;
			n = (size_t)(dot - key);
			fprintf(out, "## %.*s\n\n", (int)n, key);
		}
		print_gateway_option(out, &config_options[i]);
	}
}

static int write_text(const char *folder, const char *name, const char *section,
		      void (*print)(FILE *out, const void *about), const void *about)
{
	char path[PATH_SIZE];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s%s.md", folder, name, section);
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
	status = write_text(folder, "commands", "", command_list, NULL);
	status |= write_text(folder, "options", "", option_list, NULL);
	for (size_t i = 0; i < count; i++) {
		char name[80];

		page_name(all[i]->words, name, sizeof name);
		status |= write_text(folder, name, ".1", command_page, all[i]);
	}
	return status;
}

static const struct cli_example examples[] = {
	{ "anyportctl man build/docs/texts",
	  "a text a command, and the lists of commands and options" },
	{ 0 },
};

const struct cli_command man_command = {
	.words = "man",
	.arguments = "FOLDER",
	.least = 1,
	.most = 1,
	.what = "write the manual's text of the commands and options",
	.about =
		"Writes a page a command, the list of the commands and that of the gateway's options into a "
		"folder, in Markdown: what `make man` makes manual pages of, together with the texts in tools/manual/.",
	.examples = examples,
	.run = run,
};
