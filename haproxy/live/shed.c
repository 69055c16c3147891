#include "live/shed.h"

#include "live/show_process.h"
#include "live/show_sess.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MS = 3000 }; /* a session that was told to end and is still there is told again */

void shed_init(struct shed *s, const struct balancers *all, const struct shed_place *places,
	       size_t count, const char *server, int64_t quiet_ms, int64_t apart_ms)
{
	*s = (struct shed){
		.all = all,
		.places = places,
		.place_count = count,
		.server = server,
		.quiet_ms = quiet_ms,
		.apart_ms = apart_ms,
	};
}

static void session_deinit(struct shed_session *session)
{
	free(session->id);
	free(session->source);
}

void shed_deinit(struct shed *s)
{
	for (size_t i = 0; i < s->count; i++)
		session_deinit(&s->list[i]);
	for (size_t i = 0; i < s->client_count; i++)
		free(s->clients[i].host);
	free(s->list);
	free(s->clients);
	s->list = NULL;
	s->clients = NULL;
	s->count = s->client_count = 0;
}

/* --- looking --- */

static bool is_of_server(const struct shed *s, size_t place, const struct session *session)
{
	return strcmp(session->server, s->server) == 0 &&
	       strcmp(session->backend, s->places[place].backend) == 0;
}

static bool is_same(const struct shed_session *k, size_t place, int64_t worker,
		    const struct session *session)
{
	return k->place == place && k->worker == worker && strcmp(k->id, session->id) == 0 &&
	       strcmp(k->source, session->source) == 0;
}

/* The same session at an earlier look, among the first `count`, or NULL.  HAProxy tells them in
 * the same order again: *at is behind the one that was found last. */
static struct shed_session *known(const struct shed *s, size_t count, size_t *at, size_t place,
				  int64_t worker, const struct session *session)
{
	for (size_t i = 0; i < count; i++) {
		size_t here = (*at + i) % count;

		if (is_same(&s->list[here], place, worker, session)) {
			*at = here + 1;
			return &s->list[here];
		}
	}
	return NULL;
}

/* Of "10.0.0.9:41234". */
static size_t client_of(struct shed *s, const char *source)
{
	const char *colon = strrchr(source, ':');
	size_t n = colon != NULL ? (size_t)(colon - source) : strlen(source);

	for (size_t i = 0; i < s->client_count; i++)
		if (strncmp(s->clients[i].host, source, n) == 0 && s->clients[i].host[n] == '\0')
			return i;
	s->clients = mem_realloc(s->clients, (s->client_count + 1) * sizeof *s->clients);
	s->clients[s->client_count] = (struct shed_client){ .host = mem_strndup(source, n) };
	return s->client_count++;
}

static struct shed_session *add(struct shed *s, size_t place, int64_t worker,
				const struct session *session, int64_t now_ms)
{
	struct shed_session *k;

	s->list = mem_realloc(s->list, (s->count + 1) * sizeof *s->list);
	k = &s->list[s->count++];
	*k = (struct shed_session){
		.place = place,
		.worker = worker,
		.client = client_of(s, session->source),
		.port = session->port,
		.id = mem_strdup(session->id),
		.source = mem_strdup(session->source),
		.bytes_in = session->bytes_in,
		.bytes_out = session->bytes_out,
		.in_ms = now_ms,
		.out_ms = now_ms,
	};
	return k;
}

static void update(struct shed_session *k, const struct session *session, int64_t now_ms)
{
	if (k->bytes_in != session->bytes_in)
		k->in_ms = now_ms;
	if (k->bytes_out != session->bytes_out)
		k->out_ms = now_ms;
	k->bytes_in = session->bytes_in;
	k->bytes_out = session->bytes_out;
	k->buffered = session->buffered;
	k->has_totals = session->has_totals;
	k->age = session->age;
	k->is_seen = true;
}

void shed_begin(struct shed *s)
{
	for (size_t i = 0; i < s->count; i++)
		s->list[i].is_seen = false;
}

void shed_read(struct shed *s, size_t place, int64_t worker, const char *text, int64_t now_ms)
{
	struct sessions all = show_sess_parse(text);
	size_t before = s->count, at = 0;

	for (size_t i = 0; i < all.count; i++) {
		struct shed_session *k;

		if (!is_of_server(s, place, &all.list[i]))
			continue;
		k = known(s, before, &at, place, worker, &all.list[i]);
		if (k == NULL)
			k = add(s, place, worker, &all.list[i], now_ms);
		update(k, &all.list[i], now_ms);
	}
	show_sess_free(&all);
}

void shed_finish(struct shed *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (s->list[i].is_seen)
			s->list[kept++] = s->list[i];
		else
			session_deinit(&s->list[i]);
	}
	s->count = kept;
}

static bool look_at_worker(struct shed *s, size_t place, int64_t worker, int64_t now_ms,
			   char why[RUNTIME_WHY_MAX])
{
	char *text = balancer_ask(s->all, s->places[place].balancer, worker, "show sess all", why);

	if (text == NULL)
		return false;
	shed_read(s, place, worker, text, now_ms);
	free(text);
	return true;
}

static bool look_at_place(struct shed *s, size_t place, int64_t now_ms, char why[RUNTIME_WHY_MAX])
{
	struct processes processes;
	bool good;

	if (!balancer_processes(s->all, s->places[place].balancer, &processes, why))
		return false;
	good = look_at_worker(s, place, WORKER_CURRENT, now_ms, why);
	for (size_t i = 0; good && i < processes.count; i++)
		if (processes.workers[i].is_old)
			good = look_at_worker(s, place, processes.workers[i].pid, now_ms, why);
	show_proc_free(&processes);
	return good;
}

bool shed_look(struct shed *s, int64_t now_ms, char why[RUNTIME_WHY_MAX])
{
	shed_begin(s);
	for (size_t i = 0; i < s->place_count; i++)
		if (!look_at_place(s, i, now_ms, why))
			return false;
	shed_finish(s);
	return true;
}

/* --- picking --- */

static int64_t last_moved(const struct shed_session *session)
{
	return session->in_ms > session->out_ms ? session->in_ms : session->out_ms;
}

bool shed_is_quiet(const struct shed *s, const struct shed_session *session, int64_t now_ms)
{
	return session->has_totals && session->buffered == 0 &&
	       now_ms - last_moved(session) >= s->quiet_ms;
}

/* Smaller goes first. */
static int rank(const struct shed *s, const struct shed_session *session, int64_t now_ms)
{
	if (!shed_is_quiet(s, session, now_ms))
		return 2;
	return session->in_ms > session->out_ms;
}

static bool goes_before(const struct shed *s, const struct shed_session *a,
			const struct shed_session *b, int64_t now_ms)
{
	int of_a = rank(s, a, now_ms), of_b = rank(s, b, now_ms);

	return of_a != of_b ? of_a < of_b : last_moved(a) < last_moved(b);
}

/* Whether its client has lost nothing just now, or only connections to the same port. */
static bool may_go(const struct shed *s, const struct shed_session *session, int64_t now_ms)
{
	const struct shed_client *c = &s->clients[session->client];

	return c->ended_ms == 0 || c->port == session->port || now_ms - c->ended_ms >= s->apart_ms;
}

struct shed_session *shed_pick(const struct shed *s, int64_t now_ms, bool force)
{
	struct shed_session *best = NULL;

	for (size_t i = 0; i < s->count; i++) {
		struct shed_session *k = &s->list[i];

		if (!k->is_seen || (k->ended_ms != 0 && now_ms - k->ended_ms < AGAIN_MS))
			continue;
		if (!may_go(s, k, now_ms) || (!force && !shed_is_quiet(s, k, now_ms)))
			continue;
		if (best == NULL || goes_before(s, k, best, now_ms))
			best = k;
	}
	return best;
}

/* --- ending --- */

/* What has become of it since the look. */
static enum shed_result compare(const struct shed *s, struct shed_session *session,
				const char *text, bool force, int64_t now_ms)
{
	struct sessions now = show_sess_parse(text);
	enum shed_result result = SHED_GONE;

	if (now.count > 0 && strcmp(now.list[0].source, session->source) == 0 &&
	    is_of_server(s, session->place, &now.list[0])) {
		update(session, &now.list[0], now_ms);
		result = force || shed_is_quiet(s, session, now_ms) ? SHED_ENDED : SHED_MOVED;
	}
	show_sess_free(&now);
	return result;
}

void shed_note_end(struct shed *s, struct shed_session *session, int64_t now_ms)
{
	struct shed_client *c = &s->clients[session->client];

	session->ended_ms = c->ended_ms = now_ms;
	c->port = session->port;
}

enum shed_result shed_end(struct shed *s, struct shed_session *session, int64_t now_ms, bool force,
			  char why[RUNTIME_WHY_MAX])
{
	const struct balancer *b = s->places[session->place].balancer;
	enum shed_result result;
	char command[80], *text;

	snprintf(command, sizeof command, "show sess %.40s", session->id);
	text = balancer_ask(s->all, b, session->worker, command, why);
	if (text == NULL)
		return SHED_FAILED;
	result = compare(s, session, text, force, now_ms);
	free(text);
	if (result != SHED_ENDED)
		return result;
	snprintf(command, sizeof command, "shutdown session %.40s", session->id);
	if (!balancer_do(s->all, b, session->worker, command, why))
		return SHED_FAILED;
	shed_note_end(s, session, now_ms);
	return SHED_ENDED;
}

struct shed_counts shed_count(const struct shed *s, int64_t now_ms)
{
	struct shed_counts counts = { .left = s->count };

	for (size_t i = 0; i < s->count; i++) {
		counts.old += s->list[i].worker != WORKER_CURRENT;
		counts.moving += !shed_is_quiet(s, &s->list[i], now_ms);
	}
	return counts;
}
