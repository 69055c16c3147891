#include "config/reload.h"

#include "config/listeners.h"
#include "config/option_value.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

/* As --print-config writes it.  Caller frees. */
static char *printed(const struct config *c, const struct config_option *o)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	option_print(c, o, out);
	fclose(out);
	return text;
}

static void *field(struct config *c, int at)
{
	return (char *)c + at;
}

static const void *const_field(const struct config *c, int at)
{
	return (const char *)c + at;
}

static void copy_text(struct config *to, const struct config *from, int at)
{
	char **text = field(to, at);
	char *const *other = const_field(from, at);

	free(*text);
	*text = *other != NULL ? mem_strdup(*other) : NULL;
}

/* Takes the option's value from another configuration. */
static void copy(struct config *to, const struct config *from, const struct config_option *o)
{
	switch (o->kind) {
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_SERVERS:
		copy_text(to, from, o->at);
		break;
	case OPTION_LISTENER:
		copy_text(to, from, o->at);
		*(int *)field(to, o->at_also) = *(const int *)const_field(from, o->at_also);
		break;
	case OPTION_NUMBER:
	case OPTION_WORD:
	case OPTION_TIME:
		*(int *)field(to, o->at) = *(const int *)const_field(from, o->at);
		break;
	case OPTION_FLAG:
		*(bool *)field(to, o->at) = *(const bool *)const_field(from, o->at);
		break;
	case OPTION_SIZE:
		*(int64_t *)field(to, o->at) = *(const int64_t *)const_field(from, o->at);
		break;
	case OPTION_LISTENERS:
		listeners_copy(to, from);
		break;
	default: /* lists: their rows reload, which a unit test holds */
		abort();
	}
}

static void hide(char **text)
{
	free(*text);
	*text = mem_strdup("(secret)");
}

/* Else its value follows from others, which are told. */
static bool is_said(const struct config *c, const struct config_option *o)
{
	return c->origins[o - config_options].kind != ORIGIN_DEFAULT;
}

/* The value that runs goes on, and the new one waits. */
static void keep(struct config *next, const struct config *running, const struct config_change *c)
{
	size_t row = (size_t)(c->option - config_options);

	next->waiting =
		mem_realloc(next->waiting, (next->waiting_count + 1) * sizeof *next->waiting);
	next->waiting[next->waiting_count++] =
		(struct config_waiting){ c->option, mem_strdup(c->after), next->origins[row] };
	next->origins[row] = running->origins[row];
	copy(next, running, c->option);
}

static void compare(struct config *next, const struct config *running,
		    const struct config_option *o, struct config_changes *changes)
{
	struct config_change change = { .option = o,
					.is_taken = o->reloads,
					.before = printed(running, o),
					.after = printed(next, o) };
	bool differs = strcmp(change.before, change.after) != 0;
	bool is_told = is_said(next, o) || is_said(running, o);

	if (o->is_secret) {
		hide(&change.before);
		hide(&change.after);
	}
	if (differs && !o->reloads)
		keep(next, running, &change);
	if (differs && is_told && changes->count < CONFIG_CHANGES_MAX) {
		changes->list[changes->count++] = change;
	} else {
		free(change.before);
		free(change.after);
	}
}

struct config *config_reload(const struct config *running, struct config_changes *changes,
			     FILE *complaints)
{
	struct config *next = config_load(running->file, complaints);

	changes->count = 0;
	for (size_t i = 0; next != NULL && i < config_option_count; i++)
		compare(next, running, &config_options[i], changes);
	if (next != NULL)
		listeners_derive(next);
	return next;
}

void config_changes_free(struct config_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->list[i].before);
		free(changes->list[i].after);
	}
	changes->count = 0;
}
