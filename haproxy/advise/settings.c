/* Timeouts, redispatch and limits. */
#include "advise/inside.h"

#include "util/mem.h"
#include "util/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	IDLE_MS = 660000,  /* a minute more than clients and nodes keep idle connections */
	LEAST_MS = 545000, /* five seconds more than clients keep them */
	OTHERS = 64	   /* descriptors beside those of connections */
};

/* --- timeouts --- */

static const char idle_why[] =
	"Kafka's clients keep idle connections for 9 minutes and nodes for 10, and a consumer whose "
	"group forms is silent for 5: HAProxy must not be the one that closes";

static void set_timeout(struct advisor *a, const struct cfg_section *s, const char *name,
			const struct cfg_line *line)
{
	char *value = advise_time(IDLE_MS), *text = mem_printf("timeout %s %s", name, value);

	if (line != NULL)
		changes_set(&a->out->edits, line, text);
	else
		changes_add(&a->out->edits, s->header, text);
	free(text);
	free(value);
}

static void advise_timeout(struct advisor *a, const struct cfg_section *s, const char *name,
			   const char *matter)
{
	const struct cfg_line *line = NULL;
	int64_t ms = s != NULL ? cfg_timeout(s, name, &line) : -1;

	if (s == NULL)
		return;
	if (ms >= LEAST_MS) {
		advise_say(a, matter, advise_time(ms), NULL, false,
			   mem_strdup("longer than clients keep idle connections"));
		return;
	}
	set_timeout(a, s, name, line);
	advise_say(a, matter, ms < 0 ? mem_strdup("none") : advise_time(ms), advise_time(IDLE_MS),
		   true, mem_strdup(idle_why));
}

/* It takes the place of both others. */
static void advise_tunnel(struct advisor *a)
{
	const struct cfg_line *line;
	int64_t ms = cfg_timeout(a->file->backend, "tunnel", &line);

	if (line == NULL || ms >= LEAST_MS)
		return;
	changes_delete(&a->out->edits, line);
	advise_say(a, "timeout tunnel", ms < 0 ? mem_strdup("?") : advise_time(ms),
		   mem_strdup("none"), true,
		   mem_strdup("it takes the place of the client's and the server's timeout once "
			      "bytes flow, and is too short"));
}

void advise_timeouts(struct advisor *a)
{
	advise_timeout(a, a->file->frontend, "client", "timeout client");
	advise_timeout(a, a->file->backend, "server", "timeout server");
	advise_tunnel(a);
}

/* --- redispatch --- */

void advise_redispatch(struct advisor *a)
{
	const struct cfg_line *line = cfg_setting(a->file->backend, "option", "redispatch");
	bool is_set = cfg_has(a->file->backend, "redispatch");
	bool at_once = is_set && line->word_count > 2 && strcmp(line->words[2], "1") == 0;

	if (at_once) {
		advise_say(a, "redispatch", mem_strdup("1"), NULL, false,
			   mem_strdup("a client whose node refuses it reaches another at once"));
		return;
	}
	if (is_set)
		changes_set(&a->out->edits, line, "option redispatch 1");
	else
		changes_add(&a->out->edits, a->file->backend->header, "option redispatch 1");
	advise_say(a, "redispatch", mem_strdup(is_set ? "at the last try" : "none"),
		   mem_strdup("1"), true,
		   mem_strdup("without the 1 a client that sticks to a node that died waits for "
			      "seconds, or is refused each time"));
}

/* --- limits --- */

void advise_maxconn(struct advisor *a)
{
	const struct cfg_line *line = cfg_global(a->file->cfg, "maxconn", NULL);
	int64_t peak = a->facts->peak, now = a->facts->maxconn, better;
	char *text;

	if (now < 0)
		return;
	if (peak * 10 <= now * 7) {
		advise_say(a, "maxconn", mem_printf("%" PRId64, now), NULL, false,
			   mem_printf("at most %" PRId64 " connections were open at once", peak));
		return;
	}
	better = (2 * peak + 99) / 100 * 100;
	text = mem_printf("maxconn %" PRId64, better);
	if (line != NULL)
		changes_set(&a->out->edits, line, text);
	free(text);
	advise_say(a, "maxconn", mem_printf("%" PRId64, now), mem_printf("%" PRId64, better),
		   line != NULL,
		   mem_printf("%" PRId64
			      " connections were open at once: above maxconn clients hang, "
			      "unlogged, until their own timeout; it takes %" PRId64
			      " descriptors (ulimit -n), and half as many connections' more with "
			      "option splice",
			      peak, 2 * better + OTHERS));
}

/* "{ sc1_conn_cur gt 200 }" in a line that rejects by the source: the number's word, or -1. */
static int limit_word(const struct cfg_line *line)
{
	if (!cfg_line_is(line, "tcp-request", "connection", "reject", NULL))
		return -1;
	for (int i = 3; i + 2 < line->word_count; i++)
		if (strstr(line->words[i], "conn_cur") != NULL &&
		    strcmp(line->words[i + 1], "gt") == 0)
			return i + 2;
	return -1;
}

static void judge_limit(struct advisor *a, const struct cfg_line *line, int word)
{
	int64_t limit, busiest = (int64_t)a->facts->busiest, better;
	char *text;

	if (!text_int64(line->words[word], &limit))
		return;
	if (busiest * 2 <= limit) {
		advise_say(a, "limit of a source", mem_printf("%" PRId64, limit), NULL, false,
			   mem_printf("%s has most, %" PRId64, a->facts->busiest_source, busiest));
		return;
	}
	better = (3 * busiest + 9) / 10 * 10;
	text = mem_printf("%" PRId64, better);
	changes_set_word(&a->out->edits, line, "gt", text);
	advise_say(a, "limit of a source", mem_printf("%" PRId64, limit), text, true,
		   mem_printf("%s has %" PRId64 " connections: clients that come back after a "
			      "failure have old and new ones for a while",
			      a->facts->busiest_source, busiest));
}

void advise_source_limit(struct advisor *a)
{
	const struct cfg_section *s = a->file->frontend;

	for (size_t i = 0; s != NULL && i < s->line_count; i++) {
		int word = limit_word(s->lines[i]);

		if (word >= 0) {
			judge_limit(a, s->lines[i], word);
			return;
		}
	}
	if (a->facts->busiest > 0)
		advise_say(a, "limit of a source", mem_strdup("none"), NULL, false,
			   mem_printf("%s has most, %zu; a limit should leave it three times that",
				      a->facts->busiest_source, a->facts->busiest));
}
