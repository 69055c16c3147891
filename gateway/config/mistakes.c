#include "config/mistakes.h"

#include <stdarg.h>

static void tell(struct mistakes *m, const char *fmt, va_list args)
{
	vfprintf(m->out, fmt, args);
	fputc('\n', m->out);
}

void mistakes_in_file(struct mistakes *m, int line, const char *fmt, ...)
{
	va_list args;

	if (line > 0)
		fprintf(m->out, "%s:%d: ", m->file, line);
	else
		fprintf(m->out, "%s: ", m->file);
	va_start(args, fmt);
	tell(m, fmt, args);
	va_end(args);
	m->count++;
}

void mistakes_in_environment(struct mistakes *m, const char *fmt, ...)
{
	va_list args;

	fputs("environment: ", m->out);
	va_start(args, fmt);
	tell(m, fmt, args);
	va_end(args);
	m->count++;
}

/* A default has no place of its own: it is where it would have been said. */
static void tell_place(struct mistakes *m, const struct config_option *option,
		       const struct config_origin *origin)
{
	if (origin->kind == ORIGIN_FILE)
		fprintf(m->out, "%s:%d: %s: ", m->file, origin->line, origin->name);
	else if (origin->kind == ORIGIN_ENVIRONMENT)
		fprintf(m->out, "environment: %s: ", origin->name);
	else if (origin->name != NULL) /* of a listener that does not say it */
		fprintf(m->out, "%s%s%s: ", origin->line > 0 ? m->file : "environment", ": ",
			origin->name);
	else if (m->file != NULL)
		fprintf(m->out, "%s: %s: ", m->file, option->key);
	else
		fprintf(m->out, "environment: %s: ", option->env);
}

void mistakes_of(struct mistakes *m, const struct config_option *option,
		 const struct config_origin *origin, const char *fmt, ...)
{
	va_list args;

	tell_place(m, option, origin);
	va_start(args, fmt);
	tell(m, fmt, args);
	va_end(args);
	m->count++;
}

void mistakes_warn_of(struct mistakes *m, const struct config_option *option,
		      const struct config_origin *origin, const char *fmt, ...)
{
	va_list args;

	fputs("warning: ", m->out);
	tell_place(m, option, origin);
	va_start(args, fmt);
	tell(m, fmt, args);
	va_end(args);
}
