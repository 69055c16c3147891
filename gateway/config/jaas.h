/* jaas.h - who logs in, as Java's clients of Kafka are told it: sasl.jaas.config.
 *
 *     org.apache.kafka.common.security.plain.PlainLoginModule required
 *         username="alice" password="alice-secret";
 *
 * PLAIN and SCRAM are understood, one login module alone.
 * Tests: tests/unit/config/jaas_test.c
 */
#ifndef CONFIG_JAAS_H
#define CONFIG_JAAS_H

#include "util/compiler.h"

#include <stdbool.h>

enum { JAAS_WHY_MAX = 160 };

enum jaas_module { JAAS_PLAIN, JAAS_SCRAM };

struct jaas {
	enum jaas_module module;
	char *username, *password; /* never NULL */
	bool is_token;		   /* SCRAM: tokenauth="true" */
};

/* False, and why, without a word of what is secret; else free with jaas_deinit. */
MUST_CHECK bool jaas_read(struct jaas *out, const char *text, char why[JAAS_WHY_MAX]);
/* Wipes the password. */
void jaas_deinit(struct jaas *j);

#endif
