/* shell.h - words for a shell, in commands that are told to people.
 *
 * Tests: tests/unit/tools/balancer_options_test.c, tests/integration/operate/own_account.py
 */
#ifndef TOOLS_SHELL_H
#define TOOLS_SHELL_H

#include <stdio.h>

/* In quotes, whatever it is. */
void shell_print_quoted(FILE *out, const char *text);
/* As it is where a shell takes it so, else in quotes. */
void shell_print(FILE *out, const char *text);

#endif
