/* anyportctl acls - which rights the gateway's own account needs at the brokers. */
#include "commands.h"

#include "config/config.h"
#include "config/jaas.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

/* What the account does, and by which right. */
struct need {
	const char *operations; /* with commas */
	const char *kind;	/* as kafka-acls names it: --topic */
	const char *name;
	const char *why;
};

/* In quotes of a shell's, whatever it is. */
static void print_quoted(const char *text)
{
	putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
	putchar('\'');
}

static void print_need(const char *servers, const char *principal, const struct need *n)
{
	const char *rest = n->operations;
	char *operation;

	printf("# %s\nkafka-acls --bootstrap-server ", n->why);
	print_quoted(servers);
	fputs(" --add --allow-principal ", stdout);
	print_quoted(principal);
	while ((operation = text_next_item(&rest)) != NULL) {
		printf(" --operation %s", operation);
		free(operation);
	}
	printf(" --%s ", n->kind);
	print_quoted(n->name);
	putchar('\n');
}

/* "User:" and the account's name, as brokers know it unless they are told otherwise; NULL: the
 * configuration does not say.  Caller frees. */
static char *own_principal(const struct config *c)
{
	char why[JAAS_WHY_MAX], *principal = NULL;
	struct jaas jaas;

	if (!protocol_has_sasl(c->kafka_protocol) || strcmp(c->sasl_mechanism, "OAUTHBEARER") == 0)
		return NULL;
	if (c->sasl_username != NULL)
		return mem_printf("User:%s", c->sasl_username);
	if (jaas_read(&jaas, c->sasl_jaas_config, why)) {
		if (!jaas.is_token)
			principal = mem_printf("User:%s", jaas.username);
		jaas_deinit(&jaas);
	}
	return principal;
}

static void print_all(const struct config *c, const char *principal)
{
	char topic[CONFIG_TOPIC_MAX];
	const struct need always[] = {
		{ "Describe", "topic", "*", "where each partition's leader is" },
		{ "Describe", "group", "*", "where each group's coordinator is" },
		{ "Describe", "transactional-id", "*", "where each transaction's coordinator is" },
	};
	const struct need cluster[] = {
		{ "Read", "group", c->group_id,
		  "the nodes know each other by a group of their own" },
		{ "Create,Read,Write", "topic", topic,
		  "and tell their load by a topic of their own" },
	};

	config_internal_topic(c, topic);
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		print_need(c->bootstrap_servers, principal, &always[i]);
	for (size_t i = 0; c->group_id != NULL && i < ARRAY_LEN(cluster); i++)
		print_need(c->bootstrap_servers, principal, &cluster[i]);
}

static int run(struct cli *cli)
{
	struct config *c = config_load(cli_get(cli, "config"), stderr);
	const char *given = cli_get(cli, "principal");
	char *principal;
	int status = EXIT_DONE;

	if (c == NULL)
		return EXIT_FINDINGS;
	principal = given != NULL ? mem_strdup(given) : own_principal(c);
	if (principal != NULL)
		print_all(c, principal);
	else
		status = cli_fail(
			"the configuration does not say by which name the brokers know the "
			"gateway; --principal User:NAME does");
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
