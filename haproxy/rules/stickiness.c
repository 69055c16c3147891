/* Keys that are looked for in what a client sends: client.id, SNI. */
#include "rules/look.h"

#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

#define CLIENT_ID "payload_lv(12,2)"

/* --- K01 -------------------------------------------------------------------- */

/* Whether it takes TLS apart without ending it, and lets nothing else in. */
static bool is_passthrough(const struct proxy *frontend)
{
	bool looks_at_tls = false, lets_kafka_in = false;

	for (size_t i = 0; i < frontend->bind_count; i++) {
		if (cfg_has_option(&frontend->binds[i].options, "ssl"))
			return false;
	}
	for (size_t i = 0; i < frontend->section->line_count; i++) {
		const struct cfg_line *line = frontend->section->lines[i];

		looks_at_tls |= line_mentions(line, "req.ssl_") || line_mentions(line, "req_ssl_");
		lets_kafka_in |= line_mentions(line, "req.payload(0,1)") && has_word(line, "00");
	}
	return looks_at_tls && !lets_kafka_in;
}

static void look_passthrough(struct look *l)
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct proxy *front = l->routes[i].frontend, *back = l->routes[i].backend;

		if (back == NULL || !is_passthrough(front))
			continue;
		for (size_t k = 0; k < back->section->line_count; k++) {
			const struct cfg_line *line = back->section->lines[k];

			if ((line_sticks(line) || cfg_line_is(line, "balance", "hash", NULL)) &&
			    line_is_from(l, back, line, CLIENT_ID))
				found(l, line,
				      "the key is Kafka's client.id, but %s passes TLS through and can't "
				      "read it",
				      front->section->name);
		}
	}
}

/* --- K02 -------------------------------------------------------------------- */

static bool waits(const struct proxy *p)
{
	return sets(p, "tcp-request", "inspect-delay");
}

/* Some content rule that looks at bytes, so that the delay is used at all. */
static bool has_content_rule(const struct proxy *p)
{
	bool reads = false, decides = false;

	for (size_t i = 0; i < p->section->line_count; i++) {
		const struct cfg_line *line = p->section->lines[i];

		decides |= cfg_line_is(line, "tcp-request", "content", NULL);
		reads |= line_reads_payload(line);
	}
	return reads && decides;
}

/* A frontend that leads to the backend and does not wait; NULL: all do. */
static const struct proxy *hasty_frontend(const struct look *l, const struct proxy *backend)
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct proxy *front = l->routes[i].frontend;

		if (l->routes[i].backend == backend && front->is_tcp &&
		    (!waits(front) || !has_content_rule(front)))
			return front;
	}
	return NULL;
}

static bool decides_by_bytes(const struct cfg_line *line)
{
	return line_reads_payload(line) &&
	       (line_sticks(line) || cfg_line_is(line, "balance", "hash", NULL) ||
		cfg_line_is(line, "use_backend", NULL) || cfg_line_is(line, "use-server", NULL) ||
		cfg_line_is(line, "tcp-request", "content", NULL) ||
		cfg_line_is(line, "acl", NULL));
}

static void look_proxy_waits(struct look *l, const struct proxy *p)
{
	const struct proxy *hasty = p;

	if (!p->is_tcp || (waits(p) && has_content_rule(p)))
		return;
	if (!p->is_frontend)
		hasty = hasty_frontend(l, p);
	for (size_t i = 0; hasty != NULL && i < p->section->line_count; i++) {
		const struct cfg_line *line = p->section->lines[i];

		if (!decides_by_bytes(line))
			continue;
		found_with(l, RULE_ERROR, line, hasty->section->name,
			   "it reads bytes that have not come yet: %s %s", hasty->section->name,
			   waits(hasty) ? "has an inspect-delay but no `tcp-request content` rule "
					  "that waits for them"
					: "has no `tcp-request inspect-delay`");
		return;
	}
}

static void look_waits(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++)
		look_proxy_waits(l, &l->proxies[i]);
}

/* The first fetch of bytes on the line: "req.payload_lv(12,2)". */
static char *fetch_of(const struct cfg_line *line)
{
	for (int i = 0; i < line->word_count; i++) {
		const char *at = strstr(line->words[i], "req");

		if (at != NULL && (strchr(at, '(') != NULL || strstr(at, "ssl") != NULL))
			return mem_strndup(at, strcspn(at, ", \t") == strlen(at) ||
							       strchr(at, '(') == NULL
						       ? strcspn(at, ",")
						       : strcspn(at, ")") + 1);
	}
	return mem_strdup("req.len");
}

/* In front of every content rule, so that none ends the wait before. */
static bool add_first_content(struct cfg *cfg, struct cfg_section *s, const char *text)
{
	struct cfg_line *before = s->header;

	for (size_t i = 0; i < s->line_count; i++) {
		if (cfg_line_is(s->lines[i], "tcp-request", "content", NULL))
			break;
		if (cfg_line_is(s->lines[i], "bind", NULL) ||
		    cfg_line_is(s->lines[i], "acl", NULL) ||
		    cfg_line_is(s->lines[i], "mode", NULL) ||
		    cfg_line_is(s->lines[i], "tcp-request", NULL))
			before = s->lines[i];
	}
	return cfg_line_add(cfg, before, text) != NULL;
}

static bool has_content(const struct cfg_section *s)
{
	return cfg_own(s, "tcp-request", "content") != NULL;
}

static bool fix_waits(struct cfg *cfg, const struct finding *f)
{
	struct cfg_section *s = cfg_section(cfg, CFG_FRONTEND, f->detail);
	bool ok = s != NULL;
	char rule[512];
	char *fetch = fetch_of(f->line);

	snprintf(rule, sizeof rule, "tcp-request content accept if { %s -m found }", fetch);
	if (ok && cfg_setting(s, "tcp-request", "inspect-delay") == NULL)
		ok = add_first_content(cfg, s, "tcp-request inspect-delay 10s");
	if (ok && !has_content(s))
		ok = add_first_content(cfg, s, rule);
	free(fetch);
	return ok;
}

/* --- K03 -------------------------------------------------------------------- */

static void look_balance_by_bytes(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct cfg_line *line;
		const char *balance = cfg_balance(l->proxies[i].section, &line);

		if (balance != NULL && strcmp(balance, "hash") == 0 && l->proxies[i].is_tcp &&
		    line_reads_payload(line))
			found(l, line, "HAProxy accepts `balance hash %s` and spreads at random",
			      line->word_count > 2 ? line->words[2] : "");
	}
}

/* Copies the key into a variable in each frontend that leads there. */
static bool fix_balance_by_bytes(struct cfg *cfg, const struct finding *f)
{
	struct look l;
	struct findings none = { 0 };
	const struct rule_facts nothing = { 0 };
	const struct proxy *p;
	char rule[512];
	bool ok = f->line->word_count > 2;

	if (!ok)
		return false;
	snprintf(rule, sizeof rule,
		 "tcp-request content set-var(txn.balance_key) %s if { %s -m found }",
		 f->line->words[2], f->line->words[2]);
	look_init(&l, cfg, &nothing, &none);
	p = look_proxy(&l, f->line->section);
	for (size_t i = 0; p != NULL && ok && i < l.route_count; i++) {
		if (l.routes[i].backend == p)
			ok = add_first_content(cfg, l.routes[i].frontend->section, rule);
	}
	look_deinit(&l);
	return ok && fix_word(cfg, f->line, 2, "var(txn.balance_key)");
}

/* --- K41, K59 --------------------------------------------------------------- */

static void look_redispatch(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];
		const struct cfg_line *line = cfg_setting(p->section, "option", "redispatch");

		if (!p->is_tcp || !proxy_is_sticky(p) || p->server_count < 2)
			continue;
		if (!cfg_has(p->section, "redispatch"))
			found(l, p->section->header,
			      "%s is sticky and has no `option redispatch`: clients of a node that "
			      "refuses get errors until its checks notice",
			      p->section->name);
		else if (line->word_count < 3)
			found_as(l, RULE_ADVICE, line,
				 "only the last retry goes elsewhere, seconds later: write "
				 "`option redispatch 1`");
	}
}

static bool fix_redispatch(struct cfg *cfg, const struct finding *f)
{
	if (cfg_line_is(f->line, "option", "redispatch", NULL))
		return fix_append(cfg, f->line, "1");
	return fix_add_setting(cfg, f->line->section, "option", "option redispatch 1");
}

/* Ports that lead to it. */
static int ports_of(const struct look *l, const struct proxy *backend)
{
	int ports = 0;

	for (size_t i = 0; i < l->route_count; i++) {
		const struct proxy *front = l->routes[i].frontend;

		for (size_t k = 0; l->routes[i].backend == backend && k < front->bind_count; k++) {
			if (front->binds[k].first == 0)
				return -1;
			ports += front->binds[k].last - front->binds[k].first + 1;
		}
	}
	return ports;
}

static void look_few_keys(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];
		int ports = ports_of(l, p), servers = 0;

		for (size_t k = 0; k < p->server_count; k++)
			servers += p->servers[k].copies;
		if (ports <= 0 || ports >= servers)
			continue;
		for (size_t k = 0; k < p->section->line_count; k++) {
			const struct cfg_line *line = p->section->lines[k];

			if ((line_sticks(line) || cfg_line_is(line, "balance", "hash", NULL)) &&
			    has_word(line, "dst_port"))
				found(l, line,
				      "%d ports are keys for %d nodes: %d of them stay idle", ports,
				      servers, servers - ports);
		}
	}
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K01", "client-id-behind-tls", RULE_ERROR, RULE_FILE, "silent",
	  "A connection whose TLS is passed through shows HAProxy nothing but the ClientHello: the "
	  "client.id comes encrypted.  The table stays empty and clients are spread as without "
	  "stickiness.",
	  "End TLS at HAProxy (bind ... ssl crt FILE), or key on the source address or the SNI.",
	  look_passthrough },
	{ "K02", "no-inspect-delay", RULE_ERROR, RULE_FILE, "silent",
	  "HAProxy decides when it accepts, before the client's first bytes have come.  What reads "
	  "them then works at random: 5 of 12 connections were routed right.",
	  "`tcp-request inspect-delay 10s` in the frontend and a `tcp-request content` rule that "
	  "waits for the bytes.  A cold Java client took 1.6 s to send its first one.",
	  look_waits, fix_waits },
	{ "K03", "balance-hash-of-bytes", RULE_ERROR, RULE_FILE, "silent",
	  "When a server is chosen the inspected bytes count as sent on, so `balance hash "
	  "req.payload...` finds nothing and falls back to a spread without keys.",
	  "Copy the key into a variable first: `tcp-request content set-var(txn.key) EXPRESSION` in "
	  "the frontend, `balance hash var(txn.key)` in the backend.",
	  look_balance_by_bytes, fix_balance_by_bytes },
	{ "K41", "sticky-without-redispatch", RULE_WARNING, RULE_FILE, "silent",
	  "A client that sticks to a node which refuses is sent there again and again: an error "
	  "after 3 s each time.  With plain `option redispatch` the last retry goes elsewhere, after "
	  "2 s; with `option redispatch 1` the first one does, at once.",
	  "`option redispatch 1`.", look_redispatch, fix_redispatch },
	{ "K59", "fewer-keys-than-nodes", RULE_WARNING, RULE_FILE, "silent",
	  "With ports as keys each port belongs to one node; a node without a port gets nothing.",
	  "Bind at least as many ports as there are nodes, or key on the source address or "
	  "client.id.",
	  look_few_keys },
};

const struct rule_group stickiness_rules = { rules, ARRAY_LEN(rules) };
