#include "plan/consistency.h"

#include "plan/consistency_parts.h"

#include <stdlib.h>
#include <string.h>

enum { PORT_HIGHEST = 65535 };

static void check_count(const struct haproxy_plan *plan, struct findings *f)
{
	if (plan->name != NULL)
		findings_refuse(f, "it has as many ports as the cluster needs, which HAProxy can't "
				   "ask for: say the last one too (ports = \"FIRST-LAST\")");
	else if (plan->has_config)
		findings_refuse(f, "gateway.port_count is 0: the nodes ask the cluster how many "
				   "ports they need, which HAProxy can't: give port_count in the "
				   "configuration, or the range with --listen HOST:FIRST-LAST");
	else
		findings_refuse(f, "the number of ports is not known: give the range with --listen "
				   "HOST:FIRST-LAST (FIRST-FIRST for one port), or a "
				   "configuration file with port_count");
}

static size_t check_one(const struct haproxy_plan *plan, FILE *out)
{
	struct findings f = { .out = out };

	consistency_words(plan, &f);
	consistency_nodes(plan, &f);
	consistency_front(plan, &f);
	consistency_keys(plan, &f);
	consistency_tls(plan, &f);
	consistency_times(plan, &f);
	if (plan->count_is_missing) {
		check_count(plan, &f);
		return f.refused;
	}
	if (plan->listen.last > PORT_HIGHEST) {
		findings_refuse(&f,
				"HAProxy's ports %d-%d go beyond 65535: begin lower or take fewer "
				"ports",
				plan->listen.first, plan->listen.last);
		return f.refused;
	}
	consistency_node_ports(plan, &f);
	consistency_front_ports(plan, &f);
	consistency_keys_ports(plan, &f);
	consistency_sizes_ports(plan, &f);
	return f.refused;
}

/* --- of several listeners ------------------------------------------------- */

/* What is said of a listener: a line each. */
struct said {
	char *text;
	size_t size;
	bool is_all; /* not without what is said of its ports */
};

static bool has_line(const struct said *said, const char *line, size_t length)
{
	for (const char *at = said->text; *at != '\0'; at += strcspn(at, "\n") + 1) {
		if (strcspn(at, "\n") == length && strncmp(at, line, length) == 0)
			return true;
	}
	return false;
}

static bool each_has(const struct said *all, size_t count, const char *line, size_t length)
{
	size_t whole = 0;

	for (size_t i = 0; i < count; i++) {
		if (all[i].is_all && !has_line(&all[i], line, length))
			return false;
		whole += all[i].is_all;
	}
	return whole > 0;
}

static bool one_has(const struct said *all, size_t count, const char *line, size_t length)
{
	for (size_t i = 0; i < count; i++) {
		if (has_line(&all[i], line, length))
			return true;
	}
	return false;
}

/* What is said of each listener alike is of HAProxy itself, and told once. */
static void tell(const struct said *all, size_t count, size_t which, const char *name, FILE *out)
{
	for (const char *at = all[which].text; *at != '\0';) {
		size_t length = strcspn(at, "\n"), kind = strcspn(at, " ") + 1;

		if (!each_has(all, count, at, length))
			fprintf(out, "%.*slistener %s: %.*s\n", (int)kind, at, name,
				(int)(length - kind), at + kind);
		else if (!one_has(all, which, at, length))
			fprintf(out, "%.*s\n", (int)length, at);
		at += length + 1;
	}
}

static size_t check_each(const struct haproxy_plan *first, FILE *out)
{
	struct said all[LISTENERS_MAX] = { 0 };
	const struct haproxy_plan *p = first;
	size_t count = 0, refused = 0;

	for (; p != NULL; p = p->next) {
		FILE *one = open_memstream(&all[count].text, &all[count].size);

		if (one == NULL)
			abort(); /* out of memory */
		all[count].is_all = !p->count_is_missing;
		refused += check_one(p, one);
		fclose(one);
		count++;
	}
	p = first;
	for (size_t i = 0; i < count; i++, p = p->next)
		tell(all, count, i, p->name, out);
	for (size_t i = 0; i < count; i++)
		free(all[i].text);
	return refused;
}

size_t consistency_check(const struct haproxy_plan *plan, FILE *out)
{
	struct findings f = { .out = out };

	if (plan->name == NULL)
		return check_one(plan, out);
	consistency_fronts(plan, &f);
	return f.refused + check_each(plan, out);
}
