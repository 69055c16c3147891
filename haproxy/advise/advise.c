#include "advise/inside.h"

#include "util/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool advise_read(struct advise_file *file, struct cfg *cfg, const char *backend)
{
	struct cfg_table table;

	*file = (struct advise_file){ .cfg = cfg };
	file->backend = cfg_section(cfg, CFG_BACKEND, backend);
	if (file->backend == NULL)
		return false;
	file->frontend = kind_frontend(cfg, file->backend);
	file->kind = kind_find(file->backend, file->frontend);
	file->has_table = cfg_table(file->backend, &table);
	return true;
}

enum balancer_kind advise_balance(const struct advise_file *file)
{
	const char *balance = cfg_balance(file->backend, NULL);

	if (balance != NULL && strcmp(balance, "leastconn") == 0)
		return BALANCER_LEASTCONN;
	if (balance != NULL && strncmp(balance, "random", 6) == 0)
		return BALANCER_RANDOM;
	return BALANCER_ROUNDROBIN;
}

char *advise_text(const char *fmt, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	assert(n >= 0);
	(void)n;
	return text;
}

char *advise_time(int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = { { 3600000, "h" }, { 60000, "m" }, { 1000, "s" } };

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (ms >= units[i].ms && ms % units[i].ms == 0)
			return advise_text("%" PRId64 "%s", ms / units[i].ms, units[i].name);
	return advise_text("%" PRId64 "ms", ms);
}

void advise_say(struct advisor *a, const char *matter, char *now, char *better, bool is_edited,
		char *why)
{
	struct advised *out = a->out;

	out->list = mem_realloc(out->list, (out->count + 1) * sizeof *out->list);
	out->list[out->count++] = (struct advice){ matter, now, better, why, is_edited };
}

struct advised advise(struct advise_file *file, const struct facts *facts)
{
	struct advised out = { 0 };
	struct advisor a = { file, facts, &out };

	changes_init(&out.edits, file->cfg);
	advise_stickiness(&a);
	if (file->has_table) {
		advise_size(&a);
		advise_expiry(&a);
		advise_peers(&a);
	}
	advise_timeouts(&a);
	advise_redispatch(&a);
	advise_maxconn(&a);
	advise_source_limit(&a);
	return out;
}

void advised_free(struct advised *a)
{
	for (size_t i = 0; i < a->count; i++) {
		free(a->list[i].now);
		free(a->list[i].better);
		free(a->list[i].why);
	}
	free(a->list);
	changes_deinit(&a->edits);
	*a = (struct advised){ 0 };
}

size_t advised_changes(const struct advised *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		n += a->list[i].better != NULL;
	return n;
}
