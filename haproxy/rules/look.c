#include "rules/look.h"

#include "cfg/words.h"
#include "util/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* --- proxies and routes ----------------------------------------------------- */

static void add_proxy(struct look *l, struct cfg_section *s)
{
	struct proxy *p = &l->proxies[l->proxy_count++];

	p->section = s;
	p->is_frontend = cfg_is_frontend(s);
	p->is_backend = cfg_is_backend(s);
	p->is_tcp = strcmp(cfg_mode(s), "tcp") == 0;
	if (p->is_frontend)
		p->binds = cfg_binds(s, &p->bind_count);
	if (p->is_backend)
		p->servers = cfg_servers(s, &p->server_count);
	p->has_table = cfg_table(s, &p->table);
}

static const struct proxy *backend_named(const struct look *l, const char *name)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		if (p->is_backend && strcmp(p->section->name, name) == 0)
			return p;
	}
	return NULL;
}

static void add_route(struct look *l, const struct proxy *frontend, const struct proxy *backend,
		      const struct cfg_line *line)
{
	bool is_dynamic = line != NULL && (line->has_variable || strchr(line->words[1], '%'));

	l->routes = mem_realloc(l->routes, (l->route_count + 1) * sizeof *l->routes);
	l->routes[l->route_count++] =
		(struct route){ frontend, backend, line, backend == NULL && !is_dynamic };
}

static void add_routes(struct look *l, const struct proxy *p)
{
	const struct cfg_line *standard = cfg_setting(p->section, "default_backend", NULL);

	for (size_t i = 0; i < p->section->line_count; i++) {
		const struct cfg_line *line = p->section->lines[i];

		if (strcmp(line->words[0], "use_backend") == 0 && line->word_count > 1)
			add_route(l, p, backend_named(l, line->words[1]), line);
	}
	if (standard != NULL && standard->word_count > 1)
		add_route(l, p, backend_named(l, standard->words[1]), standard);
	if (p->is_backend && p->server_count > 0)
		add_route(l, p, p, NULL);
}

void look_init(struct look *l, struct cfg *cfg, const struct rule_facts *facts,
	       struct findings *findings)
{
	*l = (struct look){ .cfg = cfg, .facts = facts, .findings = findings };
	l->proxies = mem_zalloc((cfg->section_count + 1) * sizeof *l->proxies);
	for (size_t i = 0; i < cfg->section_count; i++) {
		if (cfg_is_frontend(cfg->sections[i]) || cfg_is_backend(cfg->sections[i]))
			add_proxy(l, cfg->sections[i]);
	}
	for (size_t i = 0; i < l->proxy_count; i++) {
		if (l->proxies[i].is_frontend)
			add_routes(l, &l->proxies[i]);
	}
}

void look_deinit(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		free(l->proxies[i].binds);
		free(l->proxies[i].servers);
	}
	free(l->proxies);
	free(l->routes);
}

/* --- what is found ---------------------------------------------------------- */

/* The rules see lines that they must not edit; the fix, later, may. */
static struct cfg_line *own_line(const struct cfg *cfg, const struct cfg_line *line)
{
	for (size_t i = 0; i < cfg->line_count; i++) {
		if (cfg->lines[i] == line)
			return cfg->lines[i];
	}
	return NULL;
}

static void add(struct look *l, enum rule_severity severity, const struct cfg_line *line,
		const char *detail, const char *fmt, va_list args)
{
	struct findings *all = l->findings;
	struct finding *f;

	all->list = mem_realloc(all->list, (all->count + 1) * sizeof *all->list);
	f = &all->list[all->count++];
	*f = (struct finding){ .rule = l->rule, .severity = severity };
	if (line != NULL) {
		f->line = own_line(l->cfg, line);
		f->file = line->file;
		f->number = line->number;
	} else if (l->cfg->file_count > 0) {
		f->file = l->cfg->files[0];
	}
	f->what = mem_vprintf(fmt, args);
	f->detail = detail != NULL ? mem_strdup(detail) : NULL;
}

void found(struct look *l, const struct cfg_line *line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(l, l->rule->severity, line, NULL, fmt, args);
	va_end(args);
}

void found_as(struct look *l, enum rule_severity severity, const struct cfg_line *line,
	      const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(l, severity, line, NULL, fmt, args);
	va_end(args);
}

void found_with(struct look *l, enum rule_severity severity, const struct cfg_line *line,
		const char *detail, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(l, severity, line, detail, fmt, args);
	va_end(args);
}

bool was_found(const struct look *l, const struct cfg_line *line)
{
	for (size_t i = 0; i < l->findings->count; i++) {
		if (l->findings->list[i].rule == l->rule && l->findings->list[i].line == line)
			return true;
	}
	return false;
}

/* --- what is looked at ------------------------------------------------------ */

const struct proxy *look_proxy(const struct look *l, const struct cfg_section *section)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		if (l->proxies[i].section == section)
			return &l->proxies[i];
	}
	return NULL;
}

bool line_mentions(const struct cfg_line *line, const char *part)
{
	for (int i = 0; i < line->word_count; i++) {
		if (strstr(line->words[i], part) != NULL)
			return true;
	}
	return false;
}

bool has_word(const struct cfg_line *line, const char *word)
{
	for (int i = 0; i < line->word_count; i++) {
		if (strcmp(line->words[i], word) == 0)
			return true;
	}
	return false;
}

bool list_has(const char *list, const char *item)
{
	size_t n = strlen(item);

	for (; *list != '\0'; list += strcspn(list, ","), list += *list == ',') {
		if (strncmp(list, item, n) == 0 && (list[n] == ',' || list[n] == '\0'))
			return true;
	}
	return false;
}

bool server_sends_header(const struct cfg_server *s)
{
	static const char *const options[] = { "send-proxy", "send-proxy-v2", "send-proxy-v2-ssl",
					       "send-proxy-v2-ssl-cn" };

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (cfg_has_option(&s->options, options[i]))
			return true;
	}
	return false;
}

bool proxy_takes_header(const struct proxy *frontend)
{
	for (size_t k = 0; k < frontend->bind_count; k++) {
		if (cfg_has_option(&frontend->binds[k].options, "accept-proxy"))
			return true;
	}
	for (size_t i = 0; i < frontend->section->line_count; i++) {
		if (has_word(frontend->section->lines[i], "expect-proxy"))
			return true;
	}
	return false;
}

bool line_reads_payload(const struct cfg_line *line)
{
	static const char *const parts[] = { "req.payload", "req.ssl_", "req_ssl_", "req.len" };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (line_mentions(line, parts[i]))
			return true;
	}
	return false;
}

bool line_sticks(const struct cfg_line *line)
{
	return cfg_line_is(line, "stick", "on", NULL) ||
	       cfg_line_is(line, "stick", "match", NULL) ||
	       cfg_line_is(line, "stick", "store-request", NULL);
}

/* Whether the section sets this variable from what has the part in it. */
static bool sets_from(const struct cfg_section *s, const char *variable, size_t n, const char *part)
{
	char setter[256];

	snprintf(setter, sizeof setter, "set-var(%.*s)", (int)n, variable);
	for (size_t i = 0; i < s->line_count; i++) {
		if (line_mentions(s->lines[i], setter) && line_mentions(s->lines[i], part))
			return true;
	}
	snprintf(setter, sizeof setter, "set-var-fmt(%.*s)", (int)n, variable);
	for (size_t i = 0; i < s->line_count; i++) {
		if (line_mentions(s->lines[i], setter) && line_mentions(s->lines[i], part))
			return true;
	}
	return false;
}

static bool variable_is_from(const struct look *l, const struct proxy *p, const char *variable,
			     const char *part)
{
	size_t n = strcspn(variable, "),");

	if (sets_from(p->section, variable, n, part))
		return true;
	for (size_t i = 0; i < l->route_count; i++) {
		if (l->routes[i].backend == p &&
		    sets_from(l->routes[i].frontend->section, variable, n, part))
			return true;
	}
	return false;
}

bool line_is_from(const struct look *l, const struct proxy *p, const struct cfg_line *line,
		  const char *part)
{
	if (line_mentions(line, part))
		return true;
	for (int i = 0; i < line->word_count; i++) {
		const char *at = strstr(line->words[i], "var(");

		if (at != NULL && (at == line->words[i] || at[-1] != '-') &&
		    variable_is_from(l, p, at + 4, part))
			return true;
	}
	return false;
}

bool proxy_is_sticky(const struct proxy *p)
{
	for (size_t i = 0; i < p->section->line_count; i++) {
		if (line_sticks(p->section->lines[i]))
			return true;
	}
	return cfg_balance_is_hash(p->section);
}

bool sets(const struct proxy *p, const char *first, const char *second)
{
	return cfg_setting(p->section, first, second) != NULL;
}

bool is_led_to(const struct look *l, const struct proxy *backend)
{
	for (size_t i = 0; i < l->route_count; i++) {
		if (l->routes[i].backend == backend && l->routes[i].frontend->is_tcp)
			return true;
	}
	return false;
}

/* --- what mends ------------------------------------------------------------- */

/* The line without indentation and comment; *comment is its rest, "" when there is none. */
static char *text_of(const struct cfg_line *line, const char **comment)
{
	const char *from = line->text + strspn(line->text, " \t");
	const char *end = line->comment != NULL ? line->comment : line->text + line->size;

	while (end > from && strchr(" \t\r\n", end[-1]) != NULL)
		end--;
	*comment = line->comment != NULL ? line->comment : "";
	return mem_strndup(from, (size_t)(end - from));
}

static bool set_line(struct cfg *cfg, struct cfg_line *line, const char *text, const char *comment)
{
	size_t n = strcspn(comment, "\r\n");
	char *whole = mem_printf("%s%s%.*s", text, n > 0 ? " " : "", (int)n, comment);
	bool ok = cfg_line_set(cfg, line, whole);

	free(whole);
	return ok;
}

bool fix_append(struct cfg *cfg, struct cfg_line *line, const char *words)
{
	const char *comment;
	char *text = text_of(line, &comment), *whole = mem_printf("%s %s", text, words);
	bool ok = set_line(cfg, line, whole, comment);

	free(text);
	free(whole);
	return ok;
}

/* With `text` in front of the word at that place, or instead of it. */
static bool set_words(struct cfg *cfg, struct cfg_line *line, int at, const char *text,
		      bool instead)
{
	const char *comment;
	char *whole = NULL;
	size_t size;
	FILE *out;
	bool ok;

	if (line->has_variable || at >= line->word_count)
		return false; /* its quotes are not known any more */
	free(text_of(line, &comment));
	out = open_memstream(&whole, &size);
	if (out == NULL)
		abort();
	for (int i = 0; i < line->word_count; i++) {
		char *quoted = words_quote(line->words[i]);

		fputs(i > 0 ? " " : "", out);
		if (i == at)
			fprintf(out, "%s%s", text, instead ? "" : " ");
		if (i != at || !instead)
			fputs(quoted, out);
		free(quoted);
	}
	fclose(out);
	ok = set_line(cfg, line, whole, comment);
	free(whole);
	return ok;
}

bool fix_insert(struct cfg *cfg, struct cfg_line *line, int at, const char *words)
{
	return at == line->word_count ? fix_append(cfg, line, words)
				      : set_words(cfg, line, at, words, false);
}

bool fix_word(struct cfg *cfg, struct cfg_line *line, int at, const char *word)
{
	char *quoted = words_quote(word);
	bool ok = set_words(cfg, line, at, quoted, true);

	free(quoted);
	return ok;
}

bool fix_value(struct cfg *cfg, struct cfg_line *line, const char *word, const char *value)
{
	char both[512];

	for (int i = 0; i + 1 < line->word_count; i++) {
		if (strcmp(line->words[i], word) == 0)
			return fix_word(cfg, line, i + 1, value);
	}
	snprintf(both, sizeof both, "%s %s", word, value);
	return fix_append(cfg, line, both);
}

static bool add_after(struct cfg *cfg, struct cfg_section *s, struct cfg_line *after,
		      const char *text)
{
	return cfg_line_add(cfg, after != NULL ? after : s->header, text) != NULL;
}

bool fix_add(struct cfg *cfg, struct cfg_section *s, const char *after, const char *text)
{
	struct cfg_line *last = NULL;

	for (size_t i = 0; i < s->line_count; i++) {
		if (strcmp(s->lines[i]->words[0], after) == 0)
			last = s->lines[i];
	}
	return add_after(cfg, s, last, text);
}

bool fix_add_last(struct cfg *cfg, struct cfg_section *s, const char *text)
{
	return add_after(cfg, s, s->line_count > 0 ? s->lines[s->line_count - 1] : NULL, text);
}

bool fix_add_setting(struct cfg *cfg, struct cfg_section *s, const char *after, const char *text)
{
	return fix_add(cfg, s->defaults != NULL ? s->defaults : s, after, text);
}
