/* What other threads ask the main loop for, and wait for. */
#include "program/inside.h"

#include "util/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATIENCE_S = 6 };

/* Belongs to both sides; who comes second frees it. */
struct ask {
	struct letter letter;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool is_done, is_given_up;
	/* an action */
	bool (*call)(struct program *p, int what, FILE *out);
	int what;
	bool good;
	char *text;
	/* a coordinator */
	enum coordinator_type type;
	char *key;
	int32_t broker;
};

static struct ask *ask_new(void (*deliver)(struct letter *, void *))
{
	struct ask *a = mem_zalloc(sizeof *a);

	a->letter.deliver = deliver;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->cond, NULL);
	return a;
}

static void ask_free(struct ask *a)
{
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->cond);
	free(a->text);
	free(a->key);
	free(a);
}

/* On the main loop. */
static void ask_done(struct ask *a)
{
	bool given_up;

	pthread_mutex_lock(&a->lock);
	a->is_done = true;
	given_up = a->is_given_up;
	pthread_cond_signal(&a->cond);
	pthread_mutex_unlock(&a->lock);
	if (given_up)
		ask_free(a);
}

/* Posts it and waits.  False: it is not ours any more. */
static bool ask_wait(struct program *p, struct ask *a)
{
	struct timespec until;
	bool done;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	mailbox_post(&p->mailbox, &a->letter);
	pthread_mutex_lock(&a->lock);
	while (!a->is_done && pthread_cond_timedwait(&a->cond, &a->lock, &until) == 0)
		;
	done = a->is_done;
	a->is_given_up = !done;
	pthread_mutex_unlock(&a->lock);
	return done;
}

static void deliver_call(struct letter *letter, void *owner)
{
	struct ask *a = CONTAINER_OF(letter, struct ask, letter);
	size_t size;
	FILE *out = open_memstream(&a->text, &size);

	a->good = a->call(owner, a->what, out);
	fclose(out);
	ask_done(a);
}

bool program_ask(struct program *p, bool (*call)(struct program *p, int what, FILE *out), int what,
		 char **text)
{
	struct ask *a = ask_new(deliver_call);
	bool good;

	a->call = call;
	a->what = what;
	if (!ask_wait(p, a)) {
		*text = mem_strdup("the node is too busy to answer");
		return false;
	}
	good = a->good;
	*text = a->text;
	a->text = NULL;
	ask_free(a);
	return good;
}

static void on_coordinator(void *owner, int32_t broker)
{
	struct ask *a = owner;

	a->broker = broker;
	ask_done(a);
}

static void deliver_coordinator(struct letter *letter, void *owner)
{
	struct ask *a = CONTAINER_OF(letter, struct ask, letter);
	struct program *p = owner;

	topology_ask_coordinator(p->node.topology, a->type, a->key, strlen(a->key), &p->mailbox,
				 on_coordinator, a);
}

int32_t program_ask_coordinator(struct program *p, enum coordinator_type type, const char *key)
{
	struct ask *a = ask_new(deliver_coordinator);
	int32_t broker;

	a->type = type;
	a->key = mem_strdup(key);
	if (!ask_wait(p, a))
		return NO_BROKER;
	broker = a->broker;
	ask_free(a);
	return broker;
}
