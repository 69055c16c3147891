/* look.h - what the rules of this folder share: the configuration as one looks at it.
 *
 * Private to haproxy/rules/.  Everything in a look is valid until the configuration is
 * edited.
 */
#ifndef RULES_LOOK_H
#define RULES_LOOK_H

#include "cfg/view.h"
#include "rules/rules.h"

/* A defaults section's settings are reached through the proxies that have them. */
struct proxy {
	struct cfg_section *section;
	bool is_frontend, is_backend; /* both: listen */
	bool is_tcp;
	struct cfg_bind *binds;
	size_t bind_count;
	struct cfg_server *servers;
	size_t server_count;
	bool has_table;
	struct cfg_table table;
};

/* A way from a frontend to a backend; of a listen section: to itself. */
struct route {
	const struct proxy *frontend;
	const struct proxy *backend; /* NULL: worked out at run time, or there is none */
	const struct cfg_line *line; /* NULL: of a listen section */
	bool is_missing;	     /* it names a backend that is not there */
};

struct look {
	const struct rule *rule;
	struct cfg *cfg;
	const struct rule_facts *facts;
	struct findings *findings;
	struct proxy *proxies;
	size_t proxy_count;
	struct route *routes;
	size_t route_count;
};

struct rule_group {
	const struct rule *rules;
	size_t count;
};

extern const struct rule_group stickiness_rules, table_rules, balance_rules, bind_rules,
	routing_rules, server_rules, check_rules, timeout_rules, tls_rules, proxy_protocol_rules,
	identity_rules, limit_rules, peers_rules, resolver_rules, global_rules, syntax_rules,
	gateway_rules, zone_rules, live_rules, keyword_rules, version_rules;

void look_init(struct look *l, struct cfg *cfg, const struct rule_facts *facts,
	       struct findings *findings);
void look_deinit(struct look *l);

/* --- what is found --- */

void found(struct look *l, const struct cfg_line *line, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Less severe than the rule at its worst. */
void found_as(struct look *l, enum rule_severity severity, const struct cfg_line *line,
	      const char *fmt, ...) PRINTF_LIKE(4, 5);
/* With what the fix must know. */
void found_with(struct look *l, enum rule_severity severity, const struct cfg_line *line,
		const char *detail, const char *fmt, ...) PRINTF_LIKE(5, 6);
/* Whether the rule has said something of that line already. */
bool was_found(const struct look *l, const struct cfg_line *line);

/* --- what is looked at --- */

const struct proxy *look_proxy(const struct look *l, const struct cfg_section *section);
/* Whether some word of the line has this in it. */
bool line_mentions(const struct cfg_line *line, const char *part);
/* Whether it looks at the first bytes that a client sends. */
bool line_reads_payload(const struct cfg_line *line);
/* Whether it is a `stick on`, `stick match` or `stick store-request`. */
bool line_sticks(const struct cfg_line *line);
/* Whether the line has it, or a variable that is set from it in the section or in a frontend
 * that leads there. */
bool line_is_from(const struct look *l, const struct proxy *p, const struct cfg_line *line,
		  const char *part);
/* Whether a client always comes back to the same server. */
bool proxy_is_sticky(const struct proxy *p);
bool has_word(const struct cfg_line *line, const char *word);
/* Whether a list with commas has it. */
bool list_has(const char *list, const char *item);
/* Whether it gets a PROXY header, of whichever version. */
bool server_sends_header(const struct cfg_server *s);
/* The frontend takes PROXY headers from who comes, or from some of them. */
bool proxy_takes_header(const struct proxy *frontend);
/* Whether some line of the section, or of its defaults, begins so. */
bool sets(const struct proxy *p, const char *first, const char *second);
/* A word that HAProxy no longer knows, with which a line began once. */
struct gone_word {
	const char *word, *replaced_by;
	bool is_same; /* what follows stays as it is */
};
/* NULL: it is not one of them.  keywords.c's, as the next one. */
const struct gone_word *gone_word(const char *word);
/* The line of the section or of its defaults that says in an old word what this one says now;
 * NULL: there is none. */
const struct cfg_line *gone_line_for(const struct proxy *p, const char *replaced_by);
/* Whether a TCP frontend leads to it. */
bool is_led_to(const struct look *l, const struct proxy *backend);

/* --- what mends: all keep indentation and comments --- */

/* Words at the end of a line. */
MUST_CHECK bool fix_append(struct cfg *cfg, struct cfg_line *line, const char *words);
/* Words in front of the word at that place. */
MUST_CHECK bool fix_insert(struct cfg *cfg, struct cfg_line *line, int at, const char *words);
/* Another word at that place. */
MUST_CHECK bool fix_word(struct cfg *cfg, struct cfg_line *line, int at, const char *word);
/* The word after this one; appends both when it is not there. */
MUST_CHECK bool fix_value(struct cfg *cfg, struct cfg_line *line, const char *word,
			  const char *value);
/* A line after the last one that begins so; else after the header, or at the end. */
MUST_CHECK bool fix_add(struct cfg *cfg, struct cfg_section *section, const char *after,
			const char *text);
MUST_CHECK bool fix_add_last(struct cfg *cfg, struct cfg_section *section, const char *text);
/* Into the defaults of a proxy when it has some, else into itself. */
MUST_CHECK bool fix_add_setting(struct cfg *cfg, struct cfg_section *section, const char *after,
				const char *text);

#endif
