#include "rules/rules.h"

#include "config/config.h"
#include "rules/look.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum { FIXES_MAX = 2000 };

static const struct rule_group *const groups[] = {
	&stickiness_rules, &table_rules,   &balance_rules, &bind_rules,	    &routing_rules,
	&server_rules,	   &check_rules,   &timeout_rules, &tls_rules,	    &proxy_protocol_rules,
	&identity_rules,   &limit_rules,   &peers_rules,   &resolver_rules, &global_rules,
	&syntax_rules,	   &gateway_rules, &zone_rules,	   &live_rules,	    &keyword_rules,
	&version_rules,
};

static int by_id(const void *a, const void *b)
{
	return strcmp((*(const struct rule *const *)a)->id, (*(const struct rule *const *)b)->id);
}

size_t rules_all(const struct rule *all[RULES_MAX])
{
	size_t count = 0;

	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		for (size_t i = 0; i < groups[g]->count; i++)
			all[count++] = &groups[g]->rules[i];
	}
	qsort(all, count, sizeof *all, by_id);
	return count;
}

const struct rule *rules_find(const char *id)
{
	const struct rule *all[RULES_MAX];
	size_t count = rules_all(all);

	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(all[i]->id, id) == 0 || strcasecmp(all[i]->name, id) == 0)
			return all[i];
	}
	return NULL;
}

const char *rule_haproxy(const struct rule *rule, const struct version *version)
{
	const char *says = rule->haproxy;

	for (size_t i = 0; i < ARRAY_LEN(rule->changes) && rule->changes[i].haproxy != NULL; i++) {
		if (version_compare(version, &rule->changes[i].since) >= 0)
			says = rule->changes[i].haproxy;
	}
	return says;
}

const char *rule_severity_name(enum rule_severity severity)
{
	static const char *const names[] = { "advice", "warning", "error" };

	return names[severity];
}

/* --- looking ---------------------------------------------------------------- */

static bool is_known(const struct rule *rule, const struct rule_facts *facts)
{
	switch (rule->needs) {
	case RULE_FILE:
		return true;
	case RULE_MACHINE:
		return facts->machine;
	case RULE_GATEWAY:
		return facts->gateway != NULL;
	case RULE_VERSION:
		return facts->version.major != 0;
	default:
		return facts->balancers != NULL;
	}
}

static size_t file_index(const struct cfg *cfg, const char *file)
{
	size_t i = 0;

	while (i < cfg->file_count && cfg->files[i] != file)
		i++;
	return i;
}

static int by_place(const void *one, const void *other, void *context)
{
	const struct finding *a = one, *b = other;
	const struct cfg *cfg = context;
	size_t in_a = file_index(cfg, a->file), in_b = file_index(cfg, b->file);

	if (in_a != in_b)
		return in_a < in_b ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return strcmp(a->rule->id, b->rule->id);
}

static void sort(struct cfg *cfg, struct findings *findings)
{
	if (findings->count > 1)
		qsort_r(findings->list, findings->count, sizeof *findings->list, by_place, cfg);
}

void rules_check(struct cfg *cfg, const struct rule_facts *facts, struct findings *findings)
{
	const struct rule *all[RULES_MAX];
	size_t count = rules_all(all);
	struct look l;

	look_init(&l, cfg, facts, findings);
	for (size_t i = 0; i < count; i++) {
		l.rule = all[i];
		if (l.rule->look != NULL && is_known(l.rule, facts))
			l.rule->look(&l);
	}
	look_deinit(&l);
	sort(cfg, findings);
}

size_t findings_count(const struct findings *findings, enum rule_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->count; i++)
		n += findings->list[i].severity == severity;
	return n;
}

void findings_deinit(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->list[i].what);
		free(findings->list[i].detail);
	}
	free(findings->list);
	*findings = (struct findings){ 0 };
}

/* --- by several listeners ----------------------------------------------------- */

static bool is_same(const struct finding *a, const struct finding *b)
{
	return a->rule == b->rule && a->line == b->line && strcmp(a->what, b->what) == 0;
}

static bool has(const struct findings *findings, const struct finding *f)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (is_same(&findings->list[i], f))
			return true;
	}
	return false;
}

static void take(struct findings *to, const struct finding *f, const char *listener)
{
	struct finding own = *f;

	own.what = listener != NULL ? mem_printf("%s, by listener %s", f->what, listener)
				    : mem_strdup(f->what);
	own.detail = f->detail != NULL ? mem_strdup(f->detail) : NULL;
	to->list = mem_realloc(to->list, (to->count + 1) * sizeof *to->list);
	to->list[to->count++] = own;
}

static bool each_has(const struct findings *all, size_t count, const struct finding *f)
{
	for (size_t i = 0; i < count; i++) {
		if (!has(&all[i], f))
			return false;
	}
	return true;
}

/* What the file says of itself, or what each listener finds, is told once. */
static void merge(const struct findings *all, const struct config *const *gateways, size_t count,
		  struct findings *to)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < all[i].count; k++) {
			const struct finding *f = &all[i].list[k];

			if (f->rule->needs == RULE_GATEWAY && !each_has(all, count, f))
				take(to, f, gateways[i]->listener.name);
			else if (!has(to, f))
				take(to, f, NULL);
		}
	}
}

void rules_check_each(struct cfg *cfg, const struct rule_facts *facts,
		      const struct config *const *gateways, size_t count, struct findings *findings)
{
	struct findings *all = mem_zalloc((count + 1) * sizeof *all);
	struct rule_facts own = *facts;

	for (size_t i = 0; i < count; i++) {
		own.gateway = gateways[i];
		own.balancers = i == 0 ? facts->balancers : NULL; /* who runs is asked once */
		rules_check(cfg, &own, &all[i]);
	}
	merge(all, gateways, count, findings);
	sort(cfg, findings);
	for (size_t i = 0; i < count; i++)
		findings_deinit(&all[i]);
	free(all);
}

/* --- mending ---------------------------------------------------------------- */

static void remember(struct findings *tried, const struct finding *f)
{
	tried->list = mem_realloc(tried->list, (tried->count + 1) * sizeof *tried->list);
	tried->list[tried->count] = *f;
	tried->list[tried->count].what = mem_strdup(f->what);
	tried->list[tried->count++].detail = NULL;
}

/* Mends one: an edit may take the ground from under the others, so they are looked for
 * anew each time.  False: none can be. */
static bool fix_one(struct cfg *cfg, const struct rule_facts *facts, struct findings *tried)
{
	struct findings now = { 0 };
	bool fixed = false;

	rules_check(cfg, facts, &now);
	for (size_t i = 0; i < now.count && !fixed; i++) {
		const struct finding *f = &now.list[i];

		if (f->rule->fix == NULL || has(tried, f))
			continue;
		remember(tried, f);
		fixed = f->rule->fix(cfg, f);
	}
	findings_deinit(&now);
	return fixed;
}

size_t rules_fix(struct cfg *cfg, const struct rule_facts *facts)
{
	struct findings tried = { 0 };
	size_t fixed = 0;

	while (fixed < FIXES_MAX && fix_one(cfg, facts, &tried))
		fixed++;
	findings_deinit(&tried);
	return fixed;
}

size_t rules_fix_each(struct cfg *cfg, const struct rule_facts *facts,
		      const struct config *const *gateways, size_t count)
{
	struct rule_facts own = *facts;
	size_t fixed = 0;

	for (size_t i = 0; i < count; i++) {
		own.gateway = gateways[i];
		fixed += rules_fix(cfg, &own);
	}
	return fixed;
}
