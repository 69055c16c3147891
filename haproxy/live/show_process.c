#include "live/show_process.h"

#include "live/words.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum { PEERS_RESYNC_FINISHED = 3 };

char *show_info_get(const char *text, const char *name)
{
	size_t size = strlen(name);
	struct span line;

	while (words_line(&text, &line)) {
		if (!span_begins(line, name) || line.len <= size || line.at[size] != ':')
			continue;
		line = span_after(line, size + 1);
		while (line.len > 0 && line.at[0] == ' ')
			line = span_after(line, 1);
		return span_dup(line);
	}
	return NULL;
}

int64_t show_info_number(const char *text, const char *name)
{
	char *value = show_info_get(text, name);
	int64_t number;

	if (value == NULL)
		return -1;
	number = span_number((struct span){ value, strlen(value) });
	free(value);
	return number;
}

/* Where a column of `show proc` is, counted in words of a row; -1: not there.
 * Titles are in angle brackets and may have blanks ("<relative PID>", before 2.5). */
static int title_index(struct span header, const char *title)
{
	int index = 0;
	size_t size = strlen(title);

	for (size_t i = 0; i < header.len; i++) {
		if (header.at[i] != '<')
			continue;
		if (i + size <= header.len && memcmp(header.at + i, title, size) == 0)
			return index;
		index++;
	}
	return -1;
}

struct proc_columns {
	int reloads, uptime;
};

static struct span word_at(struct span line, int index)
{
	struct span word = { line.at, 0 };

	for (; index >= 0; index--)
		do
			if (!words_next(&line, &word))
				return (struct span){ line.at, 0 };
		while (span_begins(word, "[failed:") || word.at[word.len - 1] == ']');
	return word;
}

static void read_process(struct processes *all, struct span line, const struct proc_columns *at,
			 bool is_old)
{
	int64_t pid = span_number(word_at(line, 0));
	int64_t reloads = at->reloads < 0 ? -1 : span_number(word_at(line, at->reloads));
	struct span type = word_at(line, 1);

	if (pid <= 0)
		return;
	if (span_is(type, "master")) {
		struct span rest = line, word;

		all->master_pid = pid;
		all->reloads = reloads;
		while (words_next(&rest, &word))
			if (span_begins(word, "[failed:") && words_next(&rest, &word))
				all->failed = span_number(word);
		return;
	}
	if (!span_is(type, "worker"))
		return;
	all->workers = mem_realloc(all->workers, (all->count + 1) * sizeof *all->workers);
	all->workers[all->count++] = (struct worker){
		.pid = pid,
		.reloads = reloads,
		.uptime = at->uptime < 0 ? -1 : span_seconds(word_at(line, at->uptime)),
		.is_old = is_old,
	};
}

struct processes show_proc_parse(const char *text)
{
	struct processes all = { .master_pid = -1, .reloads = -1, .failed = -1 };
	struct proc_columns at = { -1, -1 };
	bool is_old = false, counts = true;
	struct span line;

	while (words_line(&text, &line)) {
		if (span_begins(line, "#<PID>")) {
			at.reloads = title_index(line, "<reloads>");
			at.uptime = title_index(line, "<uptime>");
		} else if (span_begins(line, "#")) {
			is_old = span_begins(line, "# old ");
			counts = span_begins(line, "# workers") ||
				 span_begins(line, "# old workers");
		} else if (counts) {
			read_process(&all, line, &at, is_old);
		}
	}
	return all;
}

void show_proc_free(struct processes *all)
{
	free(all->workers);
	*all = (struct processes){ 0 };
}

int64_t show_proc_current(const struct processes *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (!all->workers[i].is_old)
			return all->workers[i].pid;
	return -1;
}

/* "0x55e8: [27/Nov/2026:19:52:44] id=gwpeers disabled=0 flags=0x6811 ..." */
static void add_section(struct peers *all, struct span line)
{
	struct peers_section *s;

	all->sections =
		mem_realloc(all->sections, (all->section_count + 1) * sizeof *all->sections);
	s = &all->sections[all->section_count++];
	s->name = span_dup(words_value(line, "id="));
	s->flags = span_hex(words_value(line, "flags="));
	s->is_disabled = span_number(words_value(line, "disabled=")) > 0;
}

/* "  0x55e8: id=lb2(remote,active) addr=127.0.0.1:10000 last_status=ESTA ..." */
static void add_peer(struct peers *all, struct span line)
{
	struct span word = words_value(line, "id="), name = word;
	struct span kind;
	struct peer *p;

	while (name.len > 0 && memchr(name.at, '(', name.len) != NULL)
		name.len--;
	kind = span_after((struct span){ name.at, (size_t)(line.at + line.len - name.at) },
			  name.len);
	all->peers = mem_realloc(all->peers, (all->peer_count + 1) * sizeof *all->peers);
	p = &all->peers[all->peer_count++];
	*p = (struct peer){
		.name = span_dup(name),
		.address = span_dup(words_value(line, "addr=")),
		.state = span_dup(words_value(line, "last_status=")),
		.is_local = span_begins(kind, "(local"),
		.is_active = span_begins(kind, "(local,active") ||
			     span_begins(kind, "(remote,active"),
		.section = all->section_count - 1,
	};
}

struct peers show_peers_parse(const char *text)
{
	struct peers all = { 0 };
	struct span line;

	while (words_line(&text, &line)) {
		if (span_begins(line, "0x") && words_value(line, "flags=").len > 0)
			add_section(&all, line);
		else if (span_begins(line, "  0x") && words_value(line, "last_status=").len > 0 &&
			 all.section_count > 0)
			add_peer(&all, line);
	}
	return all;
}

void show_peers_free(struct peers *all)
{
	for (size_t i = 0; i < all->section_count; i++)
		free(all->sections[i].name);
	for (size_t i = 0; i < all->peer_count; i++) {
		free(all->peers[i].name);
		free(all->peers[i].address);
		free(all->peers[i].state);
	}
	free(all->sections);
	free(all->peers);
	*all = (struct peers){ 0 };
}

bool show_peers_in_sync(const struct peers *all)
{
	for (size_t i = 0; i < all->section_count; i++)
		if (!all->sections[i].is_disabled &&
		    (all->sections[i].flags & PEERS_RESYNC_FINISHED) != PEERS_RESYNC_FINISHED)
			return false;
	return true;
}

int64_t show_errors_total(const char *text)
{
	struct span line;

	while (words_line(&text, &line))
		if (span_begins(line, "Total events captured")) {
			while (line.len > 0 && line.at[line.len - 1] == ' ')
				line.len--;
			for (size_t i = line.len; i > 0; i--)
				if (line.at[i - 1] == ' ' || line.at[i - 1] == ':')
					return span_number(span_after(line, i));
		}
	return -1;
}
