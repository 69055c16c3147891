#include "config/port_range.h"

#include "util/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* "9092", "9092-9095" or "9092-"; the text ends there or with a colon. */
static bool read_run(const char *text, size_t len, struct port_range *run)
{
	char number[16];
	const char *dash = memchr(text, '-', len);
	size_t n = dash != NULL ? (size_t)(dash - text) : len;
	int64_t first, last;

	if (n == 0 || n >= sizeof number)
		return false;
	snprintf(number, sizeof number, "%.*s", (int)n, text);
	if (!text_int64(number, &first) || first < 1 || first > PORT_MOST)
		return false;
	last = first;
	if (dash != NULL && n + 1 == len)
		last = first - 1;
	else if (dash != NULL) {
		if (len - n - 1 >= sizeof number)
			return false;
		snprintf(number, sizeof number, "%.*s", (int)(len - n - 1), dash + 1);
		if (!text_int64(number, &last) || last < first || last > PORT_MOST)
			return false;
	}
	*run = (struct port_range){ (int)first, (int)(last - first + 1) };
	return true;
}

/* A part of the list, with the ports that clients are told for those that are bound. */
static bool read_part(const char *text, struct port_range *told, struct port_range *bound)
{
	const char *colon = strchr(text, ':');

	if (!read_run(text, colon != NULL ? (size_t)(colon - text) : strlen(text), told))
		return false;
	*bound = *told;
	return colon == NULL ||
	       (read_run(colon + 1, strlen(colon + 1), bound) && bound->count == told->count);
}

/* Appends what stands behind the run without a gap. */
static bool append(struct port_range *all, const struct port_range *next)
{
	if (all->first == 0) {
		*all = *next;
		return true;
	}
	if (all->count == 0 || next->count == 0 || next->first != all->first + all->count)
		return false;
	all->count += next->count;
	return true;
}

bool port_range_read(const char *text, struct port_range *told, struct port_range *bound,
		     char why[PORT_RANGE_WHY_MAX])
{
	struct port_range next_told, next_bound;
	const char *rest = text;
	bool is_good = true, is_one_run = true;
	char *part;

	*told = *bound = (struct port_range){ 0 };
	while ((part = text_next_item(&rest)) != NULL) {
		is_good = is_good && read_part(part, &next_told, &next_bound);
		is_one_run = is_one_run && is_good && append(told, &next_told) &&
			     append(bound, &next_bound);
		free(part);
	}
	if (!is_good || told->first == 0)
		snprintf(why, PORT_RANGE_WHY_MAX,
			 "\"%.100s\" won't do; it must be ports such as 9092-9095, 9092- for as "
			 "many as the cluster needs, or told:bound such as 29092-29095:9092-9095",
			 text);
	else if (!is_one_run)
		snprintf(why, PORT_RANGE_WHY_MAX,
			 "\"%.100s\" has gaps; broker N's port is the first one and N more, so "
			 "ports stand one after the other",
			 text);
	return is_good && is_one_run && told->first != 0;
}

static void print_run(struct port_range run, FILE *out)
{
	fprintf(out, "%d", run.first);
	if (run.count != 1)
		fputc('-', out);
	if (run.count > 1)
		fprintf(out, "%d", run.first + run.count - 1);
}

void port_range_print(int told, struct port_range bound, FILE *out)
{
	if (told != bound.first) {
		print_run((struct port_range){ told, bound.count }, out);
		fputc(':', out);
	}
	print_run(bound, out);
}
