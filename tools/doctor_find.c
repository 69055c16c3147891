/* Findings: gathered, put into order. */
#include "doctor.h"

#include "util/mem.h"
#include "util/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static bool is_found(const struct doctor *d, const char *what)
{
	for (size_t i = 0; i < d->found_count; i++) {
		if (strcmp(d->found[i].what, what) == 0)
			return true;
	}
	return false;
}

void doctor_find(struct doctor *d, enum doctor_severity severity, char *mend, const char *fmt, ...)
{
	va_list args;
	char *what;

	va_start(args, fmt);
	what = mem_vprintf(fmt, args);
	va_end(args);
	text_make_printable(what);
	text_make_printable(mend);
	if (is_found(d, what)) {
		free(what);
		free(mend);
		return;
	}
	d->found = mem_realloc(d->found, (d->found_count + 1) * sizeof *d->found);
	d->found[d->found_count++] = (struct doctor_finding){
		.look = d->look, .severity = severity, .what = what, .mend = mend
	};
}

void doctor_pass(struct doctor *d, const char *fmt, ...)
{
	char *before = d->passed, *why;
	va_list args;

	va_start(args, fmt);
	why = mem_vprintf(fmt, args);
	va_end(args);
	text_make_printable(why);
	d->passed = before != NULL ? mem_printf("%s; %s", before, why) : mem_strdup(why);
	free(before);
	free(why);
}

/* Few, and those alike stay as they are: the looks stand in order already. */
void doctor_sort(struct doctor *d)
{
	for (size_t i = 1; i < d->found_count; i++) {
		struct doctor_finding moved = d->found[i];
		size_t k = i;

		for (; k > 0 && d->found[k - 1].severity < moved.severity; k--)
			d->found[k] = d->found[k - 1];
		d->found[k] = moved;
	}
}

const char *doctor_severity_name(enum doctor_severity severity)
{
	static const char *const names[] = { "advice", "warning", "error" };

	return names[severity];
}
