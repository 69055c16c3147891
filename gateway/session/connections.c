#include "session/connections.h"

#include "loop/survey.h"
#include "session/client.h"
#include "session/inside.h"
#include "session/principal.h"
#include "session/roll.h"
#include "upstream/upstream.h"
#include "util/mem.h"

#include <string.h>

enum {
	PATIENCE_S = 2,
	LISTED_AT_ONCE = 32, /* clients that a worker looks at in a turn of its loop */
};

struct gathering {
	struct survey survey;
	/* the question */
	char *client, *client_id;
	size_t limit;
	uint64_t close_id; /* the client that is to be closed; 0: clients are to be listed */
	/* the answer */
	struct connections found;
	bool was_closed;
};

static struct gathering *gathering_of(struct survey *a)
{
	return CONTAINER_OF(a, struct gathering, survey);
}

/* What one worker says to it: in slices, so that no client waits for those who are looked at. */
struct listing {
	struct letter letter; /* to the worker itself: the next slice */
	struct gathering *gathering;
	struct worker *worker;
	struct roll roll;
	struct connections found;
	size_t room;
};

/* --- on the worker's thread --- */

static char *software_of(const struct client *c)
{
	return c->hello.name == NULL ? NULL : mem_printf("%s %s", c->hello.name, c->hello.version);
}

static char *copy_of(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

static void keep_brokers(struct connection *to, const struct client *c)
{
	for (const struct upstream *u = c->upstreams; u != NULL; u = u->next)
		to->broker_count++;
	to->brokers = mem_alloc(to->broker_count * sizeof *to->brokers + 1);
	to->broker_count = 0;
	for (const struct upstream *u = c->upstreams; u != NULL; u = u->next)
		to->brokers[to->broker_count++] = u->broker;
}

_Static_assert(sizeof((struct connection *)0)->client == ADDRESS_TEXT, "address_text fills it");

static void describe(struct connection *to, const struct client *c)
{
	*to = (struct connection){
		.id = c->id,
		.client_id = copy_of(c->client_id),
		.software = software_of(c),
		.tls = c->came.tls.version,
		.server_name = copy_of(c->came.tls.server_name),
		.subject = copy_of(c->came.tls.subject),
		.subject_until = c->came.tls.subject_until,
		.principal = copy_of(principal_told(c)),
		.mechanism = copy_of(c->door.mechanism != NULL ? c->door.mechanism->name : NULL),
		.listener = (size_t)(c->came.entrance - c->worker->entrances),
		.port = c->came.port,
		.dialled = c->came.hint.broker,
		.dialled_by = hint_word(c->came.hint.by),
		.worker = c->worker->index,
		.age_ms = (int64_t)((client_now(c) - c->tenure.born) * 1e3),
		.idle_ms = (int64_t)((client_now(c) - c->tally.moved_at) * 1e3),
		.in_flight = c->out.in_flight,
		.is_draining = client_is_draining(c),
		.bytes_in = c->tally.in,
		.bytes_out = c->tally.out,
	};
	address_text(&c->came.peer, to->client);
	keep_brokers(to, c);
}

static bool has_address(const struct client *c, const char *begins)
{
	char address[ADDRESS_TEXT];

	address_text(&c->came.peer, address);
	return strncmp(address, begins, strlen(begins)) == 0;
}

static bool is_wanted(const struct gathering *g, const struct client *c)
{
	if (g->client != NULL && !has_address(c, g->client))
		return false;
	return g->client_id == NULL ||
	       (c->client_id != NULL && strcmp(c->client_id, g->client_id) == 0);
}

/* All clients that match are counted, and described as long as there is room. */
static void list_one(struct listing *l, const struct client *c)
{
	struct connections *found = &l->found;

	if (!is_wanted(l->gathering, c))
		return;
	if (found->matched++ >= l->gathering->limit)
		return;
	if (found->count == l->room) {
		l->room = l->room == 0 ? 16 : l->room * 2;
		found->list = mem_realloc(found->list, l->room * sizeof *found->list);
	}
	describe(&found->list[found->count++], c);
}

static bool close_one(struct worker *w, uint64_t id)
{
	for (struct client *c = w->clients; c != NULL; c = c->next) {
		if (c->id == id) {
			client_drain(c);
			return true;
		}
	}
	return false;
}

static void append(struct connections *to, const struct connections *from)
{
	to->matched += from->matched;
	if (from->count == 0)
		return;
	to->list = mem_realloc(to->list, (to->count + from->count) * sizeof *to->list);
	memcpy(to->list + to->count, from->list, from->count * sizeof *to->list);
	to->count += from->count;
}

static void end_listing(struct listing *l)
{
	struct survey *a = &l->gathering->survey;

	roll_end(l->worker, &l->roll);
	pthread_mutex_lock(&a->lock);
	append(&l->gathering->found, &l->found);
	pthread_mutex_unlock(&a->lock);
	free(l->found.list);
	free(l);
	survey_release(a);
}

/* One slice a turn, whoever asks; the others wait for theirs, in the order of their letters. */
static void list_some(struct listing *l)
{
	struct worker *w = l->worker;
	const struct client *c = NULL;

	if (w->listed_in != ev_iteration(w->loop)) {
		w->listed_in = ev_iteration(w->loop);
		for (int i = 0; i < LISTED_AT_ONCE && (c = roll_call(&l->roll)) != NULL; i++)
			list_one(l, c);
	}
	if (l->roll.at == NULL)
		end_listing(l);
	else
		mailbox_post(&w->mailbox, &l->letter);
}

static void deliver_listing(struct letter *letter, void *worker)
{
	(void)worker;
	list_some(CONTAINER_OF(letter, struct listing, letter));
}

static void begin_listing(struct gathering *g, struct worker *w)
{
	struct listing *l = mem_zalloc(sizeof *l);

	l->letter.deliver = deliver_listing;
	l->gathering = g;
	l->worker = w;
	roll_begin(w, &l->roll);
	list_some(l);
}

static void answer(struct survey *a, void *worker)
{
	struct gathering *g = gathering_of(a);
	bool was_closed;

	if (g->close_id == 0) {
		begin_listing(g, worker);
		return;
	}
	was_closed = close_one(worker, g->close_id);
	pthread_mutex_lock(&a->lock);
	g->was_closed |= was_closed;
	pthread_mutex_unlock(&a->lock);
	survey_release(a);
}

/* --- on the asker's --- */

static void gathering_free(struct survey *a)
{
	struct gathering *g = gathering_of(a);

	connections_free(&g->found);
	free(g->client);
	free(g->client_id);
	free(g);
}

static struct gathering *gathering_new(void)
{
	struct gathering *g = mem_zalloc(sizeof *g);

	survey_init(&g->survey, answer, gathering_free);
	return g;
}

/* False: not all workers have answered. */
static bool ask(struct gathering *g, struct worker *const *workers, int count)
{
	for (int i = 0; i < count; i++)
		survey_ask(&g->survey, &workers[i]->mailbox);
	return survey_wait(&g->survey, PATIENCE_S);
}

bool connections_list(struct worker *const *workers, int count,
		      const struct connections_wanted *wanted, struct connections *out)
{
	struct gathering *g = gathering_new();
	bool all;

	g->client = wanted->client != NULL ? mem_strdup(wanted->client) : NULL;
	g->client_id = wanted->client_id != NULL ? mem_strdup(wanted->client_id) : NULL;
	g->limit = wanted->limit;
	*out = (struct connections){ 0 };
	all = ask(g, workers, count);
	if (all) {
		*out = g->found;
		g->found = (struct connections){ 0 };
		connections_cut(out, wanted->limit);
	}
	survey_release(&g->survey);
	return all;
}

enum connections_closed connections_close(struct worker *const *workers, int count, uint64_t id)
{
	struct gathering *g = gathering_new();
	bool all, was_closed;

	g->close_id = id;
	all = ask(g, workers, count);
	pthread_mutex_lock(&g->survey.lock);
	was_closed = g->was_closed;
	pthread_mutex_unlock(&g->survey.lock);
	survey_release(&g->survey);
	if (was_closed)
		return CONNECTION_CLOSING;
	return all ? CONNECTION_UNKNOWN : CONNECTION_NO_ANSWER;
}
