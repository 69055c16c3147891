#include "advise/kind.h"

#include "cfg/words.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool names(const struct cfg_line *line, const char *backend)
{
	return (strcmp(line->words[0], "default_backend") == 0 ||
		strcmp(line->words[0], "use_backend") == 0) &&
	       line->word_count > 1 && strcmp(line->words[1], backend) == 0;
}

struct cfg_section *kind_frontend(const struct cfg *cfg, const struct cfg_section *backend)
{
	for (size_t i = 0; i < cfg->section_count; i++) {
		struct cfg_section *s = cfg->sections[i];

		if (s == backend && s->kind == CFG_LISTEN)
			return s;
		for (size_t k = 0; cfg_is_frontend(s) && k < s->line_count; k++)
			if (names(s->lines[k], backend->name))
				return s;
	}
	return NULL;
}

/* --- what sticks --- */

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* "set-var(txn.key)" or "set-var-fmt(txn.key)" for a name "txn.key". */
static bool sets(const char *word, const char *name)
{
	const char *open = strchr(word, '(');
	size_t n = strlen(name);

	return strncmp(word, "set-var", 7) == 0 && open != NULL &&
	       strncmp(open + 1, name, n) == 0 && open[1 + n] == ')';
}

static enum simulate_key of_words(const char *text)
{
	bool source = has(text, "src"), id = has(text, "payload_lv(12,2)");

	if (has(text, "_c_s_dn"))
		return SIMULATE_CERT;
	if (has(text, "sni"))
		return SIMULATE_SNI;
	if (has(text, "dst_port"))
		return SIMULATE_PORT;
	if (id)
		return source ? SIMULATE_SOURCE_CLIENT_ID : SIMULATE_CLIENT_ID;
	return source ? SIMULATE_SOURCE : SIMULATE_NONE;
}

/* The line of the frontend that sets the variable last, but for a fallback to the source. */
static const struct cfg_line *setter(const struct cfg_section *frontend, const char *name)
{
	const struct cfg_line *found = NULL;

	for (size_t i = 0; frontend != NULL && i < frontend->line_count; i++) {
		const struct cfg_line *line = frontend->lines[i];

		for (int w = 2; w + 1 < line->word_count; w++)
			if (sets(line->words[w], name))
				found = line;
	}
	return found;
}

/* Behind "set-var(...)". */
static const char *value_of(const struct cfg_line *line)
{
	for (int w = 0; w + 1 < line->word_count; w++)
		if (strncmp(line->words[w], "set-var", 7) == 0)
			return line->words[w + 1];
	return "";
}

/* "var(txn.key)": "txn.key".  False: it is none. */
static bool variable(const char *text, char *to, size_t size)
{
	const char *at = strstr(text, "var(");

	if (at == NULL)
		return false;
	snprintf(to, size, "%.*s", (int)strcspn(at + 4, ",)"), at + 4);
	return true;
}

/* A composite names variables in turn, "%[src]|%[var(txn.cid)]". */
static enum simulate_key of_value(const struct cfg_section *frontend, const char *text)
{
	const struct cfg_line *line;
	enum simulate_key key = of_words(text), inner;
	char name[128];

	if (!variable(text, name, sizeof name))
		return key;
	line = setter(frontend, name);
	if (line == NULL || strstr(value_of(line), "var(") != NULL)
		inner = SIMULATE_CLIENT_ID; /* of itself: it was the id before */
	else
		inner = of_words(value_of(line));
	if (key == SIMULATE_SOURCE && inner == SIMULATE_CLIENT_ID)
		return SIMULATE_SOURCE_CLIENT_ID;
	return key == SIMULATE_NONE ? inner : key;
}

static enum simulate_key of_expression(const struct cfg_section *frontend, const char *text)
{
	const struct cfg_line *line;
	char name[128];

	if (!variable(text, name, sizeof name))
		return of_words(text);
	line = setter(frontend, name);
	return line != NULL ? of_value(frontend, value_of(line)) : SIMULATE_NONE;
}

struct kind_found kind_find(const struct cfg_section *backend, const struct cfg_section *frontend)
{
	struct kind_found found = { .key = SIMULATE_NONE, .is_known = true, .expression = "" };

	for (size_t i = 0; i < backend->line_count; i++) {
		const struct cfg_line *line = backend->lines[i];

		if (!cfg_line_is(line, "stick", "on", NULL) || line->word_count < 3)
			continue;
		found.stick = line;
		found.expression = line->words[2];
		found.key = of_expression(frontend, line->words[2]);
		found.is_known = found.key != SIMULATE_NONE;
	}
	return found;
}

/* --- another kind --- */

/* Words of a line from the n-th on, each with a blank in front. */
static void print_words(FILE *out, const struct cfg_line *line, int from)
{
	for (int i = from; i < line->word_count; i++) {
		char *quoted = words_quote(line->words[i]);

		fprintf(out, " %s", quoted);
		free(quoted);
	}
}

static void set_type(struct changes *e, const struct cfg_line *table, const char *type)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool has_length = table->word_count > 4 && strcmp(table->words[3], "len") == 0;

	assert(out != NULL);
	fprintf(out, "stick-table type %s", type);
	print_words(out, table, has_length ? 5 : 3);
	fclose(out);
	changes_set(e, table, text);
	free(text);
}

/* Behind the line that takes the client.id, under the same condition. */
static bool add_source(struct changes *e, const struct cfg_section *frontend,
		       const struct kind_found *now)
{
	const struct cfg_line *line;
	char name[128], *text = NULL;
	size_t size = 0;
	FILE *out;

	if (!variable(now->expression, name, sizeof name) ||
	    (line = setter(frontend, name)) == NULL ||
	    !cfg_line_is(line, "tcp-request", "content", NULL))
		return false;
	out = open_memstream(&text, &size);
	assert(out != NULL);
	fprintf(out, "tcp-request content set-var-fmt(%s) \"%%[src]|%%[var(%s)]\"", name, name);
	print_words(out, line, 4);
	fclose(out);
	changes_add(e, line, text);
	free(text);
	return true;
}

bool kind_change(struct changes *e, const struct cfg_section *backend,
		 const struct cfg_section *frontend, const struct kind_found *now,
		 enum simulate_key to)
{
	struct cfg_table table;

	if (!cfg_table(backend, &table) || now->stick == NULL)
		return false;
	if (to == SIMULATE_SOURCE_CLIENT_ID && now->key == SIMULATE_CLIENT_ID) {
		if (!add_source(e, frontend, now))
			return false;
		if (table.length < (int64_t)simulate_key_length(to))
			changes_set_word(e, table.line, "len", "128");
		return true;
	}
	if (to != SIMULATE_SOURCE && to != SIMULATE_PORT)
		return false;
	set_type(e, table.line, to == SIMULATE_SOURCE ? "ipv6" : "integer");
	changes_set(e, now->stick, to == SIMULATE_SOURCE ? "stick on src" : "stick on dst_port");
	return true;
}
