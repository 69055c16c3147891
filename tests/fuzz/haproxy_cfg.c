/* haproxy_cfg.c - any bytes as a haproxy.cfg: printed as they were, and read without harm. */
#include "cfg/view.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(struct cfg_section *s)
{
	size_t n;
	struct cfg_table table;

	free(cfg_binds(s, &n));
	free(cfg_servers(s, &n));
	if (cfg_table(s, &table))
		cfg_table_stores(&table, "conn_cur");
	cfg_timeout(s, "client", NULL);
	cfg_balance_is_dynamic(s);
	cfg_has(s, "redispatch");
}

/* What is printed plain has the same words, unless there were mistakes. */
static void check_plain(const struct cfg *cfg)
{
	struct cfg *again = cfg_new();
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	cfg_print_plain(cfg, 0, out);
	fclose(out);
	cfg_parse(again, "plain", text, length);
	assert(again->mistake_count == 0 && again->line_count == cfg->line_count);
	for (size_t i = 0; i < cfg->line_count; i++) {
		const struct cfg_line *a = cfg->lines[i], *b = again->lines[i];

		assert(a->word_count == b->word_count && a->has_variable == b->has_variable);
		for (int w = 0; w < a->word_count; w++)
			assert(strcmp(a->words[w], b->words[w]) == 0);
	}
	free(text);
	cfg_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cfg *cfg = cfg_new();
	char *again = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&again, &length);

	cfg_parse(cfg, "fuzz", (const char *)data, size);
	cfg_print(cfg, 0, out);
	fclose(out);
	assert(length == size && memcmp(again, data, size) == 0);
	for (size_t i = 0; i < cfg->section_count; i++)
		look_at(cfg->sections[i]);
	if (cfg->mistake_count == 0)
		check_plain(cfg);
	free(again);
	cfg_free(cfg);
	return 0;
}
