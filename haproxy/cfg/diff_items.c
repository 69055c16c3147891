/* Settings and rules of a section. */
#include "cfg/diff_parts.h"

#include "cfg/effective.h"
#include "cfg/view.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

/* --- what a setting takes ----------------------------------------------------- */

struct weight {
	enum diff_class class;
	const char *why;
};

static const struct known {
	const char *key;
	struct weight weight;
} known[] = {
	{ "daemon", { DIFF_RESTART, "the master reads it once, when it starts" } },
	{ "master-worker", { DIFF_RESTART, "the master reads it once, when it starts" } },
	{ "pidfile", { DIFF_RESTART, "the master writes it once, when it starts" } },
	{ "mode",
	  { DIFF_DISCONNECTS, "another protocol is spoken: who speaks the old one is closed" } },
	{ "hard-stop-after",
	  { DIFF_RELOAD, "old workers keep the time that they were started with" } },
	{ "stick-table",
	  { DIFF_RELOAD,
	    "a table of another shape is not handed over: sticky clients are spread anew" } },
	{ "stick", { DIFF_RELOAD, "clients get other keys and are spread anew" } },
	{ "balance", { DIFF_RELOAD, "new connections are spread in another way" } },
	{ "hash-type", { DIFF_RELOAD, "the hash maps keys to other nodes" } },
	{ "localpeer", { DIFF_RELOAD, "the table is taught anew under the new name" } },
};

static struct weight weight_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].key, key) == 0)
			return known[i].weight;
	}
	return (struct weight){ DIFF_RELOAD, "a worker reads it when it starts" };
}

/* Limits can be set while it runs: the process's not above what it started with. */
static const char *runtime_limit(const struct cfg_section *s, const char *key, const char *before,
				 const char *after)
{
	int64_t old, new;

	if (strcmp(key, "maxconn") != 0 || before == NULL || after == NULL ||
	    !text_int64(before, &old) || !text_int64(after, &new) || new < 1)
		return NULL;
	if (s->kind == CFG_GLOBAL)
		return new < old ? "global" : NULL;
	return cfg_is_frontend(s) ? "frontend" : NULL;
}

static void report(struct diff *d, const struct diff_pair *pair, enum diff_kind kind,
		   const struct cfg_line *line, const char *key, const char *before,
		   const char *after)
{
	const struct cfg_section *s = pair->after;
	struct weight w = weight_of(key);
	const char *limit = runtime_limit(s, key, before, after);
	struct diff_change *c;

	if (limit == NULL) {
		diff_add(d, pair, kind, w.class, line, key, before, after, w.why);
		return;
	}
	c = diff_add(d, pair, kind, DIFF_RUNTIME, line, key, before, after,
		     "a limit of the running worker");
	if (s->kind == CFG_GLOBAL)
		diff_command(c, "set maxconn global %s", after);
	else
		diff_command(c, "set maxconn frontend %s %s", s->name, after);
}

/* --- settings and sets ---------------------------------------------------------- */

static const struct effective_item *find(const struct effective *e, const char *key)
{
	for (size_t i = 0; i < e->count; i++) {
		if (strcmp(e->items[i].key, key) == 0)
			return &e->items[i];
	}
	return NULL;
}

/* How often it is there. */
static size_t times(const struct effective *e, size_t most, const struct effective_item *item)
{
	size_t n = 0;

	for (size_t i = 0; i < most; i++)
		n += strcmp(e->items[i].key, item->key) == 0 &&
		     strcmp(e->items[i].value, item->value) == 0;
	return n;
}

static void single_of_before(struct diff *d, const struct diff_pair *pair,
			     const struct effective_item *old, const struct effective *after)
{
	const struct effective_item *new = find(after, old->key);

	if (new == NULL)
		report(d, pair, DIFF_REMOVED, old->line, old->key, old->text, NULL);
	else if (strcmp(old->value, new->value) != 0)
		report(d, pair, DIFF_CHANGED, new->line, old->key, old->text, new->text);
}

/* Items of one side that the other has not as often. */
static void set_items(struct diff *d, const struct diff_pair *pair, const struct effective *mine,
		      const struct effective *other, enum diff_kind kind)
{
	for (size_t i = 0; i < mine->count; i++) {
		const struct effective_item *item = &mine->items[i];

		if (effective_kind_of(item->key) != EFFECTIVE_SET ||
		    times(mine, i + 1, item) <= times(other, other->count, item))
			continue;
		if (kind == DIFF_ADDED)
			report(d, pair, kind, item->line, item->key, NULL, item->text);
		else
			report(d, pair, kind, item->line, item->key, item->text, NULL);
	}
}

/* --- lists ------------------------------------------------------------------------ */

struct list {
	const struct effective_item **items;
	size_t count;
};

static struct list list_of(const struct effective *e, const char *key)
{
	struct list l = { mem_alloc((e->count + 1) * sizeof *l.items), 0 };

	for (size_t i = 0; i < e->count; i++) {
		if (strcmp(e->items[i].key, key) == 0)
			l.items[l.count++] = &e->items[i];
	}
	return l;
}

/* Lengths of the longest common subsequence of the ends from i and k on. */
static size_t *common(const struct list *a, const struct list *b)
{
	size_t wide = b->count + 1;
	size_t *length = mem_zalloc((a->count + 1) * wide * sizeof *length);

	for (size_t i = a->count; i-- > 0;) {
		for (size_t k = b->count; k-- > 0;) {
			size_t down = length[(i + 1) * wide + k], right = length[i * wide + k + 1];

			if (strcmp(a->items[i]->value, b->items[k]->value) == 0)
				length[i * wide + k] = length[(i + 1) * wide + k + 1] + 1;
			else
				length[i * wide + k] = down > right ? down : right;
		}
	}
	return length;
}

static bool has_value(const struct list *l, const char *value)
{
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->items[i]->value, value) == 0)
			return true;
	}
	return false;
}

/* What was in the list before: told as moved when it is added elsewhere. */
static void left_out(struct diff *d, const struct diff_pair *pair,
		     const struct effective_item *item, const struct list *other)
{
	if (!has_value(other, item->value))
		report(d, pair, DIFF_REMOVED, item->line, item->key, item->text, NULL);
}

static void put_in(struct diff *d, const struct diff_pair *pair, const struct effective_item *item,
		   const struct list *other)
{
	bool moved = has_value(other, item->value);

	report(d, pair, moved ? DIFF_MOVED : DIFF_ADDED, item->line, item->key,
	       moved ? item->text : NULL, item->text);
}

static void compare_lists(struct diff *d, const struct diff_pair *pair,
			  const struct effective *before, const struct effective *after,
			  const char *key)
{
	struct list a = list_of(before, key), b = list_of(after, key);
	size_t *length = common(&a, &b), wide = b.count + 1, i = 0, k = 0;

	while (i < a.count || k < b.count) {
		if (i < a.count && k < b.count &&
		    strcmp(a.items[i]->value, b.items[k]->value) == 0) {
			i++;
			k++;
		} else if (k == b.count || (i < a.count && length[(i + 1) * wide + k] >=
								   length[i * wide + k + 1])) {
			left_out(d, pair, a.items[i++], &b);
		} else {
			put_in(d, pair, b.items[k++], &a);
		}
	}
	free(length);
	free(a.items);
	free(b.items);
}

/* Each key once: at its first item. */
static bool is_first(const struct effective *e, size_t at)
{
	return find(e, e->items[at].key) == &e->items[at];
}

static void all_lists(struct diff *d, const struct diff_pair *pair, const struct effective *before,
		      const struct effective *after)
{
	for (size_t i = 0; i < before->count; i++) {
		if (effective_kind_of(before->items[i].key) == EFFECTIVE_LIST &&
		    is_first(before, i))
			compare_lists(d, pair, before, after, before->items[i].key);
	}
	for (size_t i = 0; i < after->count; i++) {
		if (effective_kind_of(after->items[i].key) == EFFECTIVE_LIST &&
		    is_first(after, i) && find(before, after->items[i].key) == NULL)
			compare_lists(d, pair, before, after, after->items[i].key);
	}
}

void diff_items(struct diff *d, const struct diff_pair *pair)
{
	struct effective before = effective_of(pair->before_cfg, pair->before);
	struct effective after = effective_of(pair->after_cfg, pair->after);

	for (size_t i = 0; i < before.count; i++) {
		if (effective_kind_of(before.items[i].key) == EFFECTIVE_SINGLE)
			single_of_before(d, pair, &before.items[i], &after);
	}
	for (size_t i = 0; i < after.count; i++) {
		const struct effective_item *item = &after.items[i];

		if (effective_kind_of(item->key) == EFFECTIVE_SINGLE &&
		    find(&before, item->key) == NULL)
			report(d, pair, DIFF_ADDED, item->line, item->key, NULL, item->text);
	}
	set_items(d, pair, &before, &after, DIFF_REMOVED);
	set_items(d, pair, &after, &before, DIFF_ADDED);
	all_lists(d, pair, &before, &after);
	effective_free(&before);
	effective_free(&after);
}
