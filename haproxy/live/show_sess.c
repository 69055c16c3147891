#include "live/show_sess.h"

#include "live/words.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

static void set_text(char **to, struct span s)
{
	bool is_none = span_begins(s, "<none>") || span_begins(s, "<NONE>") || s.len == 0;

	if (is_none && *to != NULL)
		return;
	free(*to);
	*to = is_none ? mem_strdup("") : span_dup(s);
}

static void set_if_there(char **to, struct span line, const char *key)
{
	struct span value = words_value(line, key);

	if (value.len > 0)
		set_text(to, value);
}

static bool begins_session(struct span line)
{
	return span_begins(line, "0x") && words_value(line, "proto=").len > 0;
}

static struct session *new_session(struct sessions *all, size_t *room, struct span line)
{
	struct session *s;
	struct span id;

	if (all->count == *room) {
		*room = *room * 2 + 16;
		all->list = mem_realloc(all->list, *room * sizeof *all->list);
	}
	s = &all->list[all->count++];
	*s = (struct session){ .age = -1 };
	for (id = line; id.len > 0 && memchr(id.at, ':', id.len) != NULL;)
		id.len--;
	s->id = span_dup(id);
	set_text(&s->protocol, words_value(line, "proto="));
	set_text(&s->source, words_value(line, "src="));
	set_if_there(&s->source, line, "source=");
	set_text(&s->frontend, words_value(line, "fe="));
	set_text(&s->backend, words_value(line, "be="));
	set_text(&s->server, words_value(line, "srv="));
	return s;
}

/* "rq[f=848000h,i=0,an=00h" of the short form. */
static uint64_t short_form_input(struct span line, const char *channel)
{
	size_t size = strlen(channel);

	for (size_t i = 0; i + size <= line.len; i++)
		if (memcmp(line.at + i, channel, size) == 0) {
			int64_t n = span_number(words_value(span_after(line, i + size), "i="));

			return n > 0 ? (uint64_t)n : 0;
		}
	return 0;
}

static void add_positive(uint64_t *sum, struct span value)
{
	int64_t n = span_number(value);

	if (n > 0)
		*sum += (uint64_t)n;
}

static void read_total(struct session *s, struct span value, uint64_t *total)
{
	if (value.len == 0)
		return;
	add_positive(total, value);
	s->has_totals = true;
}

/* "req=0x55 (f=0x848000 an=0x0 pipe=0 tofwd=-1 total=17)"; 3.4 has no total there, but
 * "scf=0x55 flags=0x0 ... in=17 out=30" of what has come from that side. */
static void read_channel(struct session *s, struct span line, uint64_t *total)
{
	add_positive(&s->buffered, words_value(line, "pipe="));
	read_total(s, words_value(line, "total="), total);
}

/* Of "10.0.0.1:9092"; -1: "unix:1", "?". */
static int64_t port_of(struct span address)
{
	size_t n = address.len;

	while (n > 0 && address.at[n - 1] != ':')
		n--;
	return n < 2 || span_begins(address, "unix") ? -1 : span_number(span_after(address, n));
}

static void read_detail(struct session *s, struct span line)
{
	while (line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t'))
		line = span_after(line, 1);
	if (span_begins(line, "frontend="))
		s->port = port_of(words_value(line, "addr="));
	set_if_there(&s->frontend, line, "frontend=");
	set_if_there(&s->backend, line, "backend=");
	set_if_there(&s->server, line, "server=");
	if (words_value(line, "age=").len > 0)
		s->age = span_seconds(words_value(line, "age="));
	if (span_begins(line, "req="))
		read_channel(s, line, &s->bytes_in);
	if (span_begins(line, "res="))
		read_channel(s, line, &s->bytes_out);
	if (span_begins(line, "scf="))
		read_total(s, words_value(line, "in="), &s->bytes_in);
	if (span_begins(line, "scb="))
		read_total(s, words_value(line, "in="), &s->bytes_out);
	if (span_begins(line, "buf=") || words_value(line, "buf=").len > 0) {
		add_positive(&s->buffered, words_value(line, "o="));
		add_positive(&s->buffered, words_value(line, "i="));
	}
}

struct sessions show_sess_parse(const char *text)
{
	struct sessions all = { 0 };
	struct session *current = NULL;
	size_t room = 0;
	struct span line;

	while (words_line(&text, &line)) {
		if (begins_session(line)) {
			current = new_session(&all, &room, line);
			current->age = span_seconds(words_value(line, "age="));
			current->port = -1;
			current->buffered =
				short_form_input(line, "rq[") + short_form_input(line, "rp[");
		} else if (line.len == 0 || (line.at[0] != ' ' && line.at[0] != '\t')) {
			current = NULL;
		} else if (current != NULL) {
			read_detail(current, line);
		}
	}
	return all;
}

void show_sess_free(struct sessions *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct session *s = &all->list[i];

		free(s->id);
		free(s->protocol);
		free(s->source);
		free(s->frontend);
		free(s->backend);
		free(s->server);
	}
	free(all->list);
	*all = (struct sessions){ 0 };
}
