/* principal_rules.c - whatever the rules and the name are, both are told the same way, and in time.
 *
 * Input: the rules up to a line end | the name.
 */
#include "config/principal_rules.h"

#include "util/mem.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void map(const struct principal_rules *rules, const char *dn)
{
	char why[PRINCIPAL_RULES_WHY_MAX] = "", again[PRINCIPAL_RULES_WHY_MAX] = "";
	char *name = principal_rules_name(rules, dn, why),
	     *twice = principal_rules_name(rules, dn, again);

	assert((name == NULL) == (twice == NULL));
	assert((name == NULL) == (*why != '\0'));
	assert(name == NULL || strcmp(name, twice) == 0);
	free(name);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
	char why[PRINCIPAL_RULES_WHY_MAX] = "", *text, *dn;
	struct principal_rules *rules;

	if (line == NULL)
		return 0;
	text = mem_strndup((const char *)data, (size_t)(line - data));
	dn = mem_strndup((const char *)line + 1, size - (size_t)(line - data) - 1);
	rules = principal_rules_read(text, why);
	assert((rules == NULL) == (*why != '\0'));
	if (rules != NULL)
		map(rules, dn);
	principal_rules_free(rules);
	free(text);
	free(dn);
	return 0;
}
