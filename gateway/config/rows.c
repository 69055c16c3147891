#include "config/rows.h"

#include "util/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rows_read(const struct rows_reader *r,
	       bool (*take)(const struct rows_reader *r, const config_t *file, void *to), void *to)
{
	FILE *in = fopen(r->path, "re");
	bool good = false;
	config_t file;

	if (in == NULL) {
		snprintf(r->why, ROWS_WHY_MAX, "%.200s: %s", r->path, strerror(errno));
		return false;
	}
	config_init(&file);
	if (config_read(&file, in) == CONFIG_TRUE)
		good = take(r, &file, to);
	else
		snprintf(r->why, ROWS_WHY_MAX, "%.200s:%d: %s", r->path, config_error_line(&file),
			 config_error_text(&file));
	config_destroy(&file);
	fclose(in);
	return good;
}

bool rows_no(const struct rows_reader *r, const config_setting_t *at, const char *fmt, ...)
{
	va_list args;
	int n;

	n = snprintf(r->why, ROWS_WHY_MAX, "%.200s:%u: ", r->path, config_setting_source_line(at));
	va_start(args, fmt);
	vsnprintf(r->why + n, (size_t)(ROWS_WHY_MAX - n), fmt, args);
	va_end(args);
	return false;
}

bool rows_text(const struct rows_reader *r, const config_setting_t *row, const char *key, char **to)
{
	const char *text = NULL;

	if (config_setting_lookup_string(row, key, &text) != CONFIG_TRUE || *text == '\0')
		return rows_no(r, row, "%s is missing, or no text", key);
	*to = mem_strdup(text);
	return true;
}

static bool is_among(const char *name, const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, keys[i]) == 0)
			return true;
	}
	return false;
}

/* "a, b and c" */
static void list(const char *const *keys, size_t count, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < count && n < size; i++)
		n += (size_t)snprintf(to + n, size - n, "%s%s",
				      i == 0	       ? ""
				      : i + 1 == count ? " and "
						       : ", ",
				      keys[i]);
}

bool rows_has_only(const struct rows_reader *r, const config_setting_t *row,
		   const char *const *keys, size_t count)
{
	char all[ROWS_WHY_MAX];

	for (int i = 0; i < config_setting_length(row); i++) {
		const config_setting_t *one = config_setting_get_elem(row, (unsigned)i);

		if (is_among(config_setting_name(one), keys, count))
			continue;
		list(keys, count, all, sizeof all);
		return rows_no(r, one, "%s: there is no such thing; %s are",
			       config_setting_name(one), all);
	}
	return true;
}

bool rows_has_controls(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	}
	return false;
}

bool rows_take(const struct rows_reader *r, const config_setting_t *list,
	       const struct rows_kind *kind, void **rows, size_t *count)
{
	const size_t n = (size_t)config_setting_length(list);
	char *all = mem_zalloc((n + 1) * kind->size);

	*rows = all;
	for (*count = 0; *count < n;) {
		const config_setting_t *row = config_setting_get_elem(list, (unsigned)*count);

		if (!kind->take(r, row, all + (*count)++ * kind->size))
			return false;
	}
	qsort(all, n, kind->size, kind->order);
	for (size_t i = 1; i < n; i++) {
		const char *row = all + i * kind->size;

		if (kind->order(row - kind->size, row) == 0)
			return kind->twice(r, list, row);
	}
	return true;
}
