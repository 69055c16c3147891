#include "acl_needs.h"

#include "shell.h"

#include "config/jaas.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *acl_command(const struct config *c, const char *principal, const struct acl_need *need)
{
	const char *rest = need->operations;
	char *operation, *command = NULL;
	size_t size;
	FILE *out = open_memstream(&command, &size);

	if (out == NULL)
		abort(); /* out of memory */
	fputs("kafka-acls --bootstrap-server ", out);
	shell_print_quoted(out, c->bootstrap_servers);
	fputs(" --add --allow-principal ", out);
	shell_print_quoted(out, principal);
	while ((operation = text_next_item(&rest)) != NULL) {
		fprintf(out, " --operation %s", operation);
		free(operation);
	}
	fprintf(out, " --%s ", need->kind);
	shell_print_quoted(out, need->name);
	fclose(out);
	return command;
}

char *acl_principal(const struct config *c)
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

size_t acl_needs(const struct config *c, char topic[CONFIG_TOPIC_MAX],
		 struct acl_need needs[ACL_NEEDS_MAX])
{
	const struct acl_need all[] = {
		{ "Describe", "topic", "*", "where each partition's leader is" },
		{ "Describe", "group", "*", "where each group's coordinator is" },
		{ "Describe", "transactional-id", "*", "where each transaction's coordinator is" },
		{ "Read", "group", c->group_id,
		  "the nodes know each other by a group of their own" },
		{ "Create,Read,Write", "topic", topic,
		  "and tell their load by a topic of their own" },
	};
	size_t count = c->group_id != NULL ? ARRAY_LEN(all) : ARRAY_LEN(all) - 2;

	config_internal_topic(c, topic);
	memcpy(needs, all, count * sizeof *needs);
	return count;
}
