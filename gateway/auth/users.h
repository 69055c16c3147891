/* users.h - who may log in at the gateway itself: what their passwords are with a salt (RFC 5802).
 *
 * The rows are set as a whole, when their file is another one.  Whoever asks for a name that is not there
 * gets a row that is like the others, the same one each time and at each node that has the same file: its salt
 * is made of the name and of a secret, the disguise, and nobody has its password.  So nobody finds out who
 * is there.  Any thread may call any of these.
 * Tests: tests/unit/auth/users_test.c
 */
#ifndef AUTH_USERS_H
#define AUTH_USERS_H

#include "auth/credentials.h"
#include "auth/scram_keys.h"
#include "util/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	USERS_SALT_MAX = 128,
	USERS_DISGUISE_MIN = 16, /* bytes */
	USERS_WHY_MAX = 160,
};

/* A plain value. */
struct user_row {
	const struct scram_hash *hash;
	int iterations;
	uint8_t salt[USERS_SALT_MAX];
	size_t salt_len;
	uint8_t stored[SCRAM_KEY_MAX], server[SCRAM_KEY_MAX];
	bool is_kafkas; /* the brokers have the same credential, with the same salt */
	bool is_known;	/* else nobody has that name */
};

struct user {
	char *name;
	struct user_row row;
};

/* What rows are as text: base64, but for the number. */
struct user_texts {
	const char *mechanism;
	int iterations;
	const char *salt, *stored_key, *server_key;
};

/* False, and why: it can't be one. */
MUST_CHECK bool user_row_read(const struct user_texts *texts, struct user_row *row,
			      char why[USERS_WHY_MAX]);

struct users;

struct users *users_new(void);
/* Nobody may use it any more. */
void users_free(struct users *u);
/* Takes the list and all in it, which is sorted here; the bytes of the disguise are copied, and there are
 * USERS_DISGUISE_MIN of them or more. */
void users_set(struct users *u, struct user *list, size_t count, const void *disguise, size_t n);
/* The row of that name and hash; hash NULL: any, the same each time. */
void users_get(struct users *u, const struct scram_hash *hash, const char *name,
	       struct user_row *row);

/* To salt a password takes its time; who has shown it once since the rows were set is known by it.  *keys are
 * then what it is with the row's salt.  False: not known. */
MUST_CHECK bool users_knows(struct users *u, const char *name, const struct user_row *row,
			    const char *password, struct scram_keys *keys);
/* That it has been shown: the row is that of the name, and the keys are the password's with its salt. */
void users_note(struct users *u, const char *name, const struct user_row *row, const char *password,
		const struct scram_keys *keys);

#endif
