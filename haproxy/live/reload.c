#include "live/reload.h"

#include "util/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEP_MS = 50 };

static void pause_a_step(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = STEP_MS * 1000000 }, NULL);
}

/* --- the reload --------------------------------------------------------------- */

/* 3.x says how it went; before that nothing comes, and the answer may be cut off. */
static bool says_failed(const char *answer, char why[RUNTIME_WHY_MAX])
{
	if (answer == NULL || strstr(answer, "Success=0") == NULL)
		return false;
	snprintf(why, RUNTIME_WHY_MAX, "%s", answer);
	return true;
}

/* RELOAD_UNKNOWN: not yet. */
static enum reload_outcome outcome_of(const struct processes *before, const struct processes *now)
{
	int64_t old = show_proc_current(before), new = show_proc_current(now);

	if (now->reloads <= before->reloads && new == old)
		return RELOAD_UNKNOWN;
	if (now->failed > 0)
		return RELOAD_FAILED;
	return new >= 0 && new != old ? RELOAD_DONE : RELOAD_UNKNOWN;
}

static enum reload_outcome watch(const struct balancers *all, const struct balancer *b,
				 const struct processes *before, int patience_ms,
				 struct reloaded *reloaded, char why[RUNTIME_WHY_MAX])
{
	int64_t end = clock_ms() + patience_ms;
	enum reload_outcome outcome = RELOAD_UNKNOWN;

	while (outcome == RELOAD_UNKNOWN && clock_ms() < end) {
		struct processes now;

		if (balancer_processes(all, b, &now, why)) {
			outcome = outcome_of(before, &now);
			reloaded->after = show_proc_current(&now);
			show_proc_free(&now);
		}
		if (outcome == RELOAD_UNKNOWN)
			pause_a_step();
	}
	return outcome;
}

enum reload_outcome reload_worker(const struct balancers *all, const struct balancer *b,
				  int patience_ms, struct reloaded *reloaded,
				  char why[RUNTIME_WHY_MAX])
{
	enum reload_outcome outcome;
	struct processes before;
	char *answer;

	*reloaded = (struct reloaded){ -1, -1 };
	if (b->master == NULL) {
		snprintf(
			why, RUNTIME_WHY_MAX,
			"%.60s: a reload goes through the master's socket (haproxy -W -S), which is not "
			"known: name it with --master-socket",
			b->name);
		return RELOAD_UNKNOWN;
	}
	if (!balancer_processes(all, b, &before, why))
		return RELOAD_UNKNOWN;
	reloaded->before = show_proc_current(&before);
	answer = balancer_ask_master(all, b, "reload", why);
	outcome = says_failed(answer, why) ? RELOAD_FAILED
					   : watch(all, b, &before, patience_ms, reloaded, why);
	if (outcome == RELOAD_FAILED && (answer == NULL || strstr(answer, "Success=0") == NULL))
		snprintf(
			why, RUNTIME_WHY_MAX,
			"%.60s: the new worker did not start (show proc: failed); HAProxy's log says why. "
			"Worker %" PRId64 " serves on",
			b->name, reloaded->before);
	else if (outcome == RELOAD_UNKNOWN)
		snprintf(why, RUNTIME_WHY_MAX, "%.60s: no new worker within %d ms", b->name,
			 patience_ms);
	free(answer);
	show_proc_free(&before);
	return outcome;
}

/* --- peers -------------------------------------------------------------------- */

bool reload_wait_for_peers(const struct balancers *all, const struct balancer *b, int patience_ms,
			   char why[RUNTIME_WHY_MAX])
{
	int64_t end = clock_ms() + patience_ms;

	do {
		char *text = balancer_ask(all, b, WORKER_CURRENT, "show peers", why);
		struct peers peers;
		bool in_sync;

		if (text == NULL)
			return false;
		peers = show_peers_parse(text);
		in_sync = show_peers_in_sync(&peers);
		show_peers_free(&peers);
		free(text);
		if (in_sync)
			return true;
		pause_a_step();
	} while (clock_ms() < end);
	snprintf(
		why, RUNTIME_WHY_MAX,
		"%.60s: its peers are not in sync after %d ms: a reload now would lose the stick-tables",
		b->name, patience_ms);
	return false;
}
