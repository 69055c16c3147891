/* cli.h - commands as rows: one row drives parsing, --help, the man page and completion.
 *
 * A command's file defines its row; main.c lists the rows.  When `run` is called
 * the command line has been checked against the row: every option is known, every
 * number, time and word is one, the count of arguments fits.  So accessors do not
 * fail, and asking for an option that the row lacks is a programming mistake.
 *
 * Exit status: 0 done, 1 findings (something is refused, wrong or missing), 2 the
 * command line itself is wrong.  Tests: tests/unit/tools/cli_test.c
 */
#ifndef TOOLS_CLI_H
#define TOOLS_CLI_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifndef ANYPORT_VERSION
#define ANYPORT_VERSION "0.1.0"
#endif

enum { EXIT_DONE = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2 };
#define CLI_EXITS "0 done, 1 findings, 2 wrong command line."

enum cli_kind {
	CLI_FLAG,   /* takes no value */
	CLI_TEXT,   /* any value */
	CLI_NUMBER, /* a whole number from min to max */
	CLI_TIME,   /* "250ms", "30s", "5m", "2h", "1d"; milliseconds, from min to max */
	CLI_WORD    /* one of `words`, "a|b|c" */
};

struct cli_option {
	const char *name; /* as in --name; NULL ends the list */
	char letter;	  /* as in -n; 0: none */
	enum cli_kind kind;
	const char *value; /* what --help calls the value; a word's are its words */
	const char *words;
	int64_t min, max; /* of a number or time; max 0: no limit */
	bool repeats;
	const char *what; /* one line; a default in brackets at its end */
};

struct cli_example {
	const char *command; /* NULL ends the list */
	const char *shows;
};

struct cli;

struct cli_command {
	const char *words;		  /* "haproxy sticky list" */
	const char *arguments;		  /* "FILE..." for --help; NULL: takes none */
	int least, most;		  /* how many; most -1: no limit */
	bool json;			  /* has --json */
	const char *what;		  /* one line, no full stop */
	const char *about;		  /* what one must know: sentences */
	const struct cli_option *options; /* may be NULL */
	const struct cli_example *examples;
	int (*run)(struct cli *cli); /* the exit status */
	const char *exits;	     /* what each means; NULL: CLI_EXITS */
};

/* The last value given, or NULL.  Borrowed from the command line. */
const char *cli_get(const struct cli *cli, const char *name);
/* Each value in turn, from *at = 0 on; NULL after the last. */
const char *cli_next(const struct cli *cli, const char *name, size_t *at);
bool cli_flag(const struct cli *cli, const char *name);
int64_t cli_number(const struct cli *cli, const char *name, int64_t standard);
/* Milliseconds. */
int64_t cli_time(const struct cli *cli, const char *name, int64_t standard_ms);
int cli_argument_count(const struct cli *cli);
const char *cli_argument(const struct cli *cli, int n);
bool cli_json(const struct cli *cli);

/* "anyportctl: ..." and a line end, to standard error; returns EXIT_FINDINGS. */
int cli_fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The same for what is wrong with the command line; returns EXIT_USAGE. */
int cli_usage_error(const struct cli *cli, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Finds the command, checks the command line, runs it. */
int cli_main(const struct cli_command *const *commands, size_t count, int argc, char **argv);
/* Milliseconds of "250ms" to "1d"; false: it is no time. */
MUST_CHECK bool cli_parse_time(const char *text, int64_t *ms);

/* --- the rows (cli_rows.c) --- */

/* cli_main hands its list on here, for all that is made from it; borrowed. */
void cli_set_commands(const struct cli_command *const *commands, size_t count);
/* That list. */
const struct cli_command *const *cli_commands(size_t *count);
/* Every option of the command, the common ones last.  At most `room`; how many. */
size_t cli_all_options(const struct cli_command *command, struct cli_option *to, size_t room);
/* "--name VALUE" */
void cli_option_usage(const struct cli_option *option, char *to, size_t size);

/* --- what is made from the rows (cli_help.c) --- */

void cli_help(const struct cli_command *command, FILE *out);
/* All commands, or those that begin with `group`. */
void cli_overview(const char *group, FILE *out);

#endif
