#include "live/show_servers.h"

#include "live/words.h"
#include "util/compiler.h"
#include "util/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 64 };

struct column {
	const char *name;
	bool is_text;
	size_t offset;
};

static const struct column columns[] = {
	{ "be_id", false, offsetof(struct server_state, backend_id) },
	{ "be_name", true, offsetof(struct server_state, backend) },
	{ "srv_id", false, offsetof(struct server_state, server_id) },
	{ "srv_name", true, offsetof(struct server_state, name) },
	{ "srv_addr", true, offsetof(struct server_state, address) },
	{ "srv_op_state", false, offsetof(struct server_state, operational_state) },
	{ "srv_admin_state", false, offsetof(struct server_state, admin_state) },
	{ "srv_uweight", false, offsetof(struct server_state, weight) },
	{ "srv_iweight", false, offsetof(struct server_state, initial_weight) },
	{ "srv_port", false, offsetof(struct server_state, port) },
	{ "srv_check_port", false, offsetof(struct server_state, check_port) },
	{ "srv_check_addr", true, offsetof(struct server_state, check_address) },
	{ "srv_agent_port", false, offsetof(struct server_state, agent_port) },
};

static char **text_of(struct server_state *s, const struct column *c)
{
	return (char **)(void *)((char *)s + c->offset);
}

static int64_t *number_of(struct server_state *s, const struct column *c)
{
	return (int64_t *)(void *)((char *)s + c->offset);
}

static const struct column *find_column(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (span_is(name, columns[i].name))
			return &columns[i];
	return NULL;
}

static size_t read_header(struct span line, const struct column **order)
{
	struct span word;
	size_t count = 0;

	line = span_after(line, 1); /* "#" */
	while (count < COLUMNS_MAX && words_next(&line, &word))
		order[count++] = find_column(word);
	return count;
}

static void state_deinit(struct server_state *s)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (columns[i].is_text)
			free(*text_of(s, &columns[i]));
}

static bool read_row(struct span line, const struct column *const *order, size_t count,
		     struct server_state *s)
{
	struct span word;

	memset(s, 0, sizeof *s);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (!columns[i].is_text)
			*number_of(s, &columns[i]) = -1;
	for (size_t i = 0; i < count && words_next(&line, &word); i++) {
		const struct column *c = order[i];

		if (c != NULL && !c->is_text)
			*number_of(s, c) = span_number(word);
		else if (c != NULL && *text_of(s, c) == NULL)
			*text_of(s, c) = span_dup(word);
	}
	if (s->backend == NULL || s->name == NULL || s->admin_state < 0) {
		state_deinit(s);
		return false;
	}
	if (s->address == NULL)
		s->address = mem_strdup("-");
	if (s->check_address == NULL || strcmp(s->check_address, "-") == 0) {
		free(s->check_address);
		s->check_address = mem_strdup("");
	}
	return true;
}

struct server_states show_servers_parse(const char *text)
{
	const struct column *order[COLUMNS_MAX];
	struct server_states all = { 0 };
	struct server_state row;
	size_t count = 0, room = 0;
	struct span line;

	while (words_line(&text, &line)) {
		if (span_begins(line, "#")) {
			count = read_header(line, order);
			continue;
		}
		if (!read_row(line, order, count, &row))
			continue;
		if (all.count == room) {
			room = room * 2 + 16;
			all.list = mem_realloc(all.list, room * sizeof *all.list);
		}
		all.list[all.count++] = row;
	}
	return all;
}

void show_servers_free(struct server_states *all)
{
	for (size_t i = 0; i < all->count; i++)
		state_deinit(&all->list[i]);
	free(all->list);
	*all = (struct server_states){ 0 };
}
