#include "cfg/diff.h"

#include "cfg/diff_parts.h"
#include "cfg/view.h"

#include <stdlib.h>
#include <string.h>

const char *diff_class_name(enum diff_class class)
{
	static const char *const names[] = { "runtime", "reload", "restart", "disconnects" };

	return names[class];
}

/* --- whole sections ----------------------------------------------------------- */

static bool binds_something(struct cfg_section *s)
{
	size_t count = 0;

	if (cfg_is_frontend(s))
		free(cfg_binds(s, &count));
	return count > 0;
}

static void section_added(struct diff *d, const struct diff_pair *pair)
{
	diff_add(d, pair, DIFF_ADDED, DIFF_RELOAD, pair->after->header, "the whole section", NULL,
		 NULL, "a new worker must be started for it");
}

static void section_removed(struct diff *d, const struct diff_pair *pair)
{
	if (binds_something(pair->before))
		diff_add(d, pair, DIFF_REMOVED, DIFF_DISCONNECTS, pair->before->header,
			 "the whole section", NULL, NULL,
			 "its clients find nobody listening when they connect again");
	else
		diff_add(d, pair, DIFF_REMOVED, DIFF_RELOAD, pair->before->header,
			 "the whole section", NULL, NULL,
			 "a new worker must be started without it");
}

/* Defaults count where they are used. */
static bool is_compared(const struct cfg_section *s)
{
	return s->kind != CFG_DEFAULTS;
}

/* The first global section stands for all. */
static struct cfg_section *same_section(const struct cfg *cfg, const struct cfg_section *s)
{
	for (size_t i = 0; i < cfg->section_count; i++) {
		struct cfg_section *o = cfg->sections[i];

		if (strcmp(o->keyword, s->keyword) == 0 &&
		    (s->kind == CFG_GLOBAL || strcmp(o->name, s->name) == 0))
			return o;
	}
	return NULL;
}

static bool is_first(const struct cfg *cfg, const struct cfg_section *s)
{
	return same_section(cfg, s) == s;
}

static void compare_section(struct diff *d, const struct diff_pair *pair)
{
	diff_items(d, pair);
	if (cfg_is_frontend(pair->after))
		diff_binds(d, pair);
	if (cfg_is_backend(pair->after))
		diff_servers(d, pair);
}

struct diff diff_make(const struct cfg *before, const struct cfg *after,
		      const struct version *version)
{
	struct diff d = { 0 };

	for (size_t i = 0; i < before->section_count; i++) {
		struct cfg_section *s = before->sections[i];
		struct diff_pair pair = { before, after, s, same_section(after, s), version };

		if (!is_compared(s) || !is_first(before, s))
			continue;
		if (pair.after == NULL)
			section_removed(&d, &pair);
		else
			compare_section(&d, &pair);
	}
	for (size_t i = 0; i < after->section_count; i++) {
		struct cfg_section *s = after->sections[i];
		struct diff_pair pair = { before, after, same_section(before, s), s, version };

		if (is_compared(s) && is_first(after, s) && pair.before == NULL)
			section_added(&d, &pair);
	}
	for (size_t i = 0; i < d.count; i++)
		d.worst = d.list[i].class > d.worst ? d.list[i].class : d.worst;
	return d;
}

void diff_free(struct diff *d)
{
	for (size_t i = 0; i < d->count; i++) {
		struct diff_change *c = &d->list[i];

		for (size_t k = 0; k < c->command_count; k++)
			free(c->commands[k]);
		free(c->section);
		free(c->what);
		free(c->before);
		free(c->after);
		free(c->why);
		free(c->server);
	}
	free(d->list);
	*d = (struct diff){ 0 };
}
