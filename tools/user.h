/* user.h - what the commands `anyportctl user ...` have in common.
 *
 * Tests: tests/integration/operate/user_command.py
 */
#ifndef TOOLS_USER_H
#define TOOLS_USER_H

#include "client_terms.h"

#include "auth/scram_keys.h"
#include "config/users_file.h"

/* The file of gateway.users. */
#define USERS_OPTION                                                                 \
	{                                                                            \
		"users", 'u', CLI_TEXT, "FILE",                                      \
			.what = "the file that gateway.users names ($GATEWAY_USERS)" \
	}
/* For commands that change Kafka's credential too. */
#define USER_KAFKA_OPTIONS                                                                                \
	{                                                                                                 \
		"kafka", 'k', CLI_TEXT, "HOST:PORT",                                                      \
		.what = "at the brokers too, of which this is one; as somebody who may alter the cluster" \
	},                                                                                                \
		CLIENT_TERMS_OPTIONS,                                                                     \
	{                                                                                                 \
		"timeout", 0, CLI_TIME, "TIME", .min = 1, .max = 600000,                                  \
						.what = "of each step there (5s)"                         \
	}

/* NULL: told that it is missing. */
const char *user_file_of(const struct cli *cli);
/* False: told that it can't be a name. */
bool user_is_name(const struct cli *cli, const char *name);

/* The password: what the file --password-file has, or is typed twice.  NULL: told why not; else to be wiped
 * and freed. */
char *user_password(const struct cli *cli);

/* A credential as Kafka has it: with the password salted, or none any more. */
struct user_credential {
	const struct scram_hash *hash;
	struct scram_salt salt;
	uint8_t salted[SCRAM_KEY_MAX];
};

struct user_kafka;

/* To the broker that --kafka names.  NULL: told why not.  After apis_compile. */
struct user_kafka *user_kafka_open(const struct cli *cli);
/* Fine with NULL. */
void user_kafka_close(struct user_kafka *k);
/* False: told why not.  That there is none to be removed is fine. */
bool user_kafka_set(struct user_kafka *k, const char *name, const struct user_credential *as);
bool user_kafka_remove(struct user_kafka *k, const char *name, const struct scram_hash *hash);

#endif
