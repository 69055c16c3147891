#include "live/show_stat.h"

#include "live/words.h"
#include "util/compiler.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 512 };

struct column {
	const char *name;
	bool is_text;
	size_t offset;
};

#define TEXT(name, member)                                    \
	{                                                     \
		name, true, offsetof(struct stat_row, member) \
	}
#define NUMBER(name, member)                                   \
	{                                                      \
		name, false, offsetof(struct stat_row, member) \
	}

static const struct column columns[] = {
	TEXT("pxname", proxy),
	TEXT("svname", server),
	NUMBER("type", type),
	TEXT("status", status),
	NUMBER("weight", weight),
	NUMBER("uweight", user_weight),
	NUMBER("scur", sessions),
	NUMBER("smax", sessions_max),
	NUMBER("stot", sessions_total),
	NUMBER("qcur", queue),
	NUMBER("bin", bytes_in),
	NUMBER("bout", bytes_out),
	NUMBER("act", active),
	NUMBER("bck", backup),
	NUMBER("lastchg", last_change),
	NUMBER("sid", server_id),
	NUMBER("check_code", check_code),
	TEXT("check_status", check_status),
	TEXT("check_desc", check_text),
	TEXT("agent_status", agent_status),
	TEXT("agent_desc", agent_text),
	TEXT("addr", address),
	TEXT("algo", algorithm),
	TEXT("mode", mode),
	NUMBER("throttle", throttle),
};

static char **text_of(struct stat_row *row, const struct column *c)
{
	return (char **)(void *)((char *)row + c->offset);
}

static int64_t *number_of(struct stat_row *row, const struct column *c)
{
	return (int64_t *)(void *)((char *)row + c->offset);
}

/* The next field, quotes taken off ("" inside is one); false when the line has no more.
 * Fields are ended by commas; *field must be freed. */
static bool next_field(struct span *line, char **field)
{
	bool quoted = false;
	size_t n = 0, out = 0;

	if (line->len == 0)
		return false;
	*field = mem_alloc(line->len + 1);
	for (; n < line->len && (quoted || line->at[n] != ','); n++) {
		if (line->at[n] != '"') {
			(*field)[out++] = line->at[n];
		} else if (quoted && n + 1 < line->len && line->at[n + 1] == '"') {
			(*field)[out++] = '"';
			n++;
		} else {
			quoted = !quoted;
		}
	}
	(*field)[out] = '\0';
	*line = span_after(*line, n + 1);
	return true;
}

static const struct column *find_column(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (strcmp(columns[i].name, name) == 0)
			return &columns[i];
	return NULL;
}

static size_t read_header(struct span line, const struct column **order)
{
	size_t count = 0;
	char *name;

	line = span_after(line, 2); /* "# " */
	while (count < COLUMNS_MAX && next_field(&line, &name)) {
		order[count++] = find_column(name);
		free(name);
	}
	return count;
}

static void row_init(struct stat_row *row)
{
	memset(row, 0, sizeof *row);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (!columns[i].is_text)
			*number_of(row, &columns[i]) = -1;
}

static void row_deinit(struct stat_row *row)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (columns[i].is_text)
			free(*text_of(row, &columns[i]));
}

/* Takes the field. */
static void row_set(struct stat_row *row, const struct column *c, char *field)
{
	if (c != NULL && c->is_text) {
		free(*text_of(row, c));
		*text_of(row, c) = field;
		return;
	}
	if (c != NULL)
		*number_of(row, c) = span_number((struct span){ field, strlen(field) });
	free(field);
}

static bool read_row(struct span line, const struct column *const *order, size_t count,
		     struct stat_row *row)
{
	char *field;

	row_init(row);
	for (size_t i = 0; i < count && next_field(&line, &field); i++)
		row_set(row, order[i], field);
	if (row->proxy == NULL || row->server == NULL || row->status == NULL) {
		row_deinit(row);
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (columns[i].is_text && *text_of(row, &columns[i]) == NULL)
			*text_of(row, &columns[i]) = mem_strdup("");
	return true;
}

struct stat_rows show_stat_parse(const char *text)
{
	const struct column *order[COLUMNS_MAX];
	struct stat_rows all = { 0 };
	size_t count = 0, room = 0;
	struct span line;

	while (words_line(&text, &line)) {
		struct stat_row row;

		if (span_begins(line, "# ")) {
			count = read_header(line, order);
			continue;
		}
		if (line.len == 0 || !read_row(line, order, count, &row))
			continue;
		if (all.count == room) {
			room = room * 2 + 16;
			all.rows = mem_realloc(all.rows, room * sizeof *all.rows);
		}
		all.rows[all.count++] = row;
	}
	return all;
}

void show_stat_free(struct stat_rows *all)
{
	for (size_t i = 0; i < all->count; i++)
		row_deinit(&all->rows[i]);
	free(all->rows);
	*all = (struct stat_rows){ 0 };
}

static bool status_begins(const struct stat_row *row, const char *word)
{
	return strncmp(row->status, word, strlen(word)) == 0;
}

bool stat_is_up(const struct stat_row *row)
{
	return status_begins(row, "UP") || status_begins(row, "no check") ||
	       status_begins(row, "DRAIN");
}

bool stat_is_maint(const struct stat_row *row)
{
	return status_begins(row, "MAINT");
}
