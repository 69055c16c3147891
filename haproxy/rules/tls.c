/* TLS towards clients and towards nodes. */
#include "rules/kafka_way.h"
#include "rules/look.h"

#include "config/config.h"
#include "config/options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_unverified(const struct look *l)
{
	const struct cfg_line *line = cfg_global(l->cfg, "ssl-server-verify", NULL);

	return line != NULL && has_word(line, "none");
}

/* --- K28 to K30: servers ----------------------------------------------------- */

static void look_server_ca(struct look *l, const struct cfg_server *s)
{
	const char *verify = cfg_option_value(&s->options, "verify");

	if (!cfg_has_option(&s->options, "ssl") || cfg_has_option(&s->options, "ca-file"))
		return;
	if (verify == NULL ? !is_unverified(l) : strcmp(verify, "required") == 0)
		found(l, s->line, "server %s: its certificate is to be verified, by no ca-file",
		      s->name);
}

static void look_server_verify(struct look *l, const struct cfg_server *s)
{
	const char *verify = cfg_option_value(&s->options, "verify");

	if (cfg_has_option(&s->options, "ssl") &&
	    (verify == NULL ? is_unverified(l) && !cfg_has_option(&s->options, "ca-file")
			    : strcmp(verify, "none") == 0))
		found(l, s->line, "server %s: anyone who can come in between may answer for it",
		      s->name);
}

static void look_server_name(struct look *l, const struct cfg_server *s)
{
	const char *verify = cfg_option_value(&s->options, "verify");

	if (cfg_has_option(&s->options, "ssl") && !cfg_has_option(&s->options, "verifyhost") &&
	    !cfg_has_option(&s->options, "sni") && cfg_has_option(&s->options, "ca-file") &&
	    (verify == NULL ? !is_unverified(l) : strcmp(verify, "required") == 0))
		found(l, s->line,
		      "server %s: any certificate of that authority will do, whoever's it is",
		      s->name);
}

static void each_server(struct look *l, void (*look)(struct look *, const struct cfg_server *))
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].server_count; k++)
			look(l, &l->proxies[i].servers[k]);
	}
}

static void look_ca(struct look *l)
{
	each_server(l, look_server_ca);
}

static void look_verify(struct look *l)
{
	each_server(l, look_server_verify);
}

static void look_name(struct look *l)
{
	each_server(l, look_server_name);
}

/* --- K31 -------------------------------------------------------------------- */

static const char *tls_option(const struct cfg_options *o, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (cfg_has_option(o, names[i]))
			return names[i];
	}
	return NULL;
}

static void look_server_plain(struct look *l, const struct cfg_server *s)
{
	static const char *const names[] = { "sni", "crt", "verifyhost" };
	const char *option = tls_option(&s->options, names, ARRAY_LEN(names));

	if (option != NULL && !cfg_has_option(&s->options, "ssl") &&
	    !cfg_has_option(&s->options, "check-ssl"))
		found(l, s->line, "server %s has `%s` and no `ssl`: what it gets is plaintext",
		      s->name, option);
}

static void look_plain(struct look *l)
{
	static const char *const names[] = { "crt", "crt-list", "verify" };

	each_server(l, look_server_plain);
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].bind_count; k++) {
			const struct cfg_bind *b = &l->proxies[i].binds[k];
			const char *option = tls_option(&b->options, names, ARRAY_LEN(names));

			if (option != NULL && !cfg_has_option(&b->options, "ssl"))
				found(l, b->line,
				      "the bind has `%s` and no `ssl`: it takes plaintext", option);
		}
	}
}

static bool fix_plain(struct cfg *cfg, const struct finding *f)
{
	return fix_append(cfg, f->line, "ssl");
}

/* --- K32 -------------------------------------------------------------------- */

static void look_bind_tls(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].bind_count; k++) {
			const struct cfg_bind *b = &l->proxies[i].binds[k];
			const char *verify = cfg_option_value(&b->options, "verify");

			if (!cfg_has_option(&b->options, "ssl"))
				continue;
			if (!cfg_has_option(&b->options, "crt") &&
			    !cfg_has_option(&b->options, "crt-list") &&
			    !cfg_has_option(&b->options, "generate-certificates"))
				found(l, b->line, "the bind has `ssl` and no certificate (crt)");
			if (verify != NULL && strcmp(verify, "none") != 0 &&
			    !cfg_has_option(&b->options, "ca-file"))
				found(l, b->line, "`verify %s` needs a ca-file", verify);
		}
	}
}

/* --- K32 on this machine ------------------------------------------------------ */

/* The value as a path: behind crt-base or ca-base when it is relative.  False: not known. */
static bool path_of(const struct look *l, const char *base, const char *value, char to[4096])
{
	const struct cfg_line *line = cfg_global(l->cfg, base, NULL);

	if (value[0] == '@' || strchr(value, '$') != NULL) /* "@system-ca" */
		return false;
	if (value[0] != '/' && (line == NULL || line->word_count < 2))
		return false;
	if (value[0] == '/')
		snprintf(to, 4096, "%s", value);
	else
		snprintf(to, 4096, "%s/%s", line->words[1], value);
	return true;
}

static void look_file(struct look *l, const struct cfg_options *o, const char *option,
		      const char *base)
{
	const struct cfg_option *found_option = cfg_option(o, option);
	char path[4096];

	if (found_option != NULL && path_of(l, base, found_option->value, path) &&
	    access(path, F_OK) != 0)
		found(l, found_option->line, "`%s %s`: there is no such file", option,
		      found_option->value);
}

static void look_files(struct look *l, const struct cfg_options *o)
{
	look_file(l, o, "crt", "crt-base");
	look_file(l, o, "crt-list", "crt-base");
	look_file(l, o, "ca-file", "ca-base");
	look_file(l, o, "crl-file", "ca-base");
}

static void look_server_files(struct look *l, const struct cfg_server *s)
{
	look_files(l, &s->own);
}

static void look_all_files(struct look *l)
{
	look_bind_tls(l);
	if (!l->facts->machine)
		return;
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].bind_count; k++)
			look_files(l, &l->proxies[i].binds[k].options);
	}
	each_server(l, look_server_files);
}

/* --- K84: what the configuration says of it ------------------------------------- */

static bool has_tls(const struct cfg_options *o)
{
	return cfg_has_option(o, "ssl");
}

/* The nodes' own word on it. */
static void look_against_nodes(struct look *l, const struct cfg_bind *b, const struct cfg_server *s)
{
	bool nodes_speak_tls = protocol_has_tls(l->facts->gateway->listener.protocol);

	if (has_tls(&b->options) && !has_tls(&s->options) && nodes_speak_tls &&
	    !was_found(l, b->line))
		found(l, b->line,
		      "the bind ends TLS and server %s gets what was in it; the nodes speak "
		      "nothing but TLS (gateway.security_protocol)",
		      s->name);
	if (has_tls(&s->options) && !nodes_speak_tls && !was_found(l, s->line))
		found_as(
			l, RULE_WARNING, s->line,
			"server %s gets TLS, and the nodes speak none (gateway.security_protocol): "
			"something that ends it must stand before each",
			s->name);
}

static bool wants_end(const struct config *g)
{
	return g->haproxy.tls == TLS_TERMINATE || g->haproxy.tls == TLS_REENCRYPT;
}

static void look_against_wanted(struct look *l, const struct cfg_bind *b)
{
	static const char *const names[] = { "none", "passthrough", "terminate", "reencrypt" };
	const struct config *g = l->facts->gateway;
	const char *wanted = names[g->haproxy.tls];

	if (was_found(l, b->line))
		return;
	if (has_tls(&b->options) && g->haproxy.tls == TLS_NONE && g->listener.name != NULL)
		found_as(l, RULE_WARNING, b->line,
			 "the bind ends TLS, and haproxy.tls means listeners that have it");
	else if (has_tls(&b->options))
		found_as(l, RULE_WARNING, b->line, "the bind ends TLS, and haproxy.tls is \"%s\"",
			 wanted);
	else
		found_as(l, RULE_WARNING, b->line,
			 "the bind ends no TLS, and haproxy.tls is \"%s\": clients that speak it "
			 "are not understood",
			 wanted);
}

/* A port may be bound again for others, as plaintext on an address inside. */
static bool is_as_wanted(const struct look *l)
{
	const struct config *g = l->facts->gateway;

	for (size_t i = 0; i < l->route_count; i++) {
		const struct proxy *p = l->routes[i].frontend;

		for (size_t k = 0; kafka_way_is(l, &l->routes[i]) && k < p->bind_count; k++) {
			if (kafka_way_has_bind(g, &p->binds[k]) &&
			    has_tls(&p->binds[k].options) == wants_end(g))
				return true;
		}
	}
	return false;
}

static void look_way(struct look *l, const struct route *r, bool is_wanted)
{
	for (size_t k = 0; k < r->frontend->bind_count; k++) {
		const struct cfg_bind *b = &r->frontend->binds[k];

		if (!kafka_way_has_bind(l->facts->gateway, b))
			continue;
		for (size_t i = 0; i < r->backend->server_count; i++)
			look_against_nodes(l, b, &r->backend->servers[i]);
		if (!is_wanted)
			look_against_wanted(l, b);
	}
}

static void look_who_ends(struct look *l)
{
	const struct config *g = l->facts->gateway;
	bool is_said = g->origins[option_index("haproxy.tls")].kind != ORIGIN_DEFAULT;
	bool is_wanted = !is_said || is_as_wanted(l);

	for (size_t i = 0; i < l->route_count; i++) {
		if (kafka_way_is(l, &l->routes[i]))
			look_way(l, &l->routes[i], is_wanted);
	}
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K28", "no-ca-for-server", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it.",
	  "`ca-file FILE` with the authority of the nodes' certificates.", look_ca },
	{ "K29", "server-not-verified", RULE_WARNING, RULE_FILE, "silent",
	  "With `verify none` the way to the nodes is encrypted and open to whoever can get in "
	  "between: passwords and data of all clients go over it.",
	  "`verify required ca-file FILE verifyhost NAME`.", look_verify },
	{ "K30", "server-name-not-verified", RULE_WARNING, RULE_FILE, "silent",
	  "Without verifyhost or sni the chain is checked and the name is not.",
	  "`verifyhost NAME`, the name in the nodes' certificate.", look_name },
	{ "K31", "tls-options-without-ssl", RULE_ERROR, RULE_FILE, "silent",
	  "TLS was meant, plaintext is what happens, and nothing says so.",
	  "`ssl` on the same line.", look_plain, fix_plain },
	{ "K32", "incomplete-tls-bind", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it.",
	  "`ssl crt FILE` (certificate, chain and key in one file); `verify required ca-file FILE` for "
	  "clients with certificates.",
	  look_all_files },
	{ "K84", "tls-ends-elsewhere", RULE_ERROR, RULE_GATEWAY, "silent",
	  "Who gets TLS and expects none takes it for the size of a huge request, and who expects TLS "
	  "takes nothing else: no client is served, while checks of the HTTP port look well.",
	  "haproxy.tls \"passthrough\" with neither `ssl`, \"terminate\" with `ssl crt FILE` on the bind "
	  "alone before nodes that speak none, \"reencrypt\" with it on the bind and the servers: "
	  "`anyportctl haproxy generate` writes them.",
	  look_who_ends },
};

const struct rule_group tls_rules = { rules, ARRAY_LEN(rules) };
