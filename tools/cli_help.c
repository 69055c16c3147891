/* --help, from a command's row. */
#include "cli.h"

#include <string.h>

enum { WIDTH = 100, LEFT = 34, OPTION_MAX = 64 };

/* Words, with line ends where they belong; the first line has begun at `from`. */
static void wrapped(FILE *out, const char *text, int from, int indent)
{
	int at = from;

	while (*text != '\0') {
		int n = (int)strcspn(text, " ");

		if (at > indent && at + 1 + n > WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', out);
			at++;
		}
		fwrite(text, 1, (size_t)n, out);
		at += n;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_option(FILE *out, const struct cli_option *o)
{
	char usage[160];
	int at;

	cli_option_usage(o, usage, sizeof usage);
	at = fprintf(out, "  %c%c%s %s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
		     o->letter ? "," : " ", usage);
	if (at > LEFT - 2) {
		fputc('\n', out);
		at = 0;
	}
	fprintf(out, "%*s", LEFT - at, "");
	wrapped(out, o->what, LEFT, LEFT);
}

/* As a shell takes it: a long one goes on behind a backslash, from an option on. */
static void print_example(FILE *out, const char *command)
{
	int at = fprintf(out, "  ");

	while (*command != '\0') {
		const char *next = strstr(command + 1, " -");
		int n = next != NULL ? (int)(next - command) : (int)strlen(command);

		if (at > 2 && at + n > WIDTH)
			at = fprintf(out, " \\\n       ") - 3;
		fwrite(command, 1, (size_t)n, out);
		at += n;
		command += n;
	}
	fputc('\n', out);
}

void cli_help(const struct cli_command *c, FILE *out)
{
	struct cli_option options[OPTION_MAX];
	size_t n = cli_all_options(c, options, OPTION_MAX);

	fprintf(out, "usage: anyportctl %s [OPTION]...%s%s\n\n", c->words, c->arguments ? " " : "",
		c->arguments ? c->arguments : "");
	wrapped(out, c->about, 0, 0);
	fputc('\n', out);
	for (size_t i = 0; i < n; i++)
		print_option(out, &options[i]);
	fputs("\nExamples:\n", out);
	for (const struct cli_example *e = c->examples; e->command != NULL; e++) {
		print_example(out, e->command);
		fprintf(out, "      %s\n", e->shows);
	}
	fprintf(out, "\nExit status: %s\n", c->exits != NULL ? c->exits : CLI_EXITS);
}

void cli_overview(const char *group, FILE *out)
{
	size_t count, n = strlen(group);
	const struct cli_command *const *all = cli_commands(&count);

	fprintf(out, "usage: anyportctl %s%sCOMMAND [OPTION]...\n\n", group, n > 0 ? " " : "");
	for (size_t i = 0; i < count; i++) {
		const struct cli_command *c = all[i];

		if (n > 0 && (strncmp(c->words, group, n) != 0 || c->words[n] != ' '))
			continue;
		fprintf(out, "  %-26s", c->words);
		wrapped(out, c->what, 28, 28);
	}
	fputs("\n  --help       this text; after a command, its own\n"
	      "  --version    the version\n"
	      "\nExit status: " CLI_EXITS "\n",
	      out);
}
