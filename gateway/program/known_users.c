#include "program/known_users.h"

#include "auth/base64.h"
#include "auth/secret.h"
#include "program/stamp.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DISGUISE_MAX = 1024 };

/* --- from text --- */

static void forget(struct user *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].name);
	free(list);
}

static bool take_row(const struct known_users *k, const struct users_file_row *from,
		     struct user *to, char why[USERS_FILE_WHY_MAX])
{
	const struct user_texts texts = { from->mechanism, from->iterations, from->salt,
					  from->stored_key, from->server_key };
	char wrong[USERS_WHY_MAX];

	if (!user_row_read(&texts, &to->row, wrong)) {
		snprintf(why, USERS_FILE_WHY_MAX, "%.200s:%u: %s", k->path, from->line, wrong);
		return false;
	}
	to->row.is_kafkas = from->is_kafkas;
	to->name = mem_strdup(from->name);
	return true;
}

static bool take_disguise(const struct known_users *k, const struct users_file *f, struct buf *to,
			  char why[USERS_FILE_WHY_MAX])
{
	if (base64_read(to, f->disguise, strlen(f->disguise)) && to->len >= USERS_DISGUISE_MIN)
		return true;
	snprintf(why, USERS_FILE_WHY_MAX, "%.200s: disguise is no base64 of %d bytes or more",
		 k->path, USERS_DISGUISE_MIN);
	return false;
}

/* All or nothing. */
static bool take(struct known_users *k, const struct users_file *f, char why[USERS_FILE_WHY_MAX])
{
	struct user *list = mem_zalloc((f->count + 1) * sizeof *list);
	struct buf disguise;
	size_t n = 0;
	bool good;

	buf_init(&disguise, DISGUISE_MAX);
	good = take_disguise(k, f, &disguise, why);
	while (good && n < f->count && (good = take_row(k, &f->rows[n], &list[n], why)))
		n++;
	if (good)
		users_set(k->users, list, n, disguise.data, disguise.len);
	else
		forget(list, n);
	secret_buf_deinit(&disguise);
	return good;
}

/* --- the file --- */

static void tell(const struct users_file *f)
{
	size_t names = 0, carried = 0;

	for (size_t i = 0; i < f->count; i++) {
		names += i == 0 || strcmp(f->rows[i].name, f->rows[i - 1].name) != 0;
		carried += f->rows[i].is_kafkas;
	}
	log_info("who=main event=users users=%zu credentials=%zu kafkas_too=%zu", names, f->count,
		 carried);
}

/* What can't be used, or has changed while it was read, is looked at again. */
static bool load(struct known_users *k, char why[USERS_FILE_WHY_MAX])
{
	const uint64_t before = stamp_of(k->path);
	struct users_file *f = users_file_read(k->path, why);
	bool good = f != NULL && take(k, f, why);

	k->stamp = 0;
	if (good) {
		tell(f);
		if (stamp_of(k->path) == before)
			k->stamp = before;
	}
	users_file_free(f);
	return good;
}

bool known_users_init(struct known_users *k, const struct config *config,
		      char why[USERS_FILE_WHY_MAX])
{
	*k = (struct known_users){ .path = config_judges(config) ? config->users : NULL };
	if (k->path == NULL)
		return true;
	k->users = users_new();
	if (load(k, why))
		return true;
	known_users_deinit(k);
	return false;
}

void known_users_deinit(struct known_users *k)
{
	users_free(k->users);
	k->users = NULL;
}

bool known_users_renew(struct known_users *k, char why[USERS_FILE_WHY_MAX])
{
	bool good = k->path == NULL || load(k, why);

	if (!good && strcmp(why, k->trouble) != 0)
		log_warn("who=main event=users_kept err=\"%s\"", why);
	snprintf(k->trouble, sizeof k->trouble, "%s", good ? "" : why);
	return good;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct known_users *k = timer->data;
	char why[USERS_FILE_WHY_MAX];

	(void)loop;
	(void)events;
	if (stamp_of(k->path) != k->stamp)
		(void)known_users_renew(k, why);
}

void known_users_watch(struct known_users *k, struct ev_loop *loop)
{
	ev_timer_init(&k->timer, on_timer, KNOWN_USERS_LOOK_S, KNOWN_USERS_LOOK_S);
	k->timer.data = k;
	if (k->path != NULL)
		ev_timer_start(loop, &k->timer);
}

void known_users_unwatch(struct known_users *k, struct ev_loop *loop)
{
	ev_timer_stop(loop, &k->timer);
}
