/* Who the gateway is to the brokers, and who clients are. */
#include "config/check_inside.h"
#include "config/jaas.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

static void check_is_missing(const struct config *c, struct mistakes *m, const char *key,
			     const char *value, const char *what)
{
	if (value == NULL && check_is_usable(c, key))
		TELL(c, m, key, "missing; %s", what);
}

static void check_jaas(const struct config *c, struct mistakes *m)
{
	const char *key = "kafka.sasl_jaas_config";
	char why[JAAS_WHY_MAX];
	struct jaas jaas;

	if (c->sasl_username != NULL || c->sasl_password != NULL)
		TELL(c, m, key, "%s and %s say it too; this one or those",
		     check_other(m, "kafka.sasl_username"), check_other(m, "kafka.sasl_password"));
	if (!jaas_read(&jaas, c->sasl_jaas_config, why)) {
		TELL(c, m, key, "not understood: %s", why);
		return;
	}
	if ((jaas.module == JAAS_PLAIN) != (strcmp(c->sasl_mechanism, "PLAIN") == 0))
		TELL(c, m, key, "its login module is not that of %s, which %s says",
		     c->sasl_mechanism, check_other(m, "kafka.sasl_mechanism"));
	jaas_deinit(&jaas);
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void check_token(const struct config *c, struct mistakes *m)
{
	const char *key = "kafka.sasl_oauthbearer_token_endpoint_url";

	check_is_missing(c, m, key, c->oauth_url,
			 "https://... of a token endpoint, or file:///... of a token's file");
	if (c->oauth_url == NULL || begins(c->oauth_url, "file:///"))
		return;
	if (!begins(c->oauth_url, "https://") && !begins(c->oauth_url, "http://")) {
		TELL(c, m, key, "\"%.100s\" won't do; it must be https://... or file:///...",
		     c->oauth_url);
		return;
	}
	if (begins(c->oauth_url, "http://"))
		mistakes_warn_of(m, option_by_key(key), check_origin(c, key),
				 "without TLS the secret and the token can be read on their way");
	check_is_missing(c, m, "kafka.sasl_oauthbearer_client_id", c->oauth_client_id,
			 "who asks the token endpoint");
	check_is_missing(c, m, "kafka.sasl_oauthbearer_client_secret", c->oauth_client_secret,
			 "what the token endpoint is shown");
}

static void check_account(const struct config *c, struct mistakes *m)
{
	check_is_missing(
		c, m, "kafka.sasl_mechanism", c->sasl_mechanism,
		"PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, as the brokers have it");
	if (c->sasl_mechanism == NULL)
		return;
	if (strcmp(c->sasl_mechanism, "OAUTHBEARER") == 0) {
		check_token(c, m);
	} else if (c->sasl_jaas_config != NULL) {
		check_jaas(c, m);
	} else {
		check_is_missing(c, m, "kafka.sasl_username", c->sasl_username,
				 "the gateway's own account at the brokers");
		check_is_missing(c, m, "kafka.sasl_password", c->sasl_password,
				 "that account's password");
	}
}

static bool all_have_sasl(const struct config *c)
{
	for (size_t i = 0; i < config_listener_count(c); i++) {
		if (!protocol_has_sasl(config_listener(c, i)->protocol))
			return false;
	}
	return true;
}

static bool is_judged_here(const char *mechanism)
{
	static const char *const all[] = { "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512" };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strcmp(mechanism, all[i]) == 0)
			return true;
	}
	return false;
}

static void check_mechanisms(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.sasl_enabled_mechanisms", *rest = c->sasl_enabled;
	char *name;

	while (check_is_usable(c, key) && (name = text_next_item(&rest)) != NULL) {
		if (!is_judged_here(name))
			TELL(c, m, key,
			     "\"%.40s\" won't do; it must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, "
			     "with commas",
			     name);
		free(name);
	}
}

/* Clients say who they are, and the gateway judges it. */
static void check_judging(const struct config *c, struct mistakes *m)
{
	const char *mode = "gateway.security_mode", *key = "kafka.security_protocol";

	if (c->users == NULL && check_is_usable(c, "gateway.users"))
		TELL(c, m, mode, "GATEWAY_MANAGED lets in whom a file names; say %s too",
		     check_other(m, "gateway.users"));
	check_mechanisms(c, m);
	if (c->kafka_protocol == OVER_SSL && c->kafka_ssl_certificate != NULL &&
	    !c->clients_act_as_gateway)
		TELL(c, m, key,
		     "the brokers know the gateway by its certificate, and so would every client be "
		     "known; only if each may do all that the gateway may, say %s true",
		     check_other(m, "gateway.clients_act_as_gateway"));
}

/* What is for logins that the gateway judges. */
static void check_judging_is_on(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.users";

	if (c->users == NULL || !check_is_usable(c, key) ||
	    !check_is_usable(c, "gateway.security_mode") ||
	    !check_is_usable(c, "gateway.security_protocol") || config_judges(c))
		return;
	mistakes_warn_of(m, option_by_key(key), check_origin(c, key),
			 "nobody looks at it: it is for %s GATEWAY_MANAGED and %s with SASL",
			 check_other(m, "gateway.security_mode"),
			 check_other(m, "gateway.security_protocol"));
}

/* Clients say who they are, and brokers judge it. */
static void check_clients_of_sasl(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.security_protocol";

	if (!protocol_has_sasl(c->kafka_protocol))
		TELL(c, m, key,
		     "clients would say who they are, and no broker would judge it: %s is without SASL",
		     check_other(m, "kafka.security_protocol"));
	if (c->clients_act_as_gateway && all_have_sasl(c))
		TELL(c, m, "gateway.clients_act_as_gateway",
		     "clients say by SASL who they are (%s), so they are not the gateway",
		     check_other(m, key));
}

static bool has_certificates(const struct config *c)
{
	return c->listener.proxy_identity || (c->listener.protocol == OVER_SSL &&
					      c->listener.ssl_client_auth != CLIENT_AUTH_NONE);
}

/* A file that says whom clients are at the brokers. */
static void check_identity_map(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.identity_map", *protocol = "gateway.security_protocol";

	if (!protocol_has_sasl(c->kafka_protocol))
		TELL(c, m, key, "no broker asks who one is: %s is without SASL",
		     check_other(m, "kafka.security_protocol"));
	if (c->clients_act_as_gateway)
		TELL(c, m, key, "%s says that all clients are the gateway; one of them",
		     check_other(m, "gateway.clients_act_as_gateway"));
	if (protocol_has_sasl(c->listener.protocol) && all_have_sasl(c) && !config_judges(c))
		TELL(c, m, key, "clients say by SASL who they are (%s), and brokers judge it",
		     check_other(m, protocol));
	else if (!protocol_has_sasl(c->listener.protocol) && !has_certificates(c))
		mistakes_warn_of(m, option_by_key(key), check_origin(c, key),
				 "clients show no certificate, so all of them are User:ANONYMOUS");
}

/* Nobody may come to act as the gateway because nobody has thought of it. */
void check_who_acts(const struct config *c, struct mistakes *m)
{
	const char *key = "kafka.security_protocol", *flag = "gateway.clients_act_as_gateway";
	bool by_certificate = c->kafka_protocol == OVER_SSL && c->kafka_ssl_certificate != NULL;
	bool has_account = protocol_has_sasl(c->kafka_protocol) || by_certificate;

	if (!check_is_usable(c, key) || !check_is_usable(c, flag) ||
	    !check_is_usable(c, "gateway.security_protocol"))
		return;
	if (c->identity_map != NULL && check_is_usable(c, "gateway.identity_map"))
		check_identity_map(c, m);
	if (c->security_mode == GATEWAY_MANAGED && protocol_has_sasl(c->listener.protocol)) {
		check_judging(c, m);
		return;
	}
	if (protocol_has_sasl(c->listener.protocol)) {
		check_clients_of_sasl(c, m);
		return;
	}
	if (has_account && !c->clients_act_as_gateway && c->identity_map == NULL)
		TELL(c, m, key,
		     "the brokers ask who one is, and clients do not say it to the gateway (%s); "
		     "only if every client may do all that the gateway's own account may, say %s true",
		     check_other(m, "gateway.security_protocol"), check_other(m, flag));
	else if (!has_account && c->clients_act_as_gateway)
		mistakes_warn_of(
			m, option_by_key(flag), check_origin(c, flag),
			"the gateway has no account at the brokers: clients are anonymous");
}

/* PROXY headers that say who clients are. */
void check_proxy_identity(const struct config *c, struct mistakes *m)
{
	const char *key = "gateway.proxy_identity";

	if (!c->listener.proxy_identity || !check_is_usable(c, key))
		return;
	if (c->listener.proxy_protocol == PROXY_OFF && check_is_usable(c, "gateway.proxy_protocol"))
		TELL(c, m, key, "no header is read; say %s require too",
		     check_other(m, "gateway.proxy_protocol"));
	if (protocol_has_sasl(c->listener.protocol) &&
	    check_is_usable(c, "gateway.security_protocol"))
		TELL(c, m, key, "clients say by SASL who they are (%s)",
		     check_other(m, "gateway.security_protocol"));
}

void check_sasl(const struct config *c, struct mistakes *m)
{
	const struct {
		const char *key, *value;
	} said[] = {
		{ "kafka.sasl_mechanism", c->sasl_mechanism },
		{ "kafka.sasl_username", c->sasl_username },
		{ "kafka.sasl_password", c->sasl_password },
		{ "kafka.sasl_jaas_config", c->sasl_jaas_config },
		{ "kafka.sasl_oauthbearer_token_endpoint_url", c->oauth_url },
	};

	check_judging_is_on(c, m);
	if (!check_is_usable(c, "kafka.security_protocol") ||
	    !check_is_usable(c, "kafka.sasl_mechanism"))
		return;
	if (protocol_has_sasl(c->kafka_protocol)) {
		check_account(c, m);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		if (said[i].value != NULL && check_is_usable(c, said[i].key))
			mistakes_warn_of(m, option_by_key(said[i].key),
					 check_origin(c, said[i].key),
					 "nobody looks at it: %s is without SASL",
					 check_other(m, "kafka.security_protocol"));
	}
}
