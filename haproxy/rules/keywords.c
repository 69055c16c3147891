/* Words that no HAProxy from 2.6 to 3.4 knows in a frontend, backend or listen, and those that have
 * taken their place. */
#include "rules/look.h"

#include "util/mem.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const char *const known[] = {
	"acl", "backlog", "balance", "bind", "bind-process", "capture", "clitcpka-cnt",
	"clitcpka-idle", "clitcpka-intvl", "compression", "cookie", "declare", "default",
	"default-server", "default_backend", "description", "disabled", "dispatch",
	"email-alert", "enabled", "error-log-format", "errorfile", "errorfiles", "errorloc",
	"errorloc302", "errorloc303", "external-check", "filter", "force-persist", "fullconn",
	"grace", "guid", "hash-balance-factor", "hash-preserve-affinity", "hash-type",
	"http-after-response", "http-check", "http-error", "http-request", "http-response",
	"http-reuse", "http-send-name-header", "id", "ignore-persist",
	"load-server-state-from-file", "log", "log-format", "log-format-sd", "log-steps",
	"log-tag", "max-keep-alive-queue", "max-session-srv-conns", "maxconn", "mode",
	"monitor", "monitor-uri", "no", "option", "persist", "quic-initial",
	"rate-limit", "redirect", "retries", "retry-on", "server", "server-state-file-name",
	"server-template", "source", "srvtcpka-cnt", "srvtcpka-idle", "srvtcpka-intvl",
	"stats", "stick", "stick-table", "tcp-check", "tcp-request", "tcp-response", "timeout",
	"transparent", "unique-id-format", "unique-id-header", "use-fcgi-app", "use-server",
	"use_backend",
};
/* clang-format on */

static const struct gone_word gone[] = {
	{ "clitimeout", "timeout client", true },
	{ "srvtimeout", "timeout server", true },
	{ "contimeout", "timeout connect", true },
	{ "redispatch", "option redispatch", true },
	{ "block", "http-request deny", true },
	{ "monitor-net", "http-request return status 200 if { src NETWORK }", false },
	{ "appsession", "stick-table and stick on", false },
	{ "reqadd", "http-request add-header", false },
	{ "reqdel", "http-request del-header", false },
	{ "reqrep", "http-request replace-header", false },
	{ "reqirep", "http-request replace-header", false },
	{ "rspadd", "http-response add-header", false },
	{ "rspdel", "http-response del-header", false },
	{ "rsprep", "http-response replace-header", false },
};

const struct gone_word *gone_word(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
		if (strcmp(gone[i].word, word) == 0)
			return &gone[i];
	}
	return NULL;
}

static const struct cfg_line *gone_line_in(const struct cfg_section *s, const char *replaced_by)
{
	for (size_t i = 0; s != NULL && i < s->line_count; i++) {
		const struct gone_word *g = gone_word(s->lines[i]->words[0]);

		if (g != NULL && strcmp(g->replaced_by, replaced_by) == 0)
			return s->lines[i];
	}
	return NULL;
}

const struct cfg_line *gone_line_for(const struct proxy *p, const char *replaced_by)
{
	const struct cfg_line *own = gone_line_in(p->section, replaced_by);

	return own != NULL ? own : gone_line_in(p->section->defaults, replaced_by);
}

static const char *nearest(const char *word, unsigned *distance)
{
	const char *best = "";

	*distance = ~0U;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		unsigned d = text_distance(word, known[i]);

		if (d < *distance) {
			*distance = d;
			best = known[i];
		}
	}
	return best;
}

static void look_line(struct look *l, const struct cfg_line *line)
{
	const char *word = line->words[0];
	const struct gone_word *old = gone_word(word);
	unsigned distance;
	const char *best;

	if (line->has_variable || word[0] == '.')
		return;
	if (old != NULL) {
		found_with(l, RULE_ERROR, line, old->is_same ? old->replaced_by : "",
			   "HAProxy no longer knows `%s`: `%s` has taken its place", word,
			   old->replaced_by);
		return;
	}
	best = nearest(word, &distance);
	if (distance == 0)
		return;
	if (distance <= 2)
		found(l, line, "HAProxy knows no keyword `%s`; `%s` may be meant", word, best);
	else
		found(l, line, "HAProxy knows no keyword `%s` here", word);
}

static void look_keywords(struct look *l)
{
	for (size_t i = 0; i < l->cfg->section_count; i++) {
		const struct cfg_section *s = l->cfg->sections[i];

		if (s->kind != CFG_DEFAULTS && !cfg_is_frontend(s) && !cfg_is_backend(s))
			continue;
		for (size_t k = 0; k < s->line_count; k++)
			look_line(l, s->lines[k]);
	}
}

/* An old word for another one; what was meant by a wrong one nobody knows. */
static bool fix_keyword(struct cfg *cfg, const struct finding *f)
{
	const char *blank = f->detail != NULL ? strchr(f->detail, ' ') : NULL;
	char *first;
	bool ok;

	if (blank == NULL)
		return false;
	first = mem_strndup(f->detail, (size_t)(blank - f->detail));
	ok = fix_word(cfg, f->line, 0, blank + 1) && fix_insert(cfg, f->line, 0, first);
	free(first);
	return ok;
}

static const struct rule rules[] = {
	{ "K56", "unknown-keyword", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it.",
	  "The keyword that was meant, or the one that has taken its place: HAProxy 2.1 took out "
	  "those that 1.x had deprecated (`clitimeout 11m` is `timeout client 11m`).  HAProxy's own "
	  "verdict knows the keywords of its version.",
	  look_keywords, fix_keyword },
};

const struct rule_group keyword_rules = { rules, ARRAY_LEN(rules) };
