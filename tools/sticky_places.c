#include "sticky_places.h"

#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

static bool is_seen_before(const struct observation *seen, size_t i)
{
	return i > 0 && seen->list[i - 1].balancer == seen->list[i].balancer;
}

static int find(struct sticky_places *p, const struct cli *cli)
{
	char why[RUNTIME_WHY_MAX];

	p->seen = observe_servers(&p->all, cli_get(cli, "backend"));
	p->list = mem_zalloc((p->seen.count + 1) * sizeof *p->list);
	for (size_t i = 0; i < p->seen.count; i++) {
		if (p->seen.list[i].why[0] != '\0')
			return cli_fail("%s", p->seen.list[i].why);
		if (cli_get(cli, "table") != NULL && is_seen_before(&p->seen, i))
			continue; /* the same table */
		if (!stick_find(&p->list[p->count], &p->all, &p->seen.list[i],
				cli_get(cli, "table"), why))
			return cli_fail("%s", why);
		p->count++;
	}
	return EXIT_DONE;
}

int sticky_places_find(struct sticky_places *p, const struct cli *cli)
{
	int status;

	memset(p, 0, sizeof *p);
	status = balancer_options_read(cli, &p->all);
	return status == EXIT_DONE ? find(p, cli) : status;
}

void sticky_places_free(struct sticky_places *p)
{
	free(p->list);
	observe_free(&p->seen);
	balancers_deinit(&p->all);
}

bool sticky_places_have(const struct sticky_places *p, const char *node)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct observed_balancer *o = p->list[i].seen;

		if (observe_find(o, node) == NULL)
			return cli_fail("%s: backend %s has no server %s", o->balancer->name,
					o->backend, node) == EXIT_DONE;
	}
	return true;
}

json_t *sticky_places_key(const char *key)
{
	json_t *value = json_string(key);
	char *copy;

	if (value != NULL)
		return value;
	copy = mem_strdup(key);
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	value = json_string(copy);
	free(copy);
	return value;
}
