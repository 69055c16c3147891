#include "program/identity_file.h"

#include "auth/mechanism.h"
#include "program/stamp.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t stamp_all(const struct identity_file *f)
{
	uint64_t stamps[2] = { stamp_of(f->path), 0 };

	for (size_t i = 0; i < f->other_count; i++) {
		stamps[1] = stamp_of(f->others[i]);
		stamps[0] = hash_bytes(stamps, sizeof stamps);
	}
	return stamps[0];
}

static struct credentials *credentials_of(const struct identity_row *row)
{
	const struct mechanism *m = mechanism_by_name(row->mechanism, strlen(row->mechanism));

	if (m->hash == NULL)
		return plain_credentials(row->username, row->password);
	return scram_credentials(m, SCRAM_OF_USER, row->username, row->password);
}

static struct account *account_of(struct identity_file *f, const struct identity_row *row)
{
	return row->by_token ? granted_account(f->granted, row->username)
			     : account_new(credentials_of(row));
}

static void forget_others(struct identity_file *f)
{
	for (size_t i = 0; i < f->other_count; i++)
		free(f->others[i]);
	free(f->others);
	f->others = NULL;
	f->other_count = 0;
}

static void take(struct identity_file *f, const struct identity_map *map)
{
	struct identity *list = mem_zalloc((map->count + 1) * sizeof *list);

	forget_others(f);
	f->others = mem_zalloc((map->count + 1) * sizeof *f->others);
	for (size_t i = 0; i < map->count; i++) {
		list[i].name = mem_strdup(map->rows[i].name);
		list[i].as = account_of(f, &map->rows[i]);
		if (map->rows[i].password_file != NULL)
			f->others[f->other_count++] = mem_strdup(map->rows[i].password_file);
	}
	identities_set(f->identities, list, map->count);
	granted_sweep(f->granted);
}

/* What can't be used, or has changed while it was read, is looked at again. */
static bool load(struct identity_file *f, char why[IDENTITY_MAP_WHY_MAX])
{
	const uint64_t before = stamp_of(f->path);
	struct identity_map *map = identity_map_read(f->path, why);

	f->stamp = 0;
	if (map == NULL)
		return false;
	take(f, map);
	if (stamp_of(f->path) == before)
		f->stamp = stamp_all(f);
	log_info("who=main event=identity_map identities=%zu", map->count);
	identity_map_free(map);
	return true;
}

bool identity_file_init(struct identity_file *f, const char *path, char why[IDENTITY_MAP_WHY_MAX])
{
	*f = (struct identity_file){ .path = path };
	if (path == NULL)
		return true;
	f->identities = identities_new();
	f->granted = granted_new();
	if (load(f, why))
		return true;
	identity_file_deinit(f);
	return false;
}

void identity_file_deinit(struct identity_file *f)
{
	forget_others(f);
	identities_free(f->identities);
	granted_free(f->granted);
	f->identities = NULL;
	f->granted = NULL;
}

bool identity_file_renew(struct identity_file *f, char why[IDENTITY_MAP_WHY_MAX])
{
	bool good = f->path == NULL || load(f, why);

	if (!good && strcmp(why, f->trouble) != 0)
		log_warn("who=main event=identity_map_kept err=\"%s\"", why);
	snprintf(f->trouble, sizeof f->trouble, "%s", good ? "" : why);
	return good;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct identity_file *f = timer->data;
	char why[IDENTITY_MAP_WHY_MAX];

	(void)loop;
	(void)events;
	if (stamp_all(f) != f->stamp)
		(void)identity_file_renew(f, why);
}

void identity_file_watch(struct identity_file *f, struct ev_loop *loop)
{
	ev_timer_init(&f->timer, on_timer, IDENTITY_FILE_LOOK_S, IDENTITY_FILE_LOOK_S);
	f->timer.data = f;
	if (f->path != NULL)
		ev_timer_start(loop, &f->timer);
}

void identity_file_unwatch(struct identity_file *f, struct ev_loop *loop)
{
	ev_timer_stop(loop, &f->timer);
}
