/* show_process.h - `show info`, `show proc`, `show peers` and `show errors`.
 *
 * Tests: tests/unit/haproxy/live/show_process_test.c
 */
#ifndef LIVE_SHOW_PROCESS_H
#define LIVE_SHOW_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- show info: of one worker --- */

/* The value of a name ("Version") in `show info`, or NULL.  Caller frees. */
char *show_info_get(const char *text, const char *name);
/* -1: not there or no number. */
int64_t show_info_number(const char *text, const char *name);

/* --- show proc: of the master --- */

struct worker {
	int64_t pid;
	int64_t reloads; /* since it was started */
	int64_t uptime;	 /* seconds */
	bool is_old;	 /* it leaves: no listeners, the connections it has */
};

struct processes {
	int64_t master_pid;	 /* -1: not told */
	int64_t reloads, failed; /* of the master; failed is -1 when not told (before 2.5) */
	struct worker *workers;	 /* the current ones first */
	size_t count;
};

/* Caller frees. */
struct processes show_proc_parse(const char *text);
void show_proc_free(struct processes *processes);
/* The pid of the worker that listens; -1: none. */
int64_t show_proc_current(const struct processes *processes);

/* --- show peers: of one worker --- */

struct peer {
	char *name, *address, *state; /* state: "EST", "CON", ... the last status */
	bool is_local, is_active;
	size_t section;
};

struct peers_section {
	char *name;
	uint64_t flags;
	bool is_disabled;
};

struct peers {
	struct peers_section *sections;
	size_t section_count;
	struct peer *peers;
	size_t peer_count;
};

/* Caller frees. */
struct peers show_peers_parse(const char *text);
void show_peers_free(struct peers *peers);
/* Every section has finished its first resync, so a reload passes the tables on
 * (HAProxy's flags 1 and 2).  True without a section: there is nothing to wait for. */
bool show_peers_in_sync(const struct peers *peers);

/* --- show errors --- */

/* How many protocol errors are kept; -1: the text tells none. */
int64_t show_errors_total(const char *text);

#endif
