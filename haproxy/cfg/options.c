#include "options.h"

#include <string.h>

/* Of servers and binds; what takes several values is not used with Kafka. */
static const char *const with_value[] = {
	"addr",
	"agent-addr",
	"agent-inter",
	"agent-port",
	"agent-send",
	"alpn",
	"backlog",
	"ca-file",
	"ca-ignore-err",
	"ca-sign-file",
	"ca-sign-pass",
	"ca-verify-file",
	"check-alpn",
	"check-proto",
	"check-sni",
	"ciphers",
	"ciphersuites",
	"client-sigalgs",
	"cookie",
	"crl-file",
	"crt",
	"crt-ignore-err",
	"crt-list",
	"curves",
	"downinter",
	"ecdhe",
	"error-limit",
	"fall",
	"fastinter",
	"gid",
	"group",
	"guid",
	"guid-prefix",
	"hash-key",
	"id",
	"init-addr",
	"init-state",
	"inter",
	"interface",
	"level",
	"log-bufsize",
	"log-proto",
	"max-reuse",
	"maxconn",
	"maxqueue",
	"minconn",
	"mode",
	"mss",
	"name",
	"namespace",
	"nbconn",
	"nice",
	"npn",
	"observe",
	"on-error",
	"on-marked-down",
	"on-marked-up",
	"pool-conn-name",
	"pool-low-conn",
	"pool-max-conn",
	"pool-purge-delay",
	"port",
	"process",
	"proto",
	"proxy-v2-options",
	"redir",
	"resolve-net",
	"resolve-opts",
	"resolve-prefer",
	"resolvers",
	"rise",
	"set-proxy-v2-tlv-fmt",
	"severity-output",
	"shard",
	"shards",
	"sigalgs",
	"slowstart",
	"sni",
	"socks4",
	"source",
	"ssl-max-ver",
	"ssl-min-ver",
	"tcp-md5sig",
	"tcp-ut",
	"thread",
	"tls-ticket-keys",
	"track",
	"uid",
	"user",
	"usesrc",
	"verify",
	"verifyhost",
	"weight",
	"ws",
};

bool cfg_option_takes_value(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(with_value); i++) {
		if (strcmp(with_value[i], name) == 0)
			return true;
	}
	/* "set-proxy-v2-tlv-fmt(0xE1) %[...]" */
	return strncmp(name, "set-proxy-v2-tlv-fmt(", 21) == 0;
}

static void take_away(struct cfg_options *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->list[i].name, name) == 0) {
			o->list[i] = o->list[--o->count];
			i--;
		}
	}
}

void cfg_options_add(struct cfg_options *o, const struct cfg_line *line, int from)
{
	for (int i = from; i < line->word_count; i++) {
		const char *name = line->words[i];
		const char *value = "";

		if (strncmp(name, "no-", 3) == 0 && !cfg_option_takes_value(name))
			take_away(o, name + 3);
		if (cfg_option_takes_value(name) && i + 1 < line->word_count)
			value = line->words[++i];
		take_away(o, name);
		if (o->count < CFG_OPTIONS_MAX)
			o->list[o->count++] = (struct cfg_option){ name, value, line };
	}
}

const struct cfg_option *cfg_option(const struct cfg_options *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->list[i].name, name) == 0)
			return &o->list[i];
	}
	return NULL;
}

const char *cfg_option_value(const struct cfg_options *o, const char *name)
{
	const struct cfg_option *found = cfg_option(o, name);

	return found != NULL ? found->value : NULL;
}

bool cfg_has_option(const struct cfg_options *o, const char *name)
{
	return cfg_option(o, name) != NULL;
}
