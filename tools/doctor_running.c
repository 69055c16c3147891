/* Whether the node that runs has what its configuration says: what was changed and not taken yet. */
#include "doctor.h"

#include "http/config_json.h"
#include "util/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN = 5, VALUE_MAX = 80 };

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static const json_t *option_of(const json_t *all, const char *name)
{
	json_t *o;
	size_t i;

	json_array_foreach(json_object_get(all, "options"), i, o)
	{
		if (strcmp(text(o, "name"), name) == 0)
			return o;
	}
	return NULL;
}

static bool is_said_by_environment(const json_t *option)
{
	return strcmp(text(option, "origin"), "environment") == 0;
}

/* The node's environment may be another one than that of this shell; what only `haproxy generate`
 * reads no node has; and a secret is told by neither. */
static bool can_compare(const json_t *running, const json_t *here)
{
	return running != NULL && !json_is_true(json_object_get(here, "is_secret")) &&
	       strncmp(text(here, "name"), "haproxy.", 8) != 0 &&
	       is_said_by_environment(running) == is_said_by_environment(here);
}

static void print_value(FILE *out, const json_t *option)
{
	char *value = json_dumps(json_object_get(option, "value"),
				 JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);

	fprintf(out, "%.*s%s", VALUE_MAX, value, strlen(value) > VALUE_MAX ? "..." : "");
	free(value);
}

struct differences {
	FILE *out; /* the first ones, in words */
	size_t count;
	bool wants_restart;
};

static void compare(struct differences *diff, const json_t *running, const json_t *here)
{
	if (!can_compare(running, here) ||
	    json_equal(json_object_get(running, "value"), json_object_get(here, "value")))
		return;
	diff->wants_restart |= !json_is_true(json_object_get(here, "reloads"));
	if (++diff->count > SHOWN)
		return;
	fprintf(diff->out, "%s%s is ", diff->count > 1 ? "; " : "", text(here, "name"));
	print_value(diff->out, running);
	fputs(", not ", diff->out);
	print_value(diff->out, here);
}

static json_t *own_options(const struct config *c)
{
	char *printed = config_json(c);
	json_t *own = json_loads(printed, 0, NULL);

	free(printed);
	assert(own != NULL);
	return own;
}

/* Which options differ, in words; caller frees. */
static char *differences_of(const json_t *running, const struct config *c, struct differences *diff)
{
	json_t *own = own_options(c), *here;
	char *words = NULL;
	size_t i, size;

	*diff = (struct differences){ .out = open_memstream(&words, &size) };
	assert(diff->out != NULL);
	json_array_foreach(json_object_get(own, "options"), i, here)
	{
		compare(diff, option_of(running, text(here, "name")), here);
	}
	if (diff->count > SHOWN)
		fprintf(diff->out, "; and %zu options more", diff->count - SHOWN);
	fclose(diff->out);
	json_decref(own);
	return words;
}

static bool is_same(const char *one, const char *other)
{
	struct stat a, b;

	return strcmp(one, other) == 0 || (stat(one, &a) == 0 && stat(other, &b) == 0 &&
					   a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* False, and that was said: it runs with another file than was looked at, or without one. */
static bool is_of_same_file(struct doctor *d, const json_t *running)
{
	const char *file = text(running, "file"), *here = d->config->file;

	if (here == NULL || is_same(file, here))
		return true;
	if (file[0] == '\0')
		doctor_find(d, DOCTOR_ADVICE,
			    mem_printf("start it with `-c %s` if it is to have that", here),
			    "the node that runs here has its environment alone, not %s", here);
	else
		doctor_find(d, DOCTOR_ADVICE,
			    mem_printf("`anyportctl doctor -c %s` looks at the node's own", file),
			    "the node that runs here has %s, not %s", file, here);
	return false;
}

void doctor_running(struct doctor *d, const json_t *running)
{
	struct differences diff;
	char *words;

	if (!json_is_array(json_object_get(running, "options"))) {
		doctor_pass(d, "what it runs with: it does not tell its options");
		return;
	}
	if (!is_of_same_file(d, running))
		return;
	words = differences_of(running, d->config, &diff);
	if (diff.count > 0)
		doctor_find(d, DOCTOR_WARNING,
			    mem_strdup(diff.wants_restart
					       ? "restart the node when it is drained (`systemctl "
						 "restart anyport`): not all of that is taken by a "
						 "reload"
					       : "`systemctl reload anyport`, or POST /v1/reload"),
			    "the node that runs here has not what its configuration says: %s",
			    words);
	free(words);
}
