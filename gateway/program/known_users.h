/* known_users.h - the file of gateway.users, as whom clients may be.
 *
 * It is looked at every few seconds, and read when it is another one, by SIGHUP and by POST /v1/reload: all of it
 * or nothing.  While something is wrong the users before stay, which the log tells.  All on the main loop.
 * Tests: tests/integration/operate/gateway_managed.py
 */
#ifndef PROGRAM_KNOWN_USERS_H
#define PROGRAM_KNOWN_USERS_H

#include "auth/users.h"
#include "config/config.h"
#include "config/users_file.h"
#include "util/compiler.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

enum { KNOWN_USERS_LOOK_S = 10 };

struct known_users {
	const char *path; /* NULL: the gateway judges no login; borrowed from the configuration */
	struct users *users;
	uint64_t stamp;			  /* of the file as it was read; 0: it could not be used */
	char trouble[USERS_FILE_WHY_MAX]; /* that was told last; "": none */
	ev_timer timer;
};

/* By the configuration, which is borrowed.  False, and why. */
MUST_CHECK bool known_users_init(struct known_users *k, const struct config *config,
				 char why[USERS_FILE_WHY_MAX]);
/* Nobody uses the users any more. */
void known_users_deinit(struct known_users *k);
/* Reads the file again.  False, and why: the users stay. */
bool known_users_renew(struct known_users *k, char why[USERS_FILE_WHY_MAX]);
/* Looks at the file from now on. */
void known_users_watch(struct known_users *k, struct ev_loop *loop);
void known_users_unwatch(struct known_users *k, struct ev_loop *loop);

#endif
