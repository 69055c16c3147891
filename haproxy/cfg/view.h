/* view.h - what a parsed haproxy.cfg means: inherited settings, binds, servers, times.
 *
 * Everything borrows from the cfg, which must outlive it and not be edited meanwhile.
 * Tests: tests/unit/haproxy/cfg/view_test.c
 */
#ifndef HAPROXY_CFG_VIEW_H
#define HAPROXY_CFG_VIEW_H

#include "cfg/cfg.h"
#include "cfg/options.h"

#include <stdint.h>

/* --- sections and settings --- */

/* The section of that name, or NULL; CFG_LISTEN counts as frontend and as backend. */
struct cfg_section *cfg_section(const struct cfg *cfg, enum cfg_kind kind, const char *name);
bool cfg_is_frontend(const struct cfg_section *s);
bool cfg_is_backend(const struct cfg_section *s);
/* The global section's last line that begins so; second may be NULL. */
const struct cfg_line *cfg_global(const struct cfg *cfg, const char *first, const char *second);
/* The last such line of the section itself. */
const struct cfg_line *cfg_own(const struct cfg_section *s, const char *first, const char *second);
/* The same, else of its defaults and theirs.  "no option x" counts: see cfg_has. */
const struct cfg_line *cfg_setting(const struct cfg_section *s, const char *first,
				   const char *second);
/* "option x" set, here or in the defaults, and not taken away by "no option x". */
bool cfg_has(const struct cfg_section *s, const char *option);
/* "http", "tcp", ... tcp when nothing says so. */
const char *cfg_mode(const struct cfg_section *s);

/* --- times and sizes --- */

/* "10s", "5m", "100" (milliseconds) to milliseconds; `unit`: whether one is written. */
MUST_CHECK bool cfg_parse_time(const char *text, int64_t *ms, bool *unit);
/* "100k", "1m" (of 1024) as HAProxy's table sizes. */
MUST_CHECK bool cfg_parse_size(const char *text, int64_t *n);
/* The effective `timeout NAME` of a proxy in milliseconds, or -1; *line is where it is said,
 * may be NULL. */
int64_t cfg_timeout(const struct cfg_section *s, const char *name, const struct cfg_line **line);

/* --- binds --- */

struct cfg_bind {
	const struct cfg_line *line;
	struct cfg_section *section;
	char host[256];	 /* "" or "*": every address */
	int first, last; /* ports; 0 and 0: a path or a file descriptor, or a variable */
	bool is_path;
	struct cfg_options options;
};

/* All of a section, one for each address of a line with several.  Caller frees the list. */
struct cfg_bind *cfg_binds(struct cfg_section *s, size_t *count);
/* Whether some connection could arrive on both. */
bool cfg_binds_overlap(const struct cfg_bind *a, const struct cfg_bind *b);

/* --- servers --- */

enum cfg_port_map { CFG_PORT_SAME, CFG_PORT_OFFSET, CFG_PORT_FIXED };

struct cfg_server {
	const struct cfg_line *line;
	struct cfg_section *section;
	const char *name; /* of a template: its prefix */
	int copies;	  /* 1; of a template: how many */
	bool is_template;
	char host[256];
	enum cfg_port_map map;
	int port; /* or the offset */
	bool port_is_variable;
	struct cfg_options options; /* with those of default-server */
	struct cfg_options own;	    /* said on the line itself */
};

/* All of a backend, in order.  Caller frees the list. */
struct cfg_server *cfg_servers(struct cfg_section *s, size_t *count);

/* --- stickiness and balance --- */

struct cfg_table {
	const struct cfg_line *line;
	const char *type; /* "ip", "ipv6", "string", ... */
	int64_t length;	  /* of strings; 32 when not said */
	bool has_length;
	int64_t size;	    /* entries, 0: not said */
	int64_t expire_ms;  /* -1: never */
	const char *peers;  /* NULL: none */
	const char *srvkey; /* "name" when not said */
	bool nopurge;
	const char *store; /* "" when none; with commas */
};

/* The stick-table of a proxy or peers section; false: it has none. */
bool cfg_table(const struct cfg_section *s, struct cfg_table *table);
/* Whether it stores that counter, "conn_cur". */
bool cfg_table_stores(const struct cfg_table *table, const char *counter);
/* What balances: "leastconn"...; NULL when nothing says so.  *line may be NULL. */
const char *cfg_balance(const struct cfg_section *s, const struct cfg_line **line);
/* Whether weights other than 0 and 100 % and slow starts work: roundrobin, leastconn, random,
 * or a hash that is consistent. */
bool cfg_balance_is_dynamic(const struct cfg_section *s);
bool cfg_balance_is_hash(const struct cfg_section *s);

#endif
