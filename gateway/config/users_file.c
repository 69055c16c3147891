#include "config/users_file.h"

#include "config/rows.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert((int)ROWS_WHY_MAX == (int)USERS_FILE_WHY_MAX, "what is told of rows fits");

static const char head[] = "# Who may log in at the gateway; anyportctl user writes this file.\n";

bool users_file_is_name(const char *name)
{
	const size_t n = strlen(name);

	return n > 0 && n <= USERS_FILE_NAME_MAX && !rows_has_controls(name);
}

/* --- a row --- */

static bool take_name(const struct rows_reader *r, const config_setting_t *row,
		      struct users_file_row *to)
{
	if (!rows_text(r, row, "name", &to->name))
		return false;
	return users_file_is_name(to->name) ||
	       rows_no(r, row, "a name is 1 to %d bytes without control characters",
		       USERS_FILE_NAME_MAX);
}

static bool take_mechanism(const struct rows_reader *r, const config_setting_t *row,
			   struct users_file_row *to)
{
	if (!rows_text(r, row, "mechanism", &to->mechanism))
		return false;
	return strcmp(to->mechanism, "SCRAM-SHA-256") == 0 ||
	       strcmp(to->mechanism, "SCRAM-SHA-512") == 0 ||
	       rows_no(r, row,
		       "mechanism \"%.40s\" won't do; it must be SCRAM-SHA-256 or SCRAM-SHA-512",
		       to->mechanism);
}

/* What is optional must still be of its kind. */
static bool take_kafka(const struct rows_reader *r, const config_setting_t *row,
		       struct users_file_row *to)
{
	int is_kafkas = 0;

	if (config_setting_get_member(row, "kafka") != NULL &&
	    config_setting_lookup_bool(row, "kafka", &is_kafkas) != CONFIG_TRUE)
		return rows_no(r, row, "kafka must be true or false");
	to->is_kafkas = is_kafkas != 0;
	return true;
}

static bool has_only_known(const struct rows_reader *r, const config_setting_t *row)
{
	static const char *const keys[] = { "name",	  "mechanism",	"iterations", "salt",
					    "stored_key", "server_key", "kafka" };

	return rows_has_only(r, row, keys, ARRAY_LEN(keys));
}

static bool take_row(const struct rows_reader *r, const config_setting_t *row, void *into)
{
	struct users_file_row *to = into;

	if (!config_setting_is_group(row))
		return rows_no(r, row, "it must be { name = ...; mechanism = ...; ... }");
	to->line = config_setting_source_line(row);
	if (!has_only_known(r, row) || !take_name(r, row, to) || !take_mechanism(r, row, to))
		return false;
	if (config_setting_lookup_int(row, "iterations", &to->iterations) != CONFIG_TRUE)
		return rows_no(r, row, "iterations is missing, or no number");
	return rows_text(r, row, "salt", &to->salt) &&
	       rows_text(r, row, "stored_key", &to->stored_key) &&
	       rows_text(r, row, "server_key", &to->server_key) && take_kafka(r, row, to);
}

/* --- the file --- */

/* By name, then by mechanism. */
static int by_name(const void *a, const void *b)
{
	const struct users_file_row *x = a, *y = b;
	const int order = strcmp(x->name, y->name);

	return order != 0 ? order : strcmp(x->mechanism, y->mechanism);
}

static bool is_twice(const struct rows_reader *r, const config_setting_t *list, const void *row)
{
	const struct users_file_row *one = row;

	return rows_no(r, list, "%.200s is there twice by %s", one->name, one->mechanism);
}

static bool take_rows(const struct rows_reader *r, const config_setting_t *list,
		      struct users_file *to)
{
	static const struct rows_kind kind = { sizeof(struct users_file_row), take_row, by_name,
					       is_twice };
	void *rows;
	bool good = rows_take(r, list, &kind, &rows, &to->count);

	to->rows = rows;
	return good;
}

static bool take_all(const struct rows_reader *r, const config_t *file, void *users_file)
{
	struct users_file *to = users_file;
	const config_setting_t *root = config_root_setting(file);
	const config_setting_t *list = config_lookup(file, "users");

	if (list == NULL || config_setting_is_list(list) != CONFIG_TRUE)
		return rows_no(r, root, "there is no list called users");
	if (config_setting_length(root) != 2)
		return rows_no(r, root, "there must be nothing but disguise and the list users");
	return rows_text(r, root, "disguise", &to->disguise) && take_rows(r, list, to);
}

struct users_file *users_file_read(const char *path, char why[USERS_FILE_WHY_MAX])
{
	const struct rows_reader r = { .path = path, .why = why };
	struct users_file *f = mem_zalloc(sizeof *f);

	if (rows_read(&r, take_all, f))
		return f;
	users_file_free(f);
	return NULL;
}

static void free_row(struct users_file_row *row)
{
	free(row->name);
	free(row->mechanism);
	free(row->salt);
	free(row->stored_key);
	free(row->server_key);
}

void users_file_free(struct users_file *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->count; i++)
		free_row(&f->rows[i]);
	free(f->rows);
	free(f->disguise);
	free(f);
}

/* --- a change --- */

void users_file_put(struct users_file *f, const struct users_file_row *row)
{
	for (size_t i = 0; i < f->count; i++) {
		if (by_name(&f->rows[i], row) == 0) {
			free_row(&f->rows[i]);
			f->rows[i] = *row;
			return;
		}
	}
	f->rows = mem_realloc(f->rows, (f->count + 1) * sizeof *f->rows);
	f->rows[f->count++] = *row;
	qsort(f->rows, f->count, sizeof *f->rows, by_name);
}

size_t users_file_remove(struct users_file *f, const char *name)
{
	size_t kept = 0, removed;

	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->rows[i].name, name) == 0)
			free_row(&f->rows[i]);
		else
			f->rows[kept++] = f->rows[i];
	}
	removed = f->count - kept;
	f->count = kept;
	return removed;
}

static void add_text(config_setting_t *to, const char *key, const char *text)
{
	config_setting_set_string(config_setting_add(to, key, CONFIG_TYPE_STRING), text);
}

static void add_row(config_setting_t *list, const struct users_file_row *row)
{
	config_setting_t *to = config_setting_add(list, NULL, CONFIG_TYPE_GROUP);

	add_text(to, "name", row->name);
	add_text(to, "mechanism", row->mechanism);
	config_setting_set_int(config_setting_add(to, "iterations", CONFIG_TYPE_INT),
			       row->iterations);
	add_text(to, "salt", row->salt);
	add_text(to, "stored_key", row->stored_key);
	add_text(to, "server_key", row->server_key);
	if (row->is_kafkas)
		config_setting_set_bool(config_setting_add(to, "kafka", CONFIG_TYPE_BOOL), 1);
}

static void print(const struct users_file *f, FILE *out)
{
	config_setting_t *root, *list;
	config_t file;

	config_init(&file);
	root = config_root_setting(&file);
	add_text(root, "disguise", f->disguise);
	list = config_setting_add(root, "users", CONFIG_TYPE_LIST);
	for (size_t i = 0; i < f->count; i++)
		add_row(list, &f->rows[i]);
	fputs(head, out);
	config_write(&file, out);
	config_destroy(&file);
}

static char *new_path(const char *path)
{
	return mem_printf("%s.new", path);
}

FILE *users_file_begin(const char *path, char why[USERS_FILE_WHY_MAX])
{
	char *temporary = new_path(path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EEXIST)
		snprintf(why, USERS_FILE_WHY_MAX,
			 "%.200s is there: somebody else changes the file, or was stopped in the "
			 "midst of it; then remove it",
			 temporary);
	else if (fd < 0)
		snprintf(why, USERS_FILE_WHY_MAX, "%.200s: %s", temporary, strerror(errno));
	free(temporary);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

/* Who could read it still can. */
static bool keep_owner(int fd, const char *path)
{
	struct stat before, now;

	if (stat(path, &before) != 0)
		return errno == ENOENT;
	if (fstat(fd, &now) != 0)
		return false;
	if ((before.st_uid != now.st_uid || before.st_gid != now.st_gid) &&
	    fchown(fd, before.st_uid, before.st_gid) != 0)
		return false;
	return fchmod(fd, (before.st_mode & 0640) | 0600) == 0;
}

bool users_file_commit(FILE *changing, const char *path, const struct users_file *f,
		       char why[USERS_FILE_WHY_MAX])
{
	char *temporary = new_path(path);
	bool good;

	print(f, changing);
	good = fflush(changing) == 0 && ferror(changing) == 0 &&
	       keep_owner(fileno(changing), path) && fsync(fileno(changing)) == 0 &&
	       rename(temporary, path) == 0;
	if (!good) {
		snprintf(why, USERS_FILE_WHY_MAX, "%.200s: %s", path, strerror(errno));
		unlink(temporary);
	}
	fclose(changing);
	free(temporary);
	return good;
}

void users_file_give_up(FILE *changing, const char *path)
{
	char *temporary = new_path(path);

	fclose(changing);
	unlink(temporary);
	free(temporary);
}
