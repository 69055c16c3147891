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
