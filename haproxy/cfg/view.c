#include "view.h"

#include "util/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool cfg_is_frontend(const struct cfg_section *s)
{
	return s->kind == CFG_FRONTEND || s->kind == CFG_LISTEN;
}

bool cfg_is_backend(const struct cfg_section *s)
{
	return s->kind == CFG_BACKEND || s->kind == CFG_LISTEN;
}

struct cfg_section *cfg_section(const struct cfg *cfg, enum cfg_kind kind, const char *name)
{
	for (size_t i = 0; i < cfg->section_count; i++) {
		struct cfg_section *s = cfg->sections[i];
		bool fits = s->kind == kind || (kind == CFG_FRONTEND && cfg_is_frontend(s)) ||
			    (kind == CFG_BACKEND && cfg_is_backend(s));

		if (fits && strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

static bool begins(const struct cfg_line *line, const char *first, const char *second)
{
	return strcmp(line->words[0], first) == 0 &&
	       (second == NULL || (line->word_count > 1 && strcmp(line->words[1], second) == 0));
}

const struct cfg_line *cfg_own(const struct cfg_section *s, const char *first, const char *second)
{
	for (size_t i = s->line_count; i-- > 0;) {
		if (begins(s->lines[i], first, second))
			return s->lines[i];
	}
	return NULL;
}

const struct cfg_line *cfg_setting(const struct cfg_section *s, const char *first,
				   const char *second)
{
	for (; s != NULL; s = s->defaults) {
		const struct cfg_line *line = cfg_own(s, first, second);

		if (line != NULL)
			return line;
	}
	return NULL;
}

const struct cfg_line *cfg_global(const struct cfg *cfg, const char *first, const char *second)
{
	const struct cfg_line *found = NULL;

	for (size_t i = 0; i < cfg->section_count; i++) {
		const struct cfg_line *line = NULL;

		if (cfg->sections[i]->kind == CFG_GLOBAL)
			line = cfg_own(cfg->sections[i], first, second);
		found = line != NULL ? line : found;
	}
	return found;
}

/* 1: set, -1: taken away, 0: not mentioned. */
static int own_option(const struct cfg_section *s, const char *option)
{
	for (size_t i = s->line_count; i-- > 0;) {
		if (begins(s->lines[i], "option", option))
			return 1;
		if (cfg_line_is(s->lines[i], "no", "option", option, NULL))
			return -1;
	}
	return 0;
}

bool cfg_has(const struct cfg_section *s, const char *option)
{
	int set = 0;

	for (; s != NULL && set == 0; s = s->defaults)
		set = own_option(s, option);
	return set > 0;
}

const char *cfg_mode(const struct cfg_section *s)
{
	const struct cfg_line *line = cfg_setting(s, "mode", NULL);

	return line != NULL && line->word_count > 1 ? line->words[1] : "tcp";
}

/* --- times and sizes -------------------------------------------------------- */

bool cfg_parse_time(const char *text, int64_t *ms, bool *unit)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = { { "", 1000 },	     { "us", 1 },	{ "ms", 1000 },
		      { "s", 1000000 },	     { "m", 60000000 }, { "h", 3600000000LL },
		      { "d", 86400000000LL } };
	char *end;
	long long n;

	if (!isdigit((unsigned char)*text))
		return false;
	n = strtoll(text, &end, 10);
	if (n > INT32_MAX)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			*ms = (n * units[i].us + 999) / 1000;
			*unit = *end != '\0';
			return true;
		}
	}
	return false;
}

bool cfg_parse_size(const char *text, int64_t *n)
{
	char *end;
	int shift = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	*n = strtoll(text, &end, 10);
	if (*end == 'k' || *end == 'K')
		shift = 10;
	else if (*end == 'm' || *end == 'M')
		shift = 20;
	else if (*end == 'g' || *end == 'G')
		shift = 30;
	end += shift > 0;
	if (*end != '\0' || *n > INT64_MAX >> 31)
		return false;
	*n <<= shift;
	return true;
}

int64_t cfg_timeout(const struct cfg_section *s, const char *name, const struct cfg_line **line)
{
	const struct cfg_line *found = cfg_setting(s, "timeout", name);
	int64_t ms;
	bool unit;

	if (line != NULL)
		*line = found;
	if (found == NULL || found->word_count < 3 || !cfg_parse_time(found->words[2], &ms, &unit))
		return -1;
	return ms;
}

/* --- addresses -------------------------------------------------------------- */

/* Splits "host:port" at the last colon; the host without "ipv4@" and brackets. */
static const char *split_host(const char *text, size_t n, char host[256])
{
	static const char *const prefixes[] = { "ipv4@", "ipv6@", "quic4@", "quic6@" };
	const char *colon = NULL;

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		size_t p = strlen(prefixes[i]);

		if (n > p && strncmp(text, prefixes[i], p) == 0) {
			text += p;
			n -= p;
		}
	}
	for (size_t i = n; i-- > 0 && colon == NULL && text[i] != ']';)
		colon = text[i] == ':' ? text + i : NULL;
	if (colon != NULL)
		n = (size_t)(colon - text);
	if (n > 1 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	snprintf(host, 256, "%.*s", (int)n, text);
	return colon != NULL ? colon + 1 : NULL;
}

static bool is_path(const char *text)
{
	static const char *const kinds[] = { "/", "unix@", "abns@", "fd@", "sockpair@", "uxst@" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strncmp(text, kinds[i], strlen(kinds[i])) == 0)
			return true;
	}
	return false;
}

/* One address of a bind's list. */
static void bind_address(struct cfg_bind *b, const char *text, size_t n)
{
	char *end;
	const char *ports;

	b->is_path = is_path(text);
	if (b->is_path) {
		snprintf(b->host, sizeof b->host, "%.*s", (int)n, text);
		return;
	}
	ports = split_host(text, n, b->host);
	if (strcmp(b->host, "*") == 0 || strcmp(b->host, "0.0.0.0") == 0 ||
	    strcmp(b->host, "::") == 0)
		b->host[0] = '\0';
	if (ports == NULL || !isdigit((unsigned char)*ports))
		return;
	b->first = b->last = (int)strtol(ports, &end, 10);
	if (*end == '-')
		b->last = (int)strtol(end + 1, NULL, 10);
}

struct cfg_bind *cfg_binds(struct cfg_section *s, size_t *count)
{
	struct cfg_bind *list = NULL;

	*count = 0;
	for (size_t i = 0; i < s->line_count; i++) {
		const struct cfg_line *line = s->lines[i];
		const char *part = line->word_count > 1 ? line->words[1] : NULL;

		if (strcmp(line->words[0], "bind") != 0)
			continue;
		while (part != NULL) {
			size_t n = strcspn(part, ",");
			struct cfg_bind *b;

			list = mem_realloc(list, (*count + 1) * sizeof *list);
			b = &list[(*count)++];
			memset(b, 0, sizeof *b);
			b->line = line;
			b->section = s;
			bind_address(b, part, n);
			cfg_options_add(&b->options, line, 2);
			part = part[n] == ',' ? part + n + 1 : NULL;
		}
	}
	return list;
}

bool cfg_binds_overlap(const struct cfg_bind *a, const struct cfg_bind *b)
{
	if (a->is_path || b->is_path)
		return a->is_path && b->is_path && strcmp(a->host, b->host) == 0;
	if (a->first == 0 || b->first == 0 || a->last < b->first || b->last < a->first)
		return false;
	return a->host[0] == '\0' || b->host[0] == '\0' || strcmp(a->host, b->host) == 0;
}

/* --- servers ---------------------------------------------------------------- */

static void server_address(struct cfg_server *server, const char *text)
{
	const char *port;

	if (is_path(text)) {
		snprintf(server->host, sizeof server->host, "%s", text);
		server->map = CFG_PORT_FIXED;
		return;
	}
	port = split_host(text, strlen(text), server->host);
	if (port == NULL || *port == '\0')
		return; /* the same */
	server->port_is_variable = *port == '$';
	server->port = (int)strtol(port, NULL, 10);
	if (*port != '+' && *port != '-')
		server->map = CFG_PORT_FIXED;
	else if (server->port != 0)
		server->map = CFG_PORT_OFFSET;
}

/* "5" or "1-5" of a server-template. */
static int template_copies(const char *text)
{
	char *end;
	long first = strtol(text, &end, 10);

	return (int)(*end == '-' ? strtol(end + 1, NULL, 10) - first + 1 : first);
}

static void server_line(struct cfg_server *server, const struct cfg_line *line)
{
	int address = server->is_template ? 3 : 2;

	server->name = line->word_count > 1 ? line->words[1] : "";
	server->copies = 1;
	if (server->is_template)
		server->copies = line->word_count > 2 ? template_copies(line->words[2]) : 1;
	if (line->word_count > address)
		server_address(server, line->words[address]);
	cfg_options_add(&server->options, line, address + 1);
	cfg_options_add(&server->own, line, address + 1);
}

/* Of the defaults first, then what stands before in the section itself. */
static void default_server(const struct cfg_section *s, struct cfg_options *options)
{
	if (s == NULL)
		return;
	default_server(s->defaults, options);
	for (size_t i = 0; i < s->line_count; i++) {
		if (strcmp(s->lines[i]->words[0], "default-server") == 0)
			cfg_options_add(options, s->lines[i], 1);
	}
}

struct cfg_server *cfg_servers(struct cfg_section *s, size_t *count)
{
	struct cfg_server *list = NULL;
	struct cfg_options *defaults = mem_zalloc(sizeof *defaults);

	*count = 0;
	default_server(s->defaults, defaults);
	for (size_t i = 0; i < s->line_count; i++) {
		const struct cfg_line *line = s->lines[i];
		bool is_template = strcmp(line->words[0], "server-template") == 0;

		if (strcmp(line->words[0], "default-server") == 0)
			cfg_options_add(defaults, line, 1);
		if (!is_template && strcmp(line->words[0], "server") != 0)
			continue;
		list = mem_realloc(list, (*count + 1) * sizeof *list);
		memset(&list[*count], 0, sizeof *list);
		list[*count].line = line;
		list[*count].section = s;
		list[*count].is_template = is_template;
		list[*count].options = *defaults;
		server_line(&list[(*count)++], line);
	}
	free(defaults);
	return list;
}

/* --- stickiness and balance ------------------------------------------------- */

bool cfg_table(const struct cfg_section *s, struct cfg_table *t)
{
	const struct cfg_line *line = cfg_own(s, "stick-table", NULL);
	const char *value;
	bool unit;

	memset(t, 0, sizeof *t);
	if (line == NULL)
		return false;
	t->line = line;
	t->type = cfg_line_after(line, "type");
	t->type = t->type != NULL ? t->type : "";
	value = cfg_line_after(line, "len");
	t->has_length = value != NULL;
	t->length = value != NULL ? strtol(value, NULL, 10) : 32;
	value = cfg_line_after(line, "size");
	if (value == NULL || !cfg_parse_size(value, &t->size))
		t->size = 0;
	value = cfg_line_after(line, "expire");
	if (value == NULL || !cfg_parse_time(value, &t->expire_ms, &unit))
		t->expire_ms = -1;
	t->peers = cfg_line_after(line, "peers");
	t->srvkey = cfg_line_after(line, "srvkey");
	t->srvkey = t->srvkey != NULL ? t->srvkey : "name";
	t->store = cfg_line_after(line, "store");
	t->store = t->store != NULL ? t->store : "";
	for (int i = 1; i < line->word_count; i++)
		t->nopurge |= strcmp(line->words[i], "nopurge") == 0;
	return true;
}

bool cfg_table_stores(const struct cfg_table *table, const char *counter)
{
	size_t n = strlen(counter);

	for (int i = 1; i + 1 < table->line->word_count; i++) {
		const char *list = table->line->words[i + 1];

		if (strcmp(table->line->words[i], "store") != 0)
			continue;
		for (; *list != '\0'; list += strcspn(list, ","), list += *list == ',') {
			if (strncmp(list, counter, n) == 0 && strchr(",(", list[n]) != NULL)
				return true; /* strchr finds the NUL too */
		}
	}
	return false;
}

const char *cfg_balance(const struct cfg_section *s, const struct cfg_line **line)
{
	const struct cfg_line *found = cfg_setting(s, "balance", NULL);

	if (line != NULL)
		*line = found;
	return found != NULL && found->word_count > 1 ? found->words[1] : NULL;
}

bool cfg_balance_is_hash(const struct cfg_section *s)
{
	static const char *const hashes[] = { "source",	   "hash", "uri",
					      "url_param", "hdr",  "rdp-cookie" };
	const char *balance = cfg_balance(s, NULL);

	for (size_t i = 0; balance != NULL && i < ARRAY_LEN(hashes); i++) {
		size_t n = strlen(hashes[i]);

		if (strncmp(balance, hashes[i], n) == 0 && strchr("(", balance[n]) != NULL)
			return true;
	}
	return false;
}

bool cfg_balance_is_dynamic(const struct cfg_section *s)
{
	const char *balance = cfg_balance(s, NULL);
	const struct cfg_line *type = cfg_setting(s, "hash-type", NULL);

	if (cfg_balance_is_hash(s))
		return type != NULL && type->word_count > 1 &&
		       strcmp(type->words[1], "consistent") == 0;
	return balance == NULL ||
	       (strcmp(balance, "static-rr") != 0 && strcmp(balance, "first") != 0);
}
