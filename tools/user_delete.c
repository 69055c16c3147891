/* anyportctl user delete - who may log in at the gateway no longer. */
#include "commands.h"
#include "user.h"

#include "kafka/api.h"

#include <string.h>

/* Whatever the file says of it: it may have been set without the file since. */
static bool remove_at_kafka(struct user_kafka *k, const char *name)
{
	return user_kafka_remove(k, name, scram_hash_of("SCRAM-SHA-256")) &&
	       user_kafka_remove(k, name, scram_hash_of("SCRAM-SHA-512"));
}

/* False: told. */
static bool remove_all(struct users_file *f, const struct cli *cli, const char *path,
		       const char *name)
{
	struct user_kafka *k = NULL;
	bool good = cli_get(cli, "kafka") == NULL || (k = user_kafka_open(cli)) != NULL;

	good = good && (k == NULL || remove_at_kafka(k, name));
	user_kafka_close(k);
	if (good && users_file_remove(f, name) == 0) {
		cli_fail("%s has no user %s", path, name);
		return false;
	}
	return good;
}

static int remove_user(const struct cli *cli, const char *path, const char *name)
{
	char why[USERS_FILE_WHY_MAX];
	FILE *changing = users_file_begin(path, why);
	struct users_file *f;
	bool good;

	if (changing == NULL)
		return cli_fail("%s", why);
	f = users_file_read(path, why);
	if (f == NULL)
		cli_fail("%s", why);
	good = f != NULL && remove_all(f, cli, path, name);
	if (!good)
		users_file_give_up(changing, path);
	else if (!(good = users_file_commit(changing, path, f, why)))
		cli_fail("%s", why);
	users_file_free(f);
	return good ? EXIT_DONE : EXIT_FINDINGS;
}

static int run(struct cli *cli)
{
	const char *path = user_file_of(cli), *name = cli_argument(cli, 0);
	int status;

	if (path == NULL || !user_is_name(cli, name))
		return EXIT_USAGE;
	if (!apis_compile(stderr))
		return EXIT_FINDINGS;
	status = remove_user(cli, path, name);
	apis_free();
	return status;
}

static const struct cli_option options[] = { USERS_OPTION, USER_KAFKA_OPTIONS, { 0 } };

static const struct cli_example examples[] = {
	{ "anyportctl user delete alice -u /etc/anyport/users.conf", "lets alice in no more" },
	{ "anyportctl user delete alice -u users.conf -k kafka1:9092 -F admin.properties",
	  "nor do the brokers" },
	{ 0 },
};

const struct cli_command user_delete_command = {
	.words = "user delete",
	.arguments = "NAME",
	.least = 1,
	.most = 1,
	.what = "a user who may log in at the gateway no longer",
	.about =
		"Who is connected stays so until it must log in again (gateway.connections_max_reauth).  With "
		"--kafka its SCRAM credentials there are deleted too.",
	.options = options,
	.examples = examples,
	.run = run,
};
