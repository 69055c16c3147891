/* Whose clients come by HAProxy's file: of several listeners those whose ports it binds. */
#include "doctor.h"

#include "cfg/view.h"
#include "config/listeners.h"
#include "plan/fronts.h"
#include "plan/render.h"
#include "rules/rules.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

/* A configuration that has one listener, and how the file suits it. */
struct candidate {
	struct config *config;
	const char *name;
	bool is_named; /* the file has the frontend that is made for it beside others */
	bool is_bound; /* clients who do as they are told come by the file */
	size_t errors, warnings;
};

/* It was read before, so that complaints are known. */
static struct config *config_of(const struct doctor *d, const char *name, char why[CONFIG_WHY_MAX])
{
	FILE *nowhere = fopen("/dev/null", "we");
	struct config *c = nowhere != NULL ? config_load(d->config->file, nowhere) : NULL;

	snprintf(why, CONFIG_WHY_MAX, "the configuration can't be read any more");
	if (nowhere != NULL)
		fclose(nowhere);
	if (c != NULL && listeners_choose(c, name, why))
		return c;
	config_free(c);
	return NULL;
}

static void weigh(struct candidate *c, struct cfg *cfg, const struct rule_facts *known)
{
	struct rule_facts facts = *known;
	struct findings found = { 0 };

	facts.gateway = c->config;
	facts.balancers = NULL;
	rules_check(cfg, &facts, &found);
	c->errors = findings_count(&found, RULE_ERROR);
	c->warnings = findings_count(&found, RULE_WARNING);
	c->is_bound = true;
	for (size_t i = 0; i < found.count; i++)
		c->is_bound &= strcmp(found.list[i].rule->name, "advertised-not-covered") != 0;
	findings_deinit(&found);
}

static bool is_better(const struct candidate *a, const struct candidate *b)
{
	if (a->is_bound != b->is_bound)
		return a->is_bound;
	return a->errors != b->errors ? a->errors < b->errors : a->warnings < b->warnings;
}

static bool is_at_one_place(const struct config *a, const struct config *b)
{
	return a->listener.advertised_port == b->listener.advertised_port &&
	       strcmp(a->haproxy_listen_host, b->haproxy_listen_host) == 0;
}

/* Of those that begin at the same port the file can be one's only, and where it binds nobody's ports it was
 * meant for one: for that which it suits best, the first of them. */
static bool is_meant(const struct candidate *all, size_t count, size_t which)
{
	const struct candidate *c = &all[which];

	if (c->is_named)
		return true;
	for (size_t i = 0; i < count; i++) {
		bool rivals = !c->is_bound || is_at_one_place(all[i].config, c->config);

		if (rivals && (is_better(&all[i], c) || (i < which && !is_better(c, &all[i]))))
			return false;
	}
	return true;
}

/* The one that was named. */
static size_t take_named(struct doctor *d, const char *name, struct doctor_listener *list)
{
	char why[CONFIG_WHY_MAX];

	list[0] = (struct doctor_listener){ .config = config_of(d, name, why) };
	if (list[0].config != NULL)
		return 1;
	doctor_find(d, DOCTOR_ERROR,
		    mem_strdup("name the listener whose clients come by this HAProxy"), "%s%s",
		    name != NULL ? "--listener: " : "", why);
	return 0;
}

static bool has_front(const struct cfg *cfg, const char *listener)
{
	char *name = mem_printf("%s_%s", RENDER_FRONTEND, listener);
	bool found = cfg_section(cfg, CFG_FRONTEND, name) != NULL;

	free(name);
	return found;
}

static size_t take_meant(struct doctor *d, struct cfg *cfg, const struct rule_facts *known,
			 struct doctor_listener *list)
{
	size_t count = config_listener_count(d->config), n = 0;
	struct candidate *all = mem_zalloc(count * sizeof *all);

	for (size_t i = 0; i < count; i++) {
		all[i].name = config_listener(d->config, i)->name;
		all[i].config = fronts_config(d->config, i);
		all[i].is_named = has_front(cfg, all[i].name);
		weigh(&all[i], cfg, known);
	}
	for (size_t i = 0; i < count; i++) {
		if (is_meant(all, count, i))
			list[n++] = (struct doctor_listener){ all[i].name, all[i].config, true };
	}
	for (size_t i = 0; i < count; i++) {
		if (!is_meant(all, count, i))
			fronts_config_free(all[i].config);
	}
	free(all);
	return n;
}

size_t doctor_listeners(struct doctor *d, struct cfg *cfg, const struct rule_facts *known,
			struct doctor_listener list[LISTENERS_MAX])
{
	const char *name = cli_get(d->cli, "listener");

	if (name != NULL || d->config->listeners == NULL)
		return take_named(d, name, list);
	return take_meant(d, cfg, known, list);
}

void doctor_listeners_free(struct doctor_listener *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].is_front)
			fronts_config_free(list[i].config);
		else
			config_free(list[i].config);
	}
}
