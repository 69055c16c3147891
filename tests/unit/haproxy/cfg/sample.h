/* sample.h - configurations for the unit tests of haproxy/cfg/ and what is built on it. */
#ifndef TESTS_UNIT_HAPROXY_CFG_SAMPLE_H
#define TESTS_UNIT_HAPROXY_CFG_SAMPLE_H

#include "cfg/cfg.h"

#include <stdlib.h>
#include <string.h>

static inline struct cfg *sample(const char *text)
{
	struct cfg *cfg = cfg_new();

	cfg_parse(cfg, "t.cfg", text, strlen(text));
	return cfg;
}

/* The first file as printed.  Caller frees. */
static inline char *printed(const struct cfg *cfg)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cfg_print(cfg, 0, out);
	fclose(out);
	return text;
}

#endif
