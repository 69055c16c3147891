/* anyportctl completion - what a shell completes, from the rows of the commands. */
#include "commands.h"
#include "completion_node.h"

#include <string.h>

enum { OPTION_MAX = 64, ROOM = 4096 };

/* Options of a command, with blanks between. */
static void option_names(const struct cli_command *c, char *to, size_t size)
{
	struct cli_option options[OPTION_MAX];
	size_t n = cli_all_options(c, options, OPTION_MAX), at = 0;

	*to = '\0';
	for (size_t i = 0; i < n && at < size; i++)
		at += (size_t)snprintf(to + at, size - at, "%s--%s", i > 0 ? " " : "",
				       options[i].name);
}

/* What may follow the words typed so far: once each. */
static void next_words(const char *typed, char *to, size_t size)
{
	size_t count, n = strlen(typed), at = 0;
	const struct cli_command *const *all = cli_commands(&count);
	char last[64] = "";

	*to = '\0';
	for (size_t i = 0; i < count && at < size; i++) {
		const char *rest = all[i]->words + n + (n > 0);
		char word[64];

		if (n > 0 && (strncmp(all[i]->words, typed, n) != 0 || all[i]->words[n] != ' '))
			continue;
		snprintf(word, sizeof word, "%.*s", (int)strcspn(rest, " "), rest);
		if (strcmp(word, last) == 0)
			continue; /* commands of one group stand together */
		snprintf(last, sizeof last, "%s", word);
		at += (size_t)snprintf(to + at, size - at, "%s%s", at > 0 ? " " : "", word);
	}
}

/* Calls `each` for every group of commands: "", "haproxy", "haproxy sticky". */
static void each_group(FILE *out, void (*each)(FILE *out, const char *group, const char *words))
{
	size_t count;
	const struct cli_command *const *all = cli_commands(&count);
	char done[ROOM] = "\n";
	char words[ROOM];

	next_words("", words, sizeof words);
	each(out, "", words);
	for (size_t i = 0; i < count; i++) {
		for (const char *end = all[i]->words; (end = strchr(end, ' ')) != NULL; end++) {
			char group[64], line[70];

			snprintf(group, sizeof group, "%.*s", (int)(end - all[i]->words),
				 all[i]->words);
			snprintf(line, sizeof line, "\n%s\n", group);
			if (strstr(done, line) != NULL)
				continue;
			snprintf(done + strlen(done), sizeof done - strlen(done), "%s\n", group);
			next_words(group, words, sizeof words);
			each(out, group, words);
		}
	}
}

/* --- bash and zsh: a case a command line so far --- */

static void bash_group(FILE *out, const char *group, const char *words)
{
	fprintf(out, "\t\"%s\") words=\"%s\" ;;\n", group, words);
}

static void bash_cases(FILE *out)
{
	size_t count;
	const struct cli_command *const *all = cli_commands(&count);

	each_group(out, bash_group);
	for (size_t i = 0; i < count; i++) {
		char names[ROOM];

		option_names(all[i], names, sizeof names);
		fprintf(out, "\t\"%s\") words=\"%s\" ;;\n", all[i]->words, names);
	}
}

static void print_bash(FILE *out)
{
	fputs("# bash completion of anyportctl\n"
	      "_anyportctl() {\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} typed= words= word\n"
	      "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	      "\t\tcase $word in -*) break ;; esac\n"
	      "\t\ttyped=${typed:+$typed }$word\n"
	      "\tdone\n"
	      "\tcase $typed in\n",
	      out);
	bash_cases(out);
	fputs("\tesac\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	      "\t[ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
	      "}\n"
	      "complete -F _anyportctl anyportctl\n",
	      out);
}

static void print_zsh(FILE *out)
{
	fputs("#compdef anyportctl\n"
	      "_anyportctl() {\n"
	      "\tlocal typed= entry=\n"
	      "\tfor entry in \"${(@)words[2,CURRENT-1]}\"; do\n"
	      "\t\t[[ $entry == -* ]] && break\n"
	      "\t\ttyped=\"${typed:+$typed }$entry\"\n"
	      "\tdone\n"
	      "\tlocal words=\n"
	      "\tcase $typed in\n",
	      out);
	bash_cases(out);
	fputs("\tesac\n"
	      "\tcompadd -- ${=words} || _files\n"
	      "}\n"
	      "_anyportctl \"$@\"\n",
	      out);
}

/* --- fish: a line a word --- */

static void fish_group(FILE *out, const char *group, const char *words)
{
	fprintf(out, "complete -c anyportctl -n '__anyportctl_at \"%s\"' -f -a '%s'\n", group,
		words);
}

static void print_fish(FILE *out)
{
	size_t count;
	const struct cli_command *const *all = cli_commands(&count);

	fputs("# fish completion of anyportctl\n"
	      "function __anyportctl_at\n"
	      "\tset -l typed\n"
	      "\tfor word in (commandline -opc)[2..-1]\n"
	      "\t\tstring match -q -- '-*' $word; and break\n"
	      "\t\tset -a typed $word\n"
	      "\tend\n"
	      "\ttest \"$typed\" = \"$argv[1]\"\n"
	      "end\n",
	      out);
	each_group(out, fish_group);
	for (size_t i = 0; i < count; i++) {
		struct cli_option options[OPTION_MAX];
		size_t n = cli_all_options(all[i], options, OPTION_MAX);

		for (size_t k = 0; k < n; k++)
			fprintf(out, "complete -c anyportctl -n '__anyportctl_at \"%s\"' -l %s%s\n",
				all[i]->words, options[k].name,
				options[k].kind == CLI_FLAG ? "" : " -r");
	}
}

static int run(struct cli *cli)
{
	static const struct {
		const char *shell;
		void (*print)(FILE *out);
		void (*print_node)(FILE *out);
	} shells[] = { { "bash", print_bash, completion_node_bash },
		       { "zsh", print_zsh, completion_node_zsh },
		       { "fish", print_fish, completion_node_fish } };
	const char *of = cli_argument_count(cli) > 1 ? cli_argument(cli, 1) : NULL;

	if (of != NULL && strcmp(of, "anyport") != 0 && strcmp(of, "anyportctl") != 0)
		return cli_usage_error(cli, "\"%s\" is none of anyport, anyportctl", of);
	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		if (strcmp(cli_argument(cli, 0), shells[i].shell) == 0) {
			if (of != NULL && strcmp(of, "anyport") == 0)
				shells[i].print_node(stdout);
			else
				shells[i].print(stdout);
			return EXIT_DONE;
		}
	}
	return cli_usage_error(cli, "\"%s\" is none of bash, zsh, fish", cli_argument(cli, 0));
}

static const struct cli_example examples[] = {
	{ "anyportctl completion bash >/etc/bash_completion.d/anyportctl", "for everyone's bash" },
	{ "anyportctl completion bash anyport >/etc/bash_completion.d/anyport",
	  "and of the node's own program" },
	{ 0 },
};

const struct cli_command completion_command = {
	.words = "completion",
	.arguments = "bash|zsh|fish [anyport|anyportctl]",
	.least = 1,
	.most = 2,
	.what = "print what a shell needs to complete commands and options",
	.about = "Prints the completion of this version's commands and options for a shell; with "
		 "anyport behind it, of the options of the node's program.",
	.examples = examples,
	.run = run,
};
