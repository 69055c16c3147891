#include "config/secret_file.h"

#include "util/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SECRET_MAX = 1024 };

char *secret_file_read(const char *path, char why[SECRET_FILE_WHY_MAX])
{
	FILE *in = fopen(path, "re");
	char text[SECRET_MAX + 2] = "", *secret = NULL;
	size_t n;

	if (in == NULL) {
		snprintf(why, SECRET_FILE_WHY_MAX, "%.200s: %s", path, strerror(errno));
		return NULL;
	}
	setvbuf(in, NULL, _IONBF, 0); /* no copy stays behind */
	n = fread(text, 1, sizeof text - 1, in);
	fclose(in);
	n -= n > 0 && text[n - 1] == '\n';
	if (n > 0 && n <= SECRET_MAX && memchr(text, '\0', n) == NULL)
		secret = mem_strndup(text, n);
	else
		snprintf(why, SECRET_FILE_WHY_MAX,
			 "%.200s: not a secret; one line of 1 to %d bytes", path, SECRET_MAX);
	explicit_bzero(text, sizeof text);
	return secret;
}
