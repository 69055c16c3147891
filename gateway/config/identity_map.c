#include "config/identity_map.h"

#include "config/rows.h"
#include "config/secret_file.h"
#include "util/mem.h"

#include <libconfig.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)ROWS_WHY_MAX == (int)IDENTITY_MAP_WHY_MAX, "what is told of rows fits");

/* --- a row --- */

static bool take_text(const struct rows_reader *r, const config_setting_t *row, const char *key,
		      char **to)
{
	return rows_text(r, row, key, to) &&
	       (!rows_has_controls(*to) || rows_no(r, row, "a control character in %s", key));
}

static bool take_principal(const struct rows_reader *r, const config_setting_t *row,
			   struct identity_row *to)
{
	static const char user[] = "User:";
	char *whole = NULL;
	bool good = take_text(r, row, "principal", &whole);

	if (good && (strncmp(whole, user, strlen(user)) != 0 || whole[strlen(user)] == '\0'))
		good = rows_no(r, row, "a principal is written User:NAME");
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

static bool take_password(const struct rows_reader *r, const config_setting_t *row,
			  struct identity_row *to)
{
	char why[SECRET_FILE_WHY_MAX];

	if (!take_text(r, row, "password_file", &to->password_file))
		return false;
	to->password = secret_file_read(to->password_file, why);
	return to->password != NULL || rows_no(r, row, "password_file: %s", why);
}

static bool has_only_known(const struct rows_reader *r, const config_setting_t *row)
{
	static const char *const keys[] = { "principal", "mechanism", "username", "password_file",
					    "token" };

	return rows_has_only(r, row, keys, ARRAY_LEN(keys));
}

/* Whom tokens are made for; brokers make none for who has not logged in. */
static bool take_owner(const struct rows_reader *r, const config_setting_t *row,
		       struct identity_row *to)
{
	if (config_setting_get_member(row, "mechanism") != NULL ||
	    config_setting_get_member(row, "password_file") != NULL)
		return rows_no(r, row,
			       "with token = true there is no mechanism and no password_file");
	if (config_setting_get_member(row, "username") == NULL)
		to->username = mem_strdup(to->name);
	else if (!take_text(r, row, "username", &to->username))
		return false;
	return strcmp(to->username, "ANONYMOUS") != 0 ||
	       rows_no(r, row, "no token can be made for User:ANONYMOUS");
}

static bool take_token(const struct rows_reader *r, const config_setting_t *row,
		       struct identity_row *to)
{
	const config_setting_t *token = config_setting_get_member(row, "token");

	if (token != NULL && config_setting_type(token) != CONFIG_TYPE_BOOL)
		return rows_no(r, row, "token must be true or false");
	to->by_token = token != NULL && config_setting_get_bool(token) == CONFIG_TRUE;
	return true;
}

static bool take_row(const struct rows_reader *r, const config_setting_t *row, void *into)
{
	struct identity_row *to = into;

	if (!config_setting_is_group(row))
		return rows_no(
			r, row,
			"it must be { principal = ...; mechanism = ...; username = ...; password_file = ...; }");
	if (!has_only_known(r, row) || !take_principal(r, row, to) || !take_token(r, row, to))
		return false;
	if (to->by_token)
		return take_owner(r, row, to);
	if (!take_text(r, row, "mechanism", &to->mechanism))
		return false;
	if (!is_mechanism(to->mechanism))
		return rows_no(
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

static bool is_twice(const struct rows_reader *r, const config_setting_t *list, const void *row)
{
	const struct identity_row *one = row;

	return rows_no(r, list, "User:%.200s is there twice", one->name);
}

static bool take_rows(const struct rows_reader *r, const config_setting_t *list,
		      struct identity_map *to)
{
	static const struct rows_kind kind = { sizeof(struct identity_row), take_row, by_name,
					       is_twice };
	void *rows;
	bool good = rows_take(r, list, &kind, &rows, &to->count);

	to->rows = rows;
	return good;
}

static bool take_all(const struct rows_reader *r, const config_t *file, void *identity_map)
{
	struct identity_map *to = identity_map;
	const config_setting_t *root = config_root_setting(file);
	const config_setting_t *list = config_lookup(file, "identities");

	if (list == NULL || config_setting_is_list(list) != CONFIG_TRUE)
		return rows_no(r, root, "there is no list called identities");
	if (config_setting_length(root) != 1)
		return rows_no(r, root, "there must be nothing but the list identities");
	return take_rows(r, list, to);
}

struct identity_map *identity_map_read(const char *path, char why[IDENTITY_MAP_WHY_MAX])
{
	const struct rows_reader r = { .path = path, .why = why };
	struct identity_map *map = mem_zalloc(sizeof *map);

	if (rows_read(&r, take_all, map))
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
