#include "client_terms.h"

#include "config/jaas.h"
#include "config/options.h"
#include "net/tls_config.h"
#include "program/own_account.h"
#include "util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX_BYTES = 100 };

/* What librdkafka calls otherwise than Java does. */
static const char *java_name(const char *name)
{
	return strcmp(name, "sasl.mechanisms") == 0 ? "sasl.mechanism" : name;
}

static bool is_of_security(const char *name)
{
	return strncmp(name, "security.", 9) == 0 || strncmp(name, "sasl.", 5) == 0 ||
	       strncmp(name, "ssl.", 4) == 0;
}

/* The gateway's options for brokers have the same names, but for the dots. */
static void key_of(const char *name, char key[KEY_MAX_BYTES])
{
	int n = snprintf(key, KEY_MAX_BYTES, "kafka.%s", java_name(name));

	for (char *p = key + strlen("kafka."); n < KEY_MAX_BYTES && *p != '\0'; p++) {
		if (*p == '.')
			*p = '_';
	}
}

static bool set(struct client_terms *t, const char *name, const char *value)
{
	char key[KEY_MAX_BYTES], why[CONFIG_WHY_MAX];

	key_of(name, key);
	if (!is_of_security(name) || option_by_key(key) == NULL) {
		cli_fail("%.60s: no property that is understood here", name);
		return false;
	}
	if (config_set(t->config, key, value, why))
		return true;
	cli_fail("%.60s: %s", name, option_by_key(key)->is_secret ? "won't do" : why);
	return false;
}

/* "name=value", blanks around either left out; wipes the text. */
static bool set_pair(struct client_terms *t, char *pair, bool passes_over_others)
{
	char *value = strchr(pair, '='), *end, *name = pair + strspn(pair, " \t");
	bool good;

	if (value == NULL) {
		cli_fail("%.60s: a property is NAME=VALUE", pair);
		return false;
	}
	for (end = value; end > name && isspace((unsigned char)end[-1]); end--)
		;
	*end = '\0';
	value += 1 + strspn(value + 1, " \t");
	for (end = value + strlen(value); end > value && isspace((unsigned char)end[-1]); end--)
		end[-1] = '\0';
	good = (passes_over_others && !is_of_security(name)) || set(t, name, value);
	explicit_bzero(value, strlen(value));
	return good;
}

static bool set_file(struct client_terms *t, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	bool good = true;

	if (in == NULL) {
		cli_fail("%s: %s", path, strerror(errno));
		return false;
	}
	while (good && getline(&line, &room, in) > 0) {
		const char *first = line + strspn(line, " \t\r\n");

		if (*first != '\0' && *first != '#')
			good = set_pair(t, line, true);
	}
	free(line);
	fclose(in);
	return good;
}

static bool set_all(struct client_terms *t, const struct cli *cli)
{
	size_t at = 0;
	const char *typed;
	bool good = true;

	while (good && (typed = cli_next(cli, "properties", &at)) != NULL)
		good = set_file(t, typed);
	at = 0;
	while (good && (typed = cli_next(cli, "property", &at)) != NULL) {
		char *pair = mem_strdup(typed);

		good = set_pair(t, pair, false);
		free(pair);
	}
	return good;
}

static bool has_whom(const struct config *c)
{
	char why[JAAS_WHY_MAX];
	struct jaas jaas;

	if (c->sasl_mechanism == NULL) {
		cli_fail("sasl.mechanism is missing");
	} else if (strcmp(c->sasl_mechanism, "OAUTHBEARER") == 0) {
		cli_fail("sasl.mechanism: PLAIN and SCRAM are what this logs in by");
	} else if (c->sasl_jaas_config != NULL && !jaas_read(&jaas, c->sasl_jaas_config, why)) {
		cli_fail("sasl.jaas.config: %s", why);
	} else if (c->sasl_jaas_config != NULL) {
		jaas_deinit(&jaas);
		return true;
	} else if (c->sasl_username == NULL || c->sasl_password == NULL) {
		cli_fail("sasl.username and sasl.password, or sasl.jaas.config, are missing");
	} else {
		return true;
	}
	return false;
}

bool client_terms_read(struct client_terms *t, const struct cli *cli)
{
	*t = (struct client_terms){ .config = mem_zalloc(sizeof *t->config) };
	t->config->origins = mem_zalloc(config_option_count * sizeof *t->config->origins);
	tls_slot_init(&t->tls);
	t->terms.tls = &t->tls;
	return set_all(t, cli);
}

bool client_terms_init(struct client_terms *t, const struct cli *cli)
{
	struct tls_context *context;
	char why[TLS_WHY_MAX];

	if (!client_terms_read(t, cli))
		return false;
	if (protocol_has_sasl(t->config->kafka_protocol)) {
		if (!has_whom(t->config))
			return false;
		t->terms.account = account_new(own_account_credentials(t->config));
	}
	if (!tls_for_brokers(t->config, &context, why)) {
		cli_fail("%s", why);
		return false;
	}
	tls_slot_set(&t->tls, context);
	return true;
}

void client_terms_deinit(struct client_terms *t)
{
	account_free(t->terms.account);
	tls_slot_deinit(&t->tls);
	config_free(t->config);
	*t = (struct client_terms){ 0 };
}
