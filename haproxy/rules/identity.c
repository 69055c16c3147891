/* Who a client is, when HAProxy ends its TLS: the name in its certificate goes to the nodes in the PROXY header. */
#include "rules/look.h"

#include "config/config.h"

#include <stdlib.h>
#include <string.h>

static bool sends_v2(const struct cfg_server *s)
{
	return cfg_has_option(&s->options, "send-proxy-v2") ||
	       cfg_has_option(&s->options, "send-proxy-v2-ssl");
}

/* The node is told the name in the client's certificate. */
static bool tells_name(const struct cfg_server *s)
{
	const char *list = cfg_option_value(&s->options, "proxy-v2-options");

	return cfg_has_option(&s->options, "send-proxy-v2-ssl-cn") ||
	       (sends_v2(s) && list != NULL && list_has(list, "cert-cn"));
}

static const struct cfg_server *server_that(const struct proxy *backend,
					    bool (*does)(const struct cfg_server *))
{
	for (size_t i = 0; backend != NULL && i < backend->server_count; i++) {
		if (does(&backend->servers[i]))
			return &backend->servers[i];
	}
	return NULL;
}

/* Clients show a certificate, or may. */
static bool asks(const struct cfg_bind *b)
{
	const char *verify = cfg_option_value(&b->options, "verify");

	return cfg_has_option(&b->options, "ssl") && verify != NULL && strcmp(verify, "none") != 0;
}

static bool some_asks(const struct proxy *frontend)
{
	for (size_t i = 0; i < frontend->bind_count; i++) {
		if (asks(&frontend->binds[i]))
			return true;
	}
	return false;
}

/* A frontend with a bind that asks, among those that lead to the backend; NULL: none does. */
static const struct proxy *asking_front(const struct look *l, const struct proxy *backend)
{
	for (size_t i = 0; i < l->route_count; i++) {
		if (l->routes[i].backend == backend && some_asks(l->routes[i].frontend))
			return l->routes[i].frontend;
	}
	return NULL;
}

/* Each bind once by which clients come whose names the nodes are told. */
static void each_bind(struct look *l,
		      void (*look)(struct look *, const struct cfg_bind *, const struct route *))
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct route *r = &l->routes[i];

		if (!r->frontend->is_tcp || server_that(r->backend, tells_name) == NULL)
			continue;
		for (size_t k = 0; k < r->frontend->bind_count; k++) {
			if (!was_found(l, r->frontend->binds[k].line))
				look(l, &r->frontend->binds[k], r);
		}
	}
}

/* --- K73 -------------------------------------------------------------------- */

/* The options with which the name goes along; "": a header of version 1 has none. */
static void telling_options(const struct cfg_server *s, char *to, size_t size)
{
	const char *list = cfg_option_value(&s->options, "proxy-v2-options");

	*to = '\0';
	if (sends_v2(s))
		snprintf(to, size, "%s%s%scert-cn", list != NULL ? list : "",
			 list != NULL ? "," : "",
			 list != NULL && list_has(list, "ssl") ? "" : "ssl,");
}

static const struct cfg_line *line_of_header(const struct cfg_server *s)
{
	static const char *const options[] = { "proxy-v2-options", "send-proxy-v2",
					       "send-proxy-v2-ssl", "send-proxy" };

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct cfg_option *o = cfg_option(&s->options, options[i]);

		if (o != NULL)
			return o->line;
	}
	return s->line;
}

static void look_not_told(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *front = asking_front(l, &l->proxies[i]);

		for (size_t k = 0; front != NULL && k < l->proxies[i].server_count; k++) {
			const struct cfg_server *s = &l->proxies[i].servers[k];
			const struct cfg_line *line = line_of_header(s);
			char options[300];

			if (!server_sends_header(s) || tells_name(s) || was_found(l, line))
				continue;
			telling_options(s, options, sizeof options);
			found_with(l, RULE_WARNING, line, options,
				   "server %s is told who connects and not the name in the "
				   "certificate that %s asks for",
				   s->name, front->section->name);
		}
	}
}

static bool fix_not_told(struct cfg *cfg, const struct finding *f)
{
	return f->detail[0] != '\0' && fix_value(cfg, f->line, "proxy-v2-options", f->detail);
}

/* --- K74 -------------------------------------------------------------------- */

static void look_nobody(struct look *l, const struct cfg_bind *b, const struct route *r)
{
	const struct proxy *asking = asking_front(l, r->backend);
	const char *verify = cfg_option_value(&b->options, "verify");

	if (asking == NULL)
		return;
	if (asks(b) && strcmp(verify, "optional") == 0)
		found_as(l, RULE_ADVICE, b->line,
			 "clients of %s may leave their certificate out, and then have no name at "
			 "the nodes of %s",
			 r->frontend->section->name, r->backend->section->name);
	else if (!asks(b) && !cfg_has_option(&b->options, "ssl") && proxy_takes_header(r->frontend))
		found(l, b->line,
		      "clients of %s have no name at the nodes of %s: what the load balancer before "
		      "has seen of their certificates HAProxy does not pass on",
		      r->frontend->section->name, r->backend->section->name);
	else if (!asks(b))
		found(l, b->line,
		      "clients of %s have no name at the nodes of %s, which are told those of %s: "
		      "this bind asks for no certificate",
		      r->frontend->section->name, r->backend->section->name, asking->section->name);
}

static void look_nobodies(struct look *l)
{
	each_bind(l, look_nobody);
}

/* --- K75 -------------------------------------------------------------------- */

static void look_anyone(struct look *l, const struct cfg_bind *b, const struct route *r)
{
	static const char *const ignoring[] = { "crt-ignore-err", "ca-ignore-err" };
	const char *ca = cfg_option_value(&b->options, "ca-file");

	for (size_t i = 0; asks(b) && i < ARRAY_LEN(ignoring); i++) {
		if (cfg_has_option(&b->options, ignoring[i]) && !was_found(l, b->line))
			found(l, b->line,
			      "`%s`: the nodes of %s are told names in certificates that nobody "
			      "vouches for",
			      ignoring[i], r->backend->section->name);
	}
	if (asks(b) && ca != NULL && ca[0] == '@')
		found(l, b->line,
		      "`ca-file %s`: the nodes of %s are told any name that a public authority has "
		      "signed",
		      ca, r->backend->section->name);
}

static void look_anyones(struct look *l)
{
	each_bind(l, look_anyone);
}

/* --- K76 -------------------------------------------------------------------- */

static const char *authority_of(const struct cfg_bind *b)
{
	const char *ca = cfg_option_value(&b->options, "ca-file");

	return asks(b) && ca != NULL ? ca : "";
}

/* The authority of the first bind that asks, on the ways to the backend. */
static const char *first_authority(const struct look *l, const struct proxy *backend)
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct proxy *front = l->routes[i].frontend;

		for (size_t k = 0; l->routes[i].backend == backend && k < front->bind_count; k++) {
			if (authority_of(&front->binds[k])[0] != '\0')
				return authority_of(&front->binds[k]);
		}
	}
	return "";
}

static void look_authority(struct look *l, const struct cfg_bind *b, const struct route *r)
{
	const char *first = first_authority(l, r->backend), *own = authority_of(b);

	if (own[0] != '\0' && strcmp(own, first) != 0)
		found(l, b->line,
		      "the nodes of %s can't tell a name that %s vouches for from the same one of %s",
		      r->backend->section->name, own, first);
}

static void look_authorities(struct look *l)
{
	each_bind(l, look_authority);
}

/* --- K77 -------------------------------------------------------------------- */

/* Seen to be so in 2.6.12 and 3.0.11, and no longer in 3.2.26. */
static bool cache_is_shared(const struct look *l)
{
	static const struct version mended = { 3, 2, 26 };
	const struct cfg_line *line = cfg_global(l->cfg, "tune.ssl.cachesize", NULL);
	bool has_cache = line == NULL || line->word_count < 2 || strcmp(line->words[1], "0") != 0;

	return has_cache &&
	       (l->facts->version.major == 0 || version_compare(&l->facts->version, &mended) < 0);
}

static bool checks_alike(const struct cfg_bind *a, const struct cfg_bind *b)
{
	const char *of_a = cfg_option_value(&a->options, "verify");
	const char *of_b = cfg_option_value(&b->options, "verify");

	return asks(a) == asks(b) && strcmp(authority_of(a), authority_of(b)) == 0 &&
	       (!asks(a) || strcmp(of_a, of_b) == 0);
}

/* Another bind with TLS that lets in whom this one would not; NULL: there is none. */
static const struct cfg_bind *other_door(const struct look *l, const struct cfg_bind *b)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].bind_count; k++) {
			const struct cfg_bind *other = &l->proxies[i].binds[k];

			if (cfg_has_option(&other->options, "ssl") && !checks_alike(b, other))
				return other;
		}
	}
	return NULL;
}

static void look_session(struct look *l, const struct cfg_bind *b)
{
	const struct cfg_bind *other = other_door(l, b);

	if (asks(b) && other != NULL && !was_found(l, b->line))
		found(l, b->line,
		      "a TLS session that began at %s (line %d) is taken up here, with the "
		      "certificate that was shown there, or without one",
		      other->section->name, other->line->number);
}

static void look_sessions(struct look *l)
{
	if (!cache_is_shared(l))
		return;
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t k = 0; p->is_tcp && k < p->bind_count; k++)
			look_session(l, &p->binds[k]);
	}
}

/* --- K78 -------------------------------------------------------------------- */

static const struct cfg_line *sets_source(const struct proxy *frontend)
{
	for (size_t i = 0; i < frontend->section->line_count; i++) {
		const struct cfg_line *line = frontend->section->lines[i];

		if (strcmp(line->words[0], "tcp-request") == 0 && has_word(line, "set-src"))
			return line;
	}
	return NULL;
}

static void look_source(struct look *l)
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct route *r = &l->routes[i];
		const struct cfg_line *line = sets_source(r->frontend);

		if (line != NULL && server_that(r->backend, server_sends_header) != NULL &&
		    !was_found(l, line))
			found(l, line,
			      "the PROXY header tells the nodes of %s the address that is set here, "
			      "not the client's own",
			      r->backend->section->name);
	}
}

/* --- K81 -------------------------------------------------------------------- */

static void look_unnamed_binds(struct look *l, const struct route *r)
{
	if (asking_front(l, r->backend) != NULL)
		return; /* K74's */
	for (size_t k = 0; k < r->frontend->bind_count; k++) {
		const struct cfg_bind *b = &r->frontend->binds[k];

		if (!was_found(l, b->line))
			found(l, b->line,
			      "the bind asks for no certificate, and gateway.proxy_identity is true: its "
			      "clients are User:ANONYMOUS at the nodes of %s",
			      r->backend->section->name);
	}
}

static void look_unnamed_servers(struct look *l, const struct proxy *backend)
{
	for (size_t k = 0; k < backend->server_count; k++) {
		const struct cfg_server *s = &backend->servers[k];

		if (server_sends_header(s) && !tells_name(s) && !was_found(l, s->line))
			found(l, s->line,
			      "server %s is told no name, and gateway.proxy_identity is true: every client "
			      "is User:ANONYMOUS there",
			      s->name);
	}
}

static void look_unnamed(struct look *l)
{
	if (!l->facts->gateway->listener.proxy_identity)
		return;
	for (size_t i = 0; i < l->route_count; i++) {
		const struct route *r = &l->routes[i];

		if (!r->frontend->is_tcp || r->backend == NULL)
			continue;
		look_unnamed_servers(l, r->backend);
		if (server_that(r->backend, tells_name) != NULL)
			look_unnamed_binds(l, r);
	}
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K73", "certificate-not-told", RULE_WARNING, RULE_FILE, "silent",
	  "HAProxy has seen a certificate and checked it; to the nodes the client is nobody, and so it "
	  "is to the brokers.",
	  "`send-proxy-v2 proxy-v2-options ssl,cert-cn` on the server line, or send-proxy-v2-ssl-cn; the "
	  "header of version 1 (send-proxy) has no place for a name.",
	  look_not_told, fix_not_told },
	{ "K74", "client-without-a-name", RULE_WARNING, RULE_FILE, "silent",
	  "Who comes by such a bind has no name, beside others who have one: the nodes refuse it, or take "
	  "it for nobody in particular. No name of a load balancer before travels on, only the address.",
	  "`ssl crt FILE ca-file FILE verify required` on each bind that leads there; a backend of its "
	  "own, for nodes that ask for no name, for the others. End TLS here, not before.",
	  look_nobodies },
	{ "K75", "name-of-anyone", RULE_ERROR, RULE_FILE, "silent",
	  "The name is told whoever signed it: a certificate that somebody made at home with another "
	  "user's name in it is that user, at everyone who does not look at the header's verify as well.",
	  "No crt-ignore-err and ca-ignore-err; `ca-file` with the one authority that signs your clients' "
	  "certificates.",
	  look_anyones },
	{ "K76", "names-of-two-authorities", RULE_WARNING, RULE_FILE, "silent",
	  "The header has a name and not who vouches for it: `alice` of the one authority is `alice` of "
	  "the other.",
	  "One ca-file for all binds that lead to the same nodes, or nodes of their own for each.",
	  look_authorities },
	{ "K77", "session-of-another-bind", RULE_ERROR, RULE_FILE, "silent",
	  "All binds of a HAProxy share one cache of TLS sessions, and a session that is taken up is not "
	  "checked again: seen with HAProxy 2.6.12 and 3.0.11, by TLS 1.2, and by 1.3 with no-tls-tickets. "
	  "A client without a certificate gets in where one is required, and one of another authority "
	  "has the name that it said there. 3.2.26 refuses both.",
	  "`tune.ssl.cachesize 0` in global; or the same ca-file and verify on all binds with TLS; or a "
	  "HAProxy of its own for Kafka.",
	  look_sessions },
	{ "K78", "address-set-by-rule", RULE_WARNING, RULE_FILE, "silent",
	  "The nodes log a client by that address and limit it by it: what a client may choose, it may "
	  "choose to be somebody else's.",
	  "No set-src where a PROXY header follows; expect-proxy takes an address from those who may tell "
	  "one.",
	  look_source },
	{ "K81", "no-name-for-the-nodes", RULE_ERROR, RULE_GATEWAY, "silent",
	  "By gateway.proxy_identity the nodes take a client for the one whose certificate HAProxy has "
	  "verified, and for nobody else: without that everyone is User:ANONYMOUS.",
	  "`bind ... ssl crt FILE ca-file FILE verify required`, and `send-proxy-v2 proxy-v2-options "
	  "ssl,cert-cn` on the server lines; `haproxy generate` with --tls-client-auth required writes both.",
	  look_unnamed },
};

const struct rule_group identity_rules = { rules, ARRAY_LEN(rules) };
