/* map_names.c - what the gateway makes of names by ssl.principal.mapping.rules.
 *
 * Reads rules and a name a line, both in hex with a tab between them; writes "=" and the principal in
 * hex, or "refused" (the rules), "nobody" (no rule is for it), "untold" (by none that can be applied).
 */
#include "config/principal_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_ROOM = 1 << 16 };

static char *text_of(const char *hex)
{
	const size_t n = strlen(hex) / 2;
	char *text = calloc(n + 1, 1);

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			abort();
		text[i] = (char)byte;
	}
	return text;
}

static void map(const char *text, const char *dn)
{
	char why[PRINCIPAL_RULES_WHY_MAX] = "", *name;
	struct principal_rules *rules = principal_rules_read(text, why);

	if (rules == NULL) {
		puts("refused");
		return;
	}
	name = principal_rules_name(rules, dn, why);
	if (name == NULL) {
		puts(strstr(why, "no rule") != NULL ? "nobody" : "untold");
	} else {
		putchar('=');
		for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++)
			printf("%02x", *p);
		putchar('\n');
	}
	free(name);
	principal_rules_free(rules);
}

int main(void)
{
	static char line[LINE_ROOM];

	while (fgets(line, sizeof line, stdin) != NULL) {
		char *tab = strchr(line, '\t'), *rules, *dn;

		if (tab == NULL)
			return 1;
		*tab = '\0';
		tab[1 + strcspn(tab + 1, "\n")] = '\0';
		rules = text_of(line);
		dn = text_of(tab + 1);
		map(rules, dn);
		free(rules);
		free(dn);
	}
	return 0;
}
