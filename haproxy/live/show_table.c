#include "live/show_table.h"

#include "live/words.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

/* Of two digits; 256 and more: they are none. */
static unsigned hex_byte(const char *digits)
{
	unsigned high = hex_digit(digits[0]), low = hex_digit(digits[1]);

	return high > 15 || low > 15 ? 256 : high << 4 | low;
}

static char unescaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'e':
		return '\033';
	default:
		return c;
	}
}

char *show_table_unescape(const char *printed, size_t length)
{
	char *text = mem_alloc(length + 1);
	size_t out = 0;

	for (size_t i = 0; i < length; i++) {
		if (printed[i] != '\\' || i + 1 == length) {
			text[out++] = printed[i];
		} else if (i + 3 < length && printed[i + 1] == 'x' &&
			   hex_byte(printed + i + 2) < 256) {
			text[out++] = (char)hex_byte(printed + i + 2);
			i += 3;
		} else {
			text[out++] = unescaped(printed[++i]);
		}
	}
	text[out] = '\0';
	return text;
}

char *show_table_escape(const char *key)
{
	size_t length = strlen(key), out = 0;
	char *text;

	if (length == 0 || strpbrk(key, "\n\r") != NULL)
		return NULL;
	if (length >= 2 && strcmp(key + length - 2, "<<") == 0)
		return NULL;
	text = mem_alloc(2 * length + 1);
	for (; *key != '\0'; key++) {
		if (strchr(" \t;\\#\"'", *key) != NULL)
			text[out++] = '\\';
		text[out++] = *key;
	}
	text[out] = '\0';
	return text;
}

/* "# table: gw, type: string, size:102400, used:4" */
static void add_table(struct stick_tables *all, struct span line)
{
	struct stick_table *t;
	struct span word, name = { line.at, 0 };

	all->tables = mem_realloc(all->tables, (all->table_count + 1) * sizeof *all->tables);
	t = &all->tables[all->table_count++];
	*t = (struct stick_table){ .size = -1, .used = -1 };
	while (words_next(&line, &word)) {
		bool is_name = span_is(word, "table:"), is_type = span_is(word, "type:");

		if (span_begins(word, "size:"))
			t->size = span_number(span_after(word, 5));
		if (span_begins(word, "used:"))
			t->used = span_number(span_after(word, 5));
		if ((!is_name && !is_type) || !words_next(&line, &name))
			continue;
		if (name.at[name.len - 1] == ',')
			name.len--;
		free(is_name ? t->name : t->type);
		*(is_name ? &t->name : &t->type) = span_dup(name);
	}
	if (t->name == NULL)
		t->name = mem_strdup("");
	if (t->type == NULL)
		t->type = mem_strdup("");
}

static void read_word(struct table_entry *e, struct span word)
{
	if (span_begins(word, "key=") && e->key == NULL)
		e->key = show_table_unescape(word.at + 4, word.len - 4);
	else if (span_begins(word, "use="))
		e->uses = span_number(span_after(word, 4));
	else if (span_begins(word, "exp="))
		e->expires_ms = span_number(span_after(word, 4));
	else if (span_begins(word, "server_id="))
		e->server_id = span_number(span_after(word, 10));
	else if (span_begins(word, "conn_cur="))
		e->conn_cur = span_number(span_after(word, 9));
	else if (span_begins(word, "server_key=") && !span_is(word, "server_key=-") &&
		 e->server_key == NULL)
		e->server_key = span_dup(span_after(word, 11));
}

static void add_entry(struct stick_tables *all, size_t *room, struct span line)
{
	struct table_entry *e;
	struct span word;

	if (all->entry_count == *room) {
		*room = *room * 2 + 64;
		all->entries = mem_realloc(all->entries, *room * sizeof *all->entries);
	}
	e = &all->entries[all->entry_count++];
	*e = (struct table_entry){ .expires_ms = -1,
				   .conn_cur = -1,
				   .table = all->table_count - 1 };
	while (words_next(&line, &word))
		read_word(e, word);
	if (e->key == NULL)
		e->key = mem_strdup("");
	if (e->server_key == NULL)
		e->server_key = mem_strdup("");
}

struct stick_tables show_table_parse(const char *text)
{
	struct stick_tables all = { 0 };
	size_t room = 0;
	struct span line;

	while (words_line(&text, &line)) {
		if (span_begins(line, "# table:"))
			add_table(&all, line);
		else if (span_begins(line, "0x") && all.table_count > 0)
			add_entry(&all, &room, line);
	}
	return all;
}

void show_table_free(struct stick_tables *all)
{
	for (size_t i = 0; i < all->table_count; i++) {
		free(all->tables[i].name);
		free(all->tables[i].type);
	}
	for (size_t i = 0; i < all->entry_count; i++) {
		free(all->entries[i].key);
		free(all->entries[i].server_key);
	}
	free(all->tables);
	free(all->entries);
	*all = (struct stick_tables){ 0 };
}
