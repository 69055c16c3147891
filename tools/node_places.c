#include "node_places.h"

#include "cli.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

bool node_places_find(struct node_places *p, const struct balancers *all, const char *backend,
		      const char *node)
{
	*p = (struct node_places){ .node = node, .seen = observe_servers(all, backend) };
	p->list = mem_zalloc((p->seen.count + 1) * sizeof *p->list);
	for (size_t i = 0; i < p->seen.count; i++) {
		const struct observed_balancer *o = &p->seen.list[i];

		if (o->why[0] != '\0')
			return cli_fail("%s", o->why) == EXIT_DONE;
		if (observe_find(o, node) == NULL)
			return cli_fail("%s: backend %s has no server %s", o->balancer->name,
					o->backend, node) == EXIT_DONE;
		p->list[p->count++] = (struct shed_place){ o->balancer, o->backend };
	}
	return true;
}

void node_places_free(struct node_places *p)
{
	free(p->list);
	observe_free(&p->seen);
}

bool node_places_set(const struct node_places *p, const struct balancers *all, size_t n,
		     const char *state)
{
	char command[RUNTIME_COMMAND_MAX], why[RUNTIME_WHY_MAX];

	snprintf(command, sizeof command, "set server %s/%s state %s", p->list[n].backend, p->node,
		 state);
	if (balancer_do(all, p->list[n].balancer, WORKER_CURRENT, command, why))
		return true;
	cli_fail("%s", why);
	return false;
}

bool node_places_look(const struct node_places *p, const struct balancers *all, size_t n,
		      struct stat_rows *rows, const struct stat_row **row,
		      char why[RUNTIME_WHY_MAX])
{
	char *text = balancer_ask(all, p->list[n].balancer, WORKER_CURRENT, "show stat", why);

	*rows = (struct stat_rows){ 0 };
	*row = NULL;
	if (text == NULL)
		return false;
	*rows = show_stat_parse(text);
	free(text);
	for (size_t i = 0; i < rows->count; i++)
		if (rows->rows[i].type == STAT_SERVER &&
		    strcmp(rows->rows[i].proxy, p->list[n].backend) == 0 &&
		    strcmp(rows->rows[i].server, p->node) == 0)
			*row = &rows->rows[i];
	if (*row == NULL)
		snprintf(why, RUNTIME_WHY_MAX, "%s: %s is gone", p->list[n].balancer->name,
			 p->node);
	return *row != NULL;
}
