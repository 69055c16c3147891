#include "live/balancer.h"

#include "util/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ONLY "haproxy"

void balancers_init(struct balancers *all, int timeout_ms)
{
	*all = (struct balancers){ .timeout_ms = timeout_ms };
}

void balancers_deinit(struct balancers *all)
{
	for (size_t i = 0; i < all->count; i++) {
		free(all->list[i].name);
		free(all->list[i].stats);
		free(all->list[i].master);
		free(all->list[i].config);
	}
	free(all->list);
	*all = (struct balancers){ 0 };
}

struct balancer *balancers_find(const struct balancers *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->list[i].name, name) == 0)
			return &all->list[i];
	return NULL;
}

static struct balancer *find_or_add(struct balancers *all, const char *name)
{
	struct balancer *b = balancers_find(all, name);

	if (b != NULL)
		return b;
	all->list = mem_realloc(all->list, (all->count + 1) * sizeof *all->list);
	b = &all->list[all->count++];
	*b = (struct balancer){ .name = mem_strdup(name) };
	return b;
}

static char **part_of(struct balancer *b, enum balancer_part what)
{
	switch (what) {
	case BALANCER_STATS:
		return &b->stats;
	case BALANCER_MASTER:
		return &b->master;
	default:
		return &b->config;
	}
}

/* A name stands before the first '=' unless a path has begun there. */
const char *balancers_add(struct balancers *all, enum balancer_part what, const char *text)
{
	const char *equals = strchr(text, '='), *slash = strchr(text, '/');
	bool is_named = equals != NULL && (slash == NULL || equals < slash);
	char *name = is_named ? mem_strndup(text, (size_t)(equals - text)) : mem_strdup(ONLY);
	const char *value = is_named ? equals + 1 : text;
	const char *mistake = NULL;
	char **part;

	if (name[0] == '\0' || value[0] == '\0') {
		mistake = "must be NAME=VALUE, or a value alone for the only load balancer";
	} else {
		part = part_of(find_or_add(all, name), what);
		if (*part != NULL)
			mistake = "told twice for the same load balancer: give each a name, "
				  "NAME=VALUE";
		else
			*part = mem_strdup(value);
	}
	free(name);
	return mistake;
}

static void put_name(const struct balancer *b, char why[RUNTIME_WHY_MAX])
{
	char copy[RUNTIME_WHY_MAX];

	memcpy(copy, why, sizeof copy);
	snprintf(why, RUNTIME_WHY_MAX, "%.60s: %.440s", b->name, copy);
}

/* The socket to ask a worker on; *prefix goes in front of each command.  NULL and why. */
static const char *way_to(const struct balancer *b, int64_t worker, char prefix[32],
			  char why[RUNTIME_WHY_MAX])
{
	prefix[0] = '\0';
	if (worker == WORKER_CURRENT && b->stats != NULL)
		return b->stats;
	if (b->master == NULL) {
		snprintf(why, RUNTIME_WHY_MAX,
			 worker == WORKER_CURRENT ? "neither stats socket nor master socket known"
						  : "old workers answer on the master socket only, "
						    "which is not known");
		return NULL;
	}
	if (worker == WORKER_CURRENT)
		snprintf(prefix, 32, "@1 ");
	else
		snprintf(prefix, 32, "@!%lld ", (long long)worker);
	return b->master;
}

/* A prefix counts for one command: put it in front of each that an unescaped ';' divides. */
static char *with_prefix(const char *prefix, const char *command)
{
	size_t size = strlen(prefix), commands = 1, out = 0;
	char *text;

	for (const char *p = command; *p != '\0'; p++)
		commands += *p == ';';
	text = mem_alloc(strlen(command) + commands * size + 1);
	memcpy(text, prefix, size);
	out = size;
	for (const char *p = command; *p != '\0'; p++) {
		text[out++] = *p;
		if (*p == '\\' && p[1] != '\0') {
			text[out++] = *++p;
		} else if (*p == ';') {
			memcpy(text + out, prefix, size);
			out += size;
		}
	}
	text[out] = '\0';
	return text;
}

typedef char *(*asking)(const char *socket, const char *command, int timeout_ms, char *why);

static char *ask_to_do(const char *socket, const char *command, int timeout_ms, char *why)
{
	return runtime_do(socket, command, timeout_ms, why) ? mem_strdup("") : NULL;
}

static char *ask(const struct balancers *all, const struct balancer *b, int64_t worker,
		 const char *command, asking how, char why[RUNTIME_WHY_MAX])
{
	char prefix[32], *full, *answer = NULL;
	const char *socket = way_to(b, worker, prefix, why);

	if (socket != NULL) {
		full = with_prefix(prefix, command);
		answer = how(socket, full, all->timeout_ms, why);
		free(full);
	}
	if (answer == NULL)
		put_name(b, why);
	return answer;
}

char *balancer_ask(const struct balancers *all, const struct balancer *b, int64_t worker,
		   const char *command, char why[RUNTIME_WHY_MAX])
{
	return ask(all, b, worker, command, runtime_ask, why);
}

bool balancer_do(const struct balancers *all, const struct balancer *b, int64_t worker,
		 const char *command, char why[RUNTIME_WHY_MAX])
{
	char *done = ask(all, b, worker, command, ask_to_do, why);
	bool is_done = done != NULL;

	free(done);
	return is_done;
}

char *balancer_ask_master(const struct balancers *all, const struct balancer *b,
			  const char *command, char why[RUNTIME_WHY_MAX])
{
	char *answer = NULL;

	if (b->master == NULL)
		snprintf(why, RUNTIME_WHY_MAX, "its master socket is not known");
	else
		answer = runtime_ask(b->master, command, all->timeout_ms, why);
	if (answer == NULL)
		put_name(b, why);
	return answer;
}

bool balancer_processes(const struct balancers *all, const struct balancer *b,
			struct processes *processes, char why[RUNTIME_WHY_MAX])
{
	char *text;

	*processes = (struct processes){ .master_pid = -1, .reloads = -1, .failed = -1 };
	if (b->master == NULL)
		return true;
	text = balancer_ask_master(all, b, "show proc", why);
	if (text == NULL)
		return false;
	*processes = show_proc_parse(text);
	free(text);
	if (processes->master_pid >= 0)
		return true;
	snprintf(why, RUNTIME_WHY_MAX, "%.60s: %.200s: this is not a master's socket", b->name,
		 b->master);
	show_proc_free(processes);
	return false;
}
