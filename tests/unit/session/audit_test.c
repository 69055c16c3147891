/* A line of the log of each administrative request: who, what, all that it names, and the answer. */
#include "session/audit.h"

#include "session/session.h"
#include "unit/session/words.h"

#include <unistd.h>

enum { BROKER = 0, TEXT_MAX = 1 << 16, NAME_LONG = 700 };

static struct scene s;
static FILE *log_file;
static int own_stderr;

/* What is logged from now on is kept. */
static void begin(bool is_on)
{
	scene_begin(&s);
	s.config.audit_log = is_on;
	for (int i = 1; i < SCENE_BROKERS; i++)
		s.snapshot->brokers[i].address_len = 0; /* so that BROKER is any broker */
	log_file = tmpfile();
	assert_non_null(log_file);
	fflush(stderr);
	own_stderr = dup(STDERR_FILENO);
	assert_true(dup2(fileno(log_file), STDERR_FILENO) >= 0);
}

/* All that was logged, when the clients have gone. */
static const char *logged(void)
{
	static char text[TEXT_MAX];
	size_t n;

	scene_deinit(&s);
	assert_true(dup2(own_stderr, STDERR_FILENO) >= 0);
	close(own_stderr);
	rewind(log_file);
	n = fread(text, 1, sizeof text - 1, log_file);
	text[n] = '\0';
	fclose(log_file);
	return text;
}

static void assert_says(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("no %s in\n%s", words, text);
}

static size_t count(const char *text, const char *words)
{
	size_t n = 0;

	for (; (text = strstr(text, words)) != NULL; text++)
		n++;
	return n;
}

static void asks(const char *request, const char *answer)
{
	client_says(&s, 0, request);
	broker_takes(&s, BROKER);
	broker_answers(&s, BROKER, answer);
	free(client_gets(&s, 0));
}

/* What would end a name, or is no letter, is told by its number. */
static void a_line_has_the_names_and_the_codes(void **state)
{
	const char *text;

	(void)state;
	begin(true);
	asks("DeleteTopics 6 id 7 client \"tool\"\ntopics:\n  - name: \"orders\"\n"
	     "  - name: \"pay,ments\"\n  - name: \"50%\"\n",
	     "responses:\n  - name: \"orders\"\n  - name: \"pay,ments\"\n    error_code: 29\n"
	     "  - name: \"50%\"\n    error_code: 29\n");
	text = logged();
	assert_int_equal(count(text, "who=audit"), 1);
	assert_says(text, "who=audit event=request conn=");
	assert_says(text, " api=DeleteTopics v=6 corr=7 outcome=errors part=1 named=3 "
			  "names=\"orders,pay%2Cments,50%25\" errors=\"29*2\" brokers=\"0\" "
			  "validate_only=false ");
	assert_says(text, " client_id=\"tool\" why=\"\"");
}

static void what_is_only_validated_says_so(void **state)
{
	const char *text;

	(void)state;
	begin(true);
	asks("CreateTopics 5 id 3\ntopics:\n  - name: \"orders\"\n    num_partitions: 1\nvalidate_only: true\n",
	     "topics:\n  - name: \"orders\"\n");
	text = logged();
	assert_says(
		text,
		" api=CreateTopics v=5 corr=3 outcome=ok part=1 named=1 names=\"orders\" errors=\"\" ");
	assert_says(text, " validate_only=true ");
}

/* Each name is there whole, however many lines that takes: what is left out could be what matters. */
static void all_names_are_told(void **state)
{
	char *request, name[NAME_LONG + 1], told[TEXT_MAX] = "", part[32];
	const char *text, *at;
	size_t n = 0, parts;

	(void)state;
	memset(name, 'x', NAME_LONG);
	name[NAME_LONG] = '\0';
	request = mem_printf("DeleteTopics 5 id 9\ntopic_names: [ \"first\", \"%s\", \"last\" ]\n",
			     name);
	begin(true);
	asks(request, "responses: []\n");
	free(request);
	text = logged();
	parts = count(text, "who=audit");
	assert_true(parts > 2);
	assert_int_equal(count(text, " corr=9 "), parts);
	assert_int_equal(count(text, "event=request"), 1);
	for (at = text; (at = strstr(at, " names=\"")) != NULL;) {
		size_t len;

		at += strlen(" names=\"");
		len = strcspn(at, "\"");
		if (n > 0 && strncmp(told + n - 4, "%...", 4) == 0)
			n -= 4; /* goes on */
		else if (n > 0)
			told[n++] = ',';
		memcpy(told + n, at, len);
		n += len;
	}
	told[n] = '\0';
	for (size_t i = 1; i <= parts; i++) {
		snprintf(part, sizeof part, " part=%zu ", i);
		assert_int_equal(count(text, part), 1);
	}
	request = mem_printf("first,%s,last", name);
	assert_string_equal(told, request);
	free(request);
	assert_says(text, " named=3 ");
}

static void what_is_not_answered_is_told_too(void **state)
{
	const char *text;

	(void)state;
	begin(true);
	client_says(&s, 0, "DeleteTopics 5 id 2\ntopic_names: [ \"orders\" ]\n");
	broker_takes(&s, BROKER);
	scene_broker_dies(&s, BROKER);
	assert_client_closed(&s, 0);
	text = logged();
	assert_int_equal(count(text, "who=audit"), 1);
	assert_says(text, " outcome=unanswered part=1 named=1 names=\"orders\" errors=\"\" ");
	assert_null(strstr(text, "why=\"\""));
}

static void nothing_else_is_told(void **state)
{
	(void)state;
	begin(true);
	asks("ListOffsets 5 id 1\ntopics:\n  - name: \"orders\"\n    partitions:\n      - partition_index: 0\n",
	     "topics:\n  - name: \"orders\"\n    partitions:\n      - partition_index: 0\n");
	assert_null(strstr(logged(), "who=audit"));
	begin(false);
	asks("DeleteTopics 5 id 7\ntopic_names: [ \"orders\" ]\n", "responses: []\n");
	assert_null(strstr(logged(), "who=audit"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_the_names_and_the_codes),
		cmocka_unit_test(what_is_only_validated_says_so),
		cmocka_unit_test(all_names_are_told),
		cmocka_unit_test(what_is_not_answered_is_told_too),
		cmocka_unit_test(nothing_else_is_told),
	};

	return cmocka_run_group_tests_name("audit", tests, scene_setup, scene_teardown);
}
