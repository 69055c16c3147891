#include "config/config.h"

#include "config/check.h"
#include "config/file.h"
#include "config/conduktor.h"
#include "config/kinds.h"
#include "config/option_value.h"
#include "config/listeners.h"
#include "config/mistakes.h"
#include "config/secret_file.h"
#include "util/mem.h"
#include "util/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* Takes one value, or one item of a list. */
static bool take_text(struct config *c, const struct config_option *o, const char *text,
		      char why[KIND_WHY_MAX])
{
	return kind_of(o)->set(c, o, conduktor_word(o->key, text), why);
}

/* Some lists may be none at all. */
static bool is_empty_list(const struct config_option *o, const char *text)
{
	return *text == '\0' && (kind_of(o)->may_be_none || o->may_be_empty);
}

/* --- from the environment and from the defaults ------------------------- */

/* A list's text, item by item. */
static bool take_whole(struct config *c, const struct config_option *o, const char *text,
		       char why[KIND_WHY_MAX])
{
	const char *rest = text;
	char *item;
	bool ok = true;

	if (!kind_of(o)->is_list)
		return take_text(c, o, text, why);
	if (is_empty_list(o, text))
		return true;
	while (ok && (item = text_next_item(&rest)) != NULL) {
		ok = take_text(c, o, item, why);
		free(item);
	}
	return ok;
}

static const char *variable(const char *name)
{
	const char *text = name != NULL ? getenv(name) : NULL;

	return text != NULL && *text != '\0' ? text : NULL;
}

/* False: no file is named. */
static bool from_secret_file(struct config *c, const struct config_option *o,
			     struct config_origin *origin, struct mistakes *m)
{
	const char *path = variable(o->env_file);
	char why[KIND_WHY_MAX], *text;

	if (path == NULL)
		return false;
	*origin = (struct config_origin){ .kind = ORIGIN_ENVIRONMENT, .name = o->env_file };
	if (variable(o->env) != NULL) {
		origin->bad = true;
		mistakes_in_environment(m, "%s: %s says it too; one of them", o->env_file, o->env);
		return true;
	}
	text = secret_file_read(path, why);
	if (text == NULL || !take_whole(c, o, text, why)) {
		origin->bad = true;
		mistakes_in_environment(m, "%s: %s", o->env_file, why);
	}
	free(text);
	return true;
}

static bool from_environment(struct config *c, const struct config_option *o,
			     struct config_origin *origin, struct mistakes *m)
{
	const char *first = variable(o->env);
	const char *second = variable(o->env_also);
	char why[KIND_WHY_MAX];

	if (from_secret_file(c, o, origin, m))
		return true;
	if (first == NULL && second == NULL)
		return false;
	*origin = (struct config_origin){ .kind = ORIGIN_ENVIRONMENT,
					  .name = first != NULL ? o->env : o->env_also };
	if (first != NULL && second != NULL && strcmp(first, second) != 0) {
		origin->bad = true;
		mistakes_in_environment(
			m, "%s: \"%.100s\", but %s says \"%.100s\"; both mean the same",
			o->env_also, second, o->env, first);
	} else if (!take_whole(c, o, first != NULL ? first : second, why)) {
		origin->bad = true;
		mistakes_in_environment(m, "%s: %s", origin->name, why);
	}
	return true;
}

/* --- from the file ------------------------------------------------------ */

static void take_value(struct config *c, const struct file_value *v, size_t count,
		       struct config_origin *origin, struct mistakes *m)
{
	char why[KIND_WHY_MAX];

	if (v->bad) {
		origin->bad = true;
	} else if (origin->name != NULL && v->name != origin->name) {
		origin->bad = true;
		mistakes_in_file(m, v->line, "%s: %s says it too, in line %d; one of them", v->name,
				 origin->name, origin->line);
	} else if (!(count == 1 && is_empty_list(v->option, v->text)) &&
		   !take_text(c, v->option, v->text, why)) {
		origin->bad = true;
		mistakes_in_file(m, v->line, "%s: %s", v->name, why);
	}
	if (origin->name == NULL) {
		origin->kind = ORIGIN_FILE;
		origin->line = v->line;
		origin->name = v->name;
	}
}

static bool from_file(struct config *c, const struct config_option *o,
		      const struct file_values *values, struct config_origin *origin,
		      struct mistakes *m)
{
	size_t count = 0;

	for (size_t i = 0; i < values->count; i++)
		count += values->all[i].option == o;
	for (size_t i = 0; i < values->count; i++) {
		if (values->all[i].option == o)
			take_value(c, &values->all[i], count, origin, m);
	}
	return count > 0;
}

/* --- all of it ---------------------------------------------------------- */

static void from_default(struct config *c, const struct config_option *o)
{
	char why[KIND_WHY_MAX];

	if (o->standard != NULL && !take_whole(c, o, o->standard, why)) {
		fprintf(stderr, "options.c: %s: %s\n", o->key, why);
		abort(); /* a programming mistake */
	}
}

static void fill(struct config *c, const struct file_values *values, struct mistakes *m)
{
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *o = &config_options[i];
		struct config_origin *origin = &c->origins[i];

		if (o->kind == OPTION_LISTENERS)
			listeners_read(c, values, m);
		else if (!from_environment(c, o, origin, m) && !from_file(c, o, values, origin, m))
			from_default(c, o);
	}
}

/* What others could reach this node by, and no other one: "host-port". */
static char *own_name(const struct config *c)
{
	const struct listener *l = config_listener(c, 0);
	bool is_bound = strcmp(l->bind_host, "0.0.0.0") != 0 && strcmp(l->bind_host, "::") != 0;
	char host[TEXT_HOST_MAX] = "", name[TEXT_HOST_MAX + 8];

	if (is_bound)
		snprintf(host, sizeof host, "%s", l->bind_host);
	else if (l->internal_load_balancing)
		snprintf(host, sizeof host, "%s", l->advertised_host);
	else if (gethostname(host, sizeof host - 1) != 0 || *host == '\0')
		snprintf(host, sizeof host, "localhost");
	snprintf(name, sizeof name, "%s-%d", host,
		 !is_bound && l->internal_load_balancing ? l->advertised_port : l->port_start);
	for (char *p = name; *p != '\0'; p++) {
		if (!check_is_group_letter(*p))
			*p = '_';
	}
	return mem_strdup(name);
}

static void drop_empty(char **text)
{
	if (*text == NULL || **text != '\0')
		return;
	free(*text);
	*text = NULL;
}

static void derive_cluster(struct config *c)
{
	char group[TEXT_HOST_MAX + 8];

	if (c->node_id == NULL)
		c->node_id = own_name(c);
	drop_empty(&c->rack_id);
	drop_empty(&c->listener.zone);
	drop_empty(&c->group_id);
	if (c->cluster_id != NULL && strcmp(c->cluster_id, "off") == 0)
		*c->cluster_id = '\0';
	drop_empty(&c->cluster_id);
	if (c->cluster_id == NULL) {
		free(c->group_id);
		c->group_id = NULL;
	} else if (c->group_id == NULL) {
		snprintf(group, sizeof group, "anyport_%s", c->cluster_id);
		c->group_id = mem_strdup(group);
	}
}

/* Defaults that depend on the machine or on other options. */
static void derive(struct config *c, struct mistakes *m)
{
	const struct config_origin *servers = &c->origins[option_index("kafka.bootstrap_servers")];
	char name[TEXT_HOST_MAX] = "";

	if (c->bootstrap_servers == NULL && !servers->bad)
		mistakes_of(
			m, option_by_key("kafka.bootstrap_servers"), servers,
			"missing; \"host:port\" of the brokers to start from, several with commas");
	if (c->listener.advertised_host == NULL) {
		if (gethostname(name, sizeof name - 1) != 0 || *name == '\0')
			snprintf(name, sizeof name, "localhost");
		c->listener.advertised_host = mem_strdup(name);
	}
	if (c->listener.advertised_port == 0)
		c->listener.advertised_port = c->listener.port_start;
	listeners_derive(c);
	derive_cluster(c);
	if (c->haproxy_listen_port == 0)
		c->haproxy_listen_port = config_listener(c, 0)->advertised_port;
	for (size_t i = 0; i < c->node_count; i++) {
		if (c->nodes[i].http_port == 0)
			c->nodes[i].http_port = c->http_port;
	}
	if (c->workers == 0) {
		long cores = sysconf(_SC_NPROCESSORS_ONLN);

		c->workers = cores < 1 ? 1 : cores > 1024 ? 1024 : (int)cores;
	}
}

/* Nobody reads it: a name that is known from elsewhere, or one that is mistyped. */
static void tell_unread(struct mistakes *m, const char *name, const char *value)
{
	const char *why = conduktor_leaves_out(name), *near = option_near_env(name);

	if (why != NULL)
		fprintf(m->out, "warning: environment: %s: nobody looks at it: %s\n", name, why);
	else if (near != NULL)
		fprintf(m->out, "warning: environment: %s: no such option; %s?\n", name, near);
	else if (!conduktor_is_of_others(name, value))
		fprintf(m->out,
			"warning: environment: %s: no such option; `anyport --help` lists them\n",
			name);
}

static void look_for_unread(struct mistakes *m)
{
	static const char listeners[] = "GATEWAY_LISTENER_";

	for (char **e = environ; *e != NULL; e++) {
		size_t n = strcspn(*e, "=");
		bool is_ours = strncmp(*e, "GATEWAY_", 8) == 0 || strncmp(*e, "KAFKA_", 6) == 0 ||
			       strncmp(*e, "LOG4J2_", 7) == 0;
		char *name = mem_strndup(*e, n);

		if (is_ours && (*e)[n] == '=' && !option_has_env(name) &&
		    (strncmp(name, listeners, sizeof listeners - 1) != 0 ||
		     conduktor_leaves_out(name) != NULL))
			tell_unread(m, name, *e + n + 1);
		free(name);
	}
}

struct config *config_load(const char *file, FILE *complaints)
{
	struct mistakes m = { .out = complaints, .file = file };
	struct config *c = mem_zalloc(sizeof *c);
	struct file_values values = { 0 };

	c->file = file != NULL ? mem_strdup(file) : NULL;
	c->origins = mem_zalloc(config_option_count * sizeof *c->origins);
	if (file == NULL || file_read(&values, file, &m)) {
		fill(c, &values, &m);
		derive(c, &m);
		check_all(c, &m);
		look_for_unread(&m);
	}
	file_free(&values);
	if (m.count == 0)
		return c;
	config_free(c);
	return NULL;
}

struct config *config_load_part(const char *beginning, FILE *complaints)
{
	struct mistakes m = { .out = complaints };
	struct config *c = mem_zalloc(sizeof *c);

	c->origins = mem_zalloc(config_option_count * sizeof *c->origins);
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *o = &config_options[i];

		if (strncmp(o->key, beginning, strlen(beginning)) == 0 &&
		    !from_environment(c, o, &c->origins[i], &m))
			from_default(c, o);
	}
	if (m.count == 0)
		return c;
	config_free(c);
	return NULL;
}

bool config_set(struct config *c, const char *key, const char *text, char why[CONFIG_WHY_MAX])
{
	const struct config_option *o = &config_options[option_index(key)];

	option_clear(c, o);
	return take_whole(c, o, text, why);
}

void config_internal_topic(const struct config *c, char name[CONFIG_TOPIC_MAX])
{
	*name = '\0';
	if (c->cluster_id != NULL)
		snprintf(name, CONFIG_TOPIC_MAX, "_anyport_%s", c->cluster_id);
}

/* The fields that hold memory of their own. */
static void free_option(struct config *c, const struct config_option *o)
{
	char **text = (char **)(void *)((char *)c + o->at);

	switch (o->kind) {
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_LISTENER:
	case OPTION_RANGE:
		free(*text);
		break;
	default:
		option_clear(c, o);
	}
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < config_option_count; i++)
		free_option(c, &config_options[i]);
	for (size_t i = 0; i < c->waiting_count; i++)
		free(c->waiting[i].value);
	free(c->waiting);
	free(c->listeners);
	free(c->file);
	free(c->origins);
	free(c);
}
