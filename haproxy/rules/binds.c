/* Where HAProxy listens, and which frontend leads to which backend. */
#include "rules/look.h"

#include <stdlib.h>
#include <string.h>

/* --- K19, K20 --------------------------------------------------------------- */

static bool is_v6(const struct cfg_bind *b)
{
	return strchr(b->line->words[1], '[') != NULL || strstr(b->line->words[1], "::") != NULL;
}

/* Kept apart by what the kernel or HAProxy looks at besides address and port. */
static bool is_apart(const struct cfg_bind *a, const struct cfg_bind *b)
{
	static const char *const options[] = { "interface", "thread", "process", "namespace" };

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const char *of_a = cfg_option_value(&a->options, options[i]);
		const char *of_b = cfg_option_value(&b->options, options[i]);

		if (of_a != NULL && of_b != NULL && strcmp(of_a, of_b) != 0)
			return true;
	}
	return is_v6(a) != is_v6(b) &&
	       (cfg_has_option(&a->options, "v6only") || cfg_has_option(&b->options, "v6only"));
}

static void look_bind_pair(struct look *l, const struct cfg_bind *a, const struct cfg_bind *b)
{
	int first = a->first > b->first ? a->first : b->first;
	int last = a->last < b->last ? a->last : b->last;
	char ports[32];

	if (!cfg_binds_overlap(a, b) || is_apart(a, b))
		return;
	if (a->is_path)
		snprintf(ports, sizeof ports, "this path");
	else if (first == last)
		snprintf(ports, sizeof ports, "port %d", first);
	else
		snprintf(ports, sizeof ports, "ports %d-%d", first, last);
	found(l, b->line,
	      "%s is bound by %s too, at %s:%d: connections come to one or the other by "
	      "chance",
	      ports, a->section->name, a->line->file, a->line->number);
}

static void look_overlaps(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = i; k < l->proxy_count; k++) {
			const struct proxy *a = &l->proxies[i], *b = &l->proxies[k];

			for (size_t x = 0; x < a->bind_count; x++) {
				for (size_t y = i == k ? x + 1 : 0; y < b->bind_count; y++)
					look_bind_pair(l, &a->binds[x], &b->binds[y]);
			}
		}
	}
}

static void look_ports(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < l->proxies[i].bind_count; k++) {
			const struct cfg_bind *b = &l->proxies[i].binds[k];

			if (b->last < b->first)
				found(l, b->line, "the range goes backwards: %d-%d", b->first,
				      b->last);
			else if (b->last > 65535)
				found(l, b->line, "port %d is above 65535", b->last);
		}
	}
}

/* --- K25, K26, K27 ---------------------------------------------------------- */

static void look_same_name(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *a = &l->proxies[i];

		for (size_t k = i + 1; k < l->proxy_count; k++) {
			const struct proxy *b = &l->proxies[k];

			if (strcmp(a->section->name, b->section->name) == 0 &&
			    ((a->is_frontend && !a->is_backend && b->is_backend &&
			      !b->is_frontend) ||
			     (a->is_backend && !a->is_frontend && b->is_frontend &&
			      !b->is_backend)))
				found(l, b->section->header,
				      "%s %s has the name of the %s at line %d: HAProxy 3.4 refuses it",
				      b->section->keyword, b->section->name, a->section->keyword,
				      a->section->header->number);
		}
	}
}

static bool has_route(const struct look *l, const struct proxy *p)
{
	for (size_t i = 0; i < l->route_count; i++) {
		if (l->routes[i].frontend == p)
			return true;
	}
	return false;
}

static void look_targets(struct look *l)
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct route *r = &l->routes[i];

		if (r->is_missing)
			found(l, r->line, "there is no backend %s", r->line->words[1]);
		else if (r->backend != NULL && r->frontend->is_tcp &&
			 r->backend->server_count == 0 && !sets(r->backend, "dispatch", NULL) &&
			 !cfg_has(r->backend->section, "transparent"))
			found(l, r->backend->section->header,
			      "%s has no server: what %s sends there is accepted and closed",
			      r->backend->section->name, r->frontend->section->name);
	}
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		if (p->is_frontend && p->is_tcp && p->bind_count > 0 && !has_route(l, p) &&
		    !sets(p, "dispatch", NULL) && !cfg_has(p->section, "transparent"))
			found(l, p->section->header,
			      "%s leads to no backend: connections are accepted and closed",
			      p->section->name);
		else if (p->is_frontend && !p->is_backend && p->is_tcp && has_route(l, p) &&
			 !sets(p, "default_backend", NULL))
			found_as(
				l, RULE_ADVICE, p->section->header,
				"%s has no default_backend: connections that fit no use_backend are "
				"closed",
				p->section->name);
	}
}

static bool is_kafka_port(int first, int last)
{
	return first <= 9999 && last >= 9090;
}

/* By its ports: a name may as well be that of a user interface. */
static bool looks_like_kafka(const struct proxy *p)
{
	for (size_t i = 0; i < p->bind_count; i++) {
		if (p->binds[i].first == 9092 ||
		    (p->binds[i].last > p->binds[i].first &&
		     is_kafka_port(p->binds[i].first, p->binds[i].last)))
			return true;
	}
	for (size_t i = 0; i < p->server_count; i++) {
		if (p->servers[i].map == CFG_PORT_FIXED && p->servers[i].port == 9092)
			return true;
	}
	return false;
}

static void look_modes(struct look *l)
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct route *r = &l->routes[i];

		if (r->backend != NULL && r->backend != r->frontend && r->frontend->is_tcp &&
		    strcmp(cfg_mode(r->backend->section), "http") == 0)
			found_with(
				l, RULE_ERROR, r->backend->section->header,
				r->backend->section->name,
				"backend %s is in HTTP mode, frontend %s in TCP mode: Kafka clients get "
				"an HTTP error",
				r->backend->section->name, r->frontend->section->name);
	}
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		if (strcmp(cfg_mode(p->section), "http") == 0 && looks_like_kafka(p))
			found_with(
				l, RULE_ERROR, p->section->header, p->section->name,
				"%s %s is in HTTP mode: Kafka clients get an HTTP error, which they take "
				"for an answer of 1213486160 bytes",
				p->section->keyword, p->section->name);
	}
}

static bool fix_modes(struct cfg *cfg, const struct finding *f)
{
	const struct cfg_line *own = cfg_own(f->line->section, "mode", NULL);

	for (size_t i = 0; own != NULL && i < f->line->section->line_count; i++) {
		if (f->line->section->lines[i] == own)
			return fix_word(cfg, f->line->section->lines[i], 1, "tcp");
	}
	return cfg_line_add(cfg, f->line->section->header, "mode tcp") != NULL;
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule bind_rows[] = {
	{ "K19", "binds-overlap", RULE_ERROR, RULE_FILE, "silent",
	  "HAProxy opens both with SO_REUSEPORT and starts; the kernel then gives each connection "
	  "to one of them by chance, so some clients land in the wrong frontend.",
	  "Give each frontend ports of its own: a range like 9092-9100 takes all between.",
	  look_overlaps },
	{ "K20", "bad-ports", RULE_ERROR, RULE_FILE, "refuses", "HAProxy does not start with it.",
	  "FIRST-LAST, both from 1 to 65535.", look_ports },
};

static const struct rule routing_rows[] = {
	{ "K25",
	  "name-used-twice",
	  RULE_ERROR,
	  RULE_FILE,
	  "silent",
	  "A frontend and a backend of one name: HAProxy 3.2 warns, 3.4 does not start, and "
	  "statistics are mixed up by name.",
	  "Give the backend a name of its own.",
	  look_same_name,
	  NULL,
	  { { { 3, 2, 0 }, "warns" }, { { 3, 4, 0 }, "refuses" } } },
	{ "K26", "leads-nowhere", RULE_ERROR, RULE_FILE, "silent",
	  "A connection that no backend takes is accepted and closed without a word: Kafka clients "
	  "reconnect for ever and say only that the broker disconnected.  (A name that is not "
	  "there HAProxy refuses.)",
	  "`default_backend NAME`, with servers in it.", look_targets },
	{ "K27", "http-mode", RULE_ERROR, RULE_FILE, "silent",
	  "In HTTP mode HAProxy answers Kafka's bytes with `400 Bad request`; Java clients read "
	  "\"HTTP\" as a size of 1213486160.  Debian's haproxy.cfg has `mode http` in its "
	  "defaults.",
	  "`mode tcp` in every frontend and backend that Kafka goes through, or in defaults of "
	  "their own.",
	  look_modes, fix_modes },
};

const struct rule_group bind_rules = { bind_rows, ARRAY_LEN(bind_rows) };
const struct rule_group routing_rules = { routing_rows, ARRAY_LEN(routing_rows) };
