#include "net/tls_config.h"

bool tls_for_brokers(const struct config *c, struct tls_context **context, char why[TLS_WHY_MAX])
{
	const struct tls_wanted wanted = {
		.certificate = c->kafka_ssl_certificate,
		.key = c->kafka_ssl_key,
		.key_password = c->kafka_ssl_key_password,
		.ca = c->kafka_ssl_ca,
		.ignores_names = c->kafka_ssl_host_check == HOST_CHECK_NONE,
	};

	*context = NULL;
	if (!protocol_has_tls(c->kafka_protocol))
		return true;
	*context = tls_client_new(&wanted, why);
	return *context != NULL;
}

bool tls_for_http(const struct config *c, struct tls_context **context, char why[TLS_WHY_MAX])
{
	const struct tls_wanted wanted = {
		.certificate = c->http_ssl_certificate,
		.key = c->http_ssl_key,
		.key_password = c->http_ssl_key_password,
	};

	*context = NULL;
	if (c->http_ssl_certificate == NULL)
		return true;
	*context = tls_server_new(&wanted, why);
	return *context != NULL;
}

bool tls_for_clients(const struct listener *l, struct tls_context **context, char why[TLS_WHY_MAX])
{
	const struct tls_wanted wanted = {
		.certificate = l->ssl_certificate,
		.key = l->ssl_key,
		.key_password = l->ssl_key_password,
		.ca = l->ssl_ca,
		.ciphers = l->ssl_ciphers,
		.min_version = (enum tls_version)l->ssl_min_version,
		.client_auth = (enum tls_client_auth)l->ssl_client_auth,
	};

	*context = NULL;
	if (!protocol_has_tls(l->protocol))
		return true;
	*context = tls_server_new(&wanted, why);
	return *context != NULL;
}
