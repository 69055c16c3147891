/* changes.h - changes of a haproxy.cfg, and what was there before.
 *
 * Lines are changed in the parsed file, one after the other; a line that is changed twice has
 * the text before the first change.  Tests: tests/unit/haproxy/advise/changes_test.c
 */
#ifndef ADVISE_CHANGES_H
#define ADVISE_CHANGES_H

#include "cfg/cfg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct change {
	struct cfg_line *line;
	char *before; /* NULL: the line is new */
};

struct changes {
	struct cfg *cfg; /* borrowed */
	struct change *list;
	size_t count;
};

void changes_init(struct changes *e, struct cfg *cfg);
void changes_deinit(struct changes *e);

/* The line gets that text, keeps its indentation and loses its comment. */
void changes_set(struct changes *e, const struct cfg_line *line, const char *text);
/* The word behind `word` becomes `value`; both are added when `word` is not there.  Value NULL:
 * only the word. */
void changes_set_word(struct changes *e, const struct cfg_line *line, const char *word,
		      const char *value);
void changes_add(struct changes *e, const struct cfg_line *after, const char *text);
void changes_delete(struct changes *e, const struct cfg_line *line);

/* In the order of the files: "@@ FILE:LINE", then "-" and "+" lines. */
void changes_print(const struct changes *e, FILE *out);

#endif
