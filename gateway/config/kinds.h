/* kinds.h - what a value looks like: read from what was typed, written back.
 *
 * A row a kind.  Kinds that are lists are given their items one by one.
 * What a kind is called in words is in kinds_words.h.
 * Tests: tests/unit/config/config_test.c
 */
#ifndef CONFIG_KINDS_H
#define CONFIG_KINDS_H

#include "config/kinds_words.h"

#include <stdbool.h>
#include <stdio.h>

struct config_net;

struct kind {
	bool is_list; /* items come one by one; each adds to what is there */
	bool is_text; /* quoted in the file */
	/* False and why, when the text is no such value.  Writes to the option's
	 * fields, which own what they hold. */
	bool (*set)(struct config *c, const struct config_option *o, const char *text,
		    char why[KIND_WHY_MAX]);
	/* As libconfig reads it. */
	void (*print)(const struct config *c, const struct config_option *o, FILE *out);
	/* Of a list: forgets its items. */
	void (*clear)(struct config *c, const struct config_option *o);
	bool may_be_none; /* of a list: it may be empty */
};

/* One network, as "10.0.0.0/8" or "::1", of n characters.  False: it is none, and why is said of the
 * option's whole text. */
bool kind_parse_net(const struct config_option *o, const char *text, size_t n,
		    struct config_net *net, char why[KIND_WHY_MAX]);
void kind_print_net(const struct config_net *net, FILE *out); /* without quotes */

const struct kind *kind_of(const struct config_option *option);

#endif
