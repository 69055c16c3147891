/* own_account.h - by whose name the node itself is known to the brokers: KAFKA_SASL_*.
 *
 * The topology, the nodes' group and every other question of the node's own go by it; a client's
 * requests do not, unless the operator says in so many words that all clients act as this account.
 * Tests: tests/integration/operate/own_account.py
 */
#ifndef PROGRAM_OWN_ACCOUNT_H
#define PROGRAM_OWN_ACCOUNT_H

#include "auth/account.h"
#include "config/config.h"

struct bearer;

struct own_account {
	struct account *account; /* NULL: brokers do not ask who one is */
	struct bearer *bearer;	 /* OAUTHBEARER */
};

/* What the configuration says, which has been checked; not OAUTHBEARER. */
struct credentials *own_account_credentials(const struct config *config);
/* The config, which has been checked, is borrowed. */
void own_account_init(struct own_account *o, const struct config *config);
/* Another password or user, which counts from the next login on.  Takes nothing of the config. */
void own_account_reload(struct own_account *o, const struct config *config);
/* Nobody uses the account any more. */
void own_account_deinit(struct own_account *o);

#endif
