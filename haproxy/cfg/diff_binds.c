/* Where a frontend listens: port by port, so that ranges may be cut otherwise. */
#include "cfg/diff_parts.h"

#include "cfg/view.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

/* One port of one address. */
struct spot {
	const char *host;
	int port;
	const char *options; /* in one order */
	const struct cfg_line *line;
};

struct spots {
	struct cfg_bind *binds;
	char **options; /* one a bind */
	size_t bind_count;
	struct spot *list;
	size_t count;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct cfg_option *)a)->name, ((const struct cfg_option *)b)->name);
}

static char *options_text(const struct cfg_options *o)
{
	struct cfg_options sorted = *o;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		abort();
	qsort(sorted.list, sorted.count, sizeof *sorted.list, by_name);
	for (size_t i = 0; i < sorted.count; i++)
		fprintf(out, "%s%s%s%s", i > 0 ? " " : "", sorted.list[i].name,
			sorted.list[i].value[0] != '\0' ? " " : "", sorted.list[i].value);
	fclose(out);
	return text;
}

static int by_spot(const void *one, const void *other)
{
	const struct spot *a = one, *b = other;
	int order = strcmp(a->host, b->host);

	if (order == 0)
		order = strcmp(a->options, b->options);
	return order != 0 ? order : a->port - b->port;
}

/* Of a range that is none: its first port. */
static int last_port(const struct cfg_bind *b)
{
	return b->last >= b->first && b->last < 65536 ? b->last : b->first;
}

static void add_bind(struct spots *s, const struct cfg_bind *b, const char *options)
{
	int last = last_port(b);

	for (int port = b->first; port <= last; port++) {
		if ((s->count & (s->count - 1)) == 0)
			s->list = mem_realloc(s->list, (2 * s->count + 1) * sizeof *s->list);
		s->list[s->count++] = (struct spot){ b->host, port, options, b->line };
	}
}

static struct spots spots_of(struct cfg_section *section)
{
	struct spots s = { 0 };

	s.binds = cfg_binds(section, &s.bind_count);
	s.options = mem_zalloc((s.bind_count + 1) * sizeof *s.options);
	for (size_t i = 0; i < s.bind_count; i++) {
		s.options[i] = options_text(&s.binds[i].options);
		add_bind(&s, &s.binds[i], s.options[i]);
	}
	if (s.count > 1)
		qsort(s.list, s.count, sizeof *s.list, by_spot);
	return s;
}

static void spots_free(struct spots *s)
{
	for (size_t i = 0; i < s->bind_count; i++)
		free(s->options[i]);
	free(s->options);
	free(s->binds);
	free(s->list);
}

/* The options of the same address and port, those wanted if there are some like them; NULL:
 * nobody listens there. */
static const char *find(const struct spots *s, const struct spot *wanted,
			const struct cfg_line **line)
{
	const char *found = NULL;

	for (size_t i = 0; i < s->bind_count; i++) {
		const struct cfg_bind *b = &s->binds[i];

		if (wanted->port < b->first || wanted->port > last_port(b) ||
		    strcmp(b->host, wanted->host) != 0)
			continue;
		found = s->options[i];
		*line = b->line;
		if (strcmp(found, wanted->options) == 0)
			return found;
	}
	return found;
}

static void place_text(const struct spot *first, int last, char to[600])
{
	const char *host = first->host[0] != '\0' ? first->host : "*";

	if (first->port == 0)
		snprintf(to, 600, "bind %s", host);
	else if (first->port == last)
		snprintf(to, 600, "bind %s:%d", host, last);
	else
		snprintf(to, 600, "bind %s:%d-%d", host, first->port, last);
}

/* Whether the options decide what a client must say. */
static bool speaks_otherwise(const char *before, const char *after)
{
	static const char *const words[] = { "ssl", "accept-proxy" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);
		bool in[2] = { false, false };
		const char *text[2] = { before, after };

		for (int k = 0; k < 2; k++) {
			for (const char *p = text[k]; *p != '\0';
			     p += strcspn(p, " "), p += *p == ' ')
				in[k] |= strncmp(p, words[i], n) == 0 &&
					 (p[n] == ' ' || p[n] == '\0');
		}
		if (in[0] != in[1])
			return true;
	}
	return false;
}

/* Ports [at, end) of one side, next to each other and alike, as one change. */
static void report(struct diff *d, const struct diff_pair *pair, const struct spot *first, int last,
		   const char *other, const struct cfg_line *line, bool is_before)
{
	char what[600];

	place_text(first, last, what);
	if (other == NULL && is_before)
		diff_add(
			d, pair, DIFF_REMOVED, DIFF_DISCONNECTS, first->line, what, first->options,
			NULL,
			"clients that are told this port find nobody listening when they connect again");
	else if (other == NULL)
		diff_add(d, pair, DIFF_ADDED, DIFF_RELOAD, first->line, what, NULL, first->options,
			 "a new worker must open it");
	else if (is_before && speaks_otherwise(first->options, other))
		diff_add(d, pair, DIFF_CHANGED, DIFF_DISCONNECTS, line, what, first->options, other,
			 "clients must begin otherwise: those of before are refused");
	else if (is_before)
		diff_add(d, pair, DIFF_CHANGED, DIFF_RELOAD, line, what, first->options, other,
			 "a new worker must open it");
}

static bool goes_on(const struct spot *a, const struct spot *b)
{
	return a->port + 1 == b->port && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->options, b->options) == 0;
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void one_side(struct diff *d, const struct diff_pair *pair, const struct spots *mine,
		     const struct spots *theirs, bool is_before)
{
	const struct cfg_line *line = NULL, *ignored;

	for (size_t i = 0; i < mine->count;) {
		const struct spot *first = &mine->list[i];
		const char *other = find(theirs, first, &line);
		size_t end = i + 1;

		while (end < mine->count && goes_on(&mine->list[end - 1], &mine->list[end]) &&
		       is_same(find(theirs, &mine->list[end], &ignored), other))
			end++;
		if (other == NULL || strcmp(other, first->options) != 0)
			report(d, pair, first, mine->list[end - 1].port, other, line, is_before);
		i = end;
	}
}

void diff_binds(struct diff *d, const struct diff_pair *pair)
{
	struct spots before = spots_of(pair->before), after = spots_of(pair->after);

	one_side(d, pair, &before, &after, true);
	one_side(d, pair, &after, &before, false);
	spots_free(&before);
	spots_free(&after);
}
