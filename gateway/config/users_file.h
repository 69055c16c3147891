/* users_file.h - who may log in at the gateway itself: the file of gateway.users, which anyportctl user writes.
 *
 *     disguise = "base64 of 32 bytes or more";
 *     users = (
 *         { name = "alice"; mechanism = "SCRAM-SHA-256"; iterations = 4096; salt = "..."; stored_key = "...";
 *           server_key = "..."; kafka = true; },
 *         ...
 *     );
 *
 * A row is what a password is with a salt (RFC 5802), never the password; a user has one a mechanism.  Where `kafka`
 * is true the brokers have the same credential with the same salt.  The disguise makes a salt of each name that
 * is not there, the same one at all nodes that have the file, so that nobody finds out who is.
 * Here all of it is text; auth/users.h has what it means.
 * Tests: tests/unit/config/users_file_test.c
 */
#ifndef CONFIG_USERS_FILE_H
#define CONFIG_USERS_FILE_H

#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
	USERS_FILE_WHY_MAX = 512,
	USERS_FILE_NAME_MAX = 249, /* bytes of a user's name */
};

struct users_file_row {
	char *name, *mechanism;
	int iterations;
	char *salt, *stored_key, *server_key; /* base64 */
	bool is_kafkas;
	unsigned line; /* in the file; 0: not read from one */
};

struct users_file {
	char *disguise; /* base64; NULL: none yet */
	struct users_file_row *rows;
	size_t count;
};

/* NULL, and why: "FILE:LINE: ...". */
MUST_CHECK struct users_file *users_file_read(const char *path, char why[USERS_FILE_WHY_MAX]);
/* Fine with NULL. */
void users_file_free(struct users_file *f);
/* Takes the row's texts, in place of the one of that name and mechanism. */
void users_file_put(struct users_file *f, const struct users_file_row *row);
/* Removes all rows of that name; how many. */
size_t users_file_remove(struct users_file *f, const char *name);
/* Whether it can be one: not empty, not too long, no control characters, UTF-8 or not. */
bool users_file_is_name(const char *name);

/* The file is changed as a whole.  While one changes it nobody else can begin to: PATH.new is there from
 * begin to commit or give_up.  NULL, and why. */
MUST_CHECK FILE *users_file_begin(const char *path, char why[USERS_FILE_WHY_MAX]);
/* The file is this from now on, for its owner alone, who stays; false, and why: it is as it was.  Closes. */
MUST_CHECK bool users_file_commit(FILE *changing, const char *path, const struct users_file *f,
				  char why[USERS_FILE_WHY_MAX]);
void users_file_give_up(FILE *changing, const char *path);

#endif
