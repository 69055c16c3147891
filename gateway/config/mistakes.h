/* mistakes.h - everything that is wrong with a configuration, told at once. */
#ifndef CONFIG_MISTAKES_H
#define CONFIG_MISTAKES_H

#include "config/options.h"
#include "util/compiler.h"

#include <stdio.h>

struct mistakes {
	FILE *out;
	const char *file; /* may be NULL */
	unsigned count;
};

/* `FILE:LINE: ` and the text; without the line when it is 0. */
void mistakes_in_file(struct mistakes *m, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* `environment: ` and the text. */
void mistakes_in_environment(struct mistakes *m, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Before the text: where the option's value came from, and its name there. */
void mistakes_of(struct mistakes *m, const struct config_option *option,
		 const struct config_origin *origin, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The same as `warning: `, and not counted. */
void mistakes_warn_of(struct mistakes *m, const struct config_option *option,
		      const struct config_origin *origin, const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
