#include "cli.h"

#include "util/text.h"

#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 64, VALUES_MAX = 512, LONG_FIRST = 256, WORDS_MAX = 3 };

struct value {
	const struct cli_option *option;
	const char *text;
};

struct cli {
	const struct cli_command *command;
	struct cli_option options[OPTIONS_MAX];
	size_t option_count;
	struct value values[VALUES_MAX];
	size_t value_count;
	char **arguments;
	int argument_count;
};

/* --- what a command asks ---------------------------------------------------- */

static const struct cli_option *option_named(const struct cli *cli, const char *name)
{
	for (size_t i = 0; i < cli->option_count; i++) {
		if (strcmp(cli->options[i].name, name) == 0)
			return &cli->options[i];
	}
	return NULL;
}

const char *cli_next(const struct cli *cli, const char *name, size_t *at)
{
	const struct cli_option *option = option_named(cli, name);

	assert(option != NULL);
	while (*at < cli->value_count) {
		const struct value *v = &cli->values[(*at)++];

		if (v->option == option)
			return v->text != NULL ? v->text : "";
	}
	return NULL;
}

const char *cli_get(const struct cli *cli, const char *name)
{
	const char *last = NULL;
	size_t at = 0;

	for (const char *v; (v = cli_next(cli, name, &at)) != NULL;)
		last = v;
	return last;
}

bool cli_flag(const struct cli *cli, const char *name)
{
	return cli_get(cli, name) != NULL;
}

int64_t cli_number(const struct cli *cli, const char *name, int64_t standard)
{
	const char *text = cli_get(cli, name);
	int64_t n;

	return text != NULL && text_int64(text, &n) ? n : standard;
}

int64_t cli_time(const struct cli *cli, const char *name, int64_t standard_ms)
{
	const char *text = cli_get(cli, name);
	int64_t ms;

	return text != NULL && cli_parse_time(text, &ms) ? ms : standard_ms;
}

int cli_argument_count(const struct cli *cli)
{
	return cli->argument_count;
}

const char *cli_argument(const struct cli *cli, int n)
{
	assert(n >= 0 && n < cli->argument_count);
	return cli->arguments[n];
}

bool cli_json(const struct cli *cli)
{
	return cli->command->json && cli_flag(cli, "json");
}

/* --- complaints ------------------------------------------------------------- */

static void complain(const char *fmt, va_list args)
{
	fputs("anyportctl: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

int cli_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(fmt, args);
	va_end(args);
	return EXIT_FINDINGS;
}

int cli_usage_error(const struct cli *cli, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(fmt, args);
	va_end(args);
	fprintf(stderr, "See anyportctl %s --help.\n", cli->command->words);
	return EXIT_USAGE;
}

/* --- values ----------------------------------------------------------------- */

bool cli_parse_time(const char *text, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "ms", 1 },	{ "s", 1000 },	  { "m", 60000 },
		      { "min", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || n < 0 || n > INT32_MAX)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			*ms = n * units[i].ms;
			return true;
		}
	}
	return n == 0 && *end == '\0' && (*ms = 0, true);
}

static bool is_within(const struct cli_option *o, int64_t n)
{
	return n >= o->min && (o->max == 0 || n <= o->max);
}

static bool is_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (;; words++) {
		size_t part = strcspn(words, "|");

		if (part == n && n > 0 && memcmp(words, word, n) == 0)
			return true;
		words += part;
		if (*words == '\0')
			return false;
	}
}

static int range_error(const struct cli *cli, const struct cli_option *o, const char *text,
		       const char *kind)
{
	if (o->max != 0)
		return cli_usage_error(cli, "--%s: \"%s\" is no %s from %lld to %lld%s", o->name,
				       text, kind, (long long)o->min, (long long)o->max,
				       o->kind == CLI_TIME ? " ms" : "");
	return cli_usage_error(cli, "--%s: \"%s\" is no %s from %lld%s up", o->name, text, kind,
			       (long long)o->min, o->kind == CLI_TIME ? " ms" : "");
}

static int check_value(const struct cli *cli, const struct cli_option *o, const char *text)
{
	int64_t n;

	switch (o->kind) {
	case CLI_NUMBER:
		return text_int64(text, &n) && is_within(o, n)
			       ? EXIT_DONE
			       : range_error(cli, o, text, "whole number");
	case CLI_TIME:
		return cli_parse_time(text, &n) && is_within(o, n)
			       ? EXIT_DONE
			       : range_error(cli, o, text, "time (such as 500ms, 30s, 5m)");
	case CLI_WORD:
		return is_word(o->words, text) ? EXIT_DONE
					       : cli_usage_error(cli, "--%s: \"%s\" is none of %s",
								 o->name, text, o->words);
	case CLI_FLAG:
	case CLI_TEXT:
		break;
	}
	return EXIT_DONE;
}

/* --- parsing ---------------------------------------------------------------- */

static void to_getopt(const struct cli *cli, struct option *longs, char *shorts)
{
	*shorts++ = ':'; /* tell a missing value from an unknown option */
	for (size_t i = 0; i < cli->option_count; i++) {
		const struct cli_option *o = &cli->options[i];

		longs[i] = (struct option){ o->name,
					    o->kind == CLI_FLAG ? no_argument : required_argument,
					    NULL, LONG_FIRST + (int)i };
		if (o->letter == 0)
			continue;
		*shorts++ = o->letter;
		if (o->kind != CLI_FLAG)
			*shorts++ = ':';
	}
	longs[cli->option_count] = (struct option){ 0 };
	*shorts = '\0';
}

static const struct cli_option *option_found(const struct cli *cli, int c)
{
	if (c >= LONG_FIRST)
		return &cli->options[c - LONG_FIRST];
	for (size_t i = 0; i < cli->option_count; i++) {
		if (cli->options[i].letter == c)
			return &cli->options[i];
	}
	return NULL;
}

/* The option as it was typed: of letters that stand together, the one that is not known. */
static int unknown_letter(const struct cli *cli, int letter)
{
	return cli_usage_error(cli, "%s has no option -%c", cli->command->words, letter);
}

/* Half of a name may be wrong; else another one is meant. */
static int unknown_name(const struct cli *cli, const char *typed)
{
	const char *best = NULL;
	unsigned distance;
	char name[64];

	while (*typed == '-')
		typed++;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(typed, "="), typed);
	distance = (unsigned)strlen(name) / 2 + 1;
	distance = distance < 4 ? distance : 4;
	for (size_t i = 0; i < cli->option_count; i++) {
		unsigned d = text_distance(name, cli->options[i].name);

		if (d < distance) {
			distance = d;
			best = cli->options[i].name;
		}
	}
	if (best != NULL)
		return cli_usage_error(cli, "%s has no option --%s; is --%s meant?",
				       cli->command->words, name, best);
	return cli_usage_error(cli, "%s has no option --%s", cli->command->words, name);
}

/* getopt took this word, and says in optopt which option of it; 0: a name that there is not. */
static int wrong_option(const struct cli *cli, const char *word)
{
	if (optopt >= LONG_FIRST)
		return cli_usage_error(cli, "--%s takes no value",
				       cli->options[optopt - LONG_FIRST].name);
	return optopt != 0 ? unknown_letter(cli, optopt) : unknown_name(cli, word);
}

static int missing_value(const struct cli *cli, const char *word)
{
	if (optopt < LONG_FIRST)
		return cli_usage_error(cli, "-%c needs a value", optopt);
	return cli_usage_error(cli, "%s needs a value", word);
}

static int add_value(struct cli *cli, const struct cli_option *option, const char *text)
{
	if (!option->repeats) {
		size_t at = 0;

		if (cli_next(cli, option->name, &at) != NULL)
			return cli_usage_error(cli, "--%s is given twice", option->name);
	}
	if (cli->value_count == VALUES_MAX)
		return cli_usage_error(cli, "more than %d options", VALUES_MAX);
	cli->values[cli->value_count++] = (struct value){ option, text };
	return text != NULL ? check_value(cli, option, text) : EXIT_DONE;
}

static int parse_options(struct cli *cli, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 2];
	int status = EXIT_DONE, c;

	to_getopt(cli, longs, shorts);
	optind = 0; /* from the start, whatever was parsed before */
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		int one;

		if (c == ':')
			one = missing_value(cli, argv[optind - 1]);
		else if (c == '?')
			one = wrong_option(cli, argv[optind - 1]);
		else
			one = add_value(cli, option_found(cli, c), optarg);
		if (one != EXIT_DONE)
			status = one;
	}
	cli->arguments = argv + optind;
	cli->argument_count = argc - optind;
	return status;
}

static int check_arguments(const struct cli *cli)
{
	const struct cli_command *c = cli->command;

	if (cli->argument_count < c->least)
		return cli_usage_error(cli, "%s needs %s", c->words, c->arguments);
	if (c->most < 0 || cli->argument_count <= c->most)
		return EXIT_DONE;
	return cli_usage_error(cli, "\"%s\" is not understood here", cli->arguments[c->most]);
}

static int run(const struct cli_command *command, int argc, char **argv)
{
	struct cli *cli = calloc(1, sizeof *cli);
	int status;

	assert(cli != NULL);
	cli->command = command;
	cli->option_count = cli_all_options(command, cli->options, OPTIONS_MAX);
	status = parse_options(cli, argc, argv);
	if (cli_flag(cli, "help")) {
		cli_help(command, stdout);
		status = EXIT_DONE;
	} else {
		if (status == EXIT_DONE)
			status = check_arguments(cli);
		if (status == EXIT_DONE)
			status = command->run(cli);
	}
	if (fflush(stdout) != 0)
		status = cli_fail("standard output could not be written");
	free(cli);
	return status;
}

/* --- finding the command ---------------------------------------------------- */

/* How many of the words begin the command line; 0: not all of them do. */
static int matches(const char *words, int argc, char **argv)
{
	int n = 1;

	while (n < argc) {
		size_t part = strcspn(words, " ");

		if (strlen(argv[n]) != part || memcmp(argv[n], words, part) != 0)
			return 0;
		if (words[part] == '\0')
			return n;
		words += part + 1;
		n++;
	}
	return 0;
}

/* The first words of the command line, as far as they are no options. */
static void typed_words(int argc, char **argv, char *to, size_t size)
{
	size_t n = 0;

	*to = '\0';
	for (int i = 1; i < argc && i <= WORDS_MAX && argv[i][0] != '-' && n < size; i++)
		n += (size_t)snprintf(to + n, size - n, "%s%s", i > 1 ? " " : "", argv[i]);
}

static bool is_group(const char *words, const char *group)
{
	size_t n = strlen(group);

	return strncmp(words, group, n) == 0 && (words[n] == ' ' || n == 0);
}

static int no_such_command(int argc, char **argv)
{
	size_t count;
	const struct cli_command *const *all = cli_commands(&count);
	char typed[128];
	const char *best = NULL;
	unsigned distance = 4;

	typed_words(argc, argv, typed, sizeof typed);
	for (size_t i = 0; i < count; i++) {
		unsigned d = text_distance(typed, all[i]->words);

		if (is_group(all[i]->words, typed)) {
			cli_overview(typed, stderr);
			return EXIT_USAGE;
		}
		if (d < distance) {
			distance = d;
			best = all[i]->words;
		}
	}
	if (best != NULL)
		cli_fail("there is no command \"%s\"; is \"%s\" meant?", typed, best);
	else
		cli_fail("there is no command \"%s\": see anyportctl --help", typed);
	return EXIT_USAGE;
}

static bool asks(const char *arg, const char *brief, const char *full)
{
	return strcmp(arg, brief) == 0 || strcmp(arg, full) == 0;
}

int cli_main(const struct cli_command *const *commands, size_t count, int argc, char **argv)
{
	char group[128];

	cli_set_commands(commands, count);
	for (size_t i = 0; i < count; i++) {
		int n = matches(commands[i]->words, argc, argv);

		if (n > 0)
			return run(commands[i], argc - n, argv + n);
	}
	if (argc > 1 && asks(argv[1], "-V", "--version")) {
		puts("anyportctl " ANYPORT_VERSION);
		return EXIT_DONE;
	}
	typed_words(argc, argv, group, sizeof group);
	if (argc > 1 && asks(argv[argc - 1], "-h", "--help")) {
		cli_overview(group, stdout);
		return EXIT_DONE;
	}
	return no_such_command(argc, argv);
}
