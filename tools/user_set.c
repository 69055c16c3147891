/* anyportctl user set - a user of the gateway's own, or another password for one. */
#include "commands.h"
#include "user.h"

#include "auth/base64.h"
#include "kafka/api.h"
#include "util/compiler.h"
#include "util/mem.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SALT_BYTES = 24, DISGUISE_BYTES = 32, LETTERS_MAX = 256 };

/* What is to be set. */
struct setting {
	const char *name, *path;
	int iterations;
	const struct scram_hash *hashes[2];
	size_t count;
	struct user_kafka *kafka; /* NULL: nothing there */
};

static char *letters(const void *bytes, size_t n)
{
	struct buf b;
	char *text;

	buf_init(&b, LETTERS_MAX);
	base64_append(&b, bytes, n);
	text = mem_strndup((const char *)b.data, b.len);
	buf_deinit(&b);
	return text;
}

static void draw(uint8_t *bytes, int n)
{
	if (RAND_bytes(bytes, n) != 1)
		abort(); /* without chance there is no salt */
}

/* What the password is with a salt of its own; both hashes have their own. */
static struct users_file_row row_of(const struct setting *s, const struct user_credential *as)
{
	struct users_file_row row = { .iterations = as->salt.iterations,
				      .is_kafkas = s->kafka != NULL };
	uint8_t stored[SCRAM_KEY_MAX];
	struct scram_keys keys;

	scram_keys_of_salted(as->hash, as->salted, &keys);
	scram_stored_key(as->hash, keys.client, stored);
	row.name = mem_strdup(s->name);
	row.mechanism = mem_strdup(as->hash->mechanism);
	row.salt = letters(as->salt.bytes, as->salt.len);
	row.stored_key = letters(stored, as->hash->size);
	row.server_key = letters(keys.server, as->hash->size);
	OPENSSL_cleanse(&keys, sizeof keys);
	return row;
}

static bool set_one(const struct setting *s, struct users_file *f, const struct scram_hash *hash,
		    const char *password)
{
	struct user_credential as = { .hash = hash };
	struct users_file_row row;
	uint8_t salt[SALT_BYTES];
	bool good;

	draw(salt, sizeof salt);
	as.salt = (struct scram_salt){ salt, sizeof salt, s->iterations };
	scram_salted_password(hash, password, strlen(password), &as.salt, as.salted);
	good = s->kafka == NULL || user_kafka_set(s->kafka, s->name, &as);
	if (good) {
		row = row_of(s, &as);
		users_file_put(f, &row);
	}
	OPENSSL_cleanse(as.salted, sizeof as.salted);
	return good;
}

/* Kafka's credential stays what it was. */
static void warn_of_kafka(const struct setting *s, const struct users_file *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->rows[i].name, s->name) != 0 || !f->rows[i].is_kafkas)
			continue;
		fprintf(stderr,
			"warning: the brokers keep %s's credential before, so %s is not carried "
			"to them as itself any more; --kafka sets both\n",
			s->name, s->name);
		return;
	}
}

/* What is there, or a new one. */
static struct users_file *file_of(const char *path, char why[USERS_FILE_WHY_MAX])
{
	uint8_t disguise[DISGUISE_BYTES];
	struct users_file *f;

	if (access(path, F_OK) == 0 || errno != ENOENT)
		return users_file_read(path, why);
	f = mem_zalloc(sizeof *f);
	draw(disguise, sizeof disguise);
	f->disguise = letters(disguise, sizeof disguise);
	return f;
}

static bool is_among(const struct setting *s, const struct scram_hash *hash)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->hashes[i] == hash)
			return true;
	}
	return false;
}

/* By what is not set any more an old password would do. */
static bool remove_others(const struct setting *s)
{
	static const char *const all[] = { "SCRAM-SHA-256", "SCRAM-SHA-512" };

	for (size_t i = 0; i < ARRAY_LEN(all) && s->kafka != NULL; i++) {
		if (!is_among(s, scram_hash_of(all[i])) &&
		    !user_kafka_remove(s->kafka, s->name, scram_hash_of(all[i])))
			return false;
	}
	return true;
}

/* The user has the new password in all the mechanisms it has, and none by which an old one would do. */
static bool set_all(const struct setting *s, struct users_file *f, const char *password)
{
	if (s->kafka == NULL)
		warn_of_kafka(s, f);
	users_file_remove(f, s->name);
	for (size_t i = 0; i < s->count; i++) {
		if (set_one(s, f, s->hashes[i], password))
			continue;
		if (i > 0)
			cli_fail(
				"the brokers have the new password by %s, and the file has the one "
				"before: run it again",
				s->hashes[0]->mechanism);
		return false;
	}
	return remove_others(s);
}

static int change(const struct setting *s, const char *password)
{
	char why[USERS_FILE_WHY_MAX];
	FILE *changing = users_file_begin(s->path, why);
	struct users_file *f;
	bool good;

	if (changing == NULL)
		return cli_fail("%s", why);
	f = file_of(s->path, why);
	if (f == NULL)
		cli_fail("%s", why);
	good = f != NULL && set_all(s, f, password);
	if (!good)
		users_file_give_up(changing, s->path);
	else if (!(good = users_file_commit(changing, s->path, f, why)))
		cli_fail("%s", why);
	users_file_free(f);
	return good ? EXIT_DONE : EXIT_FINDINGS;
}

static void choose_hashes(struct setting *s, const char *mechanism)
{
	if (mechanism != NULL) {
		s->hashes[s->count++] = scram_hash_of(mechanism);
		return;
	}
	s->hashes[s->count++] = &scram_sha_256;
	s->hashes[s->count++] = &scram_sha_512;
}

static int set(const struct cli *cli, struct setting *s)
{
	char *password = user_password(cli);
	int status = EXIT_FINDINGS;

	if (password == NULL)
		return EXIT_FINDINGS;
	if (cli_get(cli, "kafka") == NULL || (s->kafka = user_kafka_open(cli)) != NULL)
		status = change(s, password);
	OPENSSL_cleanse(password, strlen(password));
	free(password);
	user_kafka_close(s->kafka);
	return status;
}

static int run(struct cli *cli)
{
	struct setting s = { .name = cli_argument(cli, 0), .path = user_file_of(cli) };
	int status;

	if (s.path == NULL || !user_is_name(cli, s.name))
		return EXIT_USAGE;
	s.iterations = (int)cli_number(cli, "iterations", SCRAM_ITERATIONS_MIN);
	choose_hashes(&s, cli_get(cli, "mechanism"));
	if (!apis_compile(stderr))
		return EXIT_FINDINGS;
	status = set(cli, &s);
	apis_free();
	return status;
}

static const struct cli_option options[] = {
	USERS_OPTION,
	{ "password-file", 'p', CLI_TEXT, "FILE",
	  .what = "the password, one line; - for standard input (it is asked for)" },
	{ "mechanism", 'm', CLI_WORD, .words = "SCRAM-SHA-256|SCRAM-SHA-512",
	  .what = "by this one alone (by both)" },
	{ "iterations", 'i', CLI_NUMBER, "N", .min = SCRAM_ITERATIONS_MIN,
	  .max = SCRAM_ITERATIONS_MAX, .what = "how often it is hashed (4096)" },
	USER_KAFKA_OPTIONS,
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl user set alice -u /etc/anyport/users.conf", "asks for the password" },
	{ "anyportctl user set alice -u users.conf -p - -k kafka1:9092 -F admin.properties < word",
	  "at the brokers too, so that alice is alice there" },
	{ 0 },
};

const struct cli_command user_set_command = {
	.words = "user set",
	.arguments = "NAME",
	.least = 1,
	.most = 1,
	.what = "a user who may log in at the gateway, or another password for one",
	.about =
		"For nodes with gateway.security_mode GATEWAY_MANAGED, which judge logins themselves: by PLAIN "
		"and by SCRAM.  The file has what the password is with a salt, not the password; it is replaced "
		"as a whole, is its owner's alone, and is for all nodes.  Nodes read it again by themselves.  "
		"With --kafka the brokers' own credential becomes the same, with the same salt: a node then "
		"logs in at the brokers as that user, by what the user's own login has shown it.  A user has "
		"the mechanisms that were set last and no others.",
	.options = options,
	.examples = examples,
	.run = run,
};
