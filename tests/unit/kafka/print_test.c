/* Golden files: tests/golden/kafka/NAME.txt.
 *
 *     # what it shows
 *     request                 (or: answer KEY VERSION)
 *     hex of a whole frame, spaces and line ends as you like
 *     ---
 *     the tree
 *
 * With GOLDEN_UPDATE=1 the trees are written anew: look at the difference.
 */
#include "kafka/print.h"
#include "unit/apis.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER "tests/golden/kafka"
enum { FRAME_ROOM = 4096, FILE_ROOM = 65536 };

struct golden {
	int key, version; /* of an answer; key -1: a request */
	uint8_t frame[FRAME_ROOM];
	size_t size;
	char text[FILE_ROOM];
	char *tree; /* in text */
};

static size_t read_hex(const char *hex, uint8_t *bytes, size_t room)
{
	size_t n = 0;
	unsigned byte;

	while (*(hex += strspn(hex, " \n")) != '\0') {
		assert_true(n < room);
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		bytes[n++] = (uint8_t)byte;
		hex += 2;
	}
	return n;
}

static void load(struct golden *g, const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = g->text, *hex, *dashes;

	assert_non_null(f);
	g->text[fread(g->text, 1, sizeof g->text - 1, f)] = '\0';
	fclose(f);
	while (*line == '#') {
		line = strchr(line, '\n');
		assert_non_null(line++);
	}
	g->key = -1;
	if (sscanf(line, "answer %d %d\n", &g->key, &g->version) != 2)
		assert_int_equal(strncmp(line, "request\n", 8), 0);
	hex = strchr(line, '\n');
	dashes = strstr(line, "\n---\n");
	assert_non_null(dashes);
	*dashes = '\0';
	g->size = read_hex(hex, g->frame, sizeof g->frame);
	*dashes = '\n';
	g->tree = dashes + 5;
}

static char *print(const struct golden *g)
{
	char *tree = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&tree, &n);

	if (g->key < 0)
		print_request(out, g->frame, g->size);
	else
		print_answer(out, api_of(g->key), g->version, g->frame, g->size);
	fclose(out);
	return tree;
}

static void update(const struct golden *g, const char *path, const char *tree)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fwrite(g->text, 1, (size_t)(g->tree - g->text), f);
	fputs(tree, f);
	fclose(f);
}

static void trees_are_as_in_the_golden_files(void **state)
{
	static struct golden g;
	DIR *folder = opendir(FOLDER);
	struct dirent *entry;
	int files = 0;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		char path[512];
		char *tree;

		if (strstr(entry->d_name, ".txt") == NULL)
			continue;
		snprintf(path, sizeof path, "%s/%s", FOLDER, entry->d_name);
		print_message("%s\n", path);
		load(&g, path);
		tree = print(&g);
		if (getenv("GOLDEN_UPDATE") != NULL)
			update(&g, path, tree);
		else
			assert_string_equal(tree, g.tree);
		free(tree);
		files++;
	}
	closedir(folder);
	assert_true(files >= 10);
}

static void what_is_cut_short_is_said_to_be(void **state)
{
	static const uint8_t bytes[] = { 0, 0, 0, 1, 0, 2, 'a', 'b', 1 };
	char *tree = NULL;
	size_t n = 0;

	(void)state;
	for (size_t cut = 0; cut <= sizeof bytes; cut++) {
		FILE *out = open_memstream(&tree, &n);
		bool good = print_body(out, api_of(3), 4, REQUEST, bytes, cut);

		fclose(out);
		assert_int_equal(good, cut == sizeof bytes);
		assert_int_equal(strstr(tree, "! ") == NULL, good);
		free(tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_are_as_in_the_golden_files),
		cmocka_unit_test(what_is_cut_short_is_said_to_be),
	};

	return cmocka_run_group_tests_name("print", tests, apis_set_up, apis_tear_down);
}
