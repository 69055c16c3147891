#include "input.h"

#include "cli.h"
#include "util/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 << 10 };

char *input_read(const char *path, size_t *n)
{
	bool is_standard = strcmp(path, "-") == 0;
	FILE *in = is_standard ? stdin : fopen(path, "re");
	size_t room = FIRST_ROOM, got;
	char *text = NULL;
	bool too_long = false;

	*n = 0;
	if (in != NULL) {
		text = mem_alloc(room);
		while (!too_long && (got = fread(text + *n, 1, room - *n - 1, in)) > 0) {
			*n += got;
			too_long = *n >= INPUT_TEXT_MAX;
			if (*n + 1 == room)
				text = mem_realloc(text, room *= 2);
		}
		text[*n] = '\0';
	}
	if (in == NULL || ferror(in) || too_long) {
		cli_fail("%s: %s", path, too_long ? "longer than 1 GiB" : strerror(errno));
		free(text);
		text = NULL;
	}
	if (in != NULL && !is_standard)
		fclose(in);
	return text;
}
