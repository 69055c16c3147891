/* What only a running HAProxy shows: who is connected, who listens, what peers know. */
#include "rules/look.h"

#include "live/balancer.h"
#include "live/probe.h"
#include "live/show_process.h"
#include "live/show_sess.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	PROBES_MAX = 2000,
	PROBE_TIMEOUT_MS = 1000,
	SESSIONS_LEAST = 10, /* fewer tell nothing */
};

/* The answer, or NULL and a finding that there is none. */
static char *ask(struct look *l, const char *command)
{
	char why[RUNTIME_WHY_MAX];
	char *text = balancer_ask(l->facts->balancers, l->facts->balancers->list, WORKER_CURRENT,
				  command, why);

	if (text == NULL)
		found_as(l, RULE_WARNING, NULL, "not looked at: %s", why);
	return text;
}

/* --- K08 -------------------------------------------------------------------- */

/* The line that keeps a source address on a server; NULL: none. */
static const struct cfg_line *by_source(const struct proxy *p)
{
	const struct cfg_line *line;
	const char *balance = cfg_balance(p->section, &line);

	if (balance != NULL && (strcmp(balance, "source") == 0 ||
				(strcmp(balance, "hash") == 0 && has_word(line, "src"))))
		return line;
	for (size_t i = 0; i < p->section->line_count; i++) {
		if (line_sticks(p->section->lines[i]) && has_word(p->section->lines[i], "src"))
			return p->section->lines[i];
	}
	return NULL;
}

/* "10.0.0.1:41234" */
static size_t address_length(const char *source)
{
	const char *colon = strrchr(source, ':');

	return colon != NULL ? (size_t)(colon - source) : strlen(source);
}

static bool is_of(const struct session *s, const struct proxy *p)
{
	return strcmp(s->backend, p->section->name) == 0;
}

/* How many sessions of the proxy come from the address of this one. */
static size_t as_this(const struct sessions *all, const struct proxy *p, const struct session *s)
{
	size_t n = address_length(s->source), count = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct session *o = &all->list[i];

		count += is_of(o, p) && address_length(o->source) == n &&
			 strncmp(o->source, s->source, n) == 0;
	}
	return count;
}

static void look_sources(struct look *l, const struct proxy *p, const struct cfg_line *line,
			 const struct sessions *all)
{
	size_t sessions = 0, most = 0;
	const struct session *who = NULL;

	for (size_t i = 0; i < all->count; i++) {
		size_t same;

		if (!is_of(&all->list[i], p))
			continue;
		sessions++;
		same = as_this(all, p, &all->list[i]);
		if (same > most) {
			most = same;
			who = &all->list[i];
		}
	}
	/* More than two nodes' worth of all that there is. */
	if (sessions >= SESSIONS_LEAST && p->server_count > 1 && 2 * most > sessions)
		found(l, line, "%zu of %zu sessions come from %.*s: all of them are on one node",
		      most, sessions, (int)address_length(who->source), who->source);
}

static void look_nat(struct look *l)
{
	struct sessions all = { 0 };
	bool asked = false;

	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct cfg_line *line = by_source(&l->proxies[i]);

		if (line == NULL || !l->proxies[i].is_tcp)
			continue;
		if (!asked) {
			char *text = ask(l, "show sess");

			if (text == NULL)
				return;
			all = show_sess_parse(text);
			free(text);
			asked = true;
		}
		look_sources(l, &l->proxies[i], line, &all);
	}
	show_sess_free(&all);
}

/* --- K22 -------------------------------------------------------------------- */

struct probes {
	struct probe list[PROBES_MAX];
	const struct cfg_server *servers[PROBES_MAX];
	size_t count;
};

static void add_probe(struct probes *p, const struct cfg_server *s, int port)
{
	for (size_t i = 0; i < p->count; i++) {
		if (p->list[i].port == port && strcmp(p->list[i].host, s->host) == 0)
			return;
	}
	if (p->count == PROBES_MAX || port < 1 || port > 65535)
		return;
	p->servers[p->count] = s;
	p->list[p->count++] = (struct probe){ .host = s->host, .port = port };
}

/* The ports on which clients that come in there reach the server. */
static void add_server(struct probes *p, const struct proxy *front, const struct cfg_server *s)
{
	if (s->is_template || s->port_is_variable || s->host[0] == '/' || s->host[0] == '$')
		return;
	if (s->map == CFG_PORT_FIXED) {
		add_probe(p, s, s->port);
		return;
	}
	for (size_t k = 0; k < front->bind_count; k++) {
		for (int n = front->binds[k].first; n > 0 && n <= front->binds[k].last; n++)
			add_probe(p, s, n + s->port);
	}
}

/* All ports or none: a node that is not there at all is another matter. */
static size_t open_ports(const struct probes *p, const char *host)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += strcmp(p->list[i].host, host) == 0 && p->list[i].result == PROBE_OPEN;
	return n;
}

static void report_closed(struct look *l, const struct probes *p, size_t at)
{
	const struct probe *one = &p->list[at];
	const char *how = one->result == PROBE_SILENT ? "does not answer" : "refuses";
	size_t open = open_ports(p, one->host);

	if (open == 0)
		found_as(l, RULE_WARNING, p->servers[at]->line,
			 "server %s %s on port %d, and on every other port that clients come to",
			 p->servers[at]->name, how, one->port);
	else
		found(l, p->servers[at]->line,
		      "server %s %s on port %d, which clients come to; it listens on %zu others",
		      p->servers[at]->name, how, one->port, open);
}

static bool is_first_of_dead(const struct probes *p, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (strcmp(p->list[i].host, p->list[at].host) == 0)
			return false;
	}
	return true;
}

static void look_listens(struct look *l)
{
	struct probes *p = mem_zalloc(sizeof *p);

	for (size_t i = 0; i < l->route_count; i++) {
		const struct route *r = &l->routes[i];

		for (size_t k = 0;
		     r->frontend->is_tcp && r->backend != NULL && k < r->backend->server_count; k++)
			add_server(p, r->frontend, &r->backend->servers[k]);
	}
	probe_all(p->list, p->count, PROBE_TIMEOUT_MS);
	for (size_t i = 0; i < p->count; i++) {
		if (p->list[i].result != PROBE_OPEN &&
		    (open_ports(p, p->list[i].host) > 0 || is_first_of_dead(p, i)))
			report_closed(l, p, i);
	}
	free(p);
}

/* --- K60 -------------------------------------------------------------------- */

static void look_peers(struct look *l)
{
	bool has_peers = false;
	struct peers peers;
	char *text;

	for (size_t i = 0; i < l->cfg->section_count; i++)
		has_peers |= l->cfg->sections[i]->kind == CFG_PEERS;
	if (!has_peers)
		return;
	text = ask(l, "show peers");
	if (text == NULL)
		return;
	peers = show_peers_parse(text);
	if (peers.section_count == 0)
		found(l, NULL, "the running HAProxy has no peers section, though the file has one");
	else if (!show_peers_in_sync(&peers))
		found(l, NULL,
		      "the first exchange of the peers is not over: a reload now would lose the "
		      "stick-tables");
	show_peers_free(&peers);
	free(text);
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K08", "one-address-for-many", RULE_WARNING, RULE_LIVE, "silent",
	  "Behind a NAT or another load balancer many clients have one address: kept by it, all of "
	  "them go to one node.",
	  "Take the PROXY protocol from what is in front (accept-proxy), or key on client.id.",
	  look_nat },
	{ "K22", "node-does-not-listen", RULE_ERROR, RULE_LIVE, "silent",
	  "A client that comes in on such a port is refused by that node, or by all; with checks on the "
	  "HTTP port they look well.",
	  "The same ports on both sides: gateway.port_start, gateway.port_count, and the bind.",
	  look_listens },
	{ "K60", "peers-not-in-sync", RULE_WARNING, RULE_LIVE, "silent",
	  "Until the first exchange of the peers has ended, some 5 s after a start, a reload does not "
	  "hand the stick-tables over.",
	  "Wait before reloading; `haproxy apply` does.", look_peers },
};

const struct rule_group live_rules = { rules, ARRAY_LEN(rules) };
