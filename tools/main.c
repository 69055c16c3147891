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
	const char *words[2]; /* as they are typed; the second may be NULL */
	const char *what;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{ { "haproxy", "generate" },
	  "write a haproxy.cfg for the gateway's nodes",
	  haproxy_generate },
	{ { "decode" }, "print a captured Kafka frame as a tree", decode },
};

static void usage(FILE *out)
{
	fputs("usage: anyportctl COMMAND [OPTION]...\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const struct command *c = &commands[i];

		fprintf(out, "  %-8s%-12s%s\n", c->words[0], c->words[1] ? c->words[1] : "",
			c->what);
	}
	fputs("\n  --help       this text; after a command, its own\n"
	      "  --version    the version\n"
	      "\nExit status: 0 done, 1 findings, 2 wrong command line.\n",
	      out);
}

/* How many words the command has; 0: it is another. */
static int matches(const struct command *command, int argc, char **argv)
{
	int n;

	for (n = 0; n < (int)ARRAY_LEN(command->words) && command->words[n] != NULL; n++) {
		if (n + 1 >= argc || strcmp(argv[n + 1], command->words[n]) != 0)
			return 0;
	}
	return n;
}

static bool is_word(const char *arg, const char *brief, const char *full)
{
	return strcmp(arg, brief) == 0 || strcmp(arg, full) == 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && is_word(argv[1], "-h", "--help")) {
		usage(stdout);
		return EXIT_DONE;
	}
	if (argc > 1 && is_word(argv[1], "-V", "--version")) {
		puts("anyportctl " ANYPORT_VERSION);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		int n = matches(&commands[i], argc, argv);

		if (n > 0)
			return commands[i].run(argc - n, argv + n);
	}
	if (argc > 1)
		fprintf(stderr, "anyportctl: there is no command \"%s%s%s\"\n", argv[1],
			argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
	usage(stderr);
	return EXIT_USAGE;
}
