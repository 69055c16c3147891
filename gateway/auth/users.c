#include "auth/users.h"

#include "auth/base64.h"
#include "auth/looks.h"
#include "auth/secret.h"
#include "util/mem.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST = 64, SHOWN = 32, MECHANISMS = LOOKS_HASHES };

static const struct scram_hash *const hashes[MECHANISMS] = { &scram_sha_256, &scram_sha_512 };

/* A password that was shown: what it is with a secret of this process. */
struct shown {
	uint8_t digest[SHOWN];
	struct scram_keys keys;
};

struct held_user {
	struct user user;
	struct shown *shown; /* NULL: not yet */
};

/* Of one mechanism, or of any: places in the list, one a name. */
struct index {
	size_t *at;
	size_t count;
};

struct users {
	pthread_mutex_t lock;
	struct held_user *list; /* sorted by name and mechanism */
	size_t count;
	struct index by_hash[MECHANISMS], any;
	struct looks *looks;
	struct buf disguise;
	uint8_t process_key[SHOWN];
};

/* No memory, or no such hash in this OpenSSL: nothing can be done without. */
static void must(bool is_done)
{
	if (!is_done)
		abort();
}

/* --- a row as text --- */

static bool no(char why[USERS_WHY_MAX], const char *text)
{
	snprintf(why, USERS_WHY_MAX, "%s", text);
	return false;
}

/* Exactly `least` to `most` bytes; *n of them. */
static bool read_bytes(const char *letters, uint8_t *to, size_t least, size_t most, size_t *n)
{
	struct buf b;
	bool good;

	buf_init(&b, most);
	good = base64_read(&b, letters, strlen(letters)) && b.len >= least;
	if (good)
		memcpy(to, b.data, b.len);
	*n = b.len;
	secret_buf_deinit(&b);
	return good;
}

bool user_row_read(const struct user_texts *texts, struct user_row *row, char why[USERS_WHY_MAX])
{
	const struct scram_hash *h = scram_hash_of(texts->mechanism);
	size_t n;

	if (h == NULL)
		return no(why, "a mechanism is SCRAM-SHA-256 or SCRAM-SHA-512");
	*row = (struct user_row){ .hash = h, .iterations = texts->iterations, .is_known = true };
	if (row->iterations < SCRAM_ITERATIONS_MIN || row->iterations > SCRAM_ITERATIONS_MAX) {
		snprintf(why, USERS_WHY_MAX, "iterations are %d to %d", SCRAM_ITERATIONS_MIN,
			 SCRAM_ITERATIONS_MAX);
		return false;
	}
	if (!read_bytes(texts->salt, row->salt, 1, USERS_SALT_MAX, &row->salt_len))
		return no(why, "a salt is base64 of 1 to 128 bytes");
	if (!read_bytes(texts->stored_key, row->stored, h->size, h->size, &n))
		return no(why, "stored_key is no base64 of a key of the mechanism");
	if (!read_bytes(texts->server_key, row->server, h->size, h->size, &n))
		return no(why, "server_key is no base64 of a key of the mechanism");
	return true;
}

/* --- the list --- */

struct users *users_new(void)
{
	struct users *u = mem_zalloc(sizeof *u);

	pthread_mutex_init(&u->lock, NULL);
	buf_init(&u->disguise, DIGEST * DIGEST);
	must(RAND_bytes(u->process_key, sizeof u->process_key) == 1);
	return u;
}

static void forget_shown(struct held_user *held)
{
	if (held->shown != NULL)
		OPENSSL_cleanse(held->shown, sizeof *held->shown);
	free(held->shown);
	held->shown = NULL;
}

static void free_list(struct held_user *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		forget_shown(&list[i]);
		free(list[i].user.name);
		OPENSSL_cleanse(&list[i].user.row, sizeof list[i].user.row);
	}
	free(list);
}

static void clear(struct users *u)
{
	free_list(u->list, u->count);
	for (size_t i = 0; i < MECHANISMS; i++)
		free(u->by_hash[i].at);
	free(u->any.at);
	looks_free(u->looks);
}

void users_free(struct users *u)
{
	if (u == NULL)
		return;
	clear(u);
	secret_buf_deinit(&u->disguise);
	OPENSSL_cleanse(u->process_key, sizeof u->process_key);
	pthread_mutex_destroy(&u->lock);
	free(u);
}

static int by_name(const void *a, const void *b)
{
	const struct user *x = &((const struct held_user *)a)->user;
	const struct user *y = &((const struct held_user *)b)->user;
	const int order = strcmp(x->name, y->name);

	return order != 0 ? order : (int)x->row.hash->kafka_id - (int)y->row.hash->kafka_id;
}

/* hash NULL: the first row of each name. */
static struct index index_of(const struct users *u, const struct scram_hash *hash)
{
	struct index x = { .at = mem_alloc((u->count + 1) * sizeof *x.at) };

	for (size_t i = 0; i < u->count; i++) {
		const struct user *one = &u->list[i].user;
		bool is_first = i == 0 || strcmp(u->list[i - 1].user.name, one->name) != 0;

		if (hash != NULL ? one->row.hash == hash : is_first)
			x.at[x.count++] = i;
	}
	return x;
}

static int place_of(const struct scram_hash *hash)
{
	return hash == NULL ? LOOKS_ANY : hash == hashes[0] ? 0 : 1;
}

static struct looks *looks_of(const struct users *u)
{
	struct looks *all = looks_new();

	for (size_t i = 0; i < u->count;) {
		const char *name = u->list[i].user.name;
		struct look look = { 0 };

		for (; i < u->count && strcmp(u->list[i].user.name, name) == 0; i++) {
			const struct user_row *row = &u->list[i].user.row;

			look.by[place_of(row->hash)].iterations = row->iterations;
			look.by[place_of(row->hash)].salt_len = row->salt_len;
		}
		looks_add(all, &look);
	}
	return all;
}

void users_set(struct users *u, struct user *list, size_t count, const void *disguise, size_t n)
{
	struct held_user *next = mem_zalloc((count + 1) * sizeof *next);

	assert(n >= USERS_DISGUISE_MIN);
	for (size_t i = 0; i < count; i++)
		next[i].user = list[i];
	free(list);
	qsort(next, count, sizeof *next, by_name);
	pthread_mutex_lock(&u->lock);
	clear(u);
	u->list = next;
	u->count = count;
	for (size_t i = 0; i < MECHANISMS; i++)
		u->by_hash[i] = index_of(u, hashes[i]);
	u->any = index_of(u, NULL);
	u->looks = looks_of(u);
	buf_clear(&u->disguise);
	buf_append(&u->disguise, disguise, n < u->disguise.max ? n : u->disguise.max);
	pthread_mutex_unlock(&u->lock);
}

/* --- a name --- */

static const struct index *index_for(const struct users *u, const struct scram_hash *hash)
{
	if (hash == NULL)
		return &u->any;
	return &u->by_hash[place_of(hash)];
}

static struct held_user *find(const struct users *u, const struct scram_hash *hash,
			      const char *name)
{
	const struct index *x = index_for(u, hash);
	size_t low = 0, high = x->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		struct held_user *held = &u->list[x->at[middle]];
		const int order = strcmp(name, held->user.name);

		if (order == 0)
			return held;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* 64 bytes of the disguise for a name: `what` says for which use. */
static void disguise_bytes(const struct users *u, const char *what, const char *mechanism,
			   const char *name, uint8_t bytes[DIGEST])
{
	char *text = mem_printf("%s %s %s", what, mechanism, name);

	must(HMAC(EVP_sha512(), u->disguise.data, (int)u->disguise.len, (const uint8_t *)text,
		  strlen(text), bytes, NULL) != NULL);
	free(text);
}

static void disguise_salt(const struct users *u, const char *mechanism, const char *name,
			  struct user_row *row)
{
	uint8_t bytes[DIGEST];
	char part[32];

	for (size_t at = 0; at < row->salt_len; at += DIGEST) {
		const size_t left = row->salt_len - at;

		snprintf(part, sizeof part, "salt%zu", at / DIGEST);
		disguise_bytes(u, part, mechanism, name, bytes);
		memcpy(row->salt + at, bytes, left < DIGEST ? left : DIGEST);
	}
}

/* As if the name were there: looks.h. */
static void take_look(const struct users *u, const struct scram_hash *hash, const char *name,
		      struct user_row *row)
{
	uint8_t bytes[DIGEST];
	uint64_t chance[2];
	const struct look *look;
	int at = place_of(hash);

	disguise_bytes(u, "like", "any", name, bytes);
	memcpy(chance, bytes, sizeof chance);
	look = u->looks != NULL ? looks_draw(u->looks, chance, at) : NULL;
	if (look == NULL)
		return;
	if (at == LOOKS_ANY)
		at = look->by[0].iterations > 0 ? 0 : 1;
	row->hash = hashes[at];
	row->iterations = look->by[at].iterations;
	row->salt_len = look->by[at].salt_len;
}

static void make_up(const struct users *u, const struct scram_hash *hash, const char *name,
		    struct user_row *row)
{
	const char *mechanism = hash != NULL ? hash->mechanism : "any";

	*row = (struct user_row){ .hash = hash != NULL ? hash : &scram_sha_256,
				  .iterations = SCRAM_ITERATIONS_MIN,
				  .salt_len = 24 };
	take_look(u, hash, name, row);
	disguise_salt(u, mechanism, name, row);
	disguise_bytes(u, "stored", mechanism, name, row->stored);
	disguise_bytes(u, "server", mechanism, name, row->server);
}

void users_get(struct users *u, const struct scram_hash *hash, const char *name,
	       struct user_row *row)
{
	const struct held_user *held;

	pthread_mutex_lock(&u->lock);
	make_up(u, hash, name, row); /* in any case: it takes a while */
	held = find(u, hash, name);
	if (held != NULL)
		*row = held->user.row;
	pthread_mutex_unlock(&u->lock);
}

/* --- passwords that were shown --- */

static void digest_of(const struct users *u, const char *name, const char *password,
		      uint8_t digest[SHOWN])
{
	struct buf b;

	buf_init(&b, strlen(name) + strlen(password) + 2);
	buf_reserve(&b, strlen(name) + strlen(password) + 2);
	buf_append(&b, name, strlen(name) + 1);
	buf_append(&b, password, strlen(password) + 1);
	must(HMAC(EVP_sha256(), u->process_key, sizeof u->process_key, b.data, b.len, digest,
		  NULL) != NULL);
	secret_buf_deinit(&b);
}

/* The user whose row that still is. */
static struct held_user *find_same(const struct users *u, const char *name,
				   const struct user_row *row)
{
	struct held_user *held = find(u, row->hash, name);

	return held != NULL && memcmp(held->user.row.stored, row->stored, row->hash->size) == 0
		       ? held
		       : NULL;
}

bool users_knows(struct users *u, const char *name, const struct user_row *row,
		 const char *password, struct scram_keys *keys)
{
	const struct held_user *held;
	uint8_t digest[SHOWN];
	bool is_known;

	digest_of(u, name, password, digest);
	pthread_mutex_lock(&u->lock);
	held = find_same(u, name, row);
	is_known = held != NULL && held->shown != NULL &&
		   secret_equals(held->shown->digest, SHOWN, digest, SHOWN);
	if (is_known)
		*keys = held->shown->keys;
	pthread_mutex_unlock(&u->lock);
	OPENSSL_cleanse(digest, sizeof digest);
	return is_known;
}

void users_note(struct users *u, const char *name, const struct user_row *row, const char *password,
		const struct scram_keys *keys)
{
	struct held_user *held;
	uint8_t digest[SHOWN];

	digest_of(u, name, password, digest);
	pthread_mutex_lock(&u->lock);
	held = find_same(u, name, row);
	if (held != NULL && held->shown == NULL)
		held->shown = mem_alloc(sizeof *held->shown);
	if (held != NULL) {
		memcpy(held->shown->digest, digest, SHOWN);
		held->shown->keys = *keys;
	}
	pthread_mutex_unlock(&u->lock);
	OPENSSL_cleanse(digest, sizeof digest);
}
