#include "shell.h"

#include <string.h>

void shell_print_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	fputc('\'', out);
}

void shell_print(FILE *out, const char *text)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "_-+=.,:/@%";

	if (text[0] != '\0' && text[strspn(text, safe)] == '\0')
		fputs(text, out);
	else
		shell_print_quoted(out, text);
}
