/* Servers that DNS finds. */
#include "rules/look.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- K45 -------------------------------------------------------------------- */

static void look_templates(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].server_count; k++) {
			const struct cfg_server *s = &l->proxies[i].servers[k];
			const char *resolvers = cfg_option_value(&s->options, "resolvers");

			if (resolvers != NULL &&
			    cfg_section(l->cfg, CFG_RESOLVERS, resolvers) == NULL &&
			    strcmp(resolvers, "default") != 0)
				found(l, s->line, "there is no resolvers section %s", resolvers);
			else if (s->is_template && resolvers == NULL && s->host[0] != '$')
				found(l, s->line, "the template %s has no `resolvers`", s->name);
		}
	}
}

/* --- K46 -------------------------------------------------------------------- */

static bool is_used(const struct look *l, const char *name)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].server_count; k++) {
			const char *resolvers =
				cfg_option_value(&l->proxies[i].servers[k].options, "resolvers");

			if (resolvers != NULL && strcmp(resolvers, name) == 0)
				return true;
		}
	}
	return false;
}

static void look_holds(struct look *l)
{
	static const char *const holds[] = { "timeout", "refused", "other", "nx" };

	for (size_t i = 0; i < l->cfg->section_count; i++) {
		const struct cfg_section *s = l->cfg->sections[i];

		if (s->kind != CFG_RESOLVERS || !is_used(l, s->name))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(holds); k++) {
			const struct cfg_line *line = cfg_own(s, "hold", holds[k]);
			int64_t ms = 30000;
			bool unit, is_short;

			if (line != NULL &&
			    (line->word_count < 3 || !cfg_parse_time(line->words[2], &ms, &unit)))
				continue;
			/* "No such name" may be meant; 30 s then is enough. */
			is_short = strcmp(holds[k], "nx") == 0 ? ms < 30000 : ms < 600000;
			if (is_short)
				found_with(
					l, RULE_WARNING, line != NULL ? line : s->header, holds[k],
					"`hold %s` is %" PRId64
					" s%s: when DNS fails for longer, every "
					"server goes down",
					holds[k], ms / 1000, line == NULL ? " when not said" : "");
		}
	}
}

static bool fix_holds(struct cfg *cfg, const struct finding *f)
{
	const char *time = strcmp(f->detail, "nx") == 0 ? "30s" : "1h";
	char text[64];

	if (cfg_line_is(f->line, "hold", NULL))
		return fix_word(cfg, f->line, 2, time);
	snprintf(text, sizeof text, "hold %s %s", f->detail, time);
	return fix_add_last(cfg, f->line->section, text);
}

/* --- K47 -------------------------------------------------------------------- */

static bool has_template(const struct proxy *p)
{
	for (size_t k = 0; k < p->server_count; k++) {
		if (p->servers[k].is_template)
			return true;
	}
	return false;
}

static bool hashes_by_id(const struct proxy *p)
{
	for (size_t k = 0; k < p->server_count; k++) {
		const char *key = cfg_option_value(&p->servers[k].options, "hash-key");

		if (key == NULL || strcmp(key, "id") == 0)
			return true;
	}
	return false;
}

static void look_slots(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];
		const struct cfg_line *balance;

		if (!has_template(p))
			continue;
		if (p->has_table && strcmp(p->table.srvkey, "addr") != 0)
			found(l, p->table.line,
			      "its servers come from a template, whose slots get other addresses with "
			      "each answer of DNS: a client sticks to a slot, not to a node");
		cfg_balance(p->section, &balance);
		if (cfg_balance_is_hash(p->section) && hashes_by_id(p))
			found_with(
				l, RULE_WARNING, balance, "",
				"its servers come from a template: the hash maps to slots, whose "
				"addresses change with each answer of DNS");
	}
}

static bool fix_slots(struct cfg *cfg, const struct finding *f)
{
	return f->detail == NULL && fix_value(cfg, f->line, "srvkey", "addr");
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K45", "no-resolvers", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start when the name can't be resolved then; with `init-addr none` it "
	  "starts and never asks DNS again.",
	  "`resolvers NAME` on the server line, and a resolvers section of that name.",
	  look_templates },
	{ "K46", "short-dns-memory", RULE_WARNING, RULE_FILE, "silent",
	  "By default what DNS said last counts for 30 s when it does not answer.  A DNS that is away "
	  "for longer takes every node down, though all of them are well.",
	  "`hold timeout 1h`, `hold refused 1h`, `hold other 1h`, `hold nx 30s`.", look_holds,
	  fix_holds },
	{ "K47", "sticks-to-slots", RULE_WARNING, RULE_FILE, "silent",
	  "A template's slots are filled in the order of DNS answers, other ones on each load balancer "
	  "and after each start.  What is remembered by a slot's name or number then points to "
	  "another node.",
	  "`srvkey addr` in the stick-table; `hash-key addr` on the servers (from HAProxy 3.0 on).",
	  look_slots, fix_slots },
};

const struct rule_group resolver_rules = { rules, ARRAY_LEN(rules) };
