#include "top_reading.h"

#include "util/compiler.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const figures[] = { "requests", "bytes_in", "bytes_out", "errors",
				       "throttled_ms" };

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void add(json_t *to, const char *key, const json_t *from)
{
	json_object_set_new(to, key, json_integer(number(to, key) + number(from, key)));
}

static void add_figures(json_t *to, const json_t *from)
{
	for (size_t i = 0; i < ARRAY_LEN(figures); i++)
		add(to, figures[i], from);
}

/* --- readings --- */

json_t *top_reading_new(void)
{
	json_t *reading = json_pack("{s:{}, s:{}, s:{}}", "rows", "rest", "all");

	add_figures(json_object_get(reading, "rest"), NULL);
	add_figures(json_object_get(reading, "all"), NULL);
	add(reading, "named", NULL);
	add(reading, "displaced", NULL);
	return reading;
}

/* "10.0.0.5/app" of a client, which has no name; what a node tells may be anything.  Caller frees. */
static char *name_of(const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "name"));
	const char *address = json_string_value(json_object_get(row, "address"));
	const char *id = json_string_value(json_object_get(row, "client_id"));
	char *text = address != NULL ? mem_printf("%s/%s", address, id != NULL ? id : "")
				     : mem_strdup(name != NULL ? name : "");

	text_make_printable(text);
	return text;
}

void top_reading_add(json_t *reading, const char *kind, const json_t *answer)
{
	json_t *rows = json_object_get(reading, "rows"), *row;
	size_t i;

	json_array_foreach(json_object_get(answer, kind), i, row)
	{
		char *name = name_of(row);
		json_t *sum = json_object_get(rows, name);

		if (sum == NULL) {
			sum = json_pack("{s:s}", "name", name);
			json_object_set_new(rows, name, sum);
		}
		add_figures(sum, row);
		free(name);
	}
	add_figures(json_object_get(reading, "rest"), json_object_get(answer, "rest"));
	add_figures(json_object_get(reading, "all"), json_object_get(answer, "all"));
	add(reading, "named", answer);
	add(reading, "displaced", answer);
}

/* --- rates --- */

static void set_rate(json_t *row, const char *figure, double a_second)
{
	char key[40];

	snprintf(key, sizeof key, "%s_per_second", figure);
	json_object_set_new(row, key, json_real(a_second));
}

static double rate_of(const json_t *row, const char *figure)
{
	char key[40];

	snprintf(key, sizeof key, "%s_per_second", figure);
	return json_number_value(json_object_get(row, key));
}

static void set_rates(json_t *row, const json_t *before, double seconds)
{
	for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
		json_int_t now = number(row, figures[i]), was = number(before, figures[i]);

		/* less: one of several that were added up began anew, and the others' is not known */
		set_rate(row, figures[i], (double)(now >= was ? now - was : 0) / seconds);
	}
	set_rate(row, "bytes", rate_of(row, "bytes_in") + rate_of(row, "bytes_out"));
}

/* How a row is placed. */
struct placed {
	json_t *row;
	double rate, figure;
};

static int by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	if (x->rate != y->rate)
		return (x->rate < y->rate) - (x->rate > y->rate);
	if (x->figure != y->figure)
		return (x->figure < y->figure) - (x->figure > y->figure);
	return strcmp(json_string_value(json_object_get(x->row, "name")),
		      json_string_value(json_object_get(y->row, "name")));
}

static double figure_of(const json_t *row, const char *sort)
{
	if (strcmp(sort, "bytes") == 0)
		return (double)(number(row, "bytes_in") + number(row, "bytes_out"));
	return (double)number(row, sort);
}

/* The first ones; the figures of the others go to the rest. */
static json_t *first_of(const json_t *rows, const char *sort, size_t limit, json_t *rest)
{
	struct placed *placed = mem_alloc((json_object_size(rows) + 1) * sizeof *placed);
	json_t *list = json_array(), *row;
	size_t n = 0;
	const char *name;

	json_object_foreach((json_t *)rows, name, row)
	{
		placed[n++] = (struct placed){ row, rate_of(row, sort), figure_of(row, sort) };
	}
	if (n > 1)
		qsort(placed, n, sizeof *placed, by_place);
	for (size_t i = 0; i < n; i++) {
		if (i < limit)
			json_array_append(list, placed[i].row);
		else
			add_figures(rest, placed[i].row);
	}
	free(placed);
	return list;
}

/* What of all the rows do not say, a second: names go to the rest and come back. */
static void set_rest_rates(json_t *rest, const json_t *all, const json_t *rows)
{
	static const char *const with_rates[] = { "requests", "bytes_in",     "bytes_out",
						  "errors",   "throttled_ms", "bytes" };
	json_t *row;
	size_t i;

	for (size_t f = 0; f < ARRAY_LEN(with_rates); f++) {
		double left = rate_of(all, with_rates[f]);

		json_array_foreach((json_t *)rows, i, row)
		{
			left -= rate_of(row, with_rates[f]);
		}
		set_rate(rest, with_rates[f], left > 0.0005 ? left : 0);
	}
}

json_t *top_reading_rates(const json_t *before, const json_t *now, double seconds, const char *sort,
			  size_t limit)
{
	json_t *told = json_deep_copy(now), *rows = json_object_get(told, "rows"), *row, *list;
	json_t *rest = json_object_get(told, "rest"), *all = json_object_get(told, "all");
	const char *name;

	if (before != NULL) {
		json_object_foreach(rows, name, row)
		{
			set_rates(row, json_object_get(json_object_get(before, "rows"), name),
				  seconds);
		}
		set_rates(all, json_object_get(before, "all"), seconds);
	}
	list = first_of(rows, sort, limit, rest);
	if (before != NULL)
		set_rest_rates(rest, all, list);
	json_object_set_new(told, "rows", list);
	return told;
}
