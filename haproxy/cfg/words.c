#include "words.h"

#include "cfg/cfg.h"
#include "util/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct splitter {
	const char *text;
	size_t n, at;
	char *word; /* the one being made; room for n + 1 */
	size_t length;
	bool in_word;
	char quote; /* the open one, or NUL */
	struct words *out;
	const char *mistake;
};

static void put(struct splitter *s, char c)
{
	s->word[s->length++] = c;
	s->in_word = true;
}

static void end_word(struct splitter *s)
{
	if (!s->in_word)
		return;
	if (s->out->count == CFG_WORDS_MAX) {
		s->mistake = "more than 1024 words";
		return;
	}
	s->out->words = mem_realloc(s->out->words, sizeof(char *) * (size_t)(s->out->count + 2));
	s->out->words[s->out->count++] = mem_strndup(s->word, s->length);
	s->out->words[s->out->count] = NULL;
	s->length = 0;
	s->in_word = false;
}

static int hex(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* At the backslash. */
static void escape(struct splitter *s)
{
	static const char named[] = "n\nr\rt\t";
	const char *known;
	char c;

	if (++s->at >= s->n) {
		s->mistake = "a backslash at the end of the line";
		return;
	}
	c = s->text[s->at++];
	if (c == 'x') {
		int high = s->at + 1 < s->n ? hex(s->text[s->at]) : -1;
		int low = high >= 0 ? hex(s->text[s->at + 1]) : -1;

		if (low < 0) {
			s->mistake = "\\x without two hexadecimal digits";
			return;
		}
		put(s, (char)(high << 4 | low));
		s->at += 2;
		return;
	}
	known = c != '\0' ? strchr(named, c) : NULL;
	put(s, known != NULL && (known - named) % 2 == 0 ? known[1] : c);
}

/* In double quotes only these are escapes; any other backslash is itself. */
static bool escapes_in_quotes(const struct splitter *s)
{
	char next = s->at + 1 < s->n ? s->text[s->at + 1] : '\0';

	return next == '"' || next == '\\' || next == '$';
}

static bool begins_variable(const struct splitter *s)
{
	char next = s->at + 1 < s->n ? s->text[s->at + 1] : '\0';

	return next == '{' || next == '_' || isalpha((unsigned char)next);
}

static void step_quoted(struct splitter *s)
{
	char c = s->text[s->at];

	if (c == s->quote) {
		s->quote = '\0';
		s->at++;
	} else if (s->quote == '"' && c == '\\' && escapes_in_quotes(s)) {
		escape(s);
	} else {
		if (s->quote == '"' && c == '$' && begins_variable(s))
			s->out->has_variable = true;
		put(s, c);
		s->at++;
	}
}

/* False: a comment begins. */
static bool step(struct splitter *s)
{
	char c = s->text[s->at];

	if (s->quote != '\0') {
		step_quoted(s);
	} else if (c == '#') {
		return false;
	} else if (c == '\\') {
		escape(s);
	} else if (c == '\'' || c == '"') {
		s->quote = c;
		s->in_word = true;
		s->at++;
	} else if (c == ' ' || c == '\t' || c == '\r') {
		end_word(s);
		s->at++;
	} else {
		put(s, c);
		s->at++;
	}
	return true;
}

const char *words_split(const char *text, size_t n, struct words *out)
{
	struct splitter s = { .text = text, .n = n, .word = mem_alloc(n + 1), .out = out };

	*out = (struct words){ .words = mem_zalloc(sizeof(char *)), .comment = n };
	if (memchr(text, '\0', n) != NULL)
		s.mistake = "a zero byte";
	while (s.at < n && s.mistake == NULL) {
		if (!step(&s)) {
			out->comment = s.at;
			break;
		}
	}
	if (s.mistake == NULL && s.quote != '\0')
		s.mistake = "a quote that is not closed";
	if (s.mistake == NULL)
		end_word(&s);
	free(s.word);
	if (s.mistake != NULL) {
		words_free(out->words);
		*out = (struct words){ .words = mem_zalloc(sizeof(char *)), .comment = n };
	}
	return s.mistake;
}

void words_free(char **words)
{
	for (char **w = words; w != NULL && *w != NULL; w++)
		free(*w);
	free(words);
}

static char *quoted(const char *word, char *to)
{
	size_t at = 0;

	to[at++] = '"';
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\' || *word == '$')
			to[at++] = '\\';
		to[at++] = *word;
	}
	to[at++] = '"';
	to[at] = '\0';
	return to;
}

/* A line end cannot stand in quotes. */
static char *escaped(const char *word, char *to)
{
	size_t at = 0;

	for (; *word != '\0'; word++) {
		if (strchr(" \t\n\r#\\'\"", *word) != NULL)
			to[at++] = '\\';
		to[at++] = (char)(*word == '\n' ? 'n' : *word == '\r' ? 'r' : *word);
	}
	to[at] = '\0';
	return to;
}

char *words_quote(const char *word)
{
	size_t n = strlen(word);
	char *to = mem_alloc(2 * n + 3);

	if (strpbrk(word, "\n\r") != NULL)
		return escaped(word, to);
	if (n == 0 || strpbrk(word, " \t#\\'\"") != NULL)
		return quoted(word, to);
	memcpy(to, word, n + 1);
	return to;
}
