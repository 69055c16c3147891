/* What the file and the environment say of listeners with names. */
#include "config/conduktor.h"
#include "config/listeners_inside.h"
#include "config/mistakes.h"
#include "config/secret_file.h"
#include "util/mem.h"
#include "util/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* As in the names of variables, where "_" ends it. */
static bool is_name(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > LISTENER_NAME_MOST || !isalpha((unsigned char)*name))
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p))
			return false;
	}
	return true;
}

/* --- the file --- */

static const char *name_of_item(const struct file_values *values, size_t item, int *line)
{
	const char *name = NULL;

	for (size_t i = 0; i < values->count; i++) {
		const struct file_value *v = &values->all[i];

		if (v->listener != item)
			continue;
		*line = v->line;
		if (v->property == NULL)
			name = v->text;
	}
	return name;
}

static void take_value(struct config_named *n, const struct file_value *v, struct mistakes *m)
{
	int i = (int)(v->property - listener_options);
	char why[CONFIG_WHY_MAX];

	listeners_set_origin(n, i, ORIGIN_FILE, v->line,
			     mem_printf("%s: %s: %s", listeners_key, n->name, v->property->key));
	n->origins[i].bad = v->bad;
	if (v->bad || listeners_set_value(n, i, v->text, why))
		return;
	n->origins[i].bad = true;
	mistakes_in_file(m, v->line, "%s: %s", n->names[i], why);
}

/* The listener that stands there, to be filled; NULL: told. */
static struct config_named *begin_item(struct config *c, const char *name, int line,
				       struct mistakes *m)
{
	struct config_named *n;

	if (name == NULL)
		mistakes_in_file(m, line, "%s: a listener without a name; say name = \"...\" in it",
				 listeners_key);
	else if (!is_name(name))
		mistakes_in_file(m, line,
				 "%s: name: \"%.60s\" won't do; it must be a letter and then "
				 "letters and digits, at most %d",
				 listeners_key, name, LISTENER_NAME_MOST);
	else if ((n = listeners_find(c, name)) != NULL)
		mistakes_in_file(m, line, "%s: \"%s\" is a listener's name already, in line %d",
				 listeners_key, name, n->begins.line);
	else {
		n = listeners_add(c, name);
		n->begins = (struct config_origin){ .kind = ORIGIN_FILE, .line = line };
		return n;
	}
	return NULL;
}

static void from_file(struct config *c, const struct file_values *values, struct mistakes *m)
{
	struct config_origin *origin = &c->origins[option_index(listeners_key)];

	for (size_t item = 1; item <= values->listener_count; item++) {
		int line = 0;
		const char *name = name_of_item(values, item, &line);
		struct config_named *n = begin_item(c, name, line, m);

		*origin = (struct config_origin){ .kind = ORIGIN_FILE,
						  .line = line,
						  .name = listeners_key };
		for (size_t i = 0; n != NULL && i < values->count; i++) {
			const struct file_value *v = &values->all[i];

			if (v->listener == item && v->property != NULL)
				take_value(n, v, m);
		}
	}
}

/* --- the environment --- */

/* GATEWAY_LISTENER_<NAME>_<PROPERTY>, or the file that has it. */
struct variable {
	char name[LISTENER_NAME_MOST + 1];
	const struct listener_option *property; /* NULL: none is called so */
	const char *rest;			/* behind the name */
	bool is_file;
};

static bool read_variable(const char *text, struct variable *v)
{
	const char *name = text + strlen(listeners_prefix);
	size_t n = strcspn(name, "_");

	*v = (struct variable){ .rest = name + n + 1 };
	if (name[n] != '_' || n == 0 || n > LISTENER_NAME_MOST)
		return false;
	for (size_t i = 0; i < n; i++)
		v->name[i] = (char)tolower((unsigned char)name[i]);
	for (int i = 0; i < LISTENER_OPTIONS; i++) {
		const struct listener_option *o = &listener_options[i];
		size_t len = strlen(o->env);

		if (strcmp(v->rest, o->env) == 0)
			v->property = o;
		if (listener_option_is_secret(o) && strncmp(v->rest, o->env, len) == 0 &&
		    strcmp(v->rest + len, "_FILE") == 0) {
			v->property = o;
			v->is_file = true;
		}
	}
	return is_name(v->name);
}

static const char *near_property(const char *typed)
{
	const char *best = NULL;
	unsigned distance = (unsigned)strlen(typed) / 3 + 2;

	for (int i = 0; i < LISTENER_OPTIONS; i++) {
		unsigned d = text_distance(typed, listener_options[i].env);

		if (d < distance) {
			distance = d;
			best = listener_options[i].env;
		}
	}
	return best;
}

static void refuse_variable(const char *variable, const struct variable *v, struct mistakes *m)
{
	const char *near = near_property(v->rest);

	if (!is_name(v->name))
		mistakes_in_environment(
			m, "%s: it must be %s<NAME>_..., a name of letters and digits, at most %d",
			variable, listeners_prefix, LISTENER_NAME_MOST);
	else if (near != NULL)
		mistakes_in_environment(m, "%s: listeners have no such property; %s?", variable,
					near);
	else
		mistakes_in_environment(
			m, "%s: listeners have no such property; `anyport --help` lists them",
			variable);
}

/* Caller frees; NULL: told. */
static char *variable_text(const struct variable *v, const char *variable, struct mistakes *m)
{
	char why[SECRET_FILE_WHY_MAX], *text;

	if (!v->is_file)
		return mem_strdup(getenv(variable));
	text = secret_file_read(getenv(variable), why);
	if (text == NULL)
		mistakes_in_environment(m, "%s: %s", variable, why);
	return text;
}

static struct config_named *named(struct config *c, const struct variable *v)
{
	struct config_named *n = listeners_find(c, v->name);

	if (n != NULL)
		return n;
	n = listeners_add(c, v->name);
	n->begins = (struct config_origin){ .kind = ORIGIN_ENVIRONMENT };
	return n;
}

static void take_variable(struct config *c, const char *variable, struct mistakes *m)
{
	char why[CONFIG_WHY_MAX], *text;
	struct config_named *n;
	struct variable v;
	int i;

	if (conduktor_leaves_out(variable))
		return;
	if (!read_variable(variable, &v) || v.property == NULL) {
		refuse_variable(variable, &v, m);
		return;
	}
	text = variable_text(&v, variable, m);
	n = named(c, &v);
	i = (int)(v.property - listener_options);
	if (n->origins[i].kind == ORIGIN_ENVIRONMENT)
		mistakes_in_environment(m, "%s: %s says it too; one of them", variable,
					n->names[i]);
	listeners_set_origin(n, i, ORIGIN_ENVIRONMENT, 0, mem_strdup(variable));
	n->origins[i].bad = text == NULL || !listeners_set_value(n, i, text, why);
	if (n->origins[i].bad && text != NULL)
		mistakes_in_environment(m, "%s: %s", variable, why);
	free(text);
	c->origins[option_index(listeners_key)] =
		(struct config_origin){ .kind = ORIGIN_ENVIRONMENT,
					.name = option_by_key(listeners_key)->env };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of their names: that of an environment is nobody's. */
static void from_environment(struct config *c, struct mistakes *m)
{
	char **list = NULL;
	size_t count = 0;

	for (char **e = environ; *e != NULL; e++) {
		size_t n = strcspn(*e, "=");

		if (strncmp(*e, listeners_prefix, strlen(listeners_prefix)) != 0 ||
		    (*e)[n] == '\0' || (*e)[n + 1] == '\0')
			continue;
		list = mem_realloc(list, (count + 1) * sizeof *list);
		list[count++] = mem_strndup(*e, n);
	}
	if (count > 0)
		qsort(list, count, sizeof *list, by_name);
	for (size_t i = 0; i < count; i++) {
		take_variable(c, list[i], m);
		free(list[i]);
	}
	free(list);
}

void listeners_read(struct config *c, const struct file_values *values, struct mistakes *m)
{
	from_file(c, values, m);
	from_environment(c, m);
}
