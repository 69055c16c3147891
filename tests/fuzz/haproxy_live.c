/* haproxy_live.c - whatever HAProxy answers, no parser of it reads beyond its end.
 *
 * All of them read the same bytes.  What they found must be usable: no text is missing, an
 * entry's table exists, and a key that a command can say comes back from HAProxy's escapes.
 */
#include "live/show_process.h"
#include "live/show_servers.h"
#include "live/show_sess.h"
#include "live/show_stat.h"
#include "live/show_table.h"
#include "util/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void stat(const char *text)
{
	struct stat_rows all = show_stat_parse(text);

	for (size_t i = 0; i < all.count; i++) {
		struct stat_row *row = &all.rows[i];

		must(row->proxy && row->server && row->status && row->check_status &&
		     row->agent_status && row->address && row->algorithm && row->mode);
		must(!(stat_is_up(row) && stat_is_maint(row)));
	}
	show_stat_free(&all);
}

static void sess(const char *text)
{
	struct sessions all = show_sess_parse(text);

	for (size_t i = 0; i < all.count; i++) {
		struct session *s = &all.list[i];

		must(s->id && s->protocol && s->source && s->frontend && s->backend && s->server);
		must(strncmp(s->id, "0x", 2) == 0);
	}
	show_sess_free(&all);
}

static void table(const char *text)
{
	struct stick_tables all = show_table_parse(text);

	for (size_t i = 0; i < all.entry_count; i++) {
		struct table_entry *e = &all.entries[i];
		char *escaped = show_table_escape(e->key);

		must(e->table < all.table_count && e->server_key != NULL);
		if (escaped != NULL)
			must(strpbrk(escaped, "\r\n") == NULL);
		free(escaped);
	}
	show_table_free(&all);
}

static void process(const char *text)
{
	struct processes processes = show_proc_parse(text);
	struct peers peers = show_peers_parse(text);
	struct server_states states = show_servers_parse(text);
	char *version = show_info_get(text, "Version");

	for (size_t i = 0; i < processes.count; i++)
		must(processes.workers[i].pid > 0);
	for (size_t i = 0; i < peers.peer_count; i++)
		must(peers.peers[i].section < peers.section_count && peers.peers[i].name != NULL);
	for (size_t i = 0; i < states.count; i++)
		must(states.list[i].backend && states.list[i].name && states.list[i].address);
	(void)show_peers_in_sync(&peers);
	(void)show_errors_total(text);
	free(version);
	show_servers_free(&states);
	show_peers_free(&peers);
	show_proc_free(&processes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_alloc(size + 1);

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	stat(text);
	sess(text);
	table(text);
	process(text);
	free(text);
	return 0;
}
