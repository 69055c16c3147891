#include "config/conduktor.h"
#include "config/kinds.h"
#include "config/listeners_inside.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct listener_option listener_options[LISTENER_OPTIONS] = {
	{ "ports", "PORTS", NULL, false,
	  "first-last, or told:bound where clients are told others; first-: as many as the "
	  "cluster needs" },
	{ "bind_host", "BIND_ADDRESS", "gateway.bind_host", true },
	{ "advertised_host", "ADVERTISED_HOST", "gateway.advertised_host" },
	{ "routing", "ROUTING", "gateway.advertised_mode" },
	{ "advertised_host_pattern", "ADVERTISED_HOST_PATTERN", "gateway.advertised_host_pattern" },
	{ "security_protocol", "SECURITY_PROTOCOL", "gateway.security_protocol" },
	{ "ssl_certificate_location", "SSL_CERTIFICATE_LOCATION",
	  "gateway.ssl_certificate_location", true },
	{ "ssl_key_location", "SSL_KEY_LOCATION", "gateway.ssl_key_location", true },
	{ "ssl_key_password", "SSL_KEY_PASSWORD", "gateway.ssl_key_password", true },
	{ "ssl_ca_location", "SSL_CA_LOCATION", "gateway.ssl_ca_location", true },
	{ "ssl_client_auth", "SSL_CLIENT_AUTH", "gateway.ssl_client_auth", true },
	{ "ssl_principal_mapping_rules", "SSL_PRINCIPAL_MAPPING_RULES",
	  "gateway.ssl_principal_mapping_rules", true },
	{ "proxy_protocol", "PROXY_PROTOCOL", "gateway.proxy_protocol", true },
	{ "proxy_identity", "PROXY_IDENTITY", "gateway.proxy_identity", true },
	{ "port_is_hint", "PORT_IS_HINT", "gateway.port_is_hint", true },
	{ "zone", "ZONE", "gateway.zone" },
};
enum { PORTS_ROW };

static const struct config_option *row_of(const struct listener_option *o)
{
	return o->option != NULL ? option_by_key(o->option) : NULL;
}

bool listener_option_is_secret(const struct listener_option *o)
{
	return o->option != NULL && row_of(o)->is_secret;
}

int listener_option_of(const char *option)
{
	for (int i = 0; i < LISTENER_OPTIONS; i++) {
		if (listener_options[i].option != NULL &&
		    strcmp(listener_options[i].option, option) == 0)
			return i;
	}
	return strcmp(option, "gateway.port_start") == 0 ||
			       strcmp(option, "gateway.port_count") == 0
		       ? PORTS_ROW
		       : -1;
}

const struct listener_option *listener_option_by_key(const char *key)
{
	for (int i = 0; i < LISTENER_OPTIONS; i++) {
		if (strcmp(listener_options[i].key, key) == 0)
			return &listener_options[i];
	}
	return NULL;
}

/* --- one property --- */

/* A row of options.c takes a value into a whole configuration: one with this listener alone. */
static bool set_by_row(struct config_named *n, const struct config_option *o, const char *text,
		       char why[CONFIG_WHY_MAX])
{
	struct config alone = { .listener = n->said };
	bool is_good = kind_of(o)->set(&alone, o, conduktor_word(o->key, text), why);

	n->said = alone.listener;
	return is_good;
}

static bool set_ports(struct config_named *n, const char *text, char why[CONFIG_WHY_MAX])
{
	struct port_range told, bound;
	const bool is_good = port_range_read(text, &told, &bound, why);

	n->said.port_start = bound.first;
	n->said.port_count = bound.count;
	n->told_start = told.first;
	return is_good;
}

bool listeners_set_value(struct config_named *n, int i, const char *text, char why[CONFIG_WHY_MAX])
{
	const struct config_option *o = row_of(&listener_options[i]);

	return o != NULL ? set_by_row(n, o, text, why) : set_ports(n, text, why);
}

bool listeners_say(struct config_named *n, const char *key, const char *text,
		   char why[CONFIG_WHY_MAX])
{
	const struct listener_option *o = listener_option_by_key(key);

	if (o == NULL) {
		snprintf(why, CONFIG_WHY_MAX, "%.60s: no such property of a listener", key);
		return false;
	}
	n->origins[o - listener_options].kind = ORIGIN_ENVIRONMENT;
	return listeners_set_value(n, (int)(o - listener_options), text, why);
}

void listeners_set_origin(struct config_named *n, int i, enum origin_kind kind, int line,
			  char *name)
{
	free(n->names[i]);
	n->names[i] = name;
	n->origins[i] = (struct config_origin){ .kind = kind, .line = line, .name = name };
}

/* --- names --- */

struct config_named *listeners_add(struct config *c, const char *name)
{
	struct config_named *n;

	c->named = mem_realloc(c->named, (c->named_count + 1) * sizeof *c->named);
	n = &c->named[c->named_count++];
	*n = (struct config_named){ .name = mem_strdup(name),
				    .called = mem_printf("%s: %s", listeners_key, name) };
	return n;
}

struct config_named *listeners_find(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->named_count; i++) {
		if (strcasecmp(c->named[i].name, name) == 0)
			return &c->named[i];
	}
	return NULL;
}

/* --- what becomes of it --- */

static void take_field(struct listener *to, const struct listener *from,
		       const struct config_option *o)
{
	struct config alone = { .listener = *to }, other = { .listener = *from };
	char *field = (char *)&alone + o->at;
	const char *said = (const char *)&other + o->at;

	switch (o->kind) {
	case OPTION_FLAG:
		memcpy(field, said, sizeof(bool));
		break;
	case OPTION_WORD:
		memcpy(field, said, sizeof(int));
		break;
	default:
		memcpy(field, said, sizeof(void *));
		break;
	}
	*to = alone.listener;
}

/* What the options say of all; the texts stay theirs. */
static struct listener common(const struct config *c)
{
	struct listener l = c->listener;

	l.port_start = l.port_count = l.advertised_port = 0;
	l.advertised_mode = ADVERTISE_PORTS;
	l.advertised_pattern = NULL;
	l.protocol = OVER_PLAINTEXT;
	return l;
}

static void derive(const struct config *c, const struct config_named *n, struct listener *l)
{
	*l = common(c);
	l->name = n->name;
	for (int i = 0; i < LISTENER_OPTIONS; i++) {
		if (n->origins[i].kind != ORIGIN_DEFAULT && i != PORTS_ROW)
			take_field(l, &n->said, row_of(&listener_options[i]));
	}
	l->port_start = n->said.port_start;
	l->port_count = n->said.port_count;
	l->advertised_port = n->said.advertised_port != 0 ? n->said.advertised_port
			     : n->told_start != 0	  ? n->told_start
							  : n->said.port_start;
}

void listeners_derive(struct config *c)
{
	free(c->listeners);
	c->listeners = c->named_count > 0 ? mem_alloc(c->named_count * sizeof *c->listeners) : NULL;
	for (size_t i = 0; i < c->named_count; i++)
		derive(c, &c->named[i], &c->listeners[i]);
}

bool listeners_say_themselves(const struct config *c, const struct config_option *o)
{
	int i = c->named_count > 0 ? listener_option_of(o->key) : -1;

	return i >= 0 && !listener_options[i].is_common;
}

/* --- what is written, copied, freed --- */

static void print_ports(const struct config_named *n, FILE *out)
{
	fputc('"', out);
	port_range_print(n->told_start,
			 (struct port_range){ n->said.port_start, n->said.port_count }, out);
	fputc('"', out);
}

static void print_value(const struct config_named *n, int i, FILE *out)
{
	const struct config alone = { .listener = n->said };
	const struct config_option *o = row_of(&listener_options[i]);

	if (o == NULL)
		print_ports(n, out);
	else
		kind_of(o)->print(&alone, o, out);
}

static void print_one(const struct config_named *n, FILE *out)
{
	fputs("{ name = ", out);
	kind_print_text(n->name, out);
	fputs("; ", out);
	for (int i = 0; i < LISTENER_OPTIONS; i++) {
		if (n->origins[i].kind == ORIGIN_DEFAULT ||
		    listener_option_is_secret(&listener_options[i]))
			continue;
		fprintf(out, "%s = ", listener_options[i].key);
		print_value(n, i, out);
		fputs("; ", out);
	}
	fputc('}', out);
}

void listeners_print(const struct config *c, FILE *out)
{
	fputs("( ", out);
	for (size_t i = 0; i < c->named_count; i++) {
		print_one(&c->named[i], out);
		fputs(i + 1 < c->named_count ? ", " : " ", out);
	}
	fputc(')', out);
}

void listeners_print_common(const struct listener *l, FILE *out)
{
	const struct config alone = { .listener = *l };

	fprintf(out, "%s:", l->name != NULL ? l->name : "");
	for (int i = 0; i < LISTENER_OPTIONS; i++) {
		const struct config_option *o = row_of(&listener_options[i]);
		const char *key = listener_options[i].key;

		if (o == NULL || o->is_secret || strcmp(key, "bind_host") == 0 ||
		    (l->internal_load_balancing && strcmp(key, "advertised_host") == 0))
			continue;
		fprintf(out, " %s=", key);
		kind_of(o)->print(&alone, o, out);
	}
	fputc('\n', out);
}

static char *copied(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

static void copy_texts(struct listener *l)
{
	l->bind_host = copied(l->bind_host);
	l->advertised_host = copied(l->advertised_host);
	l->advertised_pattern = copied(l->advertised_pattern);
	l->ssl_certificate = copied(l->ssl_certificate);
	l->ssl_key = copied(l->ssl_key);
	l->ssl_key_password = copied(l->ssl_key_password);
	l->ssl_ca = copied(l->ssl_ca);
	l->ssl_ciphers = copied(l->ssl_ciphers);
	l->ssl_principal_rules = copied(l->ssl_principal_rules);
	l->zone = copied(l->zone);
}

static void free_texts(struct listener *l)
{
	free(l->bind_host);
	free(l->advertised_host);
	free(l->advertised_pattern);
	free(l->ssl_certificate);
	free(l->ssl_key);
	free(l->ssl_key_password);
	free(l->ssl_ca);
	free(l->ssl_ciphers);
	free(l->ssl_principal_rules);
	free(l->zone);
}

/* Their names, with commas. */
static void list_names(const struct config *c, char *to, size_t size)
{
	size_t used = 0;

	*to = '\0';
	for (size_t i = 0; i < c->named_count && used < size; i++)
		used += (size_t)snprintf(to + used, size - used, "%s%s", i > 0 ? ", " : "",
					 c->named[i].name);
}

/* Where HAProxy is for it, which may be told of each. */
static void take_front(struct config *c, const struct config_named *n)
{
	for (size_t i = 0; i < c->haproxy.front_count; i++) {
		const struct config_peer *front = &c->haproxy.fronts[i];

		if (strcasecmp(front->name, n->name) != 0)
			continue;
		free(c->haproxy_listen_host);
		c->haproxy_listen_host = mem_strdup(front->host);
		c->haproxy_listen_port = front->port;
		c->haproxy_listen_last = 0;
	}
}

bool listeners_choose(struct config *c, const char *name, char why[CONFIG_WHY_MAX])
{
	const struct config_named *n = name != NULL	     ? listeners_find(c, name)
				       : c->named_count == 1 ? &c->named[0]
							     : NULL;
	struct listener chosen;
	char names[CONFIG_WHY_MAX / 2];
	bool is_derived;

	if (name == NULL && c->named_count == 0)
		return true;
	list_names(c, names, sizeof names);
	if (n == NULL) {
		snprintf(why, CONFIG_WHY_MAX,
			 name == NULL	      ? "there are several listeners (%s): say which"
			 : c->named_count > 0 ? "no listener is called so; there are %s"
					      : "there is one listener, without a name%s",
			 names);
		return false;
	}
	is_derived = c->haproxy_listen_port == config_listener(c, 0)->advertised_port;
	derive(c, n, &chosen);
	copy_texts(&chosen);
	chosen.name = NULL;
	free_texts(&c->listener);
	c->listener = chosen;
	if (is_derived)
		c->haproxy_listen_port = chosen.advertised_port;
	take_front(c, n);
	listeners_clear(c);
	return true;
}

void listeners_clear(struct config *c)
{
	for (size_t i = 0; i < c->named_count; i++) {
		struct config_named *n = &c->named[i];

		free(n->name);
		free(n->called);
		free_texts(&n->said);
		for (int j = 0; j < LISTENER_OPTIONS; j++)
			free(n->names[j]);
	}
	free(c->named);
	free(c->listeners);
	c->named = NULL;
	c->listeners = NULL;
	c->named_count = 0;
}

void listeners_copy(struct config *to, const struct config *from)
{
	listeners_clear(to);
	to->named_count = from->named_count;
	if (from->named_count == 0)
		return;
	to->named = mem_alloc(from->named_count * sizeof *to->named);
	for (size_t i = 0; i < from->named_count; i++) {
		struct config_named *n = &to->named[i];

		*n = from->named[i];
		n->name = mem_strdup(n->name);
		n->called = mem_strdup(n->called);
		copy_texts(&n->said);
		for (int j = 0; j < LISTENER_OPTIONS; j++)
			n->origins[j].name = n->names[j] = copied(n->names[j]);
	}
}

void listeners_help(FILE *out)
{
	for (int i = 0; i < LISTENER_OPTIONS; i++) {
		const struct listener_option *o = &listener_options[i];
		char env[64];

		snprintf(env, sizeof env, "%s<NAME>_%s", listeners_prefix, o->env);
		fprintf(out, "  %-46s %-42s %s%s\n", env, o->key,
			o->option != NULL ? "of that listener: as " : "",
			o->option != NULL ? o->option : o->help);
	}
}
