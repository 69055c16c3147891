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

/* From 2.7 on HAProxy says how it went; before that nothing comes, and the answer may be cut off. */
static bool says_failed(const char *answer)
{
	return answer != NULL && strstr(answer, "Success=0") != NULL;
}

/* The first alert behind "Success=0": "[ALERT]    (123) : what is wrong".  NULL: there is none. */
static const char *alert_of(const char *answer, int *length)
{
	const char *at = answer != NULL ? strstr(answer, "[ALERT]") : NULL;
	const char *what = at != NULL ? strstr(at, " : ") : NULL;

	if (what == NULL || what > at + strcspn(at, "\n"))
		return NULL;
	what += 3;
	if (strncmp(what, "config : ", 9) == 0)
		what += 9;
	*length = (int)strcspn(what, "\n");
	return what;
}

static void say_failed(const struct balancer *b, int64_t worker, const char *answer,
		       char why[RUNTIME_WHY_MAX])
{
	int length = 0;
	const char *alert = alert_of(answer, &length);

	if (alert != NULL)
		snprintf(why, RUNTIME_WHY_MAX,
			 "%.60s: the new worker did not start, and says \"%.*s\"; worker %" PRId64
			 " serves on",
			 b->name, length < 300 ? length : 300, alert, worker);
	else
		snprintf(
			why, RUNTIME_WHY_MAX,
			"%.60s: the new worker did not start (show proc: failed); HAProxy's log says why. "
			"Worker %" PRId64 " serves on",
			b->name, worker);
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
	outcome = says_failed(answer) ? RELOAD_FAILED
				      : watch(all, b, &before, patience_ms, reloaded, why);
	if (outcome == RELOAD_FAILED)
		say_failed(b, reloaded->before, answer, why);
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
