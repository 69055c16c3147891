/* Whether any other node serves clients, asked of them by HTTP while this one can't: what the nodes
 * tell each other elsewhere goes by Kafka, which may be what is missing.  One that does not answer
 * is no help to anybody; when none answers, this node is the one that is cut off.
 * A thread of its own asks, and sleeps while the node serves. */
#include "http/client.h"
#include "loop/thread.h"
#include "program/inside.h"
#include "util/clock.h"
#include "util/mem.h"

#include <stdlib.h>

enum {
	EVERY_MS = 500,
	ANSWER_MS = 700,
	ASKED_MAX = 8, /* in a round: one that serves is enough */
};

struct peers {
	struct program *program;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_ending;
	unsigned round; /* where the next one begins */
	atomic_bool none_serves;
};

enum answer { SILENT, SERVING, UNABLE };

static enum answer ask_one(const struct peers *a, const char *http)
{
	const struct http_extra extra = { .token = a->program->first->metrics_token,
					  .ca = a->program->first->http_ssl_ca };
	char base[300], why[HTTP_CLIENT_WHY_MAX];
	enum answer answer = SILENT;
	json_t *health;
	const json_t *serves;

	http_base(base, sizeof base, http);
	health = http_get_json(base, "/health", &extra, ANSWER_MS, why);
	serves = json_object_get(health, "serves");
	if (json_is_boolean(serves))
		answer = json_is_true(serves) ? SERVING : UNABLE;
	json_decref(health);
	return answer;
}

static bool ask_all(struct peers *a)
{
	const struct cluster_view *v = cluster_view_get(a->program->shared.cluster);
	size_t unable = 0, asked = 0;
	enum answer answer = SILENT;

	for (size_t i = 0; i < v->member_count && asked < ASKED_MAX && answer != SERVING; i++) {
		const struct cluster_member *m = &v->members[(i + a->round) % v->member_count];

		if (m->is_self || m->is_draining || m->http == NULL ||
		    m->trust != MEMBER_BELIEVED || !member_shares_clients(&v->members[v->self], m))
			continue;
		asked++;
		answer = ask_one(a, m->http);
		unable += answer == UNABLE;
	}
	a->round++;
	cluster_view_unref(v);
	return answer != SERVING && unable > 0;
}

/* False: it ends. */
static bool rest(struct peers *a)
{
	struct timespec until = clock_after(EVERY_MS);
	bool goes_on;

	pthread_mutex_lock(&a->lock);
	if (!a->is_ending)
		pthread_cond_clockwait(&a->wake, &a->lock, CLOCK_MONOTONIC, &until);
	goes_on = !a->is_ending;
	pthread_mutex_unlock(&a->lock);
	return goes_on;
}

static void *run(void *arg)
{
	struct peers *a = arg;
	const char *why;

	while (rest(a))
		atomic_store(&a->none_serves,
			     program_serving(a->program, &why) != SERVES && ask_all(a));
	return NULL;
}

bool peers_none_serves(struct peers *a)
{
	return a != NULL && atomic_load(&a->none_serves);
}

bool program_is_unable(const struct program *p, const char **why)
{
	return program_serving(p, why) == CANNOT && !peers_none_serves(p->peers);
}

struct peers *peers_new(struct program *p)
{
	struct peers *a;

	if (p->first->cluster_id == NULL)
		return NULL;
	a = mem_zalloc(sizeof *a);
	a->program = p;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->wake, NULL);
	thread_start(&a->thread, "peers", run, a);
	return a;
}

void peers_free(struct peers *a)
{
	if (a == NULL)
		return;
	pthread_mutex_lock(&a->lock);
	a->is_ending = true;
	pthread_cond_signal(&a->wake);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->wake);
	pthread_mutex_destroy(&a->lock);
	free(a);
}
