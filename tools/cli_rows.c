/* The rows: which commands there are, and which options each has. */
#include "cli.h"

#include <assert.h>

static const struct cli_command *const *all_commands;
static size_t all_count;

void cli_set_commands(const struct cli_command *const *commands, size_t count)
{
	all_commands = commands;
	all_count = count;
}

const struct cli_command *const *cli_commands(size_t *count)
{
	*count = all_count;
	return all_commands;
}

static const struct cli_option common_json = { "json", .what = "JSON for programs" };
static const struct cli_option common_help = { "help", 'h', .what = "this text" };

size_t cli_all_options(const struct cli_command *command, struct cli_option *to, size_t room)
{
	size_t n = 0;

	for (const struct cli_option *o = command->options; o != NULL && o->name != NULL; o++) {
		assert(n < room);
		to[n++] = *o;
	}
	assert(n + 2 <= room);
	if (command->json)
		to[n++] = common_json;
	to[n++] = common_help;
	return n;
}

void cli_option_usage(const struct cli_option *o, char *to, size_t size)
{
	const char *value = o->kind == CLI_WORD && o->value == NULL ? o->words : o->value;

	snprintf(to, size, "--%s%s%s", o->name, o->kind == CLI_FLAG ? "" : " ",
		 o->kind == CLI_FLAG ? "" : value);
}
