#include "http/config_json.h"

#include "config/kinds.h"
#include "config/option_value.h"
#include "http/json.h"
#include "util/mem.h"

#include <libconfig.h>

static json_t *converted(const config_setting_t *s)
{
	json_t *o;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return json_integer(config_setting_get_int64(s));
	case CONFIG_TYPE_BOOL:
		return json_boolean(config_setting_get_bool(s));
	case CONFIG_TYPE_STRING:
		return json_text(config_setting_get_string(s));
	case CONFIG_TYPE_GROUP:
		o = json_object();
		for (int i = 0; i < config_setting_length(s); i++) {
			const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);

			json_object_set_new(o, config_setting_name(e), converted(e));
		}
		return o;
	default:
		o = json_array();
		for (int i = 0; i < config_setting_length(s); i++)
			json_array_append_new(o,
					      converted(config_setting_get_elem(s, (unsigned)i)));
		return o;
	}
}

/* What is printed for the file, read as the file is. */
static json_t *read_back(const char *printed)
{
	char *text = mem_printf("value = %s;\n", printed);
	config_t file;
	json_t *v = json_null();

	config_init(&file);
	if (config_read_string(&file, text))
		v = converted(config_lookup(&file, "value"));
	config_destroy(&file);
	free(text);
	return v;
}

static json_t *value(const struct config *c, const struct config_option *o)
{
	char *text = NULL;
	size_t size;
	FILE *out;
	json_t *v;

	if (o->is_secret)
		return json_null();
	out = open_memstream(&text, &size);
	option_print(c, o, out);
	fclose(out);
	v = read_back(text);
	free(text);
	return v;
}

static json_t *origin(const struct config *c, const struct config_origin *from)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_t *v;

	config_print_origin(c, from, out);
	fclose(out);
	v = json_text(text);
	free(text);
	return v;
}

static json_t *after_restart(const struct config *c, const struct config_option *o)
{
	for (size_t i = 0; i < c->waiting_count; i++) {
		const struct config_waiting *w = &c->waiting[i];
		json_t *v;

		if (w->option != o)
			continue;
		v = json_object();
		json_object_set_new(v, "value", o->is_secret ? json_null() : read_back(w->value));
		json_object_set_new(v, "origin", origin(c, &w->origin));
		return v;
	}
	return json_null();
}

static json_t *option(const struct config *c, const struct config_option *o)
{
	json_t *row = json_object();

	json_object_set_new(row, "name", json_text(o->key));
	json_object_set_new(row, "environment", json_text(o->env));
	json_object_set_new(row, "value", value(c, o));
	json_object_set_new(row, "origin", origin(c, &c->origins[o - config_options]));
	json_object_set_new(row, "after_restart", after_restart(c, o));
	json_object_set_new(row, "is_secret", json_boolean(o->is_secret));
	json_object_set_new(row, "reloads", json_boolean(o->reloads));
	json_object_set_new(row, "help", json_text(o->help));
	return row;
}

char *config_json(const struct config *c)
{
	json_t *o = json_object(), *options = json_array();

	for (size_t i = 0; i < config_option_count; i++)
		json_array_append_new(options, option(c, &config_options[i]));
	json_object_set_new(o, "file", json_text(c->file));
	json_object_set_new(o, "options", options);
	return json_done(o);
}
