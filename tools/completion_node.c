#include "completion_node.h"

#include "util/compiler.h"

#include <stdbool.h>

static const struct {
	const char *name;
	char letter; /* 0: none */
	bool takes_file;
	const char *what;
} options[] = {
	{ "config", 'c', true, "read options from a file" },
	{ "test", 't', false, "check the configuration" },
	{ "print-config", 0, false, "print the effective configuration" },
	{ "version", 0, false, "print the version" },
	{ "help", 'h', false, "print all options" },
};

void completion_node_bash(FILE *out)
{
	fputs("# bash completion of anyport\n"
	      "_anyport() {\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n",
	      out);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (options[i].takes_file)
			fprintf(out,
				"\t-%c|--%s) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n",
				options[i].letter, options[i].name);
	}
	fputs("\tesac\n\tCOMPREPLY=($(compgen -W \"", out);
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		fprintf(out, "%s--%s", i > 0 ? " " : "", options[i].name);
	fputs("\" -- \"$current\"))\n"
	      "}\n"
	      "complete -o filenames -F _anyport anyport\n",
	      out);
}

void completion_node_zsh(FILE *out)
{
	fputs("#compdef anyport\n_arguments", out);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const char *argument = options[i].takes_file ? ":file:_files" : "";

		if (options[i].letter != 0)
			fprintf(out, " \\\n\t'(-%c --%s)'{-%c,--%s}'[%s]%s'", options[i].letter,
				options[i].name, options[i].letter, options[i].name,
				options[i].what, argument);
		else
			fprintf(out, " \\\n\t'--%s[%s]%s'", options[i].name, options[i].what,
				argument);
	}
	fputc('\n', out);
}

void completion_node_fish(FILE *out)
{
	fputs("# fish completion of anyport\n", out);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		fputs("complete -c anyport", out);
		if (options[i].letter != 0)
			fprintf(out, " -s %c", options[i].letter);
		fprintf(out, " -l %s%s -d '%s'\n", options[i].name,
			options[i].takes_file ? " -r -F" : " -f", options[i].what);
	}
}
