/* How nodes are asked whether they are well. */
#include "rules/look.h"

#include "config/config.h"

#include <stdlib.h>
#include <string.h>

/* Whether some `KIND connect ... port N` says the port. */
static bool connects_elsewhere(const struct proxy *p, const char *kind)
{
	for (const struct cfg_section *s = p->section; s != NULL; s = s->defaults) {
		for (size_t i = 0; i < s->line_count; i++) {
			if (cfg_line_is(s->lines[i], kind, "connect", NULL) &&
			    cfg_line_after(s->lines[i], "port") != NULL)
				return true;
		}
	}
	return false;
}

static bool has_port(const struct proxy *p, const struct cfg_server *s)
{
	return cfg_has_option(&s->options, "port") || cfg_has_option(&s->options, "track") ||
	       strchr(cfg_has_option(&s->options, "addr") ? cfg_option_value(&s->options, "addr")
							  : "",
		      ':') != NULL ||
	       connects_elsewhere(p, "tcp-check") || connects_elsewhere(p, "http-check");
}

/* The nodes' HTTP port when their configuration is known, else "". */
static const char *http_port(const struct look *l, char text[16])
{
	text[0] = '\0';
	if (l->facts->gateway != NULL && l->facts->gateway->http_port > 0)
		snprintf(text, 16, "%d", l->facts->gateway->http_port);
	return text;
}

/* --- K12, K13 --------------------------------------------------------------- */

static void look_kafka_port(struct look *l)
{
	char port[16];

	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		if (!p->is_tcp || !cfg_has(p->section, "httpchk"))
			continue;
		for (size_t k = 0; k < p->server_count; k++) {
			const struct cfg_server *s = &p->servers[k];

			if (cfg_has_option(&s->options, "check") && !has_port(p, s) &&
			    !cfg_has_option(&s->options, "check-ssl") && s->map == CFG_PORT_FIXED)
				found_with(
					l, RULE_ERROR, s->line, http_port(l, port),
					"server %s is asked over HTTP on its Kafka port %d, which never "
					"answers: it is taken for down after some seconds",
					s->name, s->port);
		}
	}
}

static void look_no_port(struct look *l)
{
	char port[16];

	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t k = 0; k < p->server_count; k++) {
			const struct cfg_server *s = &p->servers[k];

			if (cfg_has_option(&s->options, "check") && s->map != CFG_PORT_FIXED &&
			    s->host[0] != '$' && !has_port(p, s))
				found_with(
					l, RULE_ERROR, s->line, http_port(l, port),
					"server %s gets the port that the client used, so its check has none",
					s->name);
		}
	}
}

/* The port of the nodes' HTTP API is known from their configuration only. */
static bool fix_check_port(struct cfg *cfg, const struct finding *f)
{
	char words[32];

	if (f->detail[0] == '\0')
		return false;
	snprintf(words, sizeof words, "port %s", f->detail);
	return fix_append(cfg, f->line, words);
}

/* --- K14 -------------------------------------------------------------------- */

static const char *check_option(const struct proxy *p)
{
	static const char *const options[] = { "httpchk", "tcp-check", "ssl-hello-chk" };

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (cfg_has(p->section, options[i]))
			return options[i];
	}
	return NULL;
}

static void look_no_check(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];
		const char *option = check_option(p);
		bool is_checked = false;

		for (size_t k = 0; k < p->server_count; k++)
			is_checked |= cfg_has_option(&p->servers[k].options, "check") ||
				      cfg_has_option(&p->servers[k].options, "track");
		if (option != NULL && p->server_count > 0 && !is_checked)
			found_with(l, p->is_tcp ? RULE_ERROR : RULE_WARNING,
				   cfg_setting(p->section, "option", option), p->section->name,
				   "`option %s` asks nobody: no server of %s has `check`", option,
				   p->section->name);
	}
}

/* Only servers whose check would have a port to go to. */
static bool fix_no_check(struct cfg *cfg, const struct finding *f)
{
	struct cfg_section *s = cfg_section(cfg, CFG_BACKEND, f->detail);
	size_t count;
	struct cfg_server *list;
	bool ok = s != NULL, fits = true;

	if (!ok)
		return false;
	list = cfg_servers(s, &count);
	for (size_t i = 0; i < count; i++)
		fits &= cfg_has_option(&list[i].options, "port");
	free(list);
	for (size_t i = 0; fits && ok && i < s->line_count; i++) {
		if (cfg_line_is(s->lines[i], "server", NULL) ||
		    cfg_line_is(s->lines[i], "server-template", NULL))
			ok = fix_append(cfg, s->lines[i], "check");
	}
	return fits && ok;
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K12", "http-check-on-kafka-port", RULE_ERROR, RULE_FILE, "silent",
	  "The check sends an HTTP request to the port that speaks Kafka.  No node answers it, and "
	  "all of them are down 6 s after the start.",
	  "`check port 8888`, the node's HTTP port (gateway.http_port), where /health/ready answers.",
	  look_kafka_port, fix_check_port },
	{ "K13", "check-without-port", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it: a server without a port is reached on the one that the "
	  "client used, and a check has no client.",
	  "`check port 8888`, the node's HTTP port (gateway.http_port).", look_no_port,
	  fix_check_port },
	{ "K14", "check-option-without-check", RULE_ERROR, RULE_FILE, "silent",
	  "`option httpchk` says how a server is asked, `check` that it is: without it a dead node "
	  "keeps its share of the connections.",
	  "`check` on the server lines or in default-server.", look_no_check, fix_no_check },
};

const struct rule_group check_rules = { rules, ARRAY_LEN(rules) };
