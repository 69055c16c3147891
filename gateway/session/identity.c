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
static char *mapped(const struct config *config, const char *subject, char why[IDENTITY_WHY_MAX])
{
	char rule[PRINCIPAL_RULES_WHY_MAX] = "";
	struct principal_rules *rules = principal_rules_read(config->ssl_principal_rules, rule);
	char *name = rules != NULL ? principal_rules_name(rules, subject, rule) : NULL;

	if (name == NULL)
		snprintf(why, IDENTITY_WHY_MAX, "%s", rule);
	principal_rules_free(rules);
	return name;
}

bool identity_take_header(const struct worker *w, const struct proxy_header *header,
			  struct came *came, char why[IDENTITY_WHY_MAX])
{
	if (!w->config->proxy_identity || proxy_client_name(header, &came->name) != PROXY_MISNAMED)
		return true;
	snprintf(why, IDENTITY_WHY_MAX,
		 "by its PROXY header its certificate was not verified (%u), or is for no name",
		 header->tls.verify);
	return false;
}

/* Whom the client is at the brokers. */
static bool look_up(struct identities *all, struct came *came, char why[IDENTITY_WHY_MAX])
{
	came->as = identities_get(all, came->name != NULL ? came->name : anybody);
	if (came->as == NULL)
		snprintf(why, IDENTITY_WHY_MAX, "the identity map has no such principal");
	return came->as != NULL;
}

bool identity_take(const struct worker *w, struct came *came, char why[IDENTITY_WHY_MAX])
{
	const struct config *config = w->config;

	if (protocol_has_sasl(config->gateway_protocol))
		return true;
	if (!config->proxy_identity && came->tls.subject != NULL) {
		came->name = mapped(config, came->tls.subject, why);
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
	credentials_put(came->as);
	came->tls.server_name = came->tls.subject = came->name = NULL;
	came->as = NULL;
}
