#include "cfg/effective.h"

#include "cfg/view.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

/* --- keys ------------------------------------------------------------------- */

/* What the first word alone does not tell apart. */
static bool has_second_word(const char *first)
{
	static const char *const words[] = {
		"timeout",     "option",    "stats",	      "tcp-request", "tcp-response",
		"http-check",  "tcp-check", "compression",    "hold",	     "filter",
		"email-alert", "monitor",   "external-check",
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i], first) == 0)
			return true;
	}
	return false;
}

static bool is_among(const char *key, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i], key) == 0)
			return true;
	}
	return false;
}

enum effective_kind effective_kind_of(const char *key)
{
	static const char *const lists[] = {
		"tcp-request connection",
		"tcp-request session",
		"tcp-request content",
		"tcp-response",
		"http-request",
		"http-response",
		"http-after-response",
		"use_backend",
		"use-server",
		"redirect",
		"stick",
		"http-check",
		"tcp-check",
		"filter",
		"capture",
		"lua-load",
	};
	static const char *const sets[] = {
		"acl",
		"log",
		"errorfile",
		"errorloc",
		"stats socket",
		"setenv",
		"presetenv",
		"peer",
		"server",
		"bind",
		"table",
		"nameserver",
		"user",
		"group",
		"http-error",
		"set-var",
		"stats http-request",
		"stats admin",
		"stats auth",
		"set-var-fmt",
		"cpu-map",
		"server-template",
		"default-server",
	};

	if (is_among(key, lists, ARRAY_LEN(lists)))
		return EFFECTIVE_LIST;
	return is_among(key, sets, ARRAY_LEN(sets)) ? EFFECTIVE_SET : EFFECTIVE_SINGLE;
}

/* Checks and answers are one list each, whatever their second word. */
static char *key_of(const struct cfg_line *line, int *words)
{
	static const char *const whole[] = { "http-check", "tcp-check", "tcp-response", "filter" };
	const char *first = line->words[0];

	*words = 1;
	if (line->word_count < 2 || !has_second_word(first) ||
	    is_among(first, whole, ARRAY_LEN(whole)))
		return mem_strdup(first);
	*words = 2;
	return mem_printf("%s %s", first, line->words[1]);
}

/* --- values ----------------------------------------------------------------- */

/* Times and sizes may be written in several ways; what comes after these words is a time. */
static bool comes_time(const char *word)
{
	static const char *const words[] = { "expire",	     "inter",	  "fastinter",
					     "downinter",    "slowstart", "agent-inter",
					     "inspect-delay" };

	return is_among(word, words, ARRAY_LEN(words));
}

static void put_word(FILE *out, const char *word, bool is_time)
{
	int64_t ms;
	bool unit;

	if (is_time && cfg_parse_time(word, &ms, &unit))
		fprintf(out, "%lldms", (long long)ms);
	else
		fputs(word, out);
}

static bool is_time_key(const char *key)
{
	return strncmp(key, "timeout ", 8) == 0 || strcmp(key, "hard-stop-after") == 0 ||
	       strncmp(key, "hold ", 5) == 0 || strcmp(key, "tcp-request inspect-delay") == 0 ||
	       strncmp(key, "clitcpka-i", 10) == 0 || strncmp(key, "srvtcpka-i", 10) == 0;
}

/* key NULL: as it was written. */
static char *value_of(const struct cfg_line *line, const char *key, int from)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		abort();
	for (int i = from; i < line->word_count; i++) {
		fputs(i > from ? " " : "", out);
		put_word(out, line->words[i],
			 key != NULL && (is_time_key(key) || comes_time(line->words[i - 1])));
	}
	fclose(out);
	return text;
}

bool effective_same(const char *a, const char *b)
{
	int64_t one, other;
	bool unit;

	if (strcmp(a, b) == 0)
		return true;
	return cfg_parse_time(a, &one, &unit) && unit && cfg_parse_time(b, &other, &unit) && unit &&
	       one == other;
}

/* --- items ------------------------------------------------------------------ */

static void take_away(struct effective *e, const char *key)
{
	for (size_t i = 0; i < e->count;) {
		if (strcmp(e->items[i].key, key) != 0) {
			i++;
			continue;
		}
		free(e->items[i].key);
		free(e->items[i].value);
		free(e->items[i].text);
		memmove(&e->items[i], &e->items[i + 1], (e->count - i - 1) * sizeof *e->items);
		e->count--;
	}
}

static void add(struct effective *e, char *key, const struct cfg_line *line, int from)
{
	if (effective_kind_of(key) == EFFECTIVE_SINGLE)
		take_away(e, key);
	e->items = mem_realloc(e->items, (e->count + 1) * sizeof *e->items);
	e->items[e->count++] = (struct effective_item){ key, value_of(line, key, from),
							value_of(line, NULL, from), line };
}

/* "no option x" and "no log" take away what was said before. */
static void take_no(struct effective *e, const struct cfg_line *line)
{
	char *key;

	if (line->word_count < 2)
		return;
	key = mem_printf("%s%s%s", line->words[1], line->word_count > 2 ? " " : "",
			 line->word_count > 2 ? line->words[2] : "");
	take_away(e, key);
	free(key);
}

static bool is_elsewhere(const struct cfg_section *s, const struct cfg_line *line)
{
	static const char *const words[] = { "bind", "server", "server-template",
					     "default-server" };

	return (cfg_is_frontend(s) || cfg_is_backend(s) || s->kind == CFG_DEFAULTS) &&
	       is_among(line->words[0], words, ARRAY_LEN(words));
}

/* What says something to frontends alone does nothing in a backend, and the other way round. */
static bool counts_for(const struct cfg_section *s, const char *key)
{
	static const char *const of_frontends[] = {
		"timeout client",     "default_backend",    "maxconn",
		"option clitcpka",    "clitcpka-idle",	    "clitcpka-intvl",
		"clitcpka-cnt",	      "option tcplog",	    "option httplog",
		"option dontlognull", "log-format",	    "unique-id-format",
		"option logasap",     "timeout client-fin", "option tcp-smart-accept",
	};
	static const char *const of_backends[] = {
		"timeout server",
		"timeout connect",
		"timeout queue",
		"timeout check",
		"timeout tunnel",
		"balance",
		"hash-type",
		"retries",
		"option redispatch",
		"option srvtcpka",
		"srvtcpka-idle",
		"srvtcpka-intvl",
		"srvtcpka-cnt",
		"option httpchk",
		"option tcp-check",
		"http-check",
		"tcp-check",
		"fullconn",
		"option allbackups",
		"cookie",
		"option log-health-checks",
		"load-server-state-from-file",
		"option tcp-smart-connect",
		"timeout server-fin",
		"hash-balance-factor",
	};

	if (!cfg_is_frontend(s) && is_among(key, of_frontends, ARRAY_LEN(of_frontends)))
		return false;
	return cfg_is_backend(s) || !is_among(key, of_backends, ARRAY_LEN(of_backends));
}

static void collect(struct effective *e, const struct cfg_section *of, const struct cfg_section *s)
{
	if (s == NULL)
		return;
	collect(e, of, s->defaults);
	for (size_t i = 0; i < s->line_count; i++) {
		const struct cfg_line *line = s->lines[i];
		int words;
		char *key;

		if (is_elsewhere(of, line))
			continue;
		if (strcmp(line->words[0], "no") == 0) {
			take_no(e, line);
			continue;
		}
		key = key_of(line, &words);
		if (s != of && !counts_for(of, key)) {
			free(key);
			continue;
		}
		add(e, key, line, words);
	}
}

struct effective effective_of(const struct cfg *cfg, const struct cfg_section *s)
{
	struct effective e = { 0 };

	if (s->kind != CFG_GLOBAL) {
		collect(&e, s, s);
		return e;
	}
	for (size_t i = 0; i < cfg->section_count; i++) {
		if (cfg->sections[i]->kind == CFG_GLOBAL)
			collect(&e, cfg->sections[i], cfg->sections[i]);
	}
	return e;
}

void effective_free(struct effective *e)
{
	for (size_t i = 0; i < e->count; i++) {
		free(e->items[i].key);
		free(e->items[i].value);
		free(e->items[i].text);
	}
	free(e->items);
	*e = (struct effective){ 0 };
}
