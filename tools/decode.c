/* anyportctl decode - one captured frame as a tree that a person can read. */
#include "commands.h"

#include "kafka/print.h"
#include "util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* As long as the longest request that a broker takes by default. */
enum { INPUT_MAX = 256 << 20, FIRST_ROOM = 64 << 10 };

struct input {
	uint8_t *bytes;
	size_t n;
};

/* False, with a message: it cannot be read, or is too long. */
static bool read_all(FILE *in, struct input *input)
{
	size_t room = FIRST_ROOM;

	input->bytes = mem_alloc(room);
	for (;;) {
		input->n += fread(input->bytes + input->n, 1, room - input->n, in);
		if (input->n < room)
			break;
		if (room >= INPUT_MAX) {
			fprintf(stderr, "anyportctl: more than %d MiB on standard input\n",
				INPUT_MAX >> 20);
			return false;
		}
		room *= 2;
		input->bytes = mem_realloc(input->bytes, room);
	}
	if (!ferror(in))
		return true;
	fprintf(stderr, "anyportctl: standard input: %s\n", strerror(errno));
	return false;
}

/* No frame is: its first byte is 0 below 16 MiB, and no digit below 512 MiB. */
static bool is_hex(const struct input *input)
{
	for (size_t i = 0; i < input->n; i++) {
		if (!isxdigit(input->bytes[i]) && !isspace(input->bytes[i]))
			return false;
	}
	return input->n > 0;
}

static uint8_t digit(uint8_t c)
{
	return (uint8_t)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
}

/* In place.  False: half a byte is left over. */
static bool from_hex(struct input *input)
{
	size_t digits = 0;

	for (size_t i = 0; i < input->n; i++) {
		uint8_t c = input->bytes[i];

		if (isspace(c))
			continue;
		if (digits % 2 == 0)
			input->bytes[digits / 2] = (uint8_t)(digit(c) << 4);
		else
			input->bytes[digits / 2] |= digit(c);
		digits++;
	}
	input->n = digits / 2;
	return digits % 2 == 0;
}

static bool read_frame(struct input *input)
{
	if (!read_all(stdin, input))
		return false;
	if (!is_hex(input) || from_hex(input))
		return true;
	fputs("anyportctl: an odd number of hexadecimal digits\n", stderr);
	return false;
}

/* -1: not a number of that size. */
static int number(const char *word)
{
	char *end;
	long n = strtol(word, &end, 10);

	return *word != '\0' && *end == '\0' && n >= 0 && n <= INT16_MAX ? (int)n : -1;
}

static const struct kapi *find_api(const char *word)
{
	size_t n;
	const struct kapi *const *all = apis_all(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcasecmp(all[i]->name, word) == 0)
			return all[i];
	}
	return api_of(number(word));
}

/* The API and version of an answer.  NULL, with a message: there is none. */
static const struct kapi *find_answer(const struct cli *cli, int *version)
{
	const char *name = cli_argument(cli, 0), *typed = cli_argument(cli, 1);
	const struct kapi *api = find_api(name);
	struct kversions known;

	if (api == NULL) {
		cli_usage_error(cli, "there is no API \"%s\"", name);
		return NULL;
	}
	known = api_versions(api);
	*version = number(typed);
	if (kversions_has(known, *version))
		return api;
	cli_usage_error(cli, "%s has versions %d to %d here, not \"%s\"", api->name, known.min,
			known.max, typed);
	return NULL;
}

static int print(const struct kapi *api, int version)
{
	struct input input = { 0 };
	int status = EXIT_FINDINGS;

	if (read_frame(&input)) {
		bool good = api == NULL ? print_request(stdout, input.bytes, input.n)
					: print_answer(stdout, api, version, input.bytes, input.n);
		if (good)
			status = EXIT_DONE;
	}
	free(input.bytes);
	return status;
}

static int run(struct cli *cli)
{
	bool request = cli_flag(cli, "request");
	const struct kapi *api = NULL;
	int version = 0, status = EXIT_USAGE;

	if (request == cli_flag(cli, "answer"))
		return cli_usage_error(cli, "decode needs one of --request and --answer");
	if (cli_argument_count(cli) != (request ? 0 : 2))
		return cli_usage_error(cli, request ? "--request says itself what it is"
						    : "--answer needs API VERSION");
	if (!apis_compile(stderr))
		return EXIT_FINDINGS;
	if (!request)
		api = find_answer(cli, &version);
	if (request || api != NULL)
		status = print(api, version);
	apis_free();
	return status;
}

static const struct cli_option options[] = {
	{ "request", 'r', .what = "a request: it says itself which API and version it is" },
	{ "answer", 'a',
	  .what = "an answer, to a request of this API (name or number) and version" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "echo 00000010 0003 0009 00000007 0000 00 00 01 00 00 00 | anyportctl decode -r",
	  "the request for the metadata of all topics" },
	{ "anyportctl decode -a Metadata 9 <answer.bin", "what a broker answered" },
	{ 0 },
};

const struct cli_command decode_command = {
	.words = "decode",
	.arguments = "[API VERSION]",
	.most = 2,
	.what = "print a captured Kafka frame as a tree",
	.about =
		"Reads one Kafka frame from standard input and prints it as a tree that says where "
		"it is bad.  The frame begins with its size field.  It is taken as it is, or as "
		"hexadecimal digits (as xxd -p writes them) with spaces and line ends as you like.",
	.options = options,
	.examples = examples,
	.run = run,
};
