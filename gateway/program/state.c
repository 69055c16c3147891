#include "program/inside.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

/* A letter to the main loop, which frees it. */
struct call_letter {
	struct letter letter;
	void (*call)(struct program *p);
};

static void deliver_call(struct letter *letter, void *owner)
{
	struct call_letter *l = CONTAINER_OF(letter, struct call_letter, letter);

	l->call(owner);
	free(l);
}

void program_post(struct program *p, void (*call)(struct program *p))
{
	struct call_letter *l = mem_zalloc(sizeof *l);

	l->letter.deliver = deliver_call;
	l->call = call;
	mailbox_post(&p->mailbox, &l->letter);
}

enum { OF_LATE_MS = 10000 };

enum serving program_serving(const struct program *p, const char **why)
{
	struct serving_facts f = { .silent_ms = topology_silent_ms(p->shared.topology) };

	for (int i = 0; i < p->worker_count; i++) {
		int64_t ms = ports_cut_off_ms(p->workers[i], OF_LATE_MS);

		f.no_files |= ports_lack_files(p->workers[i]);
		if (ms > f.cut_off_ms)
			f.cut_off_ms = ms;
	}
	return serving_of(&f, why);
}

bool program_names_nodes(const struct program *p)
{
	for (size_t i = 0; p->first->cluster_id != NULL && i < p->listener_count; i++) {
		const struct listener *l = config_listener(p->first, i);

		if (l->internal_load_balancing && l->advertised_mode == ADVERTISE_PORTS)
			return true;
	}
	return false;
}

void program_fail(struct program *p, const char *why)
{
	log_error("who=main err=\"%s\"", why);
	p->exit_status = 1;
	ev_break(p->loop, EVBREAK_ALL);
}

void program_count(const struct program *p, struct stats *all)
{
	memset(all, 0, sizeof *all);
	for (int i = 0; i < p->worker_count; i++)
		stats_sum(all, worker_stats(p->workers[i]));
}

int64_t program_clients(const struct program *p)
{
	struct stats all;

	program_count(p, &all);
	return (int64_t)stats_open(&all, STAT_CLIENTS_ACCEPTED, STAT_CLIENTS_CLOSED);
}
