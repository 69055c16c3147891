/* acl_needs.h - the rights that the gateway's own account needs at the brokers, as rows.
 *
 * Tests: tests/integration/operate/own_account.py
 */
#ifndef TOOLS_ACL_NEEDS_H
#define TOOLS_ACL_NEEDS_H

#include "config/config.h"

#include <stddef.h>

/* One right, and what the account does by it. */
struct acl_need {
	const char *operations; /* with commas */
	const char *kind;	/* as kafka-acls names it: --topic */
	const char *name;
	const char *why;
};

enum { ACL_NEEDS_MAX = 8 };

/* How many.  The rows borrow from the configuration and from `topic`, which gets the name of the
 * nodes' own. */
size_t acl_needs(const struct config *c, char topic[CONFIG_TOPIC_MAX],
		 struct acl_need needs[ACL_NEEDS_MAX]);
/* What gives it, for a shell; caller frees. */
char *acl_command(const struct config *c, const char *principal, const struct acl_need *need);
/* "User:" and the account's name, as brokers know it unless they are told otherwise; NULL: the
 * configuration does not say.  Caller frees. */
char *acl_principal(const struct config *c);

#endif
