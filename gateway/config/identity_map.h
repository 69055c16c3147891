/* identity_map.h - whom the gateway's clients are at the brokers: the file of gateway.identity_map.
 *
 *     identities = (
 *         { principal = "User:CN=app,O=x"; mechanism = "SCRAM-SHA-256"; username = "app";
 *           password_file = "/etc/anyport/app.password"; },
 *         { principal = "User:ANONYMOUS"; mechanism = "PLAIN"; ... },
 *         { principal = "User:CN=other"; token = true; username = "other"; }
 *     );
 *
 * For one with `token` the gateway's own account makes delegation tokens, which the brokers' operator
 * must have allowed (CREATE_TOKENS on that user); without a username it is the principal itself.
 *
 * A principal is as the gateway prints it, of a certificate, of HAProxy's PROXY header or of a login
 * that it judges itself; it can be there once.  Passwords are read with the file.
 * Tests: tests/unit/config/identity_map_test.c
 */
#ifndef CONFIG_IDENTITY_MAP_H
#define CONFIG_IDENTITY_MAP_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>

enum { IDENTITY_MAP_WHY_MAX = 512 };

struct identity_row {
	char *name;	 /* of the principal, without "User:" */
	bool by_token;	 /* then only the username is there */
	char *mechanism; /* PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 */
	char *username, *password;
	char *password_file;
};

struct identity_map {
	struct identity_row *rows;
	size_t count;
};

/* NULL, and why: "FILE:LINE: ...". */
MUST_CHECK struct identity_map *identity_map_read(const char *path, char why[IDENTITY_MAP_WHY_MAX]);
/* Wipes the passwords; fine with NULL. */
void identity_map_free(struct identity_map *map);

#endif
