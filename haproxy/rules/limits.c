/* How many connections, and the descriptors they need. */
#include "rules/look.h"

#include "util/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	SPARE_DESCRIPTORS = 31, /* what HAProxy has open besides, as measured */
};

static int64_t number_of(const struct cfg_line *line)
{
	int64_t n;

	if (line == NULL || line->word_count < 2 || !text_int64(line->words[1], &n))
		return -1;
	return n;
}

static bool splices(const struct look *l)
{
	static const char *const names[] = { "splice-auto", "splice-request", "splice-response" };

	for (size_t i = 0; i < l->proxy_count; i++) {
		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			if (cfg_has(l->proxies[i].section, names[k]))
				return true;
		}
	}
	return false;
}

/* --- K17 -------------------------------------------------------------------- */

static void look_descriptors(struct look *l)
{
	const struct cfg_line *line = cfg_global(l->cfg, "maxconn", NULL);
	const struct cfg_line *own = cfg_global(l->cfg, "ulimit-n", NULL);
	int64_t maxconn = number_of(line), limit = number_of(own), pipes;
	int64_t needed;

	if (maxconn <= 0)
		return;
	pipes = number_of(cfg_global(l->cfg, "maxpipes", NULL));
	if (pipes < 0)
		pipes = splices(l) ? maxconn / 4 : 0;
	needed = 2 * maxconn + 2 * pipes + SPARE_DESCRIPTORS;
	if (limit > 0 && limit < needed)
		found(l, own,
		      "maxconn %" PRId64 " needs %" PRId64
		      " descriptors (two a client%s): ulimit-n is "
		      "too small",
		      maxconn, needed, pipes > 0 ? ", two a pipe" : "");
	else if (limit <= 0 && l->facts->descriptors > 0 && l->facts->descriptors < needed)
		found(l, line,
		      "maxconn %" PRId64 " needs %" PRId64
		      " descriptors (two a client%s), HAProxy may "
		      "open %" PRId64 ": it does not start",
		      maxconn, needed, pipes > 0 ? ", two a pipe" : "", l->facts->descriptors);
}

static bool fix_descriptors(struct cfg *cfg, const struct finding *f)
{
	(void)cfg;
	if (!cfg_line_is(f->line, "ulimit-n", NULL))
		return false;
	cfg_line_delete(f->line); /* HAProxy works it out by itself */
	return true;
}

/* --- K18 -------------------------------------------------------------------- */

static void look_frontends(struct look *l)
{
	int64_t all = number_of(cfg_global(l->cfg, "maxconn", NULL));
	char most[32];

	for (size_t i = 0; i < l->proxy_count; i++) {
		const struct proxy *p = &l->proxies[i];
		const struct cfg_line *line = cfg_setting(p->section, "maxconn", NULL);

		if (!p->is_frontend || all <= 0 || number_of(line) <= all)
			continue;
		snprintf(most, sizeof most, "%" PRId64, all);
		found_with(l, RULE_WARNING, line, most,
			   "maxconn %s of %s is above the %" PRId64 " of the whole process",
			   line->words[1], p->section->name, all);
	}
}

static bool fix_frontends(struct cfg *cfg, const struct finding *f)
{
	return fix_word(cfg, f->line, 1, f->detail);
}

/* --- the rows --------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "K17", "too-few-descriptors", RULE_ERROR, RULE_FILE, "silent",
	  "Each client takes two descriptors, and each pipe for splicing two more.  `haproxy -c` does "
	  "not count them; the start then fails with \"Cannot raise FD limit\".",
	  "A higher limit (LimitNOFILE= of the unit), no `ulimit-n`, or a smaller maxconn.",
	  look_descriptors, fix_descriptors },
	{ "K18", "frontend-above-global", RULE_WARNING, RULE_FILE, "silent",
	  "At the process's maxconn HAProxy stops accepting on every frontend, the statistics page "
	  "too: clients hang in the kernel's queue until their own timeout and nothing is logged.",
	  "A global maxconn above the sum of the frontends'.", look_frontends, fix_frontends },
};

const struct rule_group limit_rules = { rules, ARRAY_LEN(rules) };
