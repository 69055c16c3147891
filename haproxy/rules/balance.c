/* How connections are spread, and whether weights count for it. */
#include "rules/look.h"

#include <stdlib.h>
#include <string.h>

static bool uses_weights(const struct proxy *p, const char **option, const struct cfg_server **who)
{
	for (size_t i = 0; i < p->server_count; i++) {
		*who = &p->servers[i];
		if (cfg_has_option(&p->servers[i].options, "agent-check")) {
			*option = "agent-check";
			return true;
		}
		if (cfg_has_option(&p->servers[i].options, "slowstart")) {
			*option = "slowstart";
			return true;
		}
	}
	return false;
}

/* --- K04 -------------------------------------------------------------------- */

static void look_static(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];
		const struct cfg_line *line;
		const char *balance = cfg_balance(p->section, &line), *option;
		const struct cfg_server *who;

		if (cfg_balance_is_dynamic(p->section) || !uses_weights(p, &option, &who))
			continue;
		found_with(
			l, RULE_ERROR, line, p->section->name,
			"`%s` of server %s has no effect: balance %s keeps the weights it started "
			"with",
			option, who->name, balance);
	}
}

static bool fix_static(struct cfg *cfg, const struct finding *f)
{
	struct cfg_section *s = cfg_section(cfg, CFG_BACKEND, f->detail);

	if (s == NULL)
		return false;
	if (!cfg_balance_is_hash(s))
		return strcmp(f->line->words[1], "static-rr") == 0 &&
		       fix_word(cfg, f->line, 1, "roundrobin");
	return cfg_line_add(cfg, f->line, "hash-type consistent") != NULL;
}

/* --- K05 -------------------------------------------------------------------- */

static void look_agent_weight(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].server_count; k++) {
			const struct cfg_server *s = &l->proxies[i].servers[k];
			const struct cfg_option *agent = cfg_option(&s->options, "agent-check");
			const struct cfg_option *weight = cfg_option(&s->options, "weight");
			const struct cfg_option *slow = cfg_option(&s->options, "slowstart");

			if ((agent == NULL && slow == NULL) ||
			    (weight != NULL && atoll(weight->value) >= 100))
				continue;
			if (agent == NULL)
				found_as(
					l, RULE_ADVICE, s->line,
					"server %s has weight %s: it is too small to grow through slowstart",
					s->name, weight != NULL ? weight->value : "1");
			else
				found(l, s->line,
				      "server %s has weight %s: when its agent says 50%%, that is rounded "
				      "to nothing and the node gets no connections",
				      s->name, weight != NULL ? weight->value : "1");
		}
	}
}

/* Only where no weight is said: others may mean a ratio. */
static bool fix_agent_weight(struct cfg *cfg, const struct finding *f)
{
	size_t count;
	struct cfg_server *list = cfg_servers(f->line->section, &count);
	bool is_said = false;

	for (size_t i = 0; i < count; i++)
		is_said |= cfg_has_option(&list[i].options, "weight") &&
			   strcmp(cfg_option_value(&list[i].options, "weight"), "100") != 0;
	free(list);
	return !is_said && fix_append(cfg, f->line, "weight 100");
}

/* --- K55, K58 --------------------------------------------------------------- */

static void look_weight_range(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].server_count; k++) {
			const struct cfg_server *s = &l->proxies[i].servers[k];
			const struct cfg_option *weight = cfg_option(&s->options, "weight");

			if (weight != NULL && strtol(weight->value, NULL, 10) > 256)
				found(l, weight->line, "weight %s of server %s is above 256",
				      weight->value, s->name);
		}
	}
}

static void look_balance_twice(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct cfg_section *s = l->proxies[i].section;
		const struct cfg_line *last = cfg_own(s, "balance", NULL);

		for (size_t k = 0; k < s->line_count; k++) {
			if (cfg_line_is(s->lines[k], "balance", NULL) && s->lines[k] != last &&
			    !s->lines[k]->is_conditional && !last->is_conditional)
				found(l, s->lines[k],
				      "it does not count: line %d says another balance",
				      last->number);
		}
	}
}

static bool fix_balance_twice(struct cfg *cfg, const struct finding *f)
{
	(void)cfg;
	cfg_line_delete(f->line);
	return true;
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K04", "weights-without-effect", RULE_ERROR, RULE_FILE, "silent",
	  "Hashes that map to a fixed table, static-rr and first take weights once, at start.  What "
	  "an agent says and slowstart are then passed over without a word.",
	  "`hash-type consistent` next to a hash; roundrobin instead of static-rr.", look_static,
	  fix_static },
	{ "K05", "agent-with-small-weight", RULE_ERROR, RULE_FILE, "silent",
	  "An agent's percentage is of the server's weight, which is 1 when nothing says so: 50 % "
	  "of 1 is 0, and 0 means no connections.",
	  "`weight 100` (or any above) on every server with an agent.", look_agent_weight,
	  fix_agent_weight },
	{ "K55", "weight-too-large", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it.", "Weights go from 0 to 256.", look_weight_range },
	{ "K58", "balance-twice", RULE_WARNING, RULE_FILE, "silent",
	  "The last line wins without a word; a reader goes by the first.", "Keep one of them.",
	  look_balance_twice, fix_balance_twice },
};

const struct rule_group balance_rules = { rules, ARRAY_LEN(rules) };
