#include "plan/findings.h"

#include <stdarg.h>

static void say(struct findings *f, const char *kind, const char *fmt, va_list args)
{
	fputs(kind, f->out);
	vfprintf(f->out, fmt, args);
	fputc('\n', f->out);
}

void findings_refuse(struct findings *f, const char *fmt, ...)
{
	va_list args;

	f->refused++;
	va_start(args, fmt);
	say(f, "refused: ", fmt, args);
	va_end(args);
}

void findings_warn(struct findings *f, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(f, "warning: ", fmt, args);
	va_end(args);
}
