#include "advise/inside.h"

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
