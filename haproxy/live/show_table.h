/* show_table.h - `show table`: what sticks to which server; and keys as commands want them.
 *
 * Keys are told escaped: "app\ two", "gr\xC3\xB6\xC3\x9Fe".  Tolerates the words that
 * versions add ("shard=0" from 3.0 on).  Tests: tests/unit/haproxy/live/show_table_test.c
 */
#ifndef LIVE_SHOW_TABLE_H
#define LIVE_SHOW_TABLE_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_entry {
	char *key;	    /* as it is, no escapes; a NUL in it ends it */
	int64_t uses;	    /* connections that track it now: it can't be cleared */
	int64_t expires_ms; /* -1: never */
	int64_t server_id;  /* 0: none */
	char *server_key;   /* "n1", "127.0.0.1:0"; "": none */
	int64_t conn_cur;   /* -1: not stored */
	size_t table;	    /* index of its table */
};

struct stick_table {
	char *name, *type;
	int64_t size, used;
};

struct stick_tables {
	struct stick_table *tables;
	size_t table_count;
	struct table_entry *entries;
	size_t entry_count;
};

/* Of `show table` (no entries) or `show table NAME`.  Caller frees. */
struct stick_tables show_table_parse(const char *text);
void show_table_free(struct stick_tables *tables);

/* The key as a word of a command; NULL: no command can say it (it has a line end, or is
 * empty, or ends with "<<").  Caller frees. */
char *show_table_escape(const char *key);
/* The text of a key that HAProxy printed.  Caller frees. */
char *show_table_unescape(const char *printed, size_t length);

#endif
