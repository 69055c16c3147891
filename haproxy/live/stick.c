#include "live/stick.h"

#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool stick_find(struct stick_place *place, const struct balancers *all,
		const struct observed_balancer *seen, const char *table, char why[RUNTIME_WHY_MAX])
{
	const char *wanted = table != NULL ? table : seen->backend;

	*place = (struct stick_place){ .all = all, .seen = seen };
	for (size_t i = 0; i < seen->tables.table_count; i++)
		if (strcmp(seen->tables.tables[i].name, wanted) == 0)
			place->table = seen->tables.tables[i].name;
	if (place->table == NULL)
		snprintf(why, RUNTIME_WHY_MAX, "%.60s: there is no stick table %.200s",
			 seen->balancer->name, wanted);
	return place->table != NULL;
}

/* --- which node --- */

static const char *by_name(const struct observed_balancer *seen, const char *name)
{
	const struct observed_server *s = observe_find(seen, name);

	return s != NULL ? s->row->server : NULL;
}

/* "10.0.0.1:9092", as `srvkey addr` has it. */
static const char *by_address(const struct observed_balancer *seen, const char *key)
{
	const char *colon = strrchr(key, ':');

	for (size_t i = 0; colon != NULL && i < seen->server_count; i++) {
		const struct server_state *state = seen->servers[i].state;
		size_t n = (size_t)(colon - key);

		if (state != NULL && strlen(state->address) == n &&
		    strncmp(state->address, key, n) == 0)
			return seen->servers[i].row->server;
	}
	return NULL;
}

static const char *by_id(const struct observed_balancer *seen, int64_t id)
{
	for (size_t i = 0; i < seen->server_count; i++)
		if (seen->servers[i].row->server_id == id)
			return seen->servers[i].row->server;
	return NULL;
}

const char *stick_node(const struct observed_balancer *seen, const struct table_entry *entry)
{
	const char *node = NULL;

	if (entry->server_key[0] == '\0')
		return by_id(seen, entry->server_id);
	node = by_name(seen, entry->server_key);
	return node != NULL ? node : by_address(seen, entry->server_key);
}

/* --- commands --- */

/* "VERB table NAME key KEY REST".  Caller frees.  NULL, and why: no command can say the key. */
static char *key_command(const struct stick_place *place, const char *verb, const char *key,
			 const char *rest, char why[RUNTIME_WHY_MAX])
{
	char *escaped = show_table_escape(key);
	char *command;

	if (escaped == NULL) {
		snprintf(why, RUNTIME_WHY_MAX, "no command can say the key \"%.200s\"", key);
		return NULL;
	}
	command = mem_printf("%s table %s key %s%s", verb, place->table, escaped, rest);
	free(escaped);
	return command;
}

static bool act(const struct stick_place *place, char *command, char why[RUNTIME_WHY_MAX])
{
	bool good = command != NULL &&
		    balancer_do(place->all, place->seen->balancer, WORKER_CURRENT, command, why);

	free(command);
	return good;
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \r\n")] == '\0';
}

/* Of a key that is not there HAProxy says nothing at all. */
bool stick_read(const struct stick_place *place, const char *key, struct stick_tables *tables,
		char why[RUNTIME_WHY_MAX])
{
	char whole[400], words[RUNTIME_SAID_MAX], *of_key = NULL, *text;
	bool good;

	*tables = (struct stick_tables){ 0 };
	snprintf(whole, sizeof whole, "show table %.300s", place->table);
	if (key != NULL && (of_key = key_command(place, "show", key, "", why)) == NULL)
		return false;
	text = balancer_ask(place->all, place->seen->balancer, WORKER_CURRENT,
			    of_key != NULL ? of_key : whole, why);
	free(of_key);
	if (text == NULL)
		return false;
	*tables = show_table_parse(text);
	good = tables->table_count > 0 || (key != NULL && is_blank(text));
	if (!good)
		snprintf(why, RUNTIME_WHY_MAX, "%.60s: stick table %.100s: %.300s",
			 place->seen->balancer->name, place->table, runtime_said(text, words));
	free(text);
	return good;
}

bool stick_clear_key(const struct stick_place *place, const char *key, char why[RUNTIME_WHY_MAX])
{
	struct stick_tables tables;
	size_t count;

	if (!stick_read(place, key, &tables, why))
		return false;
	count = tables.entry_count;
	show_table_free(&tables);
	return count == 0 || act(place, key_command(place, "clear", key, "", why), why);
}

/* Entries whose key leads to the server though their id is another one's. */
static bool clear_one_by_one(const struct stick_place *place, const char *server,
			     char why[RUNTIME_WHY_MAX])
{
	struct stick_tables tables;
	bool good = stick_read(place, NULL, &tables, why);

	for (size_t i = 0; good && i < tables.entry_count; i++) {
		const struct table_entry *e = &tables.entries[i];
		const char *node = stick_node(place->seen, e);

		if (e->uses == 0 && node != NULL && strcmp(node, server) == 0)
			good = act(place, key_command(place, "clear", e->key, "", why), why);
	}
	show_table_free(&tables);
	return good;
}

bool stick_clear_server(const struct stick_place *place, const char *server,
			char why[RUNTIME_WHY_MAX])
{
	const struct observed_server *s = observe_find(place->seen, server);
	char command[400];

	if (s == NULL) {
		snprintf(why, RUNTIME_WHY_MAX, "%.60s: backend %.100s has no server %.100s",
			 place->seen->balancer->name, place->seen->backend, server);
		return false;
	}
	snprintf(command, sizeof command, "clear table %.300s data.server_id eq %lld", place->table,
		 (long long)s->row->server_id);
	return act(place, mem_strdup(command), why) && clear_one_by_one(place, server, why);
}

bool stick_clear_all(const struct stick_place *place, char why[RUNTIME_WHY_MAX])
{
	char command[400];

	snprintf(command, sizeof command, "clear table %.300s", place->table);
	return act(place, mem_strdup(command), why);
}

bool stick_set(const struct stick_place *place, const char *key, const char *server,
	       char why[RUNTIME_WHY_MAX])
{
	const struct observed_server *s = observe_find(place->seen, server);
	char rest[60];

	if (s == NULL) {
		snprintf(why, RUNTIME_WHY_MAX, "%.60s: backend %.100s has no server %.100s",
			 place->seen->balancer->name, place->seen->backend, server);
		return false;
	}
	snprintf(rest, sizeof rest, " data.server_id %lld", (long long)s->row->server_id);
	return act(place, key_command(place, "set", key, rest, why), why);
}
