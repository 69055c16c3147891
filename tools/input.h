/* input.h - a file, or standard input, as one text. */
#ifndef TOOLS_INPUT_H
#define TOOLS_INPUT_H

#include <stddef.h>

enum { INPUT_TEXT_MAX = 1 << 30 };

/* "-" is standard input.  With a zero byte behind its n bytes; caller frees.
 * NULL, with a message on standard error: it cannot be read, or is too long. */
char *input_read(const char *path, size_t *n);

#endif
