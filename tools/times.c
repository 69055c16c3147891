#include "times.h"

#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>

void times_add(struct times *t, double ms)
{
	t->ms = mem_realloc(t->ms, (t->count + 1) * sizeof *t->ms);
	t->ms[t->count++] = ms;
}

void times_deinit(struct times *t)
{
	free(t->ms);
	*t = (struct times){ 0 };
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Sorts them; the mean of both in the middle when their number is even. */
static double median(struct times *t)
{
	size_t half = t->count / 2;

	qsort(t->ms, t->count, sizeof *t->ms, compare);
	return t->count % 2 == 1 ? t->ms[half] : (t->ms[half - 1] + t->ms[half]) / 2;
}

json_t *times_json(struct times *t)
{
	double middle;

	if (t->count == 0)
		return json_null();
	middle = median(t);
	return json_pack("{s:f, s:f, s:f}", "min", t->ms[0], "median", middle, "max",
			 t->ms[t->count - 1]);
}

void times_text(struct times *t, char *to, size_t size)
{
	double middle;

	if (t->count == 0) {
		snprintf(to, size, "-");
		return;
	}
	middle = median(t);
	snprintf(to, size, "%.3g / %.3g / %.3g", t->ms[0], middle, t->ms[t->count - 1]);
}
