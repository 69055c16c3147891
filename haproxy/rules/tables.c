/* Stick-tables: what they hold, for how long, and who reads them. */
#include "rules/look.h"

#include <stdlib.h>
#include <string.h>

/* The proxy (or peers section) whose table has that name. */
static bool table_named(const struct look *l, const char *name, struct cfg_table *table)
{
	for (size_t i = 0; i < l->cfg->section_count; i++) {
		const struct cfg_section *s = l->cfg->sections[i];

		if (strcmp(s->name, name) == 0 && cfg_table(s, table))
			return true;
	}
	return false;
}

static bool is_table_of_peers(const char *name)
{
	return strchr(name, '/') != NULL; /* "peers/table" */
}

/* --- K09, K11 --------------------------------------------------------------- */

static bool has_peers(const struct cfg *cfg)
{
	for (size_t i = 0; i < cfg->section_count; i++) {
		if (cfg->sections[i]->kind == CFG_PEERS)
			return true;
	}
	return false;
}

static bool sticks(const struct proxy *p)
{
	for (size_t i = 0; i < p->section->line_count; i++) {
		if (line_sticks(p->section->lines[i]))
			return true;
	}
	return false;
}

static void look_no_peers(struct look *l)
{
	bool is_pair = has_peers(l->cfg);

	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		if (!p->has_table || p->table.peers != NULL || !p->is_tcp || !sticks(p))
			continue;
		if (is_pair)
			found(l, p->table.line,
			      "this table is not in a peers section though there is one: it is lost at "
			      "each reload, and another load balancer knows nothing of it");
		else
			found_as(
				l, RULE_ADVICE, p->table.line,
				"this table is lost at each reload: a peers section with this HAProxy "
				"alone keeps it");
	}
}

/* The only peers section: which other could be meant? */
static bool fix_no_peers(struct cfg *cfg, const struct finding *f)
{
	const struct cfg_section *peers = NULL;
	char words[300];

	for (size_t i = 0; i < cfg->section_count; i++) {
		if (cfg->sections[i]->kind != CFG_PEERS)
			continue;
		if (peers != NULL)
			return false;
		peers = cfg->sections[i];
	}
	if (peers == NULL)
		return false;
	snprintf(words, sizeof words, "peers %s", peers->name);
	return fix_append(cfg, f->line, words);
}

static void look_missing_peers(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		if (p->has_table && p->table.peers != NULL &&
		    cfg_section(l->cfg, CFG_PEERS, p->table.peers) == NULL)
			found(l, p->table.line, "there is no peers section %s", p->table.peers);
	}
}

/* --- K37 -------------------------------------------------------------------- */

static void look_key_type(struct look *l, const struct proxy *p, const struct cfg_line *line)
{
	static const char *const texts[] = { "req.ssl_sni",	"req_ssl_sni", "ssl_fc_sni",
					     "req.payload_lv(", "ssl_c_s_dn",  "ssl_c_sha1" };
	struct cfg_table table = p->table;
	const char *name = cfg_line_after(line, "table");
	bool is_there = p->has_table;

	if (name != NULL)
		is_there = is_table_of_peers(name) || table_named(l, name, &table);
	if (!is_there) {
		found(l, line,
		      name != NULL ? "there is no stick-table in %s" : "%s has no stick-table",
		      name != NULL ? name : p->section->name);
		return;
	}
	if (name != NULL && is_table_of_peers(name))
		return;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (line_mentions(line, texts[i]) && strcmp(table.type, "string") != 0 &&
		    strcmp(table.type, "binary") != 0)
			found(l, line, "a text can't be the key of a table of type %s", table.type);
	}
}

static void look_keys(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t k = 0; k < p->section->line_count; k++) {
			if (line_sticks(p->section->lines[k]))
				look_key_type(l, p, p->section->lines[k]);
		}
	}
}

/* --- K38 -------------------------------------------------------------------- */

static void look_table_bounds(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct cfg_table *t = &l->proxies[i].table;

		if (!l->proxies[i].has_table)
			continue;
		if (t->expire_ms < 0)
			found_with(l, RULE_WARNING, t->line, "expire 24h",
				   "no `expire`: entries stay until the table is full");
		if (strcmp(t->type, "string") == 0 && !t->has_length)
			found_with(l, RULE_WARNING, t->line, "len 64",
				   "no `len`: keys are cut at 31 characters, and those that begin "
				   "alike share a node");
	}
}

/* "len" belongs to the type, in front of what follows. */
static bool fix_table_bounds(struct cfg *cfg, const struct finding *f)
{
	if (strncmp(f->detail, "len", 3) == 0) {
		for (int i = 0; i < f->line->word_count; i++) {
			if (strcmp(f->line->words[i], "string") == 0)
				return fix_insert(cfg, f->line, i + 1, f->detail);
		}
	}
	return fix_append(cfg, f->line, f->detail);
}

/* --- K39, K40 --------------------------------------------------------------- */

/* Fetches and what the table must store for them. */
static const struct counter {
	const char *fetch, *stored;
} counters[] = {
	{ "conn_cur", "conn_cur" },
	{ "conn_cnt", "conn_cnt" },
	{ "conn_rate", "conn_rate" },
	{ "sess_cnt", "sess_cnt" },
	{ "sess_rate", "sess_rate" },
	{ "kbytes_in", "bytes_in_cnt" },
	{ "kbytes_out", "bytes_out_cnt" },
	{ "bytes_in_rate", "bytes_in_rate" },
	{ "bytes_out_rate", "bytes_out_rate" },
	{ "http_req_rate", "http_req_rate" },
	{ "http_err_rate", "http_err_rate" },
	{ "get_gpc0", "gpc0" },
	{ "gpc0_rate", "gpc0_rate" },
};

/* The table that `track-scN` of the section names; NULL: none, or a table of peers. */
static const struct cfg_line *tracking(const struct proxy *p, int n, const char **name)
{
	char word[16];

	snprintf(word, sizeof word, "track-sc%d", n);
	for (size_t i = 0; i < p->section->line_count; i++) {
		const struct cfg_line *line = p->section->lines[i];

		if (has_word(line, word)) {
			*name = cfg_line_after(line, "table");
			return line;
		}
	}
	return NULL;
}

static void look_counter(struct look *l, const struct proxy *p, const struct cfg_line *line, int n,
			 const char *fetch)
{
	const char *name = NULL;
	struct cfg_table table = p->table;

	if (tracking(p, n, &name) == NULL)
		return;
	if (name == NULL ? !p->has_table : is_table_of_peers(name) || !table_named(l, name, &table))
		return;
	for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
		size_t length = strlen(counters[i].fetch);

		if (strncmp(fetch, counters[i].fetch, length) != 0 ||
		    strchr("(,", fetch[length]) == NULL)
			continue;
		if (!cfg_table_stores(&table, counters[i].stored))
			found_with(
				l, RULE_ERROR, table.line, counters[i].stored,
				"the table does not store %s, so sc%d_%s at %s:%d is always 0 and the "
				"limit never holds",
				counters[i].stored, n, counters[i].fetch, line->file, line->number);
	}
}

static void look_counters(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t k = 0; k < p->section->line_count; k++) {
			const struct cfg_line *line = p->section->lines[k];

			for (int w = 0; w < line->word_count; w++) {
				const char *word = line->words[w];

				if (strncmp(word, "sc", 2) == 0 && word[2] >= '0' &&
				    word[2] <= '9' && word[3] == '_')
					look_counter(l, p, line, word[2] - '0', word + 4);
			}
		}
	}
}

static bool fix_counters(struct cfg *cfg, const struct finding *f)
{
	char words[64];
	bool is_rate = strstr(f->detail, "_rate") != NULL;

	snprintf(words, sizeof words, "store %s%s", f->detail, is_rate ? "(10s)" : "");
	return fix_append(cfg, f->line, words);
}

static void look_tracked(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];

		for (size_t k = 0; k < p->section->line_count; k++) {
			const struct cfg_line *line = p->section->lines[k];
			const char *name = cfg_line_after(line, "table");
			struct cfg_table table;

			if (!line_mentions(line, "track-sc"))
				continue;
			if (name == NULL && !p->has_table)
				found(l, line, "%s has no stick-table to count in",
				      p->section->name);
			else if (name != NULL && !is_table_of_peers(name) &&
				 !table_named(l, name, &table))
				found(l, line, "there is no stick-table in %s", name);
		}
	}
}

/* --- K57 -------------------------------------------------------------------- */

static void look_two_tables(struct look *l)
{
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct cfg_section *s = l->proxies[i].section;
		const struct cfg_line *first = NULL;

		for (size_t k = 0; k < s->line_count; k++) {
			if (!cfg_line_is(s->lines[k], "stick-table", NULL))
				continue;
			if (first != NULL)
				found(l, s->lines[k], "%s has a stick-table already, at line %d",
				      s->name, first->number);
			first = s->lines[k];
		}
	}
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K09", "table-without-peers", RULE_WARNING, RULE_FILE, "silent",
	  "A reload starts with an empty table unless the old process hands it over, which it does "
	  "through a peers section: every sticky client is then spread anew.  Of a pair of load "
	  "balancers each has its own idea of where a client belongs.",
	  "A peers section with every load balancer (this one alone is enough to live through "
	  "reloads), and `peers NAME` in the stick-table.",
	  look_no_peers, fix_no_peers },
	{ "K11", "no-such-peers", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it.", "Name a peers section that is there.",
	  look_missing_peers },
	{ "K37", "key-does-not-fit-table", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it.",
	  "`stick-table type string len 64` for client ids and names, `type ipv6` for addresses "
	  "(it takes IPv4 too), `type integer` for ports.",
	  look_keys },
	{ "K38", "table-without-bounds", RULE_WARNING, RULE_FILE, "silent",
	  "Without `expire` clients that are long gone hold their entries until the table is full.  "
	  "A string without `len` keeps 31 characters: client ids with a common beginning (a "
	  "service's name, then a pod's) become one key and one node.",
	  "`expire 24h`, since an open connection does not keep its entry alive; `len 64`.",
	  look_table_bounds, fix_table_bounds },
	{ "K39", "counter-not-stored", RULE_ERROR, RULE_FILE, "silent",
	  "A counter that the table does not store reads as 0: the limit is accepted and never "
	  "holds.",
	  "`store conn_cur,conn_rate(10s)` in the stick-table that is tracked.", look_counters,
	  fix_counters },
	{ "K40", "no-such-table", RULE_ERROR, RULE_FILE, "refuses",
	  "HAProxy does not start with it.",
	  "Name a backend that has a stick-table, or give this one a table.", look_tracked },
	{ "K57", "two-tables", RULE_ERROR, RULE_FILE, "refuses", "HAProxy does not start with it.",
	  "One stick-table a section: put the other into a backend of its own, without servers.",
	  look_two_tables },
};

const struct rule_group table_rules = { rules, ARRAY_LEN(rules) };
