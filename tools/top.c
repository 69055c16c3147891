/* anyportctl top - who uses the nodes now: clients, topics, groups or principals, the busiest first. */
#include "commands.h"
#include "node_option.h"
#include "screen.h"
#include "table.h"
#include "top_reading.h"

#include "loop/usage.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIMIT = 20, INTERVAL_MS = 2000, NAMES_MAX_ASKED = 10000, PAGE_HEAD = 4 };

#define KINDS "clients, topics, groups or principals"
#define SORTS "bytes|bytes_in|bytes_out|requests|errors|throttled_ms"

struct top {
	const struct cli *cli;
	const char *kind, *sort;
	size_t limit;
	json_t *nodes;	 /* those asked: node_id, or null: the only one */
	json_t *trouble; /* texts: nodes that did not answer last */
	json_t *before, *now;
	double before_at, now_at;
	bool before_is_whole, now_is_whole; /* every node is in it */
};

/* --- readings --- */

/* The nodes that the one that is asked believes; null: it knows of none, and is alone. */
static json_t *nodes_of(const json_t *cluster)
{
	json_t *ids = json_array(), *member;
	size_t i;

	json_array_foreach(json_object_get(cluster, "members"), i, member)
	{
		if (!json_is_string(json_object_get(member, "distrusted")))
			json_array_append(ids, json_object_get(member, "node_id"));
	}
	if (json_array_size(ids) < 2) {
		json_array_clear(ids);
		json_array_append_new(ids, json_null());
	}
	return ids;
}

/* The path; caller frees. */
static char *path_of(const struct top *t, const char *node)
{
	char *escaped = node != NULL ? curl_easy_escape(NULL, node, 0) : NULL;
	char *path = mem_printf("/v1/%s?limit=%d%s%s", t->kind, NAMES_MAX_ASKED,
				escaped != NULL ? "&node=" : "", escaped != NULL ? escaped : "");

	curl_free(escaped);
	return path;
}

/* One more reading, of all nodes that answer; false: none did. */
static bool read_all(struct top *t)
{
	json_t *reading = top_reading_new(), *node;
	bool has_any = false;
	size_t i;

	json_array_clear(t->trouble);
	json_array_foreach(t->nodes, i, node)
	{
		char why[HTTP_CLIENT_WHY_MAX], *path = path_of(t, json_string_value(node));
		json_t *answer = node_try(t->cli, path, why);

		if (answer != NULL) {
			top_reading_add(reading, t->kind, answer);
			has_any = true;
		} else {
			text_make_printable(why);
			json_array_append_new(t->trouble, json_string(why));
		}
		json_decref(answer);
		free(path);
	}
	json_decref(t->before);
	t->before = t->now;
	t->before_at = t->now_at;
	t->before_is_whole = t->now_is_whole;
	t->now = reading;
	t->now_is_whole = json_array_size(t->trouble) == 0;
	t->now_at = clock_s();
	return has_any;
}

/* A node that is in one reading and not in the other would seem to have done all at once. */
static json_t *rates(const struct top *t)
{
	const bool are_alike = t->before_is_whole && t->now_is_whole;

	return top_reading_rates(are_alike ? t->before : NULL, t->now, t->now_at - t->before_at,
				 t->sort, t->limit);
}

/* --- what is shown --- */

/* Figures are told a second where there are two readings, and since the start. */
static void print_rows(FILE *out, const struct top *t, json_t *told)
{
	char title[32];
	const struct table_column columns[] = {
		{ "name", title, TABLE_TEXT },
		{ "requests_per_second", "REQUESTS/S", TABLE_NUMBER },
		{ "bytes_in_per_second", "IN/S", TABLE_BYTES },
		{ "bytes_out_per_second", "OUT/S", TABLE_BYTES },
		{ "errors_per_second", "ERRORS/S", TABLE_NUMBER },
		{ "requests", "REQUESTS", TABLE_NUMBER },
		{ "bytes_in", "IN", TABLE_BYTES },
		{ "bytes_out", "OUT", TABLE_BYTES },
		{ "errors", "ERRORS", TABLE_NUMBER },
		{ "throttled_ms", "THROTTLED MS", TABLE_NUMBER },
	};
	json_t *rows = json_copy(json_object_get(told, "rows"));
	json_t *rest = json_copy(json_object_get(told, "rest"));

	snprintf(title, sizeof title, "%s", t->kind);
	for (char *c = title; *c != '\0'; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	json_object_set_new(rest, "name", json_string("the others"));
	json_array_append_new(rows, rest);
	table_print(out, columns, ARRAY_LEN(columns), rows);
	json_decref(rows);
}

static void print_trouble(FILE *out, const struct top *t)
{
	json_t *why;
	size_t i;

	json_array_foreach(t->trouble, i, why)
	{
		fprintf(out, "no answer: %s\n", json_string_value(why));
	}
}

static void print_page(FILE *out, const struct top *t, json_t *told)
{
	char now[32] = "";
	time_t wall = time(NULL);
	struct tm local;

	if (localtime_r(&wall, &local) != NULL)
		strftime(now, sizeof now, "%H:%M:%S", &local);
	fprintf(out, "%s  %s by %s, %zu nodes; %lld named, places lost %lld times\n", now, t->kind,
		t->sort, json_array_size(t->nodes),
		(long long)json_integer_value(json_object_get(told, "named")),
		(long long)json_integer_value(json_object_get(told, "displaced")));
	fprintf(out, "q quit   b bytes  i in  o out  r requests  e errors  t throttled\n");
	print_trouble(out, t);
	fputc('\n', out);
	print_rows(out, t, told);
}

static void show(struct top *t)
{
	char *page = NULL;
	size_t size, head = PAGE_HEAD + json_array_size(t->trouble) + 1;
	const size_t rows = (size_t)screen_rows();
	FILE *out = open_memstream(&page, &size);
	json_t *told;

	t->limit = rows > head ? rows - head : 1;
	told = rates(t);
	print_page(out, t, told);
	fclose(out);
	screen_show(page);
	free(page);
	json_decref(told);
}

/* NULL: no key that sorts. */
static const char *sort_of(int key)
{
	switch (key) {
	case 'b':
		return "bytes";
	case 'i':
		return "bytes_in";
	case 'o':
		return "bytes_out";
	case 'r':
		return "requests";
	case 'e':
		return "errors";
	case 't':
		return "throttled_ms";
	default:
		return NULL;
	}
}

static int watch(struct top *t, int64_t interval_ms)
{
	for (;;) {
		const double left = t->now_at + (double)interval_ms / 1e3 - clock_s();
		int key;

		show(t);
		key = screen_key(left > 0 ? (int)(left * 1e3) + 1 : 0);
		if (key == SCREEN_QUIT)
			return EXIT_DONE;
		if (sort_of(key) != NULL)
			t->sort = sort_of(key);
		else if (key == SCREEN_TIME)
			(void)read_all(t); /* what is wrong is shown */
	}
}

/* --- once --- */

static void wait_ms(int64_t ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) != 0)
		;
}

static int tell_once(struct top *t, int64_t interval_ms)
{
	json_t *told;

	wait_ms(interval_ms);
	if (!read_all(t))
		return cli_fail("%s", json_string_value(json_array_get(t->trouble, 0)));
	told = rates(t);
	if (cli_json(t->cli)) {
		json_object_set_new(told, "kind", json_string(t->kind));
		json_object_set_new(told, "sort", json_string(t->sort));
		json_object_set_new(told, "seconds", json_real(t->now_at - t->before_at));
		json_object_set(told, "nodes", t->nodes);
		json_object_set(told, "trouble", t->trouble);
		table_print_json(stdout, told);
	} else {
		print_rows(stdout, t, told);
	}
	json_decref(told);
	for (size_t i = 0; i < json_array_size(t->trouble); i++)
		cli_fail("%s", json_string_value(json_array_get(t->trouble, i)));
	if (!t->before_is_whole)
		cli_fail("a node did not answer at first, so there are no figures a second");
	return t->before_is_whole && t->now_is_whole ? EXIT_DONE : EXIT_FINDINGS;
}

static bool is_kind(const char *word)
{
	return strcmp(word, "clients") == 0 || strcmp(word, "topics") == 0 ||
	       strcmp(word, "groups") == 0 || strcmp(word, "principals") == 0;
}

/* The nodes, and what they have counted so far; false: told why not. */
static bool begin(struct top *t)
{
	json_t *cluster = cli_flag(t->cli, "this-node") ? json_object()
							: node_get(t->cli, "/v1/cluster");

	if (cluster == NULL)
		return false;
	t->nodes = nodes_of(cluster);
	t->trouble = json_array();
	json_decref(cluster);
	if (read_all(t))
		return true;
	cli_fail("%s", json_string_value(json_array_get(t->trouble, 0)));
	return false;
}

static int run(struct cli *cli)
{
	const char *kind = cli_argument(cli, 0), *sort = cli_get(cli, "sort");
	const int64_t interval = cli_time(cli, "interval", INTERVAL_MS);
	struct top t = { .cli = cli, .kind = kind, .sort = sort != NULL ? sort : "bytes" };
	int status = EXIT_FINDINGS;

	if (!is_kind(kind))
		return cli_usage_error(cli, "%s: " KINDS, kind);
	t.limit = (size_t)cli_number(cli, "limit", LIMIT);
	if (begin(&t)) {
		if (cli_flag(cli, "once") || cli_json(cli) || !screen_begin())
			status = tell_once(&t, interval);
		else
			status = watch(&t, interval);
		screen_end();
	}
	json_decref(t.nodes);
	json_decref(t.trouble);
	json_decref(t.before);
	json_decref(t.now);
	return status;
}

static const struct cli_option options[] = {
	{ "sort", 's', CLI_WORD, .words = SORTS,
	  .what = "which figure a second is the largest first (bytes)" },
	{ "limit", 'n', CLI_NUMBER, "N", .min = 1, .max = NAMES_MAX_ASKED,
	  .what = "so many rows; on a terminal as many as fit (20)" },
	{ "interval", 'i', CLI_TIME, "TIME", .min = 100, .max = 3600000,
	  .what = "between two readings (2s)" },
	{ "once", 0, CLI_FLAG,
	  .what = "two readings and one table; as it is where there is no terminal" },
	{ "this-node", 0, CLI_FLAG, .what = "only the node that is asked, not all that it knows" },
	NODE_OPTIONS,
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl top clients", "the busiest clients of all nodes, anew every two seconds" },
	{ "anyportctl top topics --once --sort bytes_out", "what is read most, once" },
	{ "anyportctl top groups --json | jq '.rows[0]'", "for a program" },
	{ 0 },
};

const struct cli_command top_command = {
	.words = "top",
	.arguments = "clients|topics|groups|principals",
	.least = 1,
	.most = 1,
	.json = true,
	.what = "show who uses the nodes now, the busiest first",
	.about =
		"Reads what all nodes of the cluster have counted by name, twice or again and again, and "
		"shows what came meanwhile, a second, and since the nodes' start. On a terminal: q ends it, "
		"b, i, o, r, e and t sort by bytes, bytes in, bytes out, requests, errors and throttling. "
		"Names that lost their place in a node's table (gateway.limits.usage_names) are among the others.",
	.options = options,
	.examples = examples,
	.run = run,
};
