/* What `--print-config` and `--help` write: the rows, as text. */
#include "config/kinds.h"
#include "config/option_value.h"
#include "config/listeners.h"

#include <string.h>

/* --- --print-config ----------------------------------------------------- */

static size_t group_length(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot != NULL ? (size_t)(dot - key) : 0;
}

static int depth(const char *path, size_t n)
{
	int dots = 0;

	for (size_t i = 0; i < n; i++)
		dots += path[i] == '.';
	return n > 0 ? dots + 1 : 0;
}

static void indent(int tabs, FILE *out)
{
	while (tabs-- > 0)
		fputc('\t', out);
}

/* Whether key stands in the group path[0..n) or in one inside it. */
static bool is_inside(const char *key, const char *path, size_t n)
{
	return n == 0 || (strncmp(key, path, n) == 0 && key[n] == '.');
}

/* Closes groups until key is inside what is open; returns what stays open of path. */
static size_t close_groups(const char *path, size_t n, const char *key, FILE *out)
{
	while (n > 0 && (key == NULL || !is_inside(key, path, n))) {
		const char *dot = memrchr(path, '.', n);

		indent(depth(path, n) - 1, out);
		fputs("};\n", out);
		n = dot != NULL ? (size_t)(dot - path) : 0;
	}
	return n;
}

static void open_groups(const char *key, size_t open, FILE *out)
{
	size_t last = group_length(key);

	while (open < last) {
		const char *name = key + open + (open > 0);
		size_t n = strcspn(name, ".");

		indent(depth(key, open), out);
		fprintf(out, "%.*s: {\n", (int)n, name);
		open = (size_t)(name + n - key);
	}
}

void config_print_origin(const struct config *c, const struct config_origin *origin, FILE *out)
{
	if (origin->kind == ORIGIN_FILE)
		fprintf(out, "%s:%d", c->file, origin->line);
	else
		fputs(origin->kind == ORIGIN_ENVIRONMENT ? "environment" : "default", out);
}

static void print_option(const struct config *c, const struct config_option *o, FILE *out)
{
	int tabs = depth(o->key, group_length(o->key));

	indent(tabs, out);
	fprintf(out, "# %s\n", o->help);
	indent(tabs, out);
	/* a secret is not told, and what is printed can be read again without it */
	fprintf(out, "%s%s = ", o->is_secret ? "# " : "", strrchr(o->key, '.') + 1);
	if (o->is_secret)
		fputs("(secret)", out);
	else
		option_print(c, o, out);
	fprintf(out, "; # %s: ", o->env);
	config_print_origin(c, &c->origins[o - config_options], out);
	fputc('\n', out);
}

void config_print(const struct config *c, FILE *out)
{
	const char *path = "";
	size_t open = 0;

	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *o = &config_options[i];

		if (listeners_say_themselves(c, o))
			continue;
		open = close_groups(path, open, o->key, out);
		open_groups(o->key, open, out);
		path = o->key;
		open = group_length(o->key);
		print_option(c, o, out);
	}
	close_groups(path, open, NULL, out);
}

/* --- --help ------------------------------------------------------------- */

static void help_default(const struct config_option *o, FILE *out)
{
	const char *standard = o->standard_help != NULL ? o->standard_help : o->standard;

	if (standard != NULL && *standard != '\0')
		fprintf(out, " (%s)", standard);
}

static void help_words(const struct config_option *o, FILE *out)
{
	const char *words = o->words;

	if (o->words == NULL)
		return;
	fputs(": ", out);
	for (; *words != '\0'; words++) {
		if (*words == '|')
			fputs(", ", out);
		else
			fputc(*words, out);
	}
}

void config_help(FILE *out)
{
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *o = &config_options[i];

		fprintf(out, "  %-46s %-42s %s", o->env, o->key, o->help);
		help_words(o, out);
		help_default(o, out);
		fputc('\n', out);
		if (o->kind == OPTION_LISTENERS)
			listeners_help(out);
		if (o->env_also != NULL)
			fprintf(out, "  %-46s %-42s the same\n", o->env_also, o->key_also);
		if (o->env_file != NULL)
			fprintf(out, "  %-46s %-42s a file that has it\n", o->env_file, o->key);
	}
}
