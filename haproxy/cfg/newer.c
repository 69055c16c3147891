#include "cfg/newer.h"

#include "util/compiler.h"

#include <stdio.h>
#include <string.h>

/* A word counts where the line's first one is `line`, or is the first one itself ("").  With a
 * value it counts only before that. */
static const struct row {
	const char *line, *word, *value, *says;
	enum version_feature feature;
} rows[] = {
	{ "balance", "hash", NULL, "balance hash", VERSION_BALANCE_HASH },
	{ "", "guid", NULL, "guid", VERSION_GUID },
	{ "server", "guid", NULL, "guid", VERSION_GUID },
	{ "server", "hash-key", "guid", "hash-key guid", VERSION_HASH_KEY_GUID },
	{ "server", "hash-key", "id32", "hash-key id32", VERSION_HASH_KEY_GUID },
	{ "server", "hash-key", NULL, "hash-key", VERSION_HASH_KEY },
	{ "server", "init-state", NULL, "init-state", VERSION_INIT_STATE },
	{ "server", "strict-maxconn", NULL, "strict-maxconn", VERSION_STRICT_MAXCONN },
	{ "server", "set-proxy-v2-tlv-fmt", NULL, "set-proxy-v2-tlv-fmt", VERSION_TLV_FMT },
	{ "stick-table", "recv-only", NULL, "recv-only", VERSION_RECV_ONLY },
	{ "stick-table", "write-to", NULL, "write-to", VERSION_WRITE_TO },
};

/* default-server and server-template take what server takes. */
static bool is_of(const char *first, const char *line)
{
	if (strcmp(line, "server") == 0 &&
	    (strcmp(first, "default-server") == 0 || strcmp(first, "server-template") == 0))
		return true;
	return strcmp(first, line) == 0;
}

/* "set-proxy-v2-tlv-fmt(0xE1)" is the word too. */
static bool is_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	return strncmp(text, word, n) == 0 && (text[n] == '\0' || text[n] == '(');
}

/* Where the row's word is on the line: from 0 on; -1: it is not. */
static int place_of(const struct cfg_line *line, const struct row *row)
{
	if (line->word_count == 0 || line->is_conditional) /* .if version_atleast(3.0) */
		return -1;
	if (row->line[0] == '\0')
		return is_word(line->words[0], row->word) ? 0 : -1;
	if (!is_of(line->words[0], row->line))
		return -1;
	for (int i = 1; i < line->word_count; i++) {
		if (is_word(line->words[i], row->word) &&
		    (row->value == NULL ||
		     (i + 1 < line->word_count && strcmp(line->words[i + 1], row->value) == 0)))
			return i;
	}
	return -1;
}

bool newer_in_line(const struct cfg_line *line, const struct version *v, struct newer_word *found)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (version_has(v, rows[i].feature) || place_of(line, &rows[i]) < 0)
			continue;
		*found = (struct newer_word){ rows[i].says, version_since(rows[i].feature) };
		return true;
	}
	return false;
}

bool newer_in_cfg(const struct cfg *cfg, const struct version *v, struct newer_word *found,
		  const struct cfg_line **line)
{
	for (size_t i = 0; i < cfg->section_count; i++) {
		const struct cfg_section *s = cfg->sections[i];

		for (size_t k = 0; k < s->line_count; k++) {
			if (newer_in_line(s->lines[k], v, found)) {
				*line = s->lines[k];
				return true;
			}
		}
	}
	return false;
}

const char *newer_print(const struct newer_word *word, const struct version *v, char *to,
			size_t size)
{
	char here[VERSION_TEXT_MAX], since[VERSION_TEXT_MAX];

	snprintf(to, size, "HAProxy %s does not know `%s`, which %s does", version_print(v, here),
		 word->word, version_print(&word->since, since));
	return to;
}
