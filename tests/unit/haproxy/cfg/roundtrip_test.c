/* Every golden file, example and sample of Debian's haproxy package: printed, it is the same;
 * printed plain, HAProxy's verdict is what it was on the original. */
#include "unit/haproxy/cfg/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const patterns[] = {
	"tests/golden/haproxy/*/haproxy.cfg",
	"examples/*/haproxy.cfg",
	"/etc/haproxy/haproxy.cfg",
	"/usr/share/doc/haproxy/examples/*.cfg",
};

static char *contents(const char *path, size_t *size)
{
	FILE *in = fopen(path, "re");
	struct stat st;
	char *text;

	assert_non_null(in);
	assert_int_equal(fstat(fileno(in), &st), 0);
	text = malloc((size_t)st.st_size + 1);
	*size = fread(text, 1, (size_t)st.st_size, in);
	fclose(in);
	return text;
}

static int verdict(const char *path)
{
	char command[1024];

	snprintf(command, sizeof command,
		 "PATH=$PATH:/usr/sbin haproxy -c -dW -f '%s' >/dev/null 2>&1", path);
	return system(command);
}

static void check_plain(const struct cfg *cfg, const char *path)
{
	char plain[] = "/tmp/anyport-plain-XXXXXX";
	int fd = mkstemp(plain), before = verdict(path), after;
	FILE *out = fdopen(fd, "w");

	assert_non_null(out);
	cfg_print_plain(cfg, 0, out);
	fclose(out);
	after = verdict(plain);
	unlink(plain);
	if (before != after)
		fail_msg("%s: HAProxy's verdict was %d and is %d", path, before, after);
}

static void check_file(const char *path)
{
	struct cfg *cfg = cfg_new();
	size_t size, length = 0;
	char *text = contents(path, &size), *again = NULL;
	FILE *out = open_memstream(&again, &length);

	cfg_parse(cfg, path, text, size);
	cfg_print(cfg, 0, out);
	fclose(out);
	if (length != size || memcmp(text, again, size) != 0)
		fail_msg("%s is printed otherwise", path);
	if (cfg->mistake_count > 0)
		fail_msg("%s:%d: %s", path, cfg->mistakes[0].line, cfg->mistakes[0].what);
	check_plain(cfg, path);
	free(text);
	free(again);
	cfg_free(cfg);
}

static void test_files(void **state)
{
	size_t files = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		glob_t found;

		if (glob(patterns[i], 0, NULL, &found) != 0)
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++)
			check_file(found.gl_pathv[k]);
		files += found.gl_pathc;
		globfree(&found);
	}
	assert_true(files > 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_files) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
