#include "config/conduktor.h"

#include "util/compiler.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *key, *theirs, *ours;
} words[] = {
	{ "gateway.advertised_mode", "port", "ports" },
	{ "gateway.advertised_mode", "sni", "host" },
	{ "gateway.advertised_mode", "ports", "ports" },
	{ "gateway.advertised_mode", "single", "single" },
	{ "gateway.advertised_mode", "host", "host" },
	{ "gateway.log_format", "pattern", "text" },
	{ "gateway.ssl_client_auth", "none", "none" },
	{ "gateway.ssl_client_auth", "optional", "requested" },
	{ "gateway.ssl_client_auth", "request", "requested" },
	{ "gateway.ssl_client_auth", "requested", "requested" },
	{ "gateway.ssl_client_auth", "require", "required" },
	{ "gateway.ssl_client_auth", "required", "required" },
};

const char *conduktor_word(const char *key, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].key, key) == 0 && strcasecmp(words[i].theirs, text) == 0)
			return words[i].ours;
	}
	return text;
}

#define NO_STORE "clients' authorities are a PEM file here; say GATEWAY_SSL_CA_LOCATION"
#define NO_KEYSTORE "certificates and keys are PEM files here; say GATEWAY_SSL_CERTIFICATE_LOCATION"
#define NO_KAFKA_STORE \
	"keys and authorities are PEM files here; say KAFKA_SSL_CA_LOCATION and the like"
#define NO_DATA "what clients send is never changed or looked into here"
#define NO_TENANTS "there are no virtual clusters here"
#define NO_ACLS "the brokers' own ACLs count, for every client as itself"
#define NO_STATE "the gateway keeps no state"

/* A name that ends with "*" is the beginning of many; the first row that fits counts. */
static const struct {
	const char *name, *why;
} left_out[] = {
	{ "GATEWAY_LISTENER_NAMES", "the listeners are those that other variables name" },
	{ "GATEWAY_ENV_FILE",
	  "the environment is read as it is; have systemd or a shell read the file" },
	{ "GATEWAY_LICENSE_KEY", "no license is needed" },
	{ "GATEWAY_ANALYTICS", "nothing is told to anybody" },
	{ "GATEWAY_ACL_ENABLED", NO_ACLS },
	{ "GATEWAY_ACL_STORE_ENABLED", NO_ACLS },
	{ "GATEWAY_SUPER_USERS", NO_ACLS },
	{ "GATEWAY_USER_POOL_SECRET_KEY", "the gateway makes no tokens of its own" },
	{ "GATEWAY_ADMIN_API_USERS",
	  "the HTTP API knows tokens; say GATEWAY_HTTP_TOKEN and GATEWAY_HTTP_READ_TOKEN" },
	{ "GATEWAY_SSL_KEY_STORE_*", NO_KEYSTORE },
	{ "GATEWAY_SSL_KEY_TYPE", NO_KEYSTORE },
	{ "GATEWAY_SSL_TRUST_STORE_*", NO_STORE },
	{ "GATEWAY_SSL_UPDATE_*", "files are looked at every 10 s" },
	{ "GATEWAY_HTTPS_*", "the HTTP API's TLS is by GATEWAY_HTTP_SSL_CERTIFICATE_LOCATION" },
	{ "GATEWAY_ADVERTISED_SNI_PORT", "say it in GATEWAY_ADVERTISED_LISTENER, as host:port" },
	{ "GATEWAY_ADVERTISED_HOST_PREFIX", "say GATEWAY_ADVERTISED_HOST_PATTERN, with {id}" },
	{ "GATEWAY_SNI_HOST_SEPARATOR", "say GATEWAY_ADVERTISED_HOST_PATTERN, with {id}" },
	{ "GATEWAY_AUTHENTICATION_*", "logins last as long as the brokers say" },
	{ "GATEWAY_OAUTH_*", "the brokers judge tokens" },
	{ "GATEWAY_STORAGE_TYPE", NO_STATE },
	{ "GATEWAY_STORE_*", NO_STATE },
	{ "GATEWAY_TOPIC_*", NO_STATE },
	{ "GATEWAY_BACKEND_*", "there is one Kafka cluster a gateway" },
	{ "GATEWAY_UPSTREAM_*", "a client has connections of its own to the brokers" },
	{ "GATEWAY_INTERCEPTOR*", NO_DATA },
	{ "GATEWAY_SCHEMA_REGISTRY_*", NO_DATA },
	{ "GATEWAY_FEATURE_FLAGS_MULTI_TENANCY", NO_TENANTS },
	{ "GATEWAY_FEATURE_FLAGS_MANDATORY_VCLUSTER", NO_TENANTS },
	{ "GATEWAY_FEATURE_FLAGS_*", "what it switches is not there" },
	{ "GATEWAY_AUDIT_LOG_*", "the audit log is in the log; say GATEWAY_AUDIT_LOG=true" },
	{ "KAFKA_SSL_KEYSTORE_*", NO_KAFKA_STORE },
	{ "KAFKA_SSL_TRUSTSTORE_*", NO_KAFKA_STORE },
	{ "KAFKA_SASL_CLIENT_CALLBACK_HANDLER_CLASS", "no Java class can be loaded here" },
	{ "LOG4J2_*", "say GATEWAY_LOG_LEVEL" },
	{ "KAFKA_SASL_LOGIN_CALLBACK_HANDLER_CLASS", "no Java class can be loaded here" },
};

static bool fits(const char *pattern, const char *name)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] == '*')
		return strncmp(pattern, name, n - 1) == 0;
	return strcmp(pattern, name) == 0;
}

/* GATEWAY_LISTENER_<NAME>_<this>. */
static bool is_property(const char *variable, const char *property)
{
	static const char prefix[] = "GATEWAY_LISTENER_";
	const char *name = variable + sizeof prefix - 1;

	if (strncmp(variable, prefix, sizeof prefix - 1) != 0)
		return false;
	name += strcspn(name, "_");
	return *name == '_' && strncmp(name + 1, property, strlen(property)) == 0;
}

const char *conduktor_leaves_out(const char *variable)
{
	if (is_property(variable, "BOOTSTRAP_HOST_PATTERN"))
		return "any name that is no broker's by ADVERTISED_HOST_PATTERN bootstraps";
	if (is_property(variable, "SSL_KEY_STORE") || is_property(variable, "SSL_TRUST_STORE"))
		return NO_KEYSTORE;
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
		if (fits(left_out[i].name, variable))
			return left_out[i].why;
	}
	return NULL;
}

/* A service called "kafka" or "gateway" puts KAFKA_SERVICE_HOST, KAFKA_PORT_9092_TCP_ADDR and the like
 * into every pod. */
bool conduktor_is_of_others(const char *variable, const char *value)
{
	static const char *const scripts[] = {
		"KAFKA_HOME",	    "KAFKA_OPTS",
		"KAFKA_HEAP_OPTS",  "KAFKA_JMX_OPTS",
		"KAFKA_LOG4J_OPTS", "KAFKA_GC_LOG_OPTS",
		"KAFKA_DEBUG",	    "KAFKA_JVM_PERFORMANCE_OPTS",
	};

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		if (strcmp(variable, scripts[i]) == 0)
			return true;
	}
	return strstr(variable, "_SERVICE_HOST") != NULL ||
	       strstr(variable, "_SERVICE_PORT") != NULL || strstr(variable, "_TCP") != NULL ||
	       strstr(variable, "_UDP") != NULL || strncmp(value, "tcp://", 6) == 0 ||
	       strncmp(value, "udp://", 6) == 0;
}
