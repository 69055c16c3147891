/* show_stat.h - `show stat`: counters of frontends, servers and backends.
 *
 * Columns are found by their names, so those that a version lacks are missing and those
 * that it adds are passed over.  Numbers that are not there are -1, texts "".
 * HAProxy's management guide, "CSV format".  Tests: tests/unit/haproxy/live/show_stat_test.c
 */
#ifndef LIVE_SHOW_STAT_H
#define LIVE_SHOW_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stat_type { STAT_FRONTEND, STAT_BACKEND, STAT_SERVER, STAT_LISTENER };

struct stat_row {
	char *proxy, *server; /* of a frontend FRONTEND, of a backend BACKEND */
	int64_t type;	      /* enum stat_type */
	char *status;	      /* "UP", "UP 1/3", "DOWN", "MAINT", "DRAIN", "no check", "OPEN" */
	int64_t weight;	      /* as it counts now */
	int64_t user_weight;  /* as configured or set; -1 before 2.6 */
	int64_t sessions, sessions_max, sessions_total;
	int64_t queue;
	int64_t bytes_in, bytes_out;
	int64_t active, backup;
	int64_t last_change; /* seconds */
	int64_t server_id;
	int64_t check_code;
	char *check_status; /* "L7OK", "* L4CON" while one is under way */
	char *check_text;   /* "Layer7 check passed" */
	char *agent_status;
	char *agent_text;
	char *address;
	char *algorithm; /* of a backend */
	char *mode;
	int64_t throttle; /* percent of slowstart */
};

struct stat_rows {
	struct stat_row *rows;
	size_t count;
};

/* Rows that are cut short are left out.  Caller frees. */
struct stat_rows show_stat_parse(const char *text);
void show_stat_free(struct stat_rows *rows);
/* The status is UP, "no check" or DRAIN: the server answers. */
bool stat_is_up(const struct stat_row *row);
bool stat_is_maint(const struct stat_row *row);

#endif
