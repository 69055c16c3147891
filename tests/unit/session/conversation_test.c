/* Whole conversations: tests/golden/session/NAME.txt, a script whose results stand in it.
 *
 *     # what it shows
 *     topic orders leaders 0 1 2
 *     coordinator group g1 is 2
 *     advertised single
 *     offered Heartbeat Metadata            and nothing else, in all versions that there are
 *
 *     client says Produce 9 id 5 client "app"
 *       the tree, without what is as the rows' stubs
 *     client says 60 bytes of Produce 9 id 5 ...   the beginning of the frame
 *     client says the rest
 *     client ends                                  its input; it still reads
 *     client closes
 *     broker 1 gets                                waits, and shows the request
 *     broker 1 has 60 bytes                        waits for so many, and not one more
 *     broker 1 answers                             what it took first
 *       the tree
 *     broker 1 answers on connection 2
 *     broker 1 hears the end                       on its last connection
 *     broker 1 closes                              its connections
 *     broker 1 dies                                these, and nobody can connect
 *     client gets                                  waits, and shows the answer
 *     client hears the end
 *     nobody hears anything
 *
 * A session that the node has with the client has a number that nobody can know: it is shown, and may
 * be said, as "(the node's)".
 *
 * What is shown begins with two blanks and a bar.  At the end nobody may have been told anything
 * that was not shown.  With GOLDEN_UPDATE=1 what is shown is written anew: look at the difference.
 */
#include "session/session.h"

#include "unit/session/words.h"

#include <dirent.h>

#define FOLDER "tests/golden/session"
enum { FILES_LEAST = 22, TEXT_MAX = 256 * 1024 };

struct play {
	struct scene s;
	FILE *out;
	struct buf rest; /* of a frame that was begun */
	bool was_told;	 /* the client is there */
	int own_session; /* the last one that was shown to it; 0: none */
	int ends_shown;
};

/* --- showing --- */

/* The time that is left of a wait is no two times the same. */
static bool is_rest_of_wait(const char *line)
{
	const char *name = "max_wait_ms: ";

	return strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] != '0';
}

enum { BROKERS_SESSIONS = 1000 }; /* scripts' own are below */

static bool is_own_session(struct play *p, const char *line)
{
	int id;

	if (sscanf(line, "session_id: %d", &id) != 1 || id < BROKERS_SESSIONS)
		return false;
	p->own_session = id;
	return true;
}

static void show(struct play *p, char *text)
{
	for (char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n");

		if (is_rest_of_wait(line))
			fputs("  | max_wait_ms: (what is left)\n", p->out);
		else if (is_own_session(p, line))
			fputs("  | session_id: (the node's)\n", p->out);
		else
			fprintf(p->out, "  | %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
	free(text);
}

/* --- the client --- */

static void client_is_there(struct play *p)
{
	if (!p->was_told)
		assert_int_equal(scene_connect(&p->s), 0);
	p->was_told = true;
}

static void says_part(struct play *p, size_t n, const char *text)
{
	struct buf frame;

	buf_init(&frame, SCENE_BYTES_MAX);
	words_note(&p->s.clients[0].said, words_request(text, &frame));
	assert_true(n < frame.len);
	scene_client_sends(&p->s, 0, frame.data, n);
	buf_append(&p->rest, frame.data + n, frame.len - n);
	buf_deinit(&frame);
}

static void says_rest(struct play *p)
{
	scene_client_sends(&p->s, 0, p->rest.data, p->rest.len);
	buf_clear(&p->rest);
}

static void says(struct play *p, const char *text)
{
	static const char name[] = "(the node's)";
	const char *at = strstr(text, name);
	char *said = at != NULL ? mem_printf("%.*s%d%s", (int)(at - text), text, p->own_session,
					     at + sizeof name - 1)
				: mem_strdup(text);

	client_says(&p->s, 0, said);
	free(said);
}

static void client_does(struct play *p, const char *what, const char *text)
{
	const char *said;
	int n, at = 0;

	client_is_there(p);
	if (strcmp(what, "says the rest") == 0)
		says_rest(p);
	else if (sscanf(what, "says %d bytes of %n", &n, &at) == 1 && at > 0)
		says_part(p, (size_t)n, text + at);
	else if ((said = words_after(what, "says ")) != NULL)
		says(p, text + (said - what));
	else if (strcmp(what, "ends") == 0)
		assert_int_equal(shutdown(p->s.clients[0].end.fd, SHUT_WR), 0);
	else if (strcmp(what, "closes") == 0)
		scene_end_close(&p->s.clients[0].end);
	else if (strcmp(what, "gets") == 0)
		show(p, client_gets(&p->s, 0));
	else if (strcmp(what, "hears the end") == 0)
		scene_until(&p->s, p->s.clients[0].end.has_ended);
	else
		fail_msg("what is \"client %s\"?", what);
}

/* --- brokers --- */

/* The last one is where something comes. */
static void broker_has(struct play *p, int broker, size_t n)
{
	struct scene_broker *b = &p->s.brokers[broker];

	scene_until(&p->s, b->end_count > 0 && scene_unread(&b->ends[b->end_count - 1]) >= n);
	scene_be_still(&p->s);
	assert_int_equal(scene_unread(&b->ends[b->end_count - 1]), n);
}

static void broker_shows(struct play *p, int broker)
{
	int end;
	char *text = broker_gets(&p->s, broker, &end);

	if (p->s.brokers[broker].end_count > 1)
		fprintf(p->out, "  | on connection %d\n", end + 1);
	show(p, text);
}

static void broker_hears_end(struct play *p, int broker)
{
	struct scene_broker *b = &p->s.brokers[broker];

	assert_true(b->end_count > 0);
	scene_until(&p->s, b->ends[b->end_count - 1].has_ended);
}

static void broker_closes(struct play *p, int broker)
{
	struct scene_broker *b = &p->s.brokers[broker];

	for (int i = 0; i < b->end_count; i++)
		scene_end_close(&b->ends[i]);
}

static void broker_does(struct play *p, int broker, const char *what, const char *tree)
{
	int n;

	assert_in_range(broker, 0, SCENE_BROKERS - 1);
	if (strcmp(what, "gets") == 0)
		broker_shows(p, broker);
	else if (sscanf(what, "has %d bytes", &n) == 1)
		broker_has(p, broker, (size_t)n);
	else if (strcmp(what, "answers") == 0)
		broker_answers(&p->s, broker, tree);
	else if (sscanf(what, "answers on connection %d", &n) == 1)
		broker_answers_on(&p->s, broker, n - 1, tree);
	else if (strcmp(what, "hears the end") == 0)
		broker_hears_end(p, broker);
	else if (strcmp(what, "closes") == 0)
		broker_closes(p, broker);
	else if (strcmp(what, "dies") == 0)
		scene_broker_dies(&p->s, broker);
	else
		fail_msg("what is \"broker %d %s\"?", broker, what);
}

/* --- the script --- */

static size_t unread(const struct play *p)
{
	size_t n = p->was_told ? scene_unread(&p->s.clients[0].end) : 0;

	for (int i = 0; i < SCENE_BROKERS; i++) {
		for (int k = 0; k < p->s.brokers[i].end_count; k++)
			n += scene_unread(&p->s.brokers[i].ends[k]);
	}
	return n;
}

static void nobody_hears(struct play *p)
{
	size_t before = unread(p);

	scene_be_still(&p->s);
	assert_int_equal(unread(p), before);
}

static void add_topic(struct play *p, const char *name, const char *leaders)
{
	int32_t list[16];
	int count = 0;
	char *end;

	for (; *leaders != '\0'; leaders = end)
		list[count++] = (int32_t)strtol(leaders, &end, 10);
	scene_topic(&p->s, name, list, count);
}

static void offer(struct play *p, const char *names)
{
	for (int i = 0; i < SNAPSHOT_KEYS; i++)
		p->s.snapshot->offers[i] = (struct kversions){ 0, -1 };
	while (*names != '\0') {
		size_t len = strcspn(names, " ");
		const struct kapi *api = words_api(names, len);

		p->s.snapshot->offers[api->key] = api_versions(api);
		names += len + (names[len] == ' ');
	}
}

static void world_is(struct play *p, const char *line)
{
	char name[64];
	int n, at = 0;

	if (sscanf(line, "topic %63s leaders %n", name, &at) == 1 && at > 0)
		add_topic(p, name, line + at);
	else if (sscanf(line, "coordinator group %63s is %d", name, &n) == 2)
		scene_coordinator(&p->s, COORDINATOR_GROUP, name, n);
	else if (words_after(line, "offered ") != NULL)
		offer(p, words_after(line, "offered "));
	else if (strcmp(line, "advertised single") == 0)
		p->s.config.listener.advertised_mode = ADVERTISE_SINGLE;
	else
		fail_msg("what is \"%s\"?", line);
}

/* One line of the script, and the tree under it. */
static void act(struct play *p, const char *line, const char *tree)
{
	int broker, at = 0;
	const char *client = words_after(line, "client ");
	char *text = mem_printf("%s\n%s", client != NULL ? client : "", tree);

	if (client != NULL)
		client_does(p, client, text);
	else if (sscanf(line, "broker %d %n", &broker, &at) == 1 && at > 0)
		broker_does(p, broker, line + at, tree);
	else if (strcmp(line, "nobody hears anything") == 0)
		nobody_hears(p);
	else
		world_is(p, line);
	free(text);
}

static bool is_script(const char *line)
{
	return *line != '#' && *line != ' ' && *line != '\n';
}

/* Lines that were shown the last time are left out. */
static char *next_line(char **at)
{
	char *line = *at;

	if (*line == '\0')
		return NULL;
	*at += strcspn(line, "\n");
	if (**at == '\n')
		*(*at)++ = '\0';
	return line;
}

static char *tree_under(char **at)
{
	char *tree = mem_strdup(""), *more, *line;

	while (**at == ' ') {
		line = next_line(at);
		if (words_after(line, "  |") != NULL)
			continue;
		more = mem_printf("%s%s\n", tree, line);
		free(tree);
		tree = more;
	}
	return tree;
}

/* The script with what it shows; the caller frees it. */
static char *perform(const char *script)
{
	struct play *p = mem_zalloc(sizeof *p);
	char *copy = mem_strdup(script), *at = copy, *line, *shown = NULL;
	size_t len = 0;

	scene_init(&p->s);
	buf_init(&p->rest, SCENE_BYTES_MAX);
	p->out = open_memstream(&shown, &len);
	while ((line = next_line(&at)) != NULL) {
		char *tree = tree_under(&at);

		fprintf(p->out, "%s\n%s", line, tree);
		if (is_script(line) && *line != '\0')
			act(p, line, tree);
		free(tree);
	}
	scene_be_still(&p->s);
	if (unread(p) > 0)
		fprintf(p->out, "! %zu bytes that nobody asked for\n", unread(p));
	fclose(p->out);
	scene_deinit(&p->s);
	buf_deinit(&p->rest);
	free(copy);
	free(p);
	return shown;
}

/* --- the files --- */

static char *load(const char *path)
{
	char *text = mem_zalloc(TEXT_MAX);
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_true(fread(text, 1, TEXT_MAX - 1, f) < TEXT_MAX - 1);
	fclose(f);
	return text;
}

static void store(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void try_file(const char *path)
{
	char *script = load(path), *shown = perform(script);

	if (getenv("GOLDEN_UPDATE") != NULL)
		store(path, shown);
	else
		assert_string_equal(shown, script);
	free(script);
	free(shown);
}

static void conversations_are_as_in_the_golden_files(void **state)
{
	DIR *folder = opendir(FOLDER);
	struct dirent *entry;
	int files = 0;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		char path[512];

		if (strstr(entry->d_name, ".txt") == NULL)
			continue;
		snprintf(path, sizeof path, "%s/%s", FOLDER, entry->d_name);
		print_message("%s\n", path);
		try_file(path);
		files++;
	}
	closedir(folder);
	assert_true(files >= FILES_LEAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conversations_are_as_in_the_golden_files),
	};

	return cmocka_run_group_tests_name("conversation", tests, scene_setup, scene_teardown);
}
