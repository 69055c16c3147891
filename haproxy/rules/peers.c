/* Load balancers that tell each other what sticks where. */
#include "rules/look.h"

#include <stdlib.h>
#include <string.h>

static bool has_peer(const struct cfg_section *s, const char *name)
{
	for (size_t i = 0; i < s->line_count; i++) {
		const struct cfg_line *line = s->lines[i];

		if ((cfg_line_is(line, "peer", name, NULL) ||
		     cfg_line_is(line, "server", name, NULL)))
			return true;
		if (line->has_variable)
			return true; /* can't be known */
	}
	return false;
}

static void look_localpeer(struct look *l)
{
	const struct cfg_line *local = cfg_global(l->cfg, "localpeer", NULL);

	for (size_t i = 0; i < l->cfg->section_count; i++) {
		const struct cfg_section *s = l->cfg->sections[i];

		if (s->kind != CFG_PEERS || (local != NULL && local->has_variable))
			continue;
		if (local == NULL || local->word_count < 2)
			found_as(
				l, RULE_ADVICE, s->header,
				"nothing says which peer of %s this HAProxy is: it goes by -L or the "
				"machine's name, and drops the section when there is no such peer",
				s->name);
		else if (!has_peer(s, local->words[1]))
			found(l, s->header,
			      "localpeer %s (line %d) is no peer of %s: HAProxy drops the section, and "
			      "nothing is shared",
			      local->words[1], local->number, s->name);
	}
}

static const struct rule rules[] = {
	{ "K10", "localpeer-not-a-peer", RULE_ERROR, RULE_FILE, "warns",
	  "A peers section without the HAProxy itself is removed with no more than a warning: tables "
	  "are neither shared nor kept over a reload.",
	  "`localpeer NAME` in global, with the NAME of its own `peer` line.", look_localpeer },
};

const struct rule_group peers_rules = { rules, ARRAY_LEN(rules) };
