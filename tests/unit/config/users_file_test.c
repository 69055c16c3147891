/* The file of who may log in at the gateway. */
#include "config/users_file.h"

#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/users_file_XXXXXX", path[64], changing_path[80];

static void write_text(const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

#define DISGUISE "disguise = \"ZGlzZ3Vpc2U=\";\n"
#define KEYS "iterations = 4096; salt = \"c2FsdA==\"; stored_key = \"a2V5\"; server_key = \"a2V5\";"
#define ROW(name, mechanism) "{ name = \"" name "\"; mechanism = \"" mechanism "\"; " KEYS " }"

static void rows_come_by_name(void **state)
{
	char why[USERS_FILE_WHY_MAX] = "";
	struct users_file *f;

	(void)state;
	write_text("# all\n" DISGUISE "users = (\n" ROW("j\xc3\xbcrgen", "SCRAM-SHA-256") ",\n" ROW(
		"a",
		"SCRAM-SHA-512") ",\n{ name = \"a\"; mechanism = \"SCRAM-SHA-256\"; kafka = true; " KEYS
				 " });\n");
	f = users_file_read(path, why);
	if (f == NULL)
		fail_msg("%s", why);
	assert_int_equal(f->count, 3);
	assert_string_equal(f->rows[0].name, "a");
	assert_string_equal(f->rows[0].mechanism, "SCRAM-SHA-256");
	assert_true(f->rows[0].is_kafkas);
	assert_int_equal(f->rows[0].line, 6);
	assert_string_equal(f->rows[1].mechanism, "SCRAM-SHA-512");
	assert_false(f->rows[1].is_kafkas);
	assert_string_equal(f->rows[2].name, "j\xc3\xbcrgen");
	assert_string_equal(f->disguise, "ZGlzZ3Vpc2U=");
	users_file_free(f);
}

static void mistakes_say_where(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "users = (", ":1: syntax error" },
		{ DISGUISE, ": there is no list called users" },
		{ "users = ();", ": there must be nothing but disguise and the list users" },
		{ "users = (); secret = \"x\";", ": disguise is missing" },
		{ DISGUISE "users = ( 3 );", ":2: it must be { name" },
		{ DISGUISE "users = (\n{ name = \"a\"; password = \"x\"; });",
		  ":3: password: there is no such thing" },
		{ DISGUISE "users = (\n\n{ mechanism = \"SCRAM-SHA-256\"; });",
		  ":4: name is missing" },
		{ DISGUISE "users = (" ROW("a\\x01", "SCRAM-SHA-256") ");",
		  ":2: a name is 1 to 249" },
		{ DISGUISE "users = (" ROW("a", "PLAIN") ");", ":2: mechanism \"PLAIN\" won't do" },
		{ DISGUISE
		  "users = ({ name = \"a\"; mechanism = \"SCRAM-SHA-256\"; iterations = \"9\"; });",
		  ":2: iterations is missing, or no number" },
		{ DISGUISE
		  "users = ({ name = \"a\"; mechanism = \"SCRAM-SHA-256\"; iterations = 4096; salt = 3; });",
		  ":2: salt is missing, or no text" },
		{ DISGUISE
		  "users = ({ name = \"a\"; mechanism = \"SCRAM-SHA-256\"; kafka = 1; " KEYS " });",
		  ":2: kafka must be true or false" },
		{ DISGUISE "users = (" ROW("a", "SCRAM-SHA-256") "," ROW("a", "SCRAM-SHA-256") ");",
		  "a is there twice by SCRAM-SHA-256" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char why[USERS_FILE_WHY_MAX] = "";

		write_text(cases[i].text);
		assert_null(users_file_read(path, why));
		if (strncmp(why, path, strlen(path)) != 0 || strstr(why, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].text, why);
	}
}

static struct users_file_row new_row(const char *name, const char *mechanism, const char *salt)
{
	return (struct users_file_row){ .name = mem_strdup(name),
					.mechanism = mem_strdup(mechanism),
					.iterations = 5000,
					.salt = mem_strdup(salt),
					.stored_key = mem_strdup("k"),
					.server_key = mem_strdup("s"),
					.is_kafkas = true };
}

static void put(struct users_file *f, const char *name, const char *mechanism, const char *salt)
{
	const struct users_file_row row = new_row(name, mechanism, salt);

	users_file_put(f, &row);
}

static void a_change_is_whole(void **state)
{
	struct users_file *f = mem_zalloc(sizeof *f);
	char why[USERS_FILE_WHY_MAX] = "";
	struct stat now;
	FILE *changing;

	(void)state;
	unlink(path);
	f->disguise = mem_strdup("ZA==");
	put(f, "b \"x\" \\ \xc3\xbc", "SCRAM-SHA-256", "one");
	put(f, "a", "SCRAM-SHA-512", "two");
	put(f, "a", "SCRAM-SHA-512", "three");
	changing = users_file_begin(path, why);
	assert_non_null(changing);
	assert_null(users_file_begin(path, why)); /* another one */
	assert_non_null(strstr(why, ".new is there"));
	assert_true(users_file_commit(changing, path, f, why));
	assert_int_equal(access(changing_path, F_OK), -1);
	assert_int_equal(stat(path, &now), 0);
	assert_int_equal(now.st_mode & 0777, 0600);
	users_file_free(f);

	f = users_file_read(path, why);
	assert_non_null(f);
	assert_int_equal(f->count, 2);
	assert_string_equal(f->rows[0].salt, "three");
	assert_int_equal(f->rows[0].iterations, 5000);
	assert_string_equal(f->rows[1].name, "b \"x\" \\ \xc3\xbc");
	assert_true(f->rows[1].is_kafkas);
	assert_int_equal(users_file_remove(f, "a"), 1);
	assert_int_equal(users_file_remove(f, "a"), 0);
	changing = users_file_begin(path, why);
	assert_non_null(changing);
	users_file_give_up(changing, path);
	users_file_free(f);
	f = users_file_read(path, why);
	assert_int_equal(f->count, 2); /* as it was */
	users_file_free(f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_by_name),
		cmocka_unit_test(mistakes_say_where),
		cmocka_unit_test(a_change_is_whole),
	};
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/users.conf", folder);
	snprintf(changing_path, sizeof changing_path, "%s.new", path);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(folder);
	return failed;
}
