/* haproxy_rules.c - any bytes as a haproxy.cfg: judged, mended and compared without harm.  What is
 * mended can be read again, and differs from itself in nothing. */
#include "cfg/diff.h"
#include "rules/rules.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cfg *printed(const struct cfg *cfg)
{
	struct cfg *again = cfg_new();
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	cfg_print(cfg, 0, out);
	fclose(out);
	cfg_parse(again, "mended", text, length);
	free(text);
	return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cfg *original = cfg_new(), *cfg = cfg_new(), *again;
	const struct rule_facts facts = { .descriptors = 1000, .version = { 3, 0, 11 } };
	struct findings findings = { 0 };
	struct diff d;

	cfg_parse(original, "fuzz", (const char *)data, size);
	cfg_parse(cfg, "fuzz", (const char *)data, size);
	rules_check(cfg, &facts, &findings);
	findings_deinit(&findings);
	if (cfg->mistake_count == 0) {
		rules_fix(cfg, &facts);
		again = printed(cfg);
		assert(again->mistake_count == 0);
		d = diff_make(cfg, again, &VERSION_OLDEST);
		assert(d.count == 0);
		diff_free(&d);
		d = diff_make(original, again, &VERSION_OLDEST);
		diff_free(&d);
		cfg_free(again);
	}
	cfg_free(cfg);
	cfg_free(original);
	return 0;
}
