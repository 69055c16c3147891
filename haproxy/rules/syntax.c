/* How the file is written: lines, words, their order, what belongs to HTTP. */
#include "rules/look.h"

#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 2048 };

/* --- K53, K54 --------------------------------------------------------------- */

static void look_last_line(struct look *l)
{
	for (size_t i = 0; i < l->cfg->line_count; i++) {
		const struct cfg_line *line = l->cfg->lines[i];
		bool is_last = i + 1 == l->cfg->line_count ||
			       l->cfg->lines[i + 1]->file != line->file;

		if (is_last && !line->has_line_end && line->size > 0 && !line->deleted)
			found(l, line, "the last line has no line feed");
	}
}

static bool fix_last_line(struct cfg *cfg, const struct finding *f)
{
	(void)cfg;
	cfg_line_end(f->line);
	return true;
}

static void look_long_lines(struct look *l)
{
	for (size_t i = 0; i < l->cfg->line_count; i++) {
		const struct cfg_line *line = l->cfg->lines[i];

		if (line->deleted)
			continue;
		if (line->word_count > CFG_HAPROXY_WORDS_MAX)
			found(l, line, "%d words, HAProxy takes %d a line", line->word_count,
			      CFG_HAPROXY_WORDS_MAX);
	}
}

/* --- K50 -------------------------------------------------------------------- */

/* In the order in which HAProxy goes through them. */
static int rank_of(const struct cfg_line *line)
{
	static const struct {
		const char *first, *second;
	} order[] = {
		{ "tcp-request", "connection" },
		{ "tcp-request", "session" },
		{ "tcp-request", "content" },
		{ "http-request", NULL },
		{ "redirect", NULL },
		{ "use_backend", NULL },
		{ "use-server", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		if (cfg_line_is(line, order[i].first, order[i].second, NULL))
			return (int)i;
	}
	return -1;
}

static void look_order(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct cfg_section *s = l->proxies[i].section;
		const struct cfg_line *latest = NULL;

		for (size_t k = 0; k < s->line_count; k++) {
			int rank = rank_of(s->lines[k]);

			if (rank < 0)
				continue;
			if (latest != NULL && rank < rank_of(latest))
				found(l, s->lines[k],
				      "it counts before the `%s%s%s` of line %d, though it is written behind",
				      latest->words[0], rank_of(latest) < 3 ? " " : "",
				      rank_of(latest) < 3 ? latest->words[1] : "", latest->number);
			else
				latest = s->lines[k];
		}
	}
}

/* Moves it in front of the first that counts after it. */
static bool fix_order(struct cfg *cfg, const struct finding *f)
{
	struct cfg_section *s = f->line->section;
	struct cfg_line *before = s->header;
	const char *from = f->line->text + strspn(f->line->text, " \t");
	char *text = mem_strndup(from, strcspn(from, "\r\n"));
	bool ok;

	for (size_t k = 0; k < s->line_count && rank_of(s->lines[k]) <= rank_of(f->line); k++)
		before = s->lines[k];
	ok = cfg_line_add(cfg, before, text) != NULL;
	free(text);
	if (ok)
		cfg_line_delete(f->line);
	return ok;
}

/* --- K51 -------------------------------------------------------------------- */

static bool is_http_only(const struct cfg_line *line)
{
	static const char *const words[] = { "http-request", "http-response", "http-after-response",
					     "redirect", "cookie" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(line->words[0], words[i]) == 0)
			return true;
	}
	return false;
}

static void look_http(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];
		const struct cfg_line *httplog = cfg_setting(p->section, "option", "httplog");

		if (!p->is_tcp)
			continue;
		for (size_t k = 0; k < p->section->line_count; k++) {
			if (is_http_only(p->section->lines[k]))
				found(l, p->section->lines[k], "`%s` has no effect in TCP mode",
				      p->section->lines[k]->words[0]);
		}
		if (p->is_frontend && cfg_has(p->section, "httplog"))
			found(l, httplog,
			      "`option httplog` of %s in TCP mode: the log has empty HTTP fields and "
			      "lacks those of TCP",
			      p->section->name);
	}
}

static bool fix_http(struct cfg *cfg, const struct finding *f)
{
	if (cfg_line_is(f->line, "option", "httplog", NULL))
		return fix_word(cfg, f->line, 1, "tcplog");
	cfg_line_delete(f->line);
	return true;
}

/* --- K52 -------------------------------------------------------------------- */

static const struct cfg_section *explicit_user(const struct cfg *cfg,
					       const struct cfg_section *defaults)
{
	for (size_t i = 0; i < cfg->section_count; i++) {
		if (cfg->sections[i]->defaults == defaults && cfg->sections[i]->from != NULL)
			return cfg->sections[i];
	}
	return NULL;
}

static void look_defaults(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct cfg_section *s = l->proxies[i].section, *other;

		if (s->from != NULL || s->defaults == NULL)
			continue;
		other = explicit_user(l->cfg, s->defaults);
		if (other != NULL)
			found(l, s->header,
			      "%s takes the defaults %s without naming them, while %s %s says `from %s`",
			      s->name, s->defaults->name, other->keyword, other->name, other->from);
	}
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K50", "rules-out-of-order", RULE_WARNING, RULE_FILE, "warns",
	  "HAProxy goes through connection, session and content rules and then use_backend, in "
	  "whatever order they are written: a reader sees another logic than what happens.",
	  "Write them in the order in which they count.", look_order, fix_order },
	{ "K51", "http-in-tcp", RULE_WARNING, RULE_FILE, "warns",
	  "Kafka goes through TCP mode, where rules for HTTP do nothing.",
	  "Leave them out; `option tcplog` for the log.", look_http, fix_http },
	{ "K52", "defaults-mixed", RULE_ERROR, RULE_FILE, "warns",
	  "HAProxy 2.6 alerts and 2.8 does not start when the same defaults are named by one section and taken "
	  "silently by another; 3.x warns.",
	  "`from NAME` in every frontend and backend, or in none.", look_defaults },
	{ "K53", "no-last-line-feed", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it: it takes the file for cut off.",
	  "End it with a line feed.", look_last_line, fix_last_line },
	{ "K54", "too-many-words", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it.",
	  "Put what servers have in common into default-server, and long lists into files (-f).",
	  look_long_lines },
};

const struct rule_group syntax_rules = { rules, ARRAY_LEN(rules) };
