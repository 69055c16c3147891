#include "advise/changes.h"

#include "cfg/words.h"
#include "util/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void changes_init(struct changes *e, struct cfg *cfg)
{
	*e = (struct changes){ .cfg = cfg };
}

void changes_deinit(struct changes *e)
{
	for (size_t i = 0; i < e->count; i++)
		free(e->list[i].before);
	free(e->list);
	e->list = NULL;
	e->count = 0;
}

/* The file's own, which may be changed. */
static struct cfg_line *own(const struct changes *e, const struct cfg_line *line)
{
	for (size_t i = 0; i < e->cfg->line_count; i++)
		if (e->cfg->lines[i] == line)
			return e->cfg->lines[i];
	return NULL;
}

static struct change *find(const struct changes *e, const struct cfg_line *line)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->list[i].line == line)
			return &e->list[i];
	return NULL;
}

/* Takes `before`. */
static void note(struct changes *e, struct cfg_line *line, char *before)
{
	e->list = mem_realloc(e->list, (e->count + 1) * sizeof *e->list);
	e->list[e->count++] = (struct change){ line, before };
}

static struct cfg_line *begin(struct changes *e, const struct cfg_line *line)
{
	struct cfg_line *mine = own(e, line);

	assert(mine != NULL);
	if (find(e, mine) == NULL)
		note(e, mine, mem_strndup(mine->text, mine->size));
	return mine;
}

void changes_set(struct changes *e, const struct cfg_line *line, const char *text)
{
	bool is_line = cfg_line_set(e->cfg, begin(e, line), text);

	assert(is_line);
	(void)is_line;
}

void changes_set_word(struct changes *e, const struct cfg_line *line, const char *word,
		      const char *value)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool is_there = false;

	assert(out != NULL);
	for (int i = 0; i < line->word_count; i++) {
		char *quoted = words_quote(line->words[i]);

		fprintf(out, "%s%s", i > 0 ? " " : "", quoted);
		if (strcmp(line->words[i], word) == 0 && !is_there) {
			is_there = true;
			if (value != NULL && i + 1 < line->word_count) {
				fprintf(out, " %s", value);
				i++;
			}
		}
		free(quoted);
	}
	if (!is_there)
		fprintf(out, " %s%s%s", word, value != NULL ? " " : "", value != NULL ? value : "");
	fclose(out);
	changes_set(e, line, text);
	free(text);
}

void changes_add(struct changes *e, const struct cfg_line *after, const char *text)
{
	struct cfg_line *line = cfg_line_add(e->cfg, own(e, after), text);

	assert(line != NULL);
	note(e, line, NULL);
}

void changes_delete(struct changes *e, const struct cfg_line *line)
{
	cfg_line_delete(begin(e, line));
}

static void print_line(FILE *out, char sign, const char *text, size_t size)
{
	while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
		size--;
	fprintf(out, "%c%.*s\n", sign, (int)size, text);
}

void changes_print(const struct changes *e, FILE *out)
{
	for (size_t i = 0; i < e->cfg->line_count; i++) {
		const struct cfg_line *line = e->cfg->lines[i];
		const struct change *edit = find(e, line);

		if (edit == NULL)
			continue;
		fprintf(out, "@@ %s:%d\n", line->file, line->number);
		if (edit->before != NULL)
			print_line(out, '-', edit->before, strlen(edit->before));
		if (!line->deleted)
			print_line(out, '+', line->text, line->size);
	}
}
