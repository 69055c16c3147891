/* cfg.h - haproxy.cfg as it was written: sections, lines and words, every byte kept.
 *
 *   struct cfg *cfg = cfg_new();
 *   cfg_parse(cfg, "haproxy.cfg", text, size);       once a file, in the order of HAProxy's -f
 *   for each line of a section: words as HAProxy 2.6 sees them (quotes and escapes undone)
 *   cfg_print(cfg, 0, out)                           exactly what was parsed, unless lines were edited
 *
 * What HAProxy itself would refuse to read (an open quote, a line before the first
 * section) is a mistake with its line; parsing goes on behind it.  Environment variables
 * are not expanded: a word keeps "${NAME}" and its line says so, since the environment
 * in which HAProxy runs is another one.  Lines inside .if/.else are read like others and
 * marked as conditional.
 * Tests: tests/unit/haproxy/cfg/cfg_test.c, tests/fuzz/haproxy_cfg.c
 */
#ifndef HAPROXY_CFG_CFG_H
#define HAPROXY_CFG_CFG_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
	CFG_SIZE_MAX = 64 << 20, /* bytes of all files together */
	CFG_WORDS_MAX = 1024,	 /* of one line; HAProxy itself takes 64 */
	CFG_HAPROXY_WORDS_MAX = 64
};

enum cfg_kind {
	CFG_GLOBAL,
	CFG_DEFAULTS,
	CFG_FRONTEND,
	CFG_BACKEND,
	CFG_LISTEN,
	CFG_PEERS,
	CFG_RESOLVERS,
	CFG_OTHER /* userlist, mailers, ring, cache, program, ... */
};

struct cfg_section;

struct cfg_line {
	char *text;   /* as it was written, with its line end if it had one */
	size_t size;  /* of it; a zero byte may be in it, which is a mistake */
	char **words; /* ends with NULL; no words: blank, or only a comment */
	int word_count;
	const char *comment; /* from '#' on, within text; NULL: none */
	const char *file;
	int number;		     /* from 1 */
	struct cfg_section *section; /* NULL: before the first one */
	bool is_header;		     /* the line that opens its section */
	bool is_conditional;	     /* inside .if */
	bool has_variable;	     /* "${NAME}" or "$NAME" in some word */
	bool has_line_end;
	bool deleted; /* not printed any more */
};

struct cfg_section {
	enum cfg_kind kind;
	const char *keyword;	      /* "backend" */
	const char *name;	      /* "" when it has none */
	const char *from;	      /* the defaults it names, or NULL */
	struct cfg_section *defaults; /* those that count for it, or NULL */
	struct cfg_line **lines;      /* without the header and blank ones; ends with NULL */
	size_t line_count;
	struct cfg_line *header;
};

struct cfg_mistake {
	const char *file;
	int line; /* 0: of the file as a whole */
	const char *what;
};

struct cfg {
	struct cfg_line **lines; /* all, in order */
	size_t line_count;
	struct cfg_section **sections;
	size_t section_count;
	struct cfg_mistake *mistakes;
	size_t mistake_count;
	char **files; /* their names */
	size_t file_count;
	size_t size; /* bytes parsed */
};

struct cfg *cfg_new(void);
void cfg_free(struct cfg *cfg);

/* Adds a file.  Copies what it is given. */
void cfg_parse(struct cfg *cfg, const char *file, const char *text, size_t size);
/* Reads and adds a file, or a folder's *.cfg in the order of their names as HAProxy does.
 * False, with errno: it cannot be read. */
MUST_CHECK bool cfg_read(struct cfg *cfg, const char *path);

/* The n-th file as it now is. */
void cfg_print(const struct cfg *cfg, size_t file, FILE *out);

/* The same in one manner of writing: sections at the margin, lines four blanks in, one blank
 * between words, quotes only where they must be.  HAProxy reads it as it read the original. */
void cfg_print_plain(const struct cfg *cfg, size_t file, FILE *out);

/* Gives a line another text, without a line end: its own stays.  Words and comment are
 * parsed anew.  False: the text is no line, nothing was changed. */
MUST_CHECK bool cfg_line_set(struct cfg *cfg, struct cfg_line *line, const char *text);
/* A new line after this one, indented like it; the same refusal, as NULL. */
struct cfg_line *cfg_line_add(struct cfg *cfg, struct cfg_line *after, const char *text);
/* A section without a name, empty, in front of the first one and its comments.  NULL: there is no
 * section, or the keyword opens none. */
struct cfg_section *cfg_section_add_first(struct cfg *cfg, const char *keyword);
/* Gives it the line end that it lacks, as the last line of a file. */
void cfg_line_end(struct cfg_line *line);
void cfg_line_delete(struct cfg_line *line);

/* Whether the line begins with these words; NULL ends the list of words. */
bool cfg_line_is(const struct cfg_line *line, const char *first, ...) __attribute__((sentinel));
/* The word after this one, or NULL. */
const char *cfg_line_after(const struct cfg_line *line, const char *word);

#endif
