#include "live/verdict.h"

#include "util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the program ------------------------------------------------------------- */

static char *in_folders(const char *folders)
{
	for (; *folders != '\0'; folders += strcspn(folders, ":"), folders += *folders == ':') {
		char *path = mem_printf("%.*s/haproxy", (int)strcspn(folders, ":"), folders);

		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

char *verdict_program(const char *named)
{
	const char *path = getenv("PATH");
	char *found;

	if (named != NULL)
		return access(named, X_OK) == 0 ? mem_strdup(named) : NULL;
	found = path != NULL ? in_folders(path) : NULL;
	return found != NULL ? found : in_folders("/usr/sbin:/usr/local/sbin");
}

/* In the child: never comes back. */
static void become(const char *program, char *const *argv, int output)
{
	int nothing = open("/dev/null", O_RDONLY);

	dup2(nothing, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv(program, argv);
	_exit(127);
}

static char *read_all(int fd)
{
	char block[4096], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	ssize_t n;

	if (out == NULL)
		abort();
	while ((n = read(fd, block, sizeof block)) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			fwrite(block, 1, (size_t)n, out);
	}
	fclose(out);
	return text;
}

/* What it prints, and its exit status; NULL: it could not be run. */
static char *run(const char *program, char *const *argv, int *status)
{
	int ends[2];
	char *text;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return NULL;
	child = fork();
	if (child == 0)
		become(program, argv, ends[1]);
	close(ends[1]);
	text = child > 0 ? read_all(ends[0]) : NULL;
	close(ends[0]);
	while (child > 0 && waitpid(child, status, 0) < 0 && errno == EINTR)
		;
	return text;
}

bool verdict_version(const char *program, struct version *version)
{
	const char *argv[] = { program, "-v", NULL };
	int status = 0;
	char *text = run(program, (char *const *)argv, &status);
	bool done = text != NULL && version_parse_banner(text, version);

	free(text);
	return done;
}

/* --- what it says ------------------------------------------------------------- */

/* "[FILE:LINE]" or "[FILE:LINE] :" somewhere in the text. */
static bool find_place(const char *text, struct verdict_line *line)
{
	for (const char *open = strchr(text, '['); open != NULL; open = strchr(open + 1, '[')) {
		const char *close = strchr(open, ']'), *colon = close;

		while (colon != NULL && colon > open && *colon != ':')
			colon--;
		if (close == NULL || colon == open || !isdigit((unsigned char)colon[1]))
			continue;
		line->number = (int)strtol(colon + 1, NULL, 10);
		line->file = mem_strndup(open + 1, (size_t)(colon - open - 1));
		return true;
	}
	return false;
}

/* Behind the place: "parsing [F:3] : 'bind' : what is wrong". */
static const char *message_of(const char *text)
{
	const char *close = strstr(text, "] :");

	if (close != NULL)
		text = close + 3;
	return text + strspn(text, " :");
}

static void add_line(struct verdict *v, const char *text, bool is_bad)
{
	struct verdict_line *line;
	const char *kind = strchr(text, ':'); /* "[ALERT]    (123) : config : ..." */

	v->lines = mem_realloc(v->lines, (v->count + 1) * sizeof *v->lines);
	line = &v->lines[v->count++];
	*line = (struct verdict_line){ .is_bad = is_bad };
	text = kind != NULL ? kind + 1 : text;
	text += strspn(text, " ");
	if (strncmp(text, "config : ", 9) == 0)
		text += 9;
	line->what = mem_strdup(find_place(text, line) ? message_of(text) : text);
}

/* "Error(s) found in configuration file", "Fatal errors found" and the like add nothing. */
static bool is_summary(const char *text)
{
	return strstr(text, "found in configuration file") != NULL ||
	       strstr(text, "atal errors found in configuration") != NULL ||
	       strstr(text, "ome warnings were found") != NULL ||
	       strstr(text, "zero-warning") != NULL;
}

static void read_lines(struct verdict *v, char *text)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		bool is_bad = strncmp(line, "[ALERT]", 7) == 0;
		bool is_warning = strncmp(line, "[WARNING]", 9) == 0;

		v->has_warnings |= is_warning;
		if ((is_bad || is_warning) && !is_summary(line))
			add_line(v, line, is_bad);
	}
}

bool verdict_get(const char *program, const char *const *files, size_t count, struct verdict *v,
		 char **why)
{
	const char **argv = mem_alloc((2 * count + 3) * sizeof *argv);
	size_t n = 0;
	int status = 0;
	char *text;

	*v = (struct verdict){ 0 };
	argv[n++] = program;
	argv[n++] = "-c";
	for (size_t i = 0; i < count; i++) {
		argv[n++] = "-f";
		argv[n++] = files[i];
	}
	argv[n] = NULL;
	text = run(program, (char *const *)argv, &status);
	free(argv);
	if (text == NULL || !WIFEXITED(status) || WEXITSTATUS(status) == 127) {
		*why = mem_printf("%s could not be run", program);
		free(text);
		return false;
	}
	v->accepts = WEXITSTATUS(status) == 0;
	read_lines(v, text);
	free(text);
	return true;
}

void verdict_deinit(struct verdict *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->lines[i].file);
		free(v->lines[i].what);
	}
	free(v->lines);
	*v = (struct verdict){ 0 };
}
