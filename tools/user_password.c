/* Where a password comes from: a file, standard input, or a terminal; never the command line, which everybody sees. */
#include "user.h"

#include "config/secret_file.h"
#include "util/mem.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { TYPED_MAX = 1024 };

/* A line without an echo; who interrupts is heard when the echo is back. */
static char *type_once(const char *prompt)
{
	char line[TYPED_MAX + 2] = "", *typed = NULL;
	struct termios before, silent;
	sigset_t stops, mask;
	ssize_t n;

	sigemptyset(&stops);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGTSTP);
	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return NULL;
	sigprocmask(SIG_BLOCK, &stops, &mask);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	fputs(prompt, stderr);
	n = read(STDIN_FILENO, line, sizeof line - 1);
	fputc('\n', stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (n > 0 && line[n - 1] == '\n')
		typed = mem_strndup(line, (size_t)n - 1);
	explicit_bzero(line, sizeof line);
	return typed;
}

static void forget(char *password)
{
	if (password != NULL)
		explicit_bzero(password, strlen(password));
	free(password);
}

static char *type_twice(void)
{
	char *first = type_once("Password: "), *second;

	if (first == NULL || *first == '\0') {
		cli_fail("a password is one line of 1 to %d bytes", TYPED_MAX);
		forget(first);
		return NULL;
	}
	second = type_once("Once more: ");
	if (second == NULL || strcmp(first, second) != 0) {
		cli_fail("that is another password than before");
		forget(first);
		first = NULL;
	}
	forget(second);
	return first;
}

char *user_password(const struct cli *cli)
{
	const char *path = cli_get(cli, "password-file");
	char why[SECRET_FILE_WHY_MAX], *password;

	if (path == NULL && isatty(STDIN_FILENO))
		return type_twice();
	if (path == NULL) {
		cli_fail("nobody is there to type a password; --password-file FILE has "
			 "it, or - for standard input");
		return NULL;
	}
	password = secret_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, why);
	if (password == NULL)
		cli_fail("%s", why);
	return password;
}
