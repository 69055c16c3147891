/* What this HAProxy does otherwise than others: only when its version is known. */
#include "rules/look.h"

#include "cfg/newer.h"

#include <string.h>

/* --- K69 -------------------------------------------------------------------- */

static void look_newer(struct look *l)
{
	for (size_t i = 0; i < l->cfg->section_count; i++) {
		const struct cfg_section *s = l->cfg->sections[i];

		for (size_t k = 0; k < s->line_count; k++) {
			struct newer_word word;
			char text[160];

			if (newer_in_line(s->lines[k], &l->facts->version, &word))
				found(l, s->lines[k], "%s",
				      newer_print(&word, &l->facts->version, text, sizeof text));
		}
	}
}

/* --- K70 -------------------------------------------------------------------- */

static bool knows_by_address(const struct proxy *p)
{
	for (size_t i = 0; i < p->server_count; i++) {
		const char *key = cfg_option_value(&p->servers[i].options, "hash-key");

		if (key == NULL || strcmp(key, "id") == 0)
			return false;
	}
	return true;
}

static void look_hash(struct look *l)
{
	char here[VERSION_TEXT_MAX];

	if (!version_hashes_ids_twice(&l->facts->version))
		return;
	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];
		const struct cfg_line *type = cfg_setting(p->section, "hash-type", NULL);

		if (p->is_backend && cfg_balance_is_hash(p->section) && type != NULL &&
		    type->word_count > 1 && strcmp(type->words[1], "consistent") == 0 &&
		    !knows_by_address(p))
			found(l, type,
			      "HAProxy %s sends most keys of %s elsewhere than 2.6 and the next one of "
			      "its own branch do",
			      version_print(&l->facts->version, here), p->section->name);
	}
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rows[] = {
	{ "K69",
	  "not-known-yet",
	  RULE_ERROR,
	  RULE_VERSION,
	  "refuses",
	  "This HAProxy is older than a word of the file and does not start with it.",
	  "The newer HAProxy, or a file for this one: `anyportctl haproxy generate --for VERSION`.",
	  look_newer,
	  NULL,
	  { { { 3, 2, 0 }, "silent" } } },
	{ "K70", "ids-hashed-twice", RULE_ADVICE, RULE_VERSION, "silent",
	  "From 3.0.0 on HAProxy hashed a server's id twice, until 3.0.13, 3.1.10 and 3.2.7: load "
	  "balancers side by side, one of them before or after that, send the same client to "
	  "different nodes, and clients move when HAProxy is brought up to date.",
	  "`hash-key addr` on the servers (from HAProxy 3.0 on), which no version does otherwise; "
	  "or one version on all of them.",
	  look_hash },
};

const struct rule_group version_rules = { rows, ARRAY_LEN(rows) };
