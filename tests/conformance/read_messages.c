/* Reads messages as the gateway does and says what it saw, for messages.py.
 *
 * A line in: key version direction(0 request, 1 answer) hex
 * Out: "walk RESULT POS", one line for each marked value, the message as a
 * tree, and a line with a dot.
 */
#include "kafka/print.h"
#include "kafka/walk.h"

#include <stdlib.h>
#include <string.h>

static size_t from_hex(const char *hex, uint8_t *bytes)
{
	size_t n = 0;
	unsigned byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		bytes[n++] = (uint8_t)byte;
	return n;
}

/* NODE_IDS are one value to a walk, and an array to messages.py. */
static void say_event(const struct walk_event *e)
{
	static const char letters[] = { [WALK_VALUE] = 'V', [WALK_RUN] = 'R', [WALK_ARRAY] = 'A' };
	const bool is_list = e->is == NODE_IDS;

	if (e->is == NOTHING || e->kind > WALK_ARRAY)
		return;
	printf("%c %d %lld ", letters[is_list ? WALK_ARRAY : e->kind], (int)e->is,
	       (long long)e->number);
	for (uint32_t i = 0; !is_list && e->bytes != NULL && i < e->len; i++)
		printf("%02x", e->bytes[i]);
	putchar('\n');
}

static void walk_message(const struct plan *plan, const uint8_t *bytes, size_t n)
{
	static const char *const results[] = { "event", "more", "done", "bad" };
	struct walk w;
	struct walk_event e;
	enum walk_result got;

	walk_init(&w, plan, (uint32_t)n);
	walk_input(&w, bytes, n);
	while ((got = walk_next(&w, &e)) == WALK_EVENT)
		say_event(&e);
	printf("walk %s %u\n", results[got], w.pos);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	uint8_t *bytes;

	if (!apis_compile(stderr))
		return 1;
	while (getline(&line, &room, stdin) > 0) {
		int key, version, direction, hex_at;
		size_t n;

		if (sscanf(line, "%d %d %d %n", &key, &version, &direction, &hex_at) != 3)
			return 1;
		bytes = malloc(strlen(line));
		n = from_hex(line + hex_at, bytes);
		walk_message(api_plan(api_of(key), version, (enum kdirection)direction), bytes, n);
		print_body(stdout, api_of(key), version, (enum kdirection)direction, bytes, n);
		puts(".");
		free(bytes);
	}
	free(line);
	apis_free();
	return 0;
}
