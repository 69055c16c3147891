/* Words that no HAProxy from 2.6 to 3.4 knows in a frontend, backend or listen. */
#include "rules/look.h"

#include "util/text.h"

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
	"monitor", "monitor-net", "monitor-uri", "no", "option", "persist", "quic-initial",
	"rate-limit", "redirect", "retries", "retry-on", "server", "server-state-file-name",
	"server-template", "source", "srvtcpka-cnt", "srvtcpka-idle", "srvtcpka-intvl",
	"stats", "stick", "stick-table", "tcp-check", "tcp-request", "tcp-response", "timeout",
	"transparent", "unique-id-format", "unique-id-header", "use-fcgi-app", "use-server",
	"use_backend",
};
/* clang-format on */

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
	unsigned distance;
	const char *best;

	if (line->has_variable || word[0] == '.')
		return;
	best = nearest(word, &distance);
	if (distance == 0)
		return;
	if (distance <= 2)
		found(l, line, "unknown keyword `%s`: `%s` is one", word, best);
	else
		found(l, line, "unknown keyword `%s`", word);
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

static const struct rule rules[] = {
	{ "K56", "unknown-keyword", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it.",
	  "The keyword that was meant; HAProxy's own verdict knows those of its version.",
	  look_keywords },
};

const struct rule_group keyword_rules = { rules, ARRAY_LEN(rules) };
