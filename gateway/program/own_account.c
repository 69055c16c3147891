#include "program/own_account.h"

#include "auth/mechanism.h"
#include "config/jaas.h"
#include "program/bearer.h"

#include <assert.h>
#include <string.h>

static const struct mechanism *mechanism_of(const struct config *c)
{
	const struct mechanism *m = mechanism_by_name(c->sasl_mechanism, strlen(c->sasl_mechanism));

	assert(m != NULL); /* its words are those of the mechanisms */
	return m;
}

static struct credentials *make(const struct mechanism *m, const char *user, const char *password,
				bool is_token)
{
	if (m->hash == NULL)
		return plain_credentials(user, password);
	return scram_credentials(m, is_token ? SCRAM_OF_TOKEN : SCRAM_OF_USER, user, password);
}

struct credentials *own_account_credentials(const struct config *c)
{
	const struct mechanism *m = mechanism_of(c);
	struct credentials *made;
	char why[JAAS_WHY_MAX];
	struct jaas jaas;

	if (c->sasl_jaas_config == NULL || !jaas_read(&jaas, c->sasl_jaas_config, why))
		return make(m, c->sasl_username, c->sasl_password, false);
	made = make(m, jaas.username, jaas.password, jaas.is_token);
	jaas_deinit(&jaas);
	return made;
}

void own_account_init(struct own_account *o, const struct config *config)
{
	*o = (struct own_account){ 0 };
	if (!protocol_has_sasl(config->kafka_protocol))
		return;
	if (mechanism_of(config) != &mechanism_oauthbearer) {
		o->account = account_new(own_account_credentials(config));
		return;
	}
	o->account = account_new(NULL);
	account_set_trouble(o->account, "there is no token yet");
	o->bearer = bearer_new(config, o->account);
}

void own_account_reload(struct own_account *o, const struct config *config)
{
	if (o->account != NULL && o->bearer == NULL)
		account_set(o->account, own_account_credentials(config));
}

void own_account_deinit(struct own_account *o)
{
	bearer_free(o->bearer);
	account_free(o->account);
	*o = (struct own_account){ 0 };
}
