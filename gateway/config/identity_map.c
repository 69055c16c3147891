#include "config/identity_map.h"

#include "config/secret_file.h"
#include "util/mem.h"

#include <libconfig.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *path;
	char *why;
};

/* Always false. */
PRINTF_LIKE(3, 4)
static bool no(const struct reader *r, const config_setting_t *at, const char *fmt, ...)
{
	va_list args;
	int n;

	n = snprintf(r->why, IDENTITY_MAP_WHY_MAX, "%.200s:%u: ", r->path,
		     config_setting_source_line(at));
	va_start(args, fmt);
	vsnprintf(r->why + n, (size_t)(IDENTITY_MAP_WHY_MAX - n), fmt, args);
	va_end(args);
	return false;
}

/* --- a row --- */

static bool has_controls(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	}
	return false;
}

static bool take_text(const struct reader *r, const config_setting_t *row, const char *key,
		      char **to)
{
	const char *text = NULL;

	if (config_setting_lookup_string(row, key, &text) != CONFIG_TRUE || *text == '\0')
		return no(r, row, "%s is missing, or no text", key);
	if (has_controls(text))
		return no(r, row, "a control character in %s", key);
	*to = mem_strdup(text);
	return true;
}

static bool take_principal(const struct reader *r, const config_setting_t *row,
			   struct identity_row *to)
{
	static const char user[] = "User:";
	char *whole = NULL;
	bool good = take_text(r, row, "principal", &whole);

	if (good && (strncmp(whole, user, strlen(user)) != 0 || whole[strlen(user)] == '\0'))
		good = no(r, row, "a principal is written User:NAME");
	if (good)
		to->name = mem_strdup(whole + strlen(user));
	free(whole);
	return good;
}

static bool is_mechanism(const char *name)
{
	return strcmp(name, "PLAIN") == 0 || strcmp(name, "SCRAM-SHA-256") == 0 ||
	       strcmp(name, "SCRAM-SHA-512") == 0;
}

static bool take_password(const struct reader *r, const config_setting_t *row,
			  struct identity_row *to)
{
	char why[SECRET_FILE_WHY_MAX];

	if (!take_text(r, row, "password_file", &to->password_file))
		return false;
	to->password = secret_file_read(to->password_file, why);
	return to->password != NULL || no(r, row, "password_file: %s", why);
}

static bool has_only_known(const struct reader *r, const config_setting_t *row)
{
	static const char *const keys[] = { "principal", "mechanism", "username", "password_file" };

	for (int i = 0; i < config_setting_length(row); i++) {
		const config_setting_t *one = config_setting_get_elem(row, (unsigned)i);
		bool is_known = false;

		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			is_known |= strcmp(config_setting_name(one), keys[k]) == 0;
		if (!is_known)
			return no(
				r, one,
				"%s: there is no such thing; principal, mechanism, username and password_file are",
				config_setting_name(one));
	}
	return true;
}

static bool take_row(const struct reader *r, const config_setting_t *row, struct identity_row *to)
{
	if (!config_setting_is_group(row))
		return no(
			r, row,
			"it must be { principal = ...; mechanism = ...; username = ...; password_file = ...; }");
	if (!has_only_known(r, row) || !take_principal(r, row, to) ||
	    !take_text(r, row, "mechanism", &to->mechanism))
		return false;
	if (!is_mechanism(to->mechanism))
		return no(
			r, row,
			"mechanism \"%.40s\" won't do; it must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512",
			to->mechanism);
	return take_text(r, row, "username", &to->username) && take_password(r, row, to);
}

/* --- the file --- */

static int by_name(const void *a, const void *b)
{
	const struct identity_row *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool take_rows(const struct reader *r, const config_setting_t *list, struct identity_map *to)
{
	const int n = config_setting_length(list);

	to->rows = mem_zalloc(((size_t)n + 1) * sizeof *to->rows);
	for (int i = 0; i < n; i++) {
		if (!take_row(r, config_setting_get_elem(list, (unsigned)i),
			      &to->rows[to->count++]))
			return false;
	}
	qsort(to->rows, to->count, sizeof *to->rows, by_name);
	for (size_t i = 1; i < to->count; i++) {
		if (by_name(&to->rows[i - 1], &to->rows[i]) == 0)
			return no(r, list, "User:%.200s is there twice", to->rows[i].name);
	}
	return true;
}

static bool take_all(const struct reader *r, const config_t *file, struct identity_map *to)
{
	const config_setting_t *root = config_root_setting(file);
	const config_setting_t *list = config_lookup(file, "identities");

	if (list == NULL || config_setting_is_list(list) != CONFIG_TRUE)
		return no(r, root, "there is no list called identities");
	if (config_setting_length(root) != 1)
		return no(r, root, "there must be nothing but the list identities");
	return take_rows(r, list, to);
}

struct identity_map *identity_map_read(const char *path, char why[IDENTITY_MAP_WHY_MAX])
{
	const struct reader r = { .path = path, .why = why };
	struct identity_map *map = mem_zalloc(sizeof *map);
	bool good = false;
	config_t file;

	config_init(&file);
	if (config_read_file(&file, path) == CONFIG_TRUE)
		good = take_all(&r, &file, map);
	else
		snprintf(why, IDENTITY_MAP_WHY_MAX, "%.200s:%d: %s", path, config_error_line(&file),
			 config_error_text(&file));
	config_destroy(&file);
	if (good)
		return map;
	identity_map_free(map);
	return NULL;
}

void identity_map_free(struct identity_map *map)
{
	for (size_t i = 0; map != NULL && i < map->count; i++) {
		struct identity_row *row = &map->rows[i];

		if (row->password != NULL)
			explicit_bzero(row->password, strlen(row->password));
		free(row->password);
		free(row->name);
		free(row->mechanism);
		free(row->username);
		free(row->password_file);
	}
	if (map != NULL)
		free(map->rows);
	free(map);
}
