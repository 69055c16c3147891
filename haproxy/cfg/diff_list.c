/* The list of changes that the parts of a diff add to. */
#include "cfg/diff_parts.h"
#include "util/mem.h"

#include <stdarg.h>
#include <stdlib.h>

static char *copy(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

struct diff_change *diff_add(struct diff *d, const struct diff_pair *pair, enum diff_kind kind,
			     enum diff_class class, const struct cfg_line *line, const char *what,
			     const char *before, const char *after, const char *why)
{
	const struct cfg_section *s = pair->after != NULL ? pair->after : pair->before;
	struct diff_change *c;

	d->list = mem_realloc(d->list, (d->count + 1) * sizeof *d->list);
	c = &d->list[d->count++];
	*c = (struct diff_change){ .kind = kind, .class = class, .line = line };
	c->section = mem_printf("%s%s%s", s->keyword, s->name[0] != '\0' ? " " : "", s->name);
	c->what = mem_strdup(what);
	c->before = copy(before);
	c->after = copy(after);
	c->why = copy(why);
	return c;
}

void diff_command(struct diff_change *c, const char *fmt, ...)
{
	va_list args;

	if (c->command_count == DIFF_COMMANDS_MAX)
		abort();
	va_start(args, fmt);
	c->commands[c->command_count++] = mem_vprintf(fmt, args);
	va_end(args);
}
