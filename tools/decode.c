/* anyportctl decode - one captured frame as a tree that a person can read. */
#include "commands.h"

#include "kafka/print.h"
#include "util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
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

static void help(FILE *out)
{
	fputs("usage: anyportctl decode --request\n"
	      "       anyportctl decode --answer API VERSION\n\n"
	      "Reads one Kafka frame from standard input and prints it as a tree.  The frame begins\n"
	      "with its size field.  It is taken as it is, or as hexadecimal digits (as xxd -p\n"
	      "writes them) with spaces and line ends as you like.\n\n"
	      "  -r, --request    a request: it says itself which API and version it is\n"
	      "  -a, --answer     an answer, to a request of this API (name or number) and version\n"
	      "  -h, --help       this text\n\n"
	      "Example:\n"
	      "  echo 00000010 0003 0009 00000007 0000 00 00 01 00 00 00 | anyportctl decode -r\n\n"
	      "Exit status: 0 decoded, 1 the frame is bad (the tree says where), 2 wrong command line.\n",
	      out);
}

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
static const struct kapi *find_answer(char **words, int *version)
{
	const struct kapi *api = find_api(words[0]);
	struct kversions known;

	if (api == NULL) {
		fprintf(stderr, "anyportctl: there is no API \"%s\"\n", words[0]);
		return NULL;
	}
	known = api_versions(api);
	*version = number(words[1]);
	if (kversions_has(known, *version))
		return api;
	fprintf(stderr, "anyportctl: %s has versions %d to %d here, not \"%s\"\n", api->name,
		known.min, known.max, words[1]);
	return NULL;
}

static int print(const struct kapi *api, int version)
{
	struct input input = { 0 };
	int status = EXIT_FINDINGS;

	if (read_frame(&input)) {
		bool good = api == NULL ? print_request(stdout, input.bytes, input.n)
					: print_answer(stdout, api, version, input.bytes, input.n);
		if (good && fflush(stdout) == 0)
			status = EXIT_DONE;
	}
	free(input.bytes);
	return status;
}

static int decode_words(char kind, int count, char **words)
{
	const struct kapi *api = NULL;
	int version = 0;

	if ((kind == 'r' && count != 0) || (kind == 'a' && count != 2) || kind == '\0') {
		help(stderr);
		return EXIT_USAGE;
	}
	if (!apis_compile(stderr))
		return EXIT_FINDINGS;
	if (kind == 'a') {
		api = find_answer(words, &version);
		if (api == NULL)
			return EXIT_USAGE;
	}
	return print(api, version);
}

int decode(int argc, char **argv)
{
	static const struct option options[] = {
		{ "request", no_argument, NULL, 'r' },
		{ "answer", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	char kind = '\0';
	int c, status;

	optind = 1;
	while ((c = getopt_long(argc, argv, "rah", options, NULL)) != -1) {
		if (c == 'h') {
			help(stdout);
			return EXIT_DONE;
		}
		if (c == '?' || (kind != '\0' && kind != c)) {
			help(stderr);
			return EXIT_USAGE;
		}
		kind = (char)c;
	}
	status = decode_words(kind, argc - optind, argv + optind);
	apis_free();
	return status;
}
