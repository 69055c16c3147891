/* anyportctl acls - which rights the gateway's own account needs at the brokers. */
#include "acl_needs.h"
#include "commands.h"

#include "config/identity_map.h"

#include "util/mem.h"

#include <stdlib.h>

static void print_all(const struct config *c, const char *principal)
{
	struct acl_need needs[ACL_NEEDS_MAX];
	char topic[CONFIG_TOPIC_MAX];
	size_t count = acl_needs(c, topic, needs);

	for (size_t i = 0; i < count; i++) {
		char *command = acl_command(c, principal, &needs[i]);

		printf("# %s\n%s\n", needs[i].why, command);
		free(command);
	}
}

/* The identity map names those for whom it makes tokens.  False, and it is told: the file can't be read. */
static bool print_tokens(const struct config *c, const char *principal)
{
	char why[IDENTITY_MAP_WHY_MAX];
	struct identity_map *map = identity_map_read(c->identity_map, why);

	if (map == NULL)
		return cli_fail("%s", why) == EXIT_DONE;
	for (size_t i = 0; i < map->count; i++) {
		char *user = mem_printf("User:%s", map->rows[i].username);
		const struct acl_need need = { .operations = "CreateTokens",
					       .kind = "user-principal",
					       .name = user };
		char *command = acl_command(c, principal, &need);

		if (map->rows[i].by_token)
			printf("# for delegation tokens of that user, and of nobody else\n%s\n",
			       command);
		free(command);
		free(user);
	}
	identity_map_free(map);
	return true;
}

static int run(struct cli *cli)
{
	struct config *c = config_load(cli_get(cli, "config"), stderr);
	const char *given = cli_get(cli, "principal");
	char *principal;
	int status = EXIT_DONE;

	if (c == NULL)
		return EXIT_FINDINGS;
	principal = given != NULL ? mem_strdup(given) : acl_principal(c);
	if (principal != NULL)
		print_all(c, principal);
	else
		status = cli_fail(
			"the configuration does not say by which name the brokers know the "
			"gateway; --principal User:NAME does");
	if (principal != NULL && c->identity_map != NULL && !print_tokens(c, principal))
		status = EXIT_FINDINGS;
	free(principal);
	config_free(c);
	return status;
}

static const struct cli_option options[] = {
	{ "config", 'c', CLI_TEXT, "FILE",
	  .what = "the gateway's configuration; the environment wins over it, as in the gateway itself" },
	{ "principal", 0, CLI_TEXT, "TYPE:NAME",
	  .what = "by which name the brokers know the gateway (User: and its user name)" },
	{ 0 },
};

const struct cli_command acls_command = {
	.words = "acls",
	.what = "the rights that the gateway's own account needs",
	.about =
		"Prints kafka-acls commands, one a right, to be run by who may: the account may look at "
		"topics, groups and transactions to know where they are, and keeps the nodes' own group "
		"and topic.  It needs no right to what is in clients' topics, for clients are known to the "
		"brokers by their own names; only with gateway.clients_act_as_gateway it needs all theirs "
		"too.  Brokers whose principal.builder.class or mapping rules make another name of the user "
		"want --principal.",
	.options = options,
	.examples =
		(const struct cli_example[]){
			{ "anyportctl acls -c anyport.conf", "what to run once" },
			{ "anyportctl acls --principal User:CN=gateway | sh", "and run it" },
			{ 0 } },
	.run = run,
};
