/* How long HAProxy waits.  Kafka connections are silent for minutes and live for hours. */
#include "rules/look.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* A client keeps idle connections for 9 minutes (connections.max.idle.ms). */
	IDLE_LEAST_MS = 9 * 60000 + 5000,
	CONNECT_MOST_MS = 10000,
	CONNECT_LEAST_MS = 100,
};

#define GOOD_IDLE "11m"

/* --- K15 -------------------------------------------------------------------- */

static void need(struct look *l, const struct proxy *p, const char *name, const char *setting)
{
	const struct cfg_line *old;
	char now[32];

	if (sets(p, "timeout", name))
		return;
	snprintf(now, sizeof now, "timeout %s", name);
	old = gone_line_for(p, now);
	if (old != NULL)
		found_with(l, RULE_ERROR, p->section->header, "",
			   "%s has no `%s`, which has taken the place of `%s` (line %d)",
			   p->section->name, now, old->words[0], old->number);
	else
		found_with(l, RULE_ERROR, p->section->header, setting, "%s has no `%s`",
			   p->section->name, now);
}

static void look_missing(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		if (p->is_frontend && p->bind_count > 0)
			need(l, p, "client",
			     p->is_tcp ? "timeout client 11m" : "timeout client 1m");
		if (p->server_count == 0)
			continue;
		need(l, p, "server", p->is_tcp ? "timeout server 11m" : "timeout server 1m");
		need(l, p, "connect", "timeout connect 3s");
	}
}

static bool fix_missing(struct cfg *cfg, const struct finding *f)
{
	/* "": mending the old line mends this one */
	return f->detail[0] != '\0' && fix_add_setting(cfg, f->line->section, "timeout", f->detail);
}

/* --- K16 -------------------------------------------------------------------- */

static bool has_unit(const struct cfg_line *line)
{
	int64_t ms;
	bool unit = true;

	return line->word_count < 3 || !cfg_parse_time(line->words[2], &ms, &unit) || unit;
}

static void look_idle(struct look *l, const struct proxy *p, const char *name)
{
	const struct cfg_line *line;
	int64_t ms = cfg_timeout(p->section, name, &line);

	if (ms < 0)
		return;
	if (ms < IDLE_LEAST_MS)
		found_with(l, RULE_WARNING, line, GOOD_IDLE,
			   "`timeout %s %s` is %g s%s: HAProxy closes %s before "
			   "a Kafka client would, in the middle of a long poll or a rebalance",
			   name, line->words[2], (double)ms / 1000,
			   has_unit(line) ? "" : " (a number without a unit is in milliseconds)",
			   p->section->name);
}

static void look_tunnel(struct look *l, const struct proxy *p)
{
	const struct cfg_line *line;
	int64_t tunnel = cfg_timeout(p->section, "tunnel", &line);
	int64_t client = cfg_timeout(p->section, "client", NULL);
	int64_t server = cfg_timeout(p->section, "server", NULL);
	int64_t most = client > server ? client : server;

	if (tunnel >= 0 && (tunnel < most || tunnel < IDLE_LEAST_MS))
		found_with(
			l, RULE_WARNING, line, "",
			"`timeout tunnel %s` takes the place of both timeouts of %s in TCP mode, and "
			"is shorter",
			line->words[2], p->section->name);
}

static void look_inspect(struct look *l, const struct proxy *p)
{
	const struct cfg_line *line = cfg_setting(p->section, "tcp-request", "inspect-delay");
	int64_t client = cfg_timeout(p->section, "client", NULL), delay;
	bool unit;

	if (line == NULL || client < 0 || line->word_count < 3 ||
	    !cfg_parse_time(line->words[2], &delay, &unit))
		return;
	if (delay >= client)
		found_with(
			l, RULE_ERROR, line, "10s",
			"the inspect-delay is not below `timeout client`, which ends the wait first");
	else if (delay < 3000)
		found_with(l, RULE_WARNING, line, "10s",
			   "an inspect-delay of %" PRId64
			   " ms: a cold Java client took 1.6 s to send its "
			   "first byte",
			   delay);
}

static void look_connect(struct look *l, const struct proxy *p)
{
	const struct cfg_line *line;
	int64_t ms = cfg_timeout(p->section, "connect", &line);

	if (ms < 0)
		return;
	if (ms < CONNECT_LEAST_MS)
		found_with(l, RULE_WARNING, line, "3s", "`timeout connect %s` is %" PRId64 " ms%s",
			   line->words[2], ms,
			   has_unit(line) ? "" : ": a number without a unit is in milliseconds");
	else if (ms > CONNECT_MOST_MS)
		found_with(
			l, RULE_ADVICE, line, "3s",
			"`timeout connect %s`: a node that swallows packets costs a client that long "
			"at each try, and it gives up after 10 s",
			line->words[2]);
}

static void look_fin(struct look *l, const struct proxy *p)
{
	static const char *const names[] = { "client-fin", "server-fin" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct cfg_line *line;
		int64_t ms = cfg_timeout(p->section, names[i], &line);

		if (ms >= 0 && ms < 60000)
			found_with(
				l, RULE_ADVICE, line, "",
				"`timeout %s %s` cuts a peer that has said its last but still reads",
				names[i], line->words[2]);
	}
}

/* The same line counts for many proxies: it is told once. */
static bool is_told(const struct look *l, const struct finding *f)
{
	for (size_t i = 0; &l->findings->list[i] != f; i++) {
		const struct finding *o = &l->findings->list[i];

		if (o->rule == f->rule && o->line == f->line &&
		    (o->detail == f->detail || strcmp(o->detail, f->detail) == 0))
			return true;
	}
	return false;
}

static void drop_told(struct look *l, size_t from)
{
	for (size_t i = from; i < l->findings->count;) {
		struct finding *f = &l->findings->list[i];

		if (!is_told(l, f)) {
			i++;
			continue;
		}
		free(f->what);
		free(f->detail);
		*f = l->findings->list[--l->findings->count];
	}
}

static void look_lengths(struct look *l)
{
	size_t from = l->findings->count;

	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		if (!p->is_tcp)
			continue;
		if (p->is_frontend && p->bind_count > 0) {
			look_idle(l, p, "client");
			look_inspect(l, p);
		}
		if (p->server_count > 0) {
			look_idle(l, p, "server");
			look_tunnel(l, p);
			look_connect(l, p);
		}
		look_fin(l, p);
	}
	drop_told(l, from);
}

static bool fix_lengths(struct cfg *cfg, const struct finding *f)
{
	if (f->detail[0] != '\0')
		return fix_word(cfg, f->line, 2, f->detail);
	cfg_line_delete(f->line);
	return true;
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K15", "no-timeouts", RULE_ERROR, RULE_FILE, "warns",
	  "Without a timeout a connection whose peer vanished stays for ever, and they add up to "
	  "maxconn.",
	  "`timeout client 11m`, `timeout server 11m`, `timeout connect 3s`.", look_missing,
	  fix_missing },
	{ "K16", "bad-timeouts", RULE_ERROR, RULE_FILE, "silent",
	  "A Kafka connection is silent while a consumer waits for data or for its group, up to "
	  "max.poll.interval.ms (5 minutes), and clients keep idle ones for 9 minutes.  What HAProxy "
	  "closes before that shows up as a disconnected broker.  `timeout tunnel` takes the place "
	  "of both sides' timeouts in TCP mode.  A number without a unit is in milliseconds.",
	  "`timeout client` and `timeout server` alike, 11m; no `timeout tunnel`; inspect-delay 10s.",
	  look_lengths, fix_lengths },
};

const struct rule_group timeout_rules = { rules, ARRAY_LEN(rules) };
