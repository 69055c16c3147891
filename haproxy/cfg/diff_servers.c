/* The servers of a backend, by name, with what default-server says; and what the runtime API
 * can do for each change. */
#include "cfg/diff_parts.h"

#include "cfg/effective.h"
#include "cfg/view.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

struct servers {
	struct cfg_server *list;
	size_t count;
};

/* The two backends and their servers. */
struct sides {
	const struct diff_pair *pair;
	struct servers before, after;
	bool is_dynamic; /* weights and new servers at run time */
};

/* How many of that name there are before it: HAProxy takes a name twice when the ids differ. */
static size_t earlier(const struct servers *s, const struct cfg_server *server)
{
	size_t n = 0;

	for (const struct cfg_server *o = s->list; o < server; o++)
		n += strcmp(o->name, server->name) == 0;
	return n;
}

/* The same one on the other side, or NULL. */
static const struct cfg_server *find(const struct servers *other, const struct servers *mine,
				     const struct cfg_server *server)
{
	size_t nth = earlier(mine, server);

	for (size_t i = 0; i < other->count; i++) {
		if (strcmp(other->list[i].name, server->name) == 0 && nth-- == 0)
			return &other->list[i];
	}
	return NULL;
}

/* --- addresses ------------------------------------------------------------------ */

/* As it may stand on a server line. */
static void address_text(const struct cfg_server *s, char to[320])
{
	char host[300];

	text_host_port_print(host, sizeof host, s->host, s->map == CFG_PORT_FIXED ? s->port : 0);
	if (s->map == CFG_PORT_OFFSET)
		snprintf(to, 320, "%s:%+d", host, s->port);
	else
		snprintf(to, 320, "%s", host);
}

static bool is_numeric(const char *host)
{
	return strspn(host, "0123456789.") == strlen(host) || strchr(host, ':') != NULL;
}

static void compare_address(struct diff *d, const struct sides *sides, const struct cfg_server *old,
			    const struct cfg_server *new)
{
	char what[300], before[320], after[320];
	struct diff_change *c;
	/* A server-template's slots, and the port that the client used, have no command. */
	bool can = !new->is_template &&is_numeric(new->host) &&
		   old->map == new->map &&new->map != CFG_PORT_OFFSET && !new->port_is_variable;

	address_text(old, before);
	address_text(new, after);
	if (strcmp(before, after) == 0 && old->copies == new->copies)
		return;
	snprintf(what, sizeof what, "server %s: address", new->name);
	if (!can) {
		diff_add(d, sides->pair, DIFF_CHANGED, DIFF_RELOAD, new->line, what, before, after,
			 "the runtime API can't change it so");
		return;
	}
	c = diff_add(d, sides->pair, DIFF_CHANGED, DIFF_RUNTIME, new->line, what, before, after,
		     "new connections go there, open ones stay where they are");
	if (new->map == CFG_PORT_FIXED)
		diff_command(c, "set server %s/%s addr %s port %d", sides->pair->after->name,
			     new->name, new->host, new->port);
	else
		diff_command(c, "set server %s/%s addr %s", sides->pair->after->name, new->name,
			     new->host);
}

/* --- options -------------------------------------------------------------------- */

/* The command that sets it, or false. */
static bool option_command(const struct sides *sides, const struct cfg_server *s, const char *name,
			   const char *before, const char *after, char to[700])
{
	static const struct {
		const char *option, *command;
	} numbers[] = {
		{ "port", "check-port" },
		{ "agent-port", "agent-port" },
	};
	const char *backend = sides->pair->after->name;

	if (s->is_template)
		return false;
	if (strcmp(name, "weight") == 0 && sides->is_dynamic) {
		snprintf(to, 700, "set server %s/%s weight %s", backend, s->name,
			 after != NULL ? after : "1");
		return true;
	}
	if (strcmp(name, "maxconn") == 0 && before != NULL && after != NULL) {
		snprintf(to, 700, "set maxconn server %s/%s %s", backend, s->name, after);
		return true;
	}
	if (strcmp(name, "disabled") == 0) {
		snprintf(to, 700, "set server %s/%s state %s", backend, s->name,
			 after != NULL ? "maint" : "ready");
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (strcmp(name, numbers[i].option) == 0 && before != NULL && after != NULL) {
			snprintf(to, 700, "set server %s/%s %s %s", backend, s->name,
				 numbers[i].command, after);
			return true;
		}
	}
	return false;
}

static void report_option(struct diff *d, const struct sides *sides, const struct cfg_server *s,
			  const char *name, const char *before, const char *after)
{
	enum diff_kind kind = before == NULL  ? DIFF_ADDED
			      : after == NULL ? DIFF_REMOVED
					      : DIFF_CHANGED;
	char what[400], command[700];

	snprintf(what, sizeof what, "server %.200s: %.100s", s->name, name);
	if (option_command(sides, s, name, before, after, command))
		diff_command(diff_add(d, sides->pair, kind, DIFF_RUNTIME, s->line, what, before,
				      after, "the runtime API sets it"),
			     "%s", command);
	else if (strcmp(name, "weight") == 0)
		diff_add(d, sides->pair, kind, DIFF_RELOAD, s->line, what, before, after,
			 "this balance takes weights only when it starts");
	else if (strcmp(name, "id") == 0)
		diff_add(d, sides->pair, kind, DIFF_RELOAD, s->line, what, before, after,
			 "hashes and tables know the server by it: clients are spread anew");
	else
		diff_add(d, sides->pair, kind, DIFF_RELOAD, s->line, what, before, after,
			 "a worker reads it when it starts");
}

static void compare_options(struct diff *d, const struct sides *sides, const struct cfg_server *old,
			    const struct cfg_server *new)
{
	for (size_t i = 0; i < old->options.count; i++) {
		const struct cfg_option *o = &old->options.list[i];
		const char *after = cfg_option_value(&new->options, o->name);

		if (after == NULL || !effective_same(o->value, after))
			report_option(d, sides, new, o->name, o->value, after);
	}
	for (size_t i = 0; i < new->options.count; i++) {
		const struct cfg_option *o = &new->options.list[i];

		if (!cfg_has_option(&old->options, o->name))
			report_option(d, sides, new, o->name, NULL, o->value);
	}
}

/* --- servers that come and go ---------------------------------------------------- */

/* `add server` takes no default-server, so the line says everything. */
static char *whole_line(const struct cfg_server *s)
{
	char address[320], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		abort();
	address_text(s, address);
	fputs(address, out);
	for (size_t i = 0; i < s->options.count; i++) {
		const struct cfg_option *o = &s->options.list[i];

		if (strncmp(o->name, "no-", 3) != 0)
			fprintf(out, " %s%s%s", o->name, o->value[0] != '\0' ? " " : "", o->value);
	}
	fclose(out);
	return text;
}

static bool can_come(const struct sides *sides, const struct cfg_server *s)
{
	static const char *const refused[] = { "resolvers",	 "cookie",    "track",
					       "disabled",	 "init-addr", "log-proto",
					       "resolve-prefer", "tcp-ut" };

	if (!sides->is_dynamic || s->is_template || !is_numeric(s->host) || s->port_is_variable)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		if (cfg_has_option(&s->options, refused[i]))
			return false;
	}
	return true;
}

/* A server that is added counts as up from `state ready` on, before anybody has looked at it;
 * unless it waits for its check. */
static bool can_wait(const struct sides *sides, const struct cfg_server *s)
{
	return cfg_has_option(&s->options, "check") && !cfg_has_option(&s->options, "init-state") &&
	       version_has(sides->pair->version, VERSION_INIT_STATE);
}

static const char *why_it_comes(const struct sides *sides, const struct cfg_server *s)
{
	if (!cfg_has_option(&s->options, "check") || cfg_has_option(&s->options, "init-state"))
		return "the runtime API adds it";
	if (can_wait(sides, s))
		return "the runtime API adds it, and no client gets there before its first check is "
		       "good";
	return "the runtime API adds it; until its first check it counts as up: HAProxy 3.1 can "
	       "have it wait";
}

static void server_comes(struct diff *d, const struct sides *sides, const struct cfg_server *s)
{
	const char *backend = sides->pair->after->name;
	char *line = whole_line(s), what[300];
	struct diff_change *c;

	snprintf(what, sizeof what, "server %s", s->name);
	if (can_come(sides, s)) {
		c = diff_add(d, sides->pair, DIFF_ADDED, DIFF_RUNTIME, s->line, what, NULL, line,
			     why_it_comes(sides, s));
		c->server = mem_printf("%s/%s", backend, s->name);
		diff_command(c, "add server %s/%s %s%s", backend, s->name, line,
			     can_wait(sides, s) ? " init-state down" : "");
		/* It starts in maintenance, with its checks switched off. */
		if (cfg_has_option(&s->options, "check"))
			diff_command(c, "enable health %s/%s", backend, s->name);
		if (cfg_has_option(&s->options, "agent-check"))
			diff_command(c, "enable agent %s/%s", backend, s->name);
		diff_command(c, "set server %s/%s state ready", backend, s->name);
	} else {
		diff_add(d, sides->pair, DIFF_ADDED, DIFF_RELOAD, s->line, what, NULL, line,
			 sides->is_dynamic ? "the runtime API can't add such a server"
					   : "this balance takes new servers only when it starts");
	}
	free(line);
}

static void server_goes(struct diff *d, const struct sides *sides, const struct cfg_server *s)
{
	const char *backend = sides->pair->after->name;
	char *line = whole_line(s), what[300];
	struct diff_change *c;

	snprintf(what, sizeof what, "server %s", s->name);
	if (sides->is_dynamic && !s->is_template) {
		c = diff_add(
			d, sides->pair, DIFF_REMOVED, DIFF_RUNTIME, s->line, what, line, NULL,
			"the runtime API takes it out once it has no connection; else a reload "
			"leaves its connections to the old worker");
		c->server = mem_printf("%s/%s", backend, s->name);
		diff_command(c, "set server %s/%s state maint", backend, s->name);
		diff_command(c, "del server %s/%s", backend, s->name);
	} else {
		diff_add(d, sides->pair, DIFF_REMOVED, DIFF_RELOAD, s->line, what, line, NULL,
			 "its connections stay with the old worker");
	}
	free(line);
}

/* --- order ------------------------------------------------------------------------ */

/* Only those of both sides, by the place of their first that is elsewhere. */
static const struct cfg_server *out_of_order(const struct sides *sides)
{
	size_t at = 0;

	for (size_t i = 0; i < sides->after.count; i++) {
		const struct cfg_server *new = &sides->after.list[i];

		if (find(&sides->before, &sides->after, new) == NULL)
			continue;
		while (at < sides->before.count &&
		       find(&sides->after, &sides->before, &sides->before.list[at]) == NULL)
			at++;
		if (strcmp(sides->before.list[at++].name, new->name) != 0)
			return new;
	}
	return NULL;
}

static bool all_have_ids(const struct servers *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (!cfg_has_option(&s->list[i].options, "id"))
			return false;
	}
	return true;
}

static void compare_order(struct diff *d, const struct sides *sides)
{
	const struct cfg_server *moved = out_of_order(sides);
	char what[300];

	if (moved == NULL || !cfg_balance_is_hash(sides->pair->after) ||
	    (all_have_ids(&sides->before) && all_have_ids(&sides->after)))
		return; /* only a hash goes by it, and only without ids */
	snprintf(what, sizeof what, "server %s: place", moved->name);
	diff_add(d, sides->pair, DIFF_MOVED, DIFF_RELOAD, moved->line, what, NULL, NULL,
		 "servers without an id are numbered by their order, and the hash maps to numbers");
}

/* A balance that is not dynamic now can't take servers now, whatever it will be. */
static bool is_dynamic(const struct diff_pair *pair)
{
	return cfg_balance_is_dynamic(pair->before) && cfg_balance_is_dynamic(pair->after);
}

void diff_servers(struct diff *d, const struct diff_pair *pair)
{
	struct sides sides = { .pair = pair, .is_dynamic = is_dynamic(pair) };

	sides.before.list = cfg_servers(pair->before, &sides.before.count);
	sides.after.list = cfg_servers(pair->after, &sides.after.count);
	for (size_t i = 0; i < sides.before.count; i++) {
		const struct cfg_server *old = &sides.before.list[i];
		const struct cfg_server *new = find(&sides.after, &sides.before, old);

		if (new == NULL) {
			server_goes(d, &sides, old);
			continue;
		}
		compare_address(d, &sides, old, new);
		compare_options(d, &sides, old, new);
	}
	for (size_t i = 0; i < sides.after.count; i++) {
		if (find(&sides.before, &sides.after, &sides.after.list[i]) == NULL)
			server_comes(d, &sides, &sides.after.list[i]);
	}
	compare_order(d, &sides);
	free(sides.before.list);
	free(sides.after.list);
}
