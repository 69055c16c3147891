/* The file that says whom clients are at the brokers. */
#include "config/identity_map.h"

#include "util/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char map[] = "/tmp/identity_map_XXXXXX", password[] = "/tmp/identity_word_XXXXXX";

static void write_to(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* PASSWORD stands for the file's path. */
static struct identity_map *read_text(const char *text, char why[IDENTITY_MAP_WHY_MAX])
{
	const char *at = strstr(text, "PASSWORD");
	char whole[2048];

	if (at == NULL)
		snprintf(whole, sizeof whole, "%s", text);
	else
		snprintf(whole, sizeof whole, "%.*s%s%s", (int)(at - text), text, password, at + 8);
	write_to(map, whole);
	return identity_map_read(map, why);
}

#define ROW(name)                                                                        \
	"{ principal = \"" name "\"; mechanism = \"SCRAM-SHA-256\"; username = \"u\";\n" \
	"password_file = \"PASSWORD\"; }"

static void rows_come_by_name(void **state)
{
	static const char text[] =
		"# clients\nidentities = (\n"
		"{ principal = \"User:CN=J\xc3\xbcrgen\\\\, x,O=y\"; mechanism = \"PLAIN\"; username = \"j\";\n"
		"  password_file = \"PASSWORD\"; });\n";
	char why[IDENTITY_MAP_WHY_MAX] = "";
	struct identity_map *m;

	(void)state;
	write_to(password, "secret word\n");
	m = read_text(text, why);
	if (m == NULL)
		fail_msg("%s", why);
	assert_int_equal(m->count, 1);
	assert_string_equal(m->rows[0].name, "CN=J\xc3\xbcrgen\\, x,O=y");
	assert_string_equal(m->rows[0].mechanism, "PLAIN");
	assert_string_equal(m->rows[0].username, "j");
	assert_string_equal(m->rows[0].password, "secret word");
	assert_string_equal(m->rows[0].password_file, password);
	identity_map_free(m);
	m = read_text("identities = ();", why);
	assert_int_equal(m->count, 0);
	identity_map_free(m);
}

/* Nothing of theirs is kept in a file. */
static void some_have_tokens_made_for_them(void **state)
{
	char why[IDENTITY_MAP_WHY_MAX] = "";
	struct identity_map *m =
		read_text("identities = ( { principal = \"User:CN=a,O=x\"; token = true; },\n"
			  "{ principal = \"User:b\"; token = true; username = \"bob\"; } );",
			  why);

	(void)state;
	if (m == NULL)
		fail_msg("%s", why);
	assert_int_equal(m->count, 2);
	assert_true(m->rows[0].by_token && m->rows[1].by_token);
	assert_string_equal(m->rows[0].username, "CN=a,O=x");
	assert_string_equal(m->rows[1].username, "bob");
	assert_null(m->rows[0].password_file);
	identity_map_free(m);
}

static void what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "identities = (\n{ principal = \"User:a\" });", ":2: mechanism is missing" },
		{ "identities = (\n\"x\");", ":2: it must be {" },
		{ "identities = ( " ROW("a") " );", ":1: a principal is written User:NAME" },
		{ "identities = ( " ROW("User:") " );", "a principal is written User:NAME" },
		{ "identities = ( " ROW("User:a\\n") " );", "a control character in principal" },
		{ "identities = ( { principal = \"User:a\"; mechanism = \"OAUTHBEARER\"; } );",
		  "mechanism \"OAUTHBEARER\" won't do" },
		{ "identities = ( { principal = \"User:a\"; mechanism = \"PLAIN\"; username = 1; } );",
		  "username is missing, or no text" },
		{ "identities = ( { principal = \"User:a\"; mechanism = \"PLAIN\"; username = \"u\";\n"
		  "password = \"x\"; } );",
		  ":2: password: there is no such thing" },
		{ "identities = ( { principal = \"User:a\"; mechanism = \"PLAIN\"; username = \"u\";\n"
		  "password_file = \"/nowhere\"; } );",
		  "password_file: /nowhere: No such file" },
		{ "identities = ( { principal = \"User:a\"; token = 1; } );",
		  "token must be true or false" },
		{ "identities = ( { principal = \"User:a\"; token = true; mechanism = \"PLAIN\"; } );",
		  "with token = true there is no mechanism" },
		{ "identities = ( { principal = \"User:ANONYMOUS\"; token = true; } );",
		  "no token can be made for User:ANONYMOUS" },
		{ "identities = ( { principal = \"User:a\"; token = false; } );",
		  "mechanism is missing" },
		{ "identity = ();", "no list called identities" },
		{ "identities = (); more = 1;", "nothing but the list" },
		{ "identities = (\n(;", ":2: syntax error" },
	};

	(void)state;
	write_to(password, "x");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char why[IDENTITY_MAP_WHY_MAX] = "";

		if (read_text(rows[i].text, why) != NULL)
			fail_msg("%s is taken", rows[i].text);
		if (strncmp(why, map, strlen(map)) != 0 || strstr(why, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].text, why);
		assert_null(strstr(why, "secret"));
	}
}

static void a_principal_is_there_once(void **state)
{
	char text[1024], why[IDENTITY_MAP_WHY_MAX] = "";

	(void)state;
	write_to(password, "x");
	snprintf(text, sizeof text,
		 "identities = ( { principal = \"User:a\"; mechanism = \"PLAIN\"; username = \"u\";"
		 " password_file = \"%s\"; }, " ROW("User:a") " );",
		 password);
	assert_null(read_text(text, why));
	assert_non_null(strstr(why, "User:a is there twice"));
}

static int make_files(void **state)
{
	int one = mkstemp(map), other = mkstemp(password);

	(void)state;
	return one < 0 || other < 0 || close(one) != 0 || close(other) != 0;
}

static int remove_files(void **state)
{
	(void)state;
	return unlink(map) != 0 || unlink(password) != 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_by_name),
		cmocka_unit_test(some_have_tokens_made_for_them),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(a_principal_is_there_once),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
