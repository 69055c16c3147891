#include "diff_text.h"

#include "table.h"

#include <stdbool.h>
#include <string.h>

static const char *const signs[] = { "+", "-", "~", "^" };
static const char *const kinds[] = { "added", "removed", "changed", "moved" };

/* Each only once: sections come together. */
static bool is_same_section(const struct diff *d, size_t i)
{
	return i > 0 && strcmp(d->list[i - 1].section, d->list[i].section) == 0;
}

static void print_change(const struct diff_change *c, FILE *out)
{
	fprintf(out, "  %s %s", signs[c->kind], c->what);
	if (c->before != NULL && c->after != NULL && strcmp(c->before, c->after) != 0)
		fprintf(out, ": %s -> %s", c->before, c->after);
	else if (c->after != NULL && c->after[0] != '\0')
		fprintf(out, ": %s", c->after);
	else if (c->before != NULL && c->before[0] != '\0')
		fprintf(out, ": %s", c->before);
	fprintf(out, "\n      %s: %s\n", diff_class_name(c->class), c->why);
	for (size_t k = 0; k < c->command_count; k++)
		fprintf(out, "      > %s\n", c->commands[k]);
}

static size_t count_of(const struct diff *d, enum diff_class class)
{
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++)
		n += d->list[i].class == class;
	return n;
}

void diff_text_print(const struct diff *d, FILE *out)
{
	if (d->count == 0) {
		fputs("no difference\n", out);
		return;
	}
	for (size_t i = 0; i < d->count; i++) {
		if (!is_same_section(d, i))
			fprintf(out, "%s\n", d->list[i].section);
		print_change(&d->list[i], out);
	}
	fprintf(out, "%zu change%s:", d->count, d->count == 1 ? "" : "s");
	for (enum diff_class class = DIFF_RUNTIME; class <= DIFF_DISCONNECTS; class ++) {
		if (count_of(d, class) > 0)
			fprintf(out, " %zu %s", count_of(d, class), diff_class_name(class));
	}
	fputc('\n', out);
}

static json_t *text_or_null(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

static json_t *change_object(const struct diff_change *c)
{
	json_t *o = json_object(), *commands = json_array();

	for (size_t k = 0; k < c->command_count; k++)
		json_array_append_new(commands, json_string(c->commands[k]));
	json_object_set_new(o, "section", json_string(c->section));
	json_object_set_new(o, "kind", json_string(kinds[c->kind]));
	json_object_set_new(o, "what", json_string(c->what));
	json_object_set_new(o, "before", text_or_null(c->before));
	json_object_set_new(o, "after", text_or_null(c->after));
	json_object_set_new(o, "class", json_string(diff_class_name(c->class)));
	json_object_set_new(o, "why", json_string(c->why));
	json_object_set_new(o, "file", c->line != NULL ? json_string(c->line->file) : json_null());
	json_object_set_new(o, "line",
			    c->line != NULL ? json_integer(c->line->number) : json_null());
	json_object_set_new(o, "commands", commands);
	return o;
}

json_t *diff_text_object(const struct diff *d)
{
	json_t *o = json_object(), *changes = json_array();

	for (size_t i = 0; i < d->count; i++)
		json_array_append_new(changes, change_object(&d->list[i]));
	json_object_set_new(o, "different", json_boolean(d->count > 0));
	json_object_set_new(o, "class",
			    d->count > 0 ? json_string(diff_class_name(d->worst)) : json_null());
	json_object_set_new(o, "changes", changes);
	return o;
}

void diff_text_json(const struct diff *d)
{
	json_t *o = diff_text_object(d);

	table_print_json(stdout, o);
	json_decref(o);
}
