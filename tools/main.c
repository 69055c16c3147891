/* anyportctl - the operator's tool: a thin front on the library in haproxy/. */
#include "commands.h"

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#ifndef ANYPORT_VERSION
#define ANYPORT_VERSION "0.1.0"
#endif

struct command {
	const char *group; /* the first word */
	const char *name;
	const char *what;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{ "haproxy", "generate", "write a haproxy.cfg for the gateway's nodes", haproxy_generate },
};

static void usage(FILE *out)
{
	fputs("usage: anyportctl COMMAND [OPTION]...\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %s %-12s %s\n", commands[i].group, commands[i].name,
			commands[i].what);
	fputs("\n  --help       this text; after a command, its own\n"
	      "  --version    the version\n"
	      "\nExit status: 0 done, 1 findings, 2 wrong command line.\n",
	      out);
}

static const struct command *find(const char *group, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].group, group) == 0 && strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static bool is_word(const char *arg, const char *brief, const char *full)
{
	return strcmp(arg, brief) == 0 || strcmp(arg, full) == 0;
}

int main(int argc, char **argv)
{
	const struct command *command = NULL;

	if (argc > 1 && is_word(argv[1], "-h", "--help")) {
		usage(stdout);
		return EXIT_DONE;
	}
	if (argc > 1 && is_word(argv[1], "-V", "--version")) {
		puts("anyportctl " ANYPORT_VERSION);
		return EXIT_DONE;
	}
	if (argc > 2)
		command = find(argv[1], argv[2]);
	if (command != NULL)
		return command->run(argc - 2, argv + 2);
	if (argc > 2)
		fprintf(stderr, "anyportctl: there is no command \"%s %s\"\n", argv[1], argv[2]);
	usage(stderr);
	return EXIT_USAGE;
}
