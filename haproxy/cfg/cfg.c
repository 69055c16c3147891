#include "cfg.h"

#include "cfg/words.h"
#include "util/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct cfg *cfg_new(void)
{
	return mem_zalloc(sizeof(struct cfg));
}

static void line_free(struct cfg_line *line)
{
	free(line->text);
	words_free(line->words);
	free(line);
}

void cfg_free(struct cfg *cfg)
{
	if (cfg == NULL)
		return;
	for (size_t i = 0; i < cfg->line_count; i++)
		line_free(cfg->lines[i]);
	for (size_t i = 0; i < cfg->section_count; i++) {
		free(cfg->sections[i]->lines);
		free(cfg->sections[i]);
	}
	for (size_t i = 0; i < cfg->file_count; i++)
		free(cfg->files[i]);
	free(cfg->lines);
	free(cfg->sections);
	free(cfg->mistakes);
	free(cfg->files);
	free(cfg);
}

/* Room for one more in a list that doubles at powers of two. */
static void *grown(void *list, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return list;
	return mem_realloc(list, (count == 0 ? 1 : 2 * count) * size);
}

static void add_mistake(struct cfg *cfg, const char *file, int line, const char *what)
{
	cfg->mistakes = grown(cfg->mistakes, cfg->mistake_count, sizeof *cfg->mistakes);
	cfg->mistakes[cfg->mistake_count++] = (struct cfg_mistake){ file, line, what };
}

/* --- sections --------------------------------------------------------------- */

static const struct {
	const char *keyword;
	enum cfg_kind kind;
} kinds[] = {
	{ "global", CFG_GLOBAL },	{ "defaults", CFG_DEFAULTS }, { "frontend", CFG_FRONTEND },
	{ "backend", CFG_BACKEND },	{ "listen", CFG_LISTEN },     { "peers", CFG_PEERS },
	{ "resolvers", CFG_RESOLVERS }, { "userlist", CFG_OTHER },    { "mailers", CFG_OTHER },
	{ "ring", CFG_OTHER },		{ "cache", CFG_OTHER },	      { "program", CFG_OTHER },
	{ "http-errors", CFG_OTHER },	{ "fcgi-app", CFG_OTHER },    { "log-forward", CFG_OTHER },
	{ "log-profile", CFG_OTHER },	{ "traces", CFG_OTHER },      { "crt-store", CFG_OTHER },
	{ "acme", CFG_OTHER },
};

static bool opens_section(const struct cfg_line *line, enum cfg_kind *kind)
{
	if (line->word_count == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i].keyword, line->words[0]) == 0) {
			*kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

static bool has_defaults(enum cfg_kind kind)
{
	return kind == CFG_FRONTEND || kind == CFG_BACKEND || kind == CFG_LISTEN ||
	       kind == CFG_DEFAULTS;
}

/* The last defaults before, or those of that name. */
static struct cfg_section *defaults_before(const struct cfg *cfg, const char *name)
{
	for (size_t i = cfg->section_count; i-- > 0;) {
		struct cfg_section *s = cfg->sections[i];

		if (s->kind == CFG_DEFAULTS && (name == NULL || strcmp(s->name, name) == 0))
			return s;
	}
	return NULL;
}

static const char *after_from(char **words)
{
	for (; *words != NULL; words++) {
		if (strcmp(*words, "from") == 0)
			return words[1];
	}
	return NULL;
}

static struct cfg_section *section_open(struct cfg *cfg, struct cfg_line *line, enum cfg_kind kind)
{
	struct cfg_section *s = mem_zalloc(sizeof *s);

	s->kind = kind;
	s->header = line;
	s->keyword = line->words[0];
	s->name = line->word_count > 1 ? line->words[1] : "";
	s->lines = mem_zalloc(sizeof *s->lines);
	if (has_defaults(kind)) {
		s->from = after_from(line->words + (line->word_count > 1 ? 2 : 1));
		if (kind != CFG_DEFAULTS || s->from != NULL)
			s->defaults = defaults_before(cfg, s->from);
		if (s->from != NULL && s->defaults == NULL)
			add_mistake(cfg, line->file, line->number,
				    "there are no such defaults before");
	}
	cfg->sections = grown(cfg->sections, cfg->section_count, sizeof *cfg->sections);
	cfg->sections[cfg->section_count++] = s;
	return s;
}

/* Before `before`, or at the end. */
static void section_add(struct cfg_section *s, struct cfg_line *line, size_t at)
{
	s->lines = mem_realloc(s->lines, (s->line_count + 2) * sizeof *s->lines);
	memmove(&s->lines[at + 1], &s->lines[at], (s->line_count - at) * sizeof *s->lines);
	s->lines[at] = line;
	s->lines[++s->line_count] = NULL;
}

/* --- lines ------------------------------------------------------------------ */

static struct cfg_line *line_new(struct cfg *cfg, const char *file, int number, const char *text,
				 size_t n)
{
	struct cfg_line *line = mem_zalloc(sizeof *line);
	struct words w;
	size_t length = n;
	const char *mistake;

	line->file = file;
	line->number = number;
	line->text = mem_alloc(n + 1);
	memcpy(line->text, text, n);
	line->text[n] = '\0';
	line->size = n;
	line->has_line_end = n > 0 && text[n - 1] == '\n';
	length -= line->has_line_end;
	mistake = words_split(text, length, &w);
	if (mistake != NULL)
		add_mistake(cfg, file, number, mistake);
	line->words = w.words;
	line->word_count = w.count;
	line->comment = w.comment < length ? line->text + w.comment : NULL;
	line->has_variable = w.has_variable;
	return line;
}

static bool is_directive(const struct cfg_line *line, const char *word)
{
	return line->word_count > 0 && strcmp(line->words[0], word) == 0;
}

struct place {
	struct cfg_section *section;
	int depth; /* of .if */
};

static void line_place(struct cfg *cfg, struct cfg_line *line, struct place *place)
{
	enum cfg_kind kind;

	if (line->word_count > 0 && line->words[0][0] == '.') {
		if (is_directive(line, ".endif") && place->depth-- == 0) {
			place->depth = 0;
			add_mistake(cfg, line->file, line->number, ".endif without .if");
		}
		line->is_conditional = true;
		place->depth += is_directive(line, ".if");
	} else if (opens_section(line, &kind)) {
		line->is_header = true;
		place->section = section_open(cfg, line, kind);
	} else if (line->word_count > 0 && place->section == NULL) {
		add_mistake(cfg, line->file, line->number, "a line before the first section");
	} else if (line->word_count > 0) {
		section_add(place->section, line, place->section->line_count);
	}
	line->is_conditional |= place->depth > 0;
	line->section = place->section;
}

static void add_line(struct cfg *cfg, struct cfg_line *line, size_t at)
{
	cfg->lines = grown(cfg->lines, cfg->line_count, sizeof(struct cfg_line *));
	memmove(&cfg->lines[at + 1], &cfg->lines[at], (cfg->line_count - at) * sizeof *cfg->lines);
	cfg->lines[at] = line;
	cfg->line_count++;
}

void cfg_parse(struct cfg *cfg, const char *file, const char *text, size_t size)
{
	struct place place = { 0 }; /* a file begins outside every section */
	const char *end = text + size;
	int number = 0;

	cfg->files = grown(cfg->files, cfg->file_count, sizeof *cfg->files);
	file = cfg->files[cfg->file_count++] = mem_strdup(file);
	if (size > CFG_SIZE_MAX - cfg->size) {
		add_mistake(cfg, file, 0, "more than 64 MiB of configuration");
		return;
	}
	cfg->size += size;
	while (text < end) {
		const char *next = memchr(text, '\n', (size_t)(end - text));
		struct cfg_line *line;

		next = next != NULL ? next + 1 : end;
		line = line_new(cfg, file, ++number, text, (size_t)(next - text));
		add_line(cfg, line, cfg->line_count);
		line_place(cfg, line, &place);
		text = next;
	}
	if (place.depth > 0)
		add_mistake(cfg, file, number, ".if without .endif");
}

/* --- files ------------------------------------------------------------------ */

static bool read_file(struct cfg *cfg, const char *path)
{
	FILE *in = fopen(path, "re");
	char *text = NULL;
	size_t size = 0, n;
	FILE *copy;
	char block[65536];
	bool ok;

	if (in == NULL)
		return false;
	copy = open_memstream(&text, &size);
	while (size <= CFG_SIZE_MAX && (n = fread(block, 1, sizeof block, in)) > 0) {
		fwrite(block, 1, n, copy);
		fflush(copy);
	}
	ok = !ferror(in);
	fclose(copy);
	fclose(in);
	if (ok)
		cfg_parse(cfg, path, text, size);
	free(text);
	return ok;
}

static int is_cfg(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 4 && strcmp(entry->d_name + n - 4, ".cfg") == 0;
}

static bool read_folder(struct cfg *cfg, const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, is_cfg, alphasort);
	bool ok = n >= 0;

	for (int i = 0; i < n; i++) {
		char inside[4096];

		snprintf(inside, sizeof inside, "%s/%s", path, names[i]->d_name);
		ok = ok && read_file(cfg, inside);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return ok;
}

bool cfg_read(struct cfg *cfg, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	return S_ISDIR(st.st_mode) ? read_folder(cfg, path) : read_file(cfg, path);
}

void cfg_print(const struct cfg *cfg, size_t file, FILE *out)
{
	for (size_t i = 0; i < cfg->line_count; i++) {
		if (cfg->lines[i]->file == cfg->files[file] && !cfg->lines[i]->deleted)
			fwrite(cfg->lines[i]->text, 1, cfg->lines[i]->size, out);
	}
}

static void print_words(const struct cfg_line *line, FILE *out)
{
	for (int i = 0; i < line->word_count; i++) {
		char *word = words_quote(line->words[i]);

		fprintf(out, "%s%s", i > 0 ? " " : "", word);
		free(word);
	}
}

/* As it was written, without the blanks around it: what quotes mean to variables is kept. */
static void print_trimmed(const struct cfg_line *line, FILE *out)
{
	const char *from = line->text + strspn(line->text, " \t\r");
	const char *end = line->comment != NULL ? line->comment : line->text + line->size;

	while (end > from && strchr(" \t\r\n", end[-1]) != NULL)
		end--;
	fwrite(from, 1, (size_t)(end - from), out);
}

void cfg_print_plain(const struct cfg *cfg, size_t file, FILE *out)
{
	for (size_t i = 0; i < cfg->line_count; i++) {
		const struct cfg_line *line = cfg->lines[i];

		if (line->file != cfg->files[file] || line->deleted)
			continue;
		if (line->word_count > 0 && !line->is_header && line->section != NULL)
			fputs("    ", out);
		if (line->has_variable)
			print_trimmed(line, out);
		else
			print_words(line, out);
		if (line->comment != NULL)
			fprintf(out, "%s%.*s", line->word_count > 0 ? " " : "",
				(int)strcspn(line->comment, "\n"), line->comment);
		fputc('\n', out);
	}
}

/* --- edits ------------------------------------------------------------------ */

static int indent_of(const struct cfg_line *line)
{
	return line->is_header ? 0 : (int)strspn(line->text, " \t");
}

/* The text as a whole line, indented as `like` is. */
static char *whole_line(const struct cfg_line *like, const char *text)
{
	static const char standard[] = "    ";
	const char *from = like->is_header ? standard : like->text;
	int indent = like->is_header ? (int)sizeof standard - 1 : indent_of(like);

	return mem_printf("%.*s%s\n", indent, from, text);
}

/* Words of the text, or false. */
static bool split(const char *text, struct words *w)
{
	if (strchr(text, '\n') != NULL)
		return false;
	if (words_split(text, strlen(text), w) == NULL && w->count > 0)
		return true;
	words_free(w->words);
	return false;
}

static void line_take(struct cfg_line *line, char *whole, struct words *w)
{
	size_t indent = strspn(whole, " \t");

	free(line->text);
	words_free(line->words);
	line->text = whole;
	line->size = strlen(whole);
	line->words = w->words;
	line->word_count = w->count;
	line->has_variable = w->has_variable;
	line->has_line_end = true;
	line->comment = indent + w->comment < line->size - 1 ? whole + indent + w->comment : NULL;
}

bool cfg_line_set(struct cfg *cfg, struct cfg_line *line, const char *text)
{
	struct words w;

	(void)cfg;
	if (line->is_header || !split(text, &w))
		return false;
	line_take(line, whole_line(line, text), &w);
	return true;
}

static size_t index_of(struct cfg_line *const *list, size_t count, const struct cfg_line *line)
{
	size_t i = 0;

	while (i < count && list[i] != line)
		i++;
	return i;
}

void cfg_line_end(struct cfg_line *line)
{
	size_t comment = line->comment != NULL ? (size_t)(line->comment - line->text) : 0;

	if (line->has_line_end)
		return;
	line->text = mem_realloc(line->text, line->size + 2);
	line->text[line->size++] = '\n';
	line->text[line->size] = '\0';
	line->comment = line->comment != NULL ? line->text + comment : NULL;
	line->has_line_end = true;
}

struct cfg_line *cfg_line_add(struct cfg *cfg, struct cfg_line *after, const char *text)
{
	struct cfg_line *line;
	struct words w;

	if (after->section == NULL || !split(text, &w))
		return NULL;
	line = mem_zalloc(sizeof *line);
	line->file = after->file;
	line->number = after->number;
	line->section = after->section;
	line->is_conditional = after->is_conditional;
	line_take(line, whole_line(after, text), &w);
	cfg_line_end(after);
	add_line(cfg, line, index_of(cfg->lines, cfg->line_count, after) + 1);
	section_add(line->section, line,
		    after->is_header
			    ? 0
			    : index_of(line->section->lines, line->section->line_count, after) + 1);
	return line;
}

/* Where the first section begins, with the comments right above it; of one inside .if: the top. */
static size_t place_of_first(const struct cfg *cfg)
{
	size_t at = index_of(cfg->lines, cfg->line_count, cfg->sections[0]->header);

	if (cfg->lines[at]->is_conditional)
		return 0;
	while (at > 0 && cfg->lines[at - 1]->word_count == 0 && cfg->lines[at - 1]->comment != NULL)
		at--;
	return at;
}

struct cfg_section *cfg_section_add_first(struct cfg *cfg, const char *keyword)
{
	struct cfg_section *s;
	struct cfg_line *line, *blank;
	enum cfg_kind kind;
	char *text;
	size_t at;

	if (cfg->section_count == 0)
		return NULL;
	at = place_of_first(cfg);
	text = mem_printf("%s\n", keyword);
	line = line_new(cfg, cfg->lines[at]->file, cfg->lines[at]->number, text, strlen(text));
	free(text);
	if (!opens_section(line, &kind)) {
		line_free(line);
		return NULL;
	}
	blank = line_new(cfg, line->file, line->number, "\n", 1);
	add_line(cfg, blank, at);
	add_line(cfg, line, at);
	s = section_open(cfg, line, kind);
	line->is_header = true;
	line->section = blank->section = s;
	memmove(&cfg->sections[1], &cfg->sections[0],
		(cfg->section_count - 1) * sizeof(struct cfg_section *));
	cfg->sections[0] = s;
	return s;
}

void cfg_line_delete(struct cfg_line *line)
{
	struct cfg_section *s = line->section;
	size_t at;

	line->deleted = true;
	if (s == NULL || (at = index_of(s->lines, s->line_count, line)) == s->line_count)
		return;
	memmove(&s->lines[at], &s->lines[at + 1], (s->line_count - at) * sizeof *s->lines);
	s->line_count--;
}

/* --- words of a line -------------------------------------------------------- */

bool cfg_line_is(const struct cfg_line *line, const char *first, ...)
{
	const char *word = first;
	bool is = true;
	va_list words;
	int i = 0;

	va_start(words, first);
	while (word != NULL && is) {
		is = i < line->word_count && strcmp(line->words[i], word) == 0;
		i++;
		word = va_arg(words, const char *);
	}
	va_end(words);
	return is;
}

const char *cfg_line_after(const struct cfg_line *line, const char *word)
{
	for (int i = 0; i + 1 < line->word_count; i++) {
		if (strcmp(line->words[i], word) == 0)
			return line->words[i + 1];
	}
	return NULL;
}
