/* notify.h - tells the service manager how the node does, as sd_notify(3) does.
 *
 * Where to is $NOTIFY_SOCKET, as systemd sets it for Type=notify.  Without it all of this
 * does nothing.  A send waits a second at most.
 * Tests: tests/unit/program/notify_test.c, tests/integration/operate/service_manager.py
 */
#ifndef PROGRAM_NOTIFY_H
#define PROGRAM_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify {
	int fd; /* -1: nobody is to be told */
	/* STOPPING is the last word, and what was never ready does not reload. */
	bool is_ready, is_stopping;
	int64_t watchdog_ms; /* WATCHDOG=1 is due at least that often; 0: never */
};

/* Reads the environment; a socket that can't be told anything is named in the log. */
void notify_init(struct notify *n);
void notify_deinit(struct notify *n);

/* The status is a line for `systemctl status`. */
void notify_ready(struct notify *n, const char *status);
void notify_reloading(struct notify *n);
/* The reload is over, whatever came of it; after notify_reloading. */
void notify_reloaded(struct notify *n);
/* The program stops, which may take most_ms. */
void notify_stopping(struct notify *n, int64_t most_ms);
void notify_status(struct notify *n, const char *status);
void notify_alive(struct notify *n);

#endif
