/* What is said of TLS, on any side. */
#include "config/check_inside.h"

static void check_is_used(const struct config *c, struct mistakes *m, const struct tls_side *s,
			  const char *key, const char *value)
{
	if (value != NULL && check_is_usable(c, key) && check_is_usable(c, s->protocol_key) &&
	    !protocol_has_tls(s->protocol))
		mistakes_warn_of(m, option_by_key(key), check_origin(c, key),
				 "nobody looks at it: %s is without TLS",
				 check_other(m, s->protocol_key));
}

void check_side(const struct config *c, struct mistakes *m, const struct tls_side *s)
{
	check_is_used(c, m, s, s->ca.key, s->ca.value);
	check_is_used(c, m, s, s->certificate.key, s->certificate.value);
	check_is_used(c, m, s, s->private_key.key, s->private_key.value);
	if (s->private_key.value != NULL && s->certificate.value == NULL &&
	    check_is_usable(c, s->certificate.key))
		TELL(c, m, s->private_key.key, "a key without a certificate; say %s too",
		     check_other(m, s->certificate.key));
}

static void check_http(const struct config *c, struct mistakes *m)
{
	const char *certificate = "gateway.http_ssl_certificate_location";
	const char *key = "gateway.http_ssl_key_location";

	if (c->http_ssl_certificate == NULL && c->http_ssl_key != NULL &&
	    check_is_usable(c, certificate) && check_is_usable(c, key))
		TELL(c, m, key, "a key without a certificate; say %s too",
		     check_other(m, certificate));
}

void check_tls(const struct config *c, struct mistakes *m)
{
	const struct tls_side brokers = {
		.protocol_key = "kafka.security_protocol",
		.protocol = c->kafka_protocol,
		.certificate = { "kafka.ssl_certificate_location", c->kafka_ssl_certificate },
		.private_key = { "kafka.ssl_key_location", c->kafka_ssl_key },
		.ca = { "kafka.ssl_ca_location", c->kafka_ssl_ca },
	};

	check_side(c, m, &brokers);
	check_http(c, m);
}
