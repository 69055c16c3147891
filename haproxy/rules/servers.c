/* Server lines: doubles, backups, and options that need another one. */
#include "rules/look.h"

#include <stdlib.h>
#include <string.h>

/* --- K23, K24 --------------------------------------------------------------- */

static void look_same_server(struct look *l, const struct cfg_server *a, const struct cfg_server *b)
{
	const char *id = cfg_option_value(&a->options, "id");
	const char *other = cfg_option_value(&b->options, "id");

	if (!a->is_template && !b->is_template && strcmp(a->name, b->name) == 0)
		found(l, b->line, "server %s is there already, at line %d", b->name,
		      a->line->number);
	if (id != NULL && other != NULL && strcmp(id, other) == 0)
		found(l, b->line, "id %s is that of server %s already", id, a->name);
}

static void look_doubles(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t a = 0; a < p->server_count; a++) {
			for (size_t b = a + 1; b < p->server_count; b++)
				look_same_server(l, &p->servers[a], &p->servers[b]);
		}
		for (size_t k = i + 1; k < l->proxy_count; k++) {
			const struct proxy *o = &l->proxies[k];

			if (strcmp(p->section->name, o->section->name) == 0 &&
			    ((p->is_frontend && o->is_frontend) ||
			     (p->is_backend && o->is_backend)))
				found(l, o->section->header, "%s %s is there already, at line %d",
				      o->section->keyword, o->section->name,
				      p->section->header->number);
		}
	}
}

static void look_same_address(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t a = 0; a < p->server_count; a++) {
			for (size_t b = a + 1; b < p->server_count; b++) {
				const struct cfg_server *x = &p->servers[a], *y = &p->servers[b];

				if (strcmp(x->host, y->host) == 0 && x->map == y->map &&
				    x->port == y->port && !x->port_is_variable &&
				    x->host[0] != '\0' && x->host[0] != '$')
					found(l, y->line,
					      "it has the address of server %s, at line %d",
					      x->name, x->line->number);
			}
		}
	}
}

/* --- K06, K07, K42, K43 ---------------------------------------------------------- */

static void look_agents(struct look *l, const char *has, const char *lacks, const char *so)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].server_count; k++) {
			const struct cfg_server *s = &l->proxies[i].servers[k];

			if (cfg_has_option(&s->options, has) && !cfg_has_option(&s->options, lacks))
				found(l, s->line, "server %s has `%s` and no `%s`%s", s->name, has,
				      lacks, so);
		}
	}
}

static void look_agent_check(struct look *l)
{
	look_agents(l, "agent-check", "agent-port", "");
}

static void look_agent_port(struct look *l)
{
	look_agents(l, "agent-port", "agent-check", ": the agent is never asked");
}

static bool fix_agent_port(struct cfg *cfg, const struct finding *f)
{
	return fix_append(cfg, f->line, "agent-check");
}

static void look_unchecked(struct look *l)
{
	static const char *const need[] = { "on-marked-down", "observe", "on-error" };

	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].server_count; k++) {
			const struct cfg_server *s = &l->proxies[i].servers[k];

			if (cfg_has_option(&s->options, "check") ||
			    cfg_has_option(&s->options, "agent-check") ||
			    cfg_has_option(&s->options, "track"))
				continue;
			for (size_t n = 0; n < ARRAY_LEN(need); n++) {
				if (cfg_has_option(&s->options, need[n]))
					found(l, s->line,
					      "`%s` of server %s has no effect without `check`",
					      need[n], s->name);
			}
			if (cfg_has_option(&s->options, "slowstart"))
				found(l, s->line,
				      "`slowstart` of server %s has no effect without `check`: it never "
				      "goes down and never comes back",
				      s->name);
		}
	}
}

static void look_server_limits(struct look *l, const struct proxy *p)
{
	bool has_min = false;

	for (size_t k = 0; k < p->server_count; k++) {
		const struct cfg_server *s = &p->servers[k];
		bool min = cfg_has_option(&s->options, "minconn");
		bool max = cfg_has_option(&s->options, "maxconn");

		has_min |= min;
		if (min && !max)
			found_with(l, RULE_WARNING, s->line, "",
				   "`minconn` of server %s has no effect without `maxconn`",
				   s->name);
		if (max && !sets(p, "timeout", "queue"))
			found(l, s->line,
			      "server %s has a maxconn and %s no `timeout queue`: above it clients wait "
			      "for `timeout connect` and are closed",
			      s->name, p->section->name);
	}
	if (!has_min && p->server_count > 0 && cfg_own(p->section, "fullconn", NULL) != NULL)
		found_with(l, RULE_WARNING, cfg_own(p->section, "fullconn", NULL), "",
			   "`fullconn` has no effect: no server of %s has a minconn",
			   p->section->name);
}

static void look_limits(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++)
		look_server_limits(l, &l->proxies[i]);
}

static bool fix_limits(struct cfg *cfg, const struct finding *f)
{
	return f->detail == NULL &&
	       fix_add_setting(cfg, f->line->section, "timeout", "timeout queue 5s");
}

/* --- K44 -------------------------------------------------------------------- */

static void look_backups(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];
		size_t backups = 0;

		for (size_t k = 0; k < p->server_count; k++)
			backups += cfg_has_option(&p->servers[k].options, "backup");
		if (backups < 2 || cfg_has(p->section, "allbackups"))
			continue;
		if (backups == p->server_count)
			found(l, p->section->header,
			      "every server of %s is a backup and there is no `option allbackups`: only "
			      "the first one is used",
			      p->section->name);
		else
			found_as(
				l, RULE_WARNING, p->section->header,
				"%s has %zu backups and no `option allbackups`: when the others are "
				"down, one node gets everything",
				p->section->name, backups);
	}
}

static bool fix_backups(struct cfg *cfg, const struct finding *f)
{
	return fix_add(cfg, f->line->section, "option", "option allbackups");
}

/* --- K72 -------------------------------------------------------------------- */

static int nodes_of(const struct proxy *p)
{
	int n = 0;

	for (size_t i = 0; i < p->server_count; i++)
		n += p->servers[i].copies;
	return n;
}

/* One whose clients stick to a node is K41's. */
static void look_redispatch(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		if (p->is_tcp && is_led_to(l, p) && !proxy_is_sticky(p) && nodes_of(p) > 1 &&
		    !cfg_has(p->section, "redispatch") &&
		    gone_line_for(p, "option redispatch") == NULL)
			found(l, p->section->header,
			      "%s has no `option redispatch`: who is sent to a node that refuses is not "
			      "sent to another one",
			      p->section->name);
	}
}

static bool fix_redispatch(struct cfg *cfg, const struct finding *f)
{
	return fix_add_setting(cfg, f->line->section, "option", "option redispatch 1");
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K06", "agent-without-port", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it; next to `check port N` it does, and never asks the agent.",
	  "`agent-port PORT` (gateway.agent_port of the nodes).", look_agent_check },
	{ "K07", "agent-half-set", RULE_WARNING, RULE_FILE, "silent",
	  "With an agent-port alone the node is never asked, so its load and its draining change "
	  "nothing.",
	  "`agent-check agent-port PORT` (gateway.agent_port of the nodes).", look_agent_port,
	  fix_agent_port },
	{ "K23", "double-names", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it; two servers of one name and different ids it takes, and "
	  "runtime commands then reach one of them.",
	  "Names are unique within their kind, ids within a backend.", look_doubles },
	{ "K24", "double-address", RULE_WARNING, RULE_FILE, "silent",
	  "Two servers at one address are one node with twice the share, and it counts twice when it "
	  "dies.",
	  "One server a node; `weight` when it is to get more.", look_same_address },
	{ "K42", "needs-check", RULE_WARNING, RULE_FILE, "silent",
	  "Without a check nothing marks a server down, so what happens then never does.",
	  "`check port 8888` with `option httpchk` on the nodes' HTTP port.", look_unchecked },
	{ "K43", "limit-without-partner", RULE_WARNING, RULE_FILE, "silent",
	  "fullconn works through minconn, minconn through maxconn, and who waits for a maxconn "
	  "needs a `timeout queue`: a Kafka client waits silently until then.",
	  "`timeout queue 5s`; minconn and maxconn together.", look_limits, fix_limits },
	{ "K44", "one-backup-only", RULE_WARNING, RULE_FILE, "silent",
	  "Without `option allbackups` only the first backup is used: the whole load of a zone goes "
	  "to one node.",
	  "`option allbackups`.", look_backups, fix_backups },
	{ "K72", "no-redispatch", RULE_WARNING, RULE_FILE, "silent",
	  "Until its checks notice, a node that is gone gets its share of new clients; without "
	  "redispatch all retries go to that same node, and each such client is closed after 3 s.  "
	  "With it the others take them at once.",
	  "`option redispatch 1`.", look_redispatch, fix_redispatch },
};

const struct rule_group server_rules = { rules, ARRAY_LEN(rules) };
