#include "session/identity.h"

#include "auth/identities.h"
#include "config/principal_rules.h"
#include "net/proxy.h"
#include "session/inside.h"

#include <stdio.h>
#include <stdlib.h>

/* KafkaPrincipal.ANONYMOUS */
static const char anybody[] = "ANONYMOUS";

/* A handshake takes a hundred times as long as reading the rules. */
static char *mapped(const struct listener *l, const char *subject, char why[IDENTITY_WHY_MAX])
{
	char rule[PRINCIPAL_RULES_WHY_MAX] = "";
	struct principal_rules *rules = principal_rules_read(l->ssl_principal_rules, rule);
	char *name = rules != NULL ? principal_rules_name(rules, subject, rule) : NULL;

	if (name == NULL)
		snprintf(why, IDENTITY_WHY_MAX, "%s", rule);
	principal_rules_free(rules);
	return name;
}

bool identity_take_header(const struct proxy_header *header, struct came *came,
			  char why[IDENTITY_WHY_MAX])
{
	if (!entrance_now(came->entrance)->proxy_identity ||
	    proxy_client_name(header, &came->name) != PROXY_MISNAMED)
		return true;
	snprintf(why, IDENTITY_WHY_MAX,
		 "by its PROXY header its certificate was not verified (%u), or is for no name",
		 header->tls.verify);
	return false;
}

/* There may be no token for it, yet or at all. */
static bool has_credentials(struct account *as, char why[IDENTITY_WHY_MAX])
{
	struct credentials *now = account_now(as);
	char *trouble = account_trouble(as);

	if (now == NULL)
		snprintf(why, IDENTITY_WHY_MAX, "%s",
			 trouble != NULL ? trouble : "no token has been made for it yet");
	free(trouble);
	credentials_put(now);
	return now != NULL;
}

/* Whom the client is at the brokers. */
static bool look_up(struct identities *all, struct came *came, char why[IDENTITY_WHY_MAX])
{
	came->as = identities_get(all, came->name != NULL ? came->name : anybody);
	if (came->as == NULL)
		snprintf(why, IDENTITY_WHY_MAX, "the identity map has no such principal");
	return came->as != NULL && has_credentials(came->as, why);
}

bool identity_take(const struct worker *w, struct came *came, char why[IDENTITY_WHY_MAX])
{
	const struct listener *l = entrance_now(came->entrance);

	if (protocol_has_sasl(l->protocol))
		return true;
	if (!l->proxy_identity && came->tls.subject != NULL) {
		came->name = mapped(l, came->tls.subject, why);
		if (came->name == NULL)
			return false;
	}
	return w->shared->identities == NULL || look_up(w->shared->identities, came, why);
}

void identity_forget(struct came *came)
{
	free(came->tls.server_name);
	free(came->tls.subject);
	free(came->name);
	free(came->zone);
	account_free(came->as);
	came->tls.server_name = came->tls.subject = came->name = came->zone = NULL;
	came->as = NULL;
}
