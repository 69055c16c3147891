#include "topology/finds.h"

#include "kafka/errors.h"
#include "kafka/walk.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/mem.h"

enum {
	VERSION_TYPES = 1,   /* has transactions too */
	VERSION_BATCHES = 4, /* takes many keys */
	LANES = 16,	     /* requests in flight */
	KEYS_A_REQUEST = 500,
	CHAINS = 1024,
};

TAILQ_HEAD(find_list, find);

/* One key that is looked for. */
struct find {
	struct find *chain;
	struct find_list *list;
	TAILQ_ENTRY(find) in_list;
	int type;
	struct name key;
	int64_t not_before;
	int32_t broker; /* found, in the list of those unknown */
	struct query_list queries;
};

struct lane {
	struct finds *f;
	bool in_flight;
	int type;
	struct find_list finds; /* asked for in it */
};

struct finds {
	struct ev_loop *loop;
	struct control *control;
	const struct finds_events *events;
	void *owner;
	int version; /* -1: no connection */
	struct find *chains[CHAINS];
	struct find_list waiting[2]; /* by type: to be asked for */
	struct find_list pausing;    /* in the order in which they go on */
	struct find_list unknown;    /* found, on a broker that nobody knows */
	struct lane lanes[LANES];
	ev_timer timer; /* the first of the pausing */
};

static void step(struct finds *f);

static struct find **chain_of(struct finds *f, int type, uint64_t hash, const void *key, size_t len)
{
	struct find **at = &f->chains[hash % CHAINS];

	while (*at != NULL && !((*at)->key.hash == hash && (*at)->type == type &&
				(*at)->key.len == len && memcmp((*at)->key.bytes, key, len) == 0))
		at = &(*at)->chain;
	return at;
}

static void find_wait_in(struct find *find, struct find_list *list)
{
	if (find->list != NULL)
		TAILQ_REMOVE(find->list, find, in_list);
	find->list = list;
	if (list != NULL)
		TAILQ_INSERT_TAIL(list, find, in_list);
}

/* Frees a search that is in no chain any more. */
static void dispose(struct find *find)
{
	find_wait_in(find, NULL);
	free(find->key.bytes);
	free(find);
}

static void find_free(struct finds *f, struct find *find)
{
	*chain_of(f, find->type, find->key.hash, find->key.bytes, find->key.len) = find->chain;
	dispose(find);
}

static struct find *find_new(struct finds *f, struct find **at, const struct topology_query *q,
			     uint64_t hash)
{
	struct find *find = mem_zalloc(sizeof *find);

	find->type = (int)q->type;
	find->key = (struct name){ (uint8_t *)mem_strndup(q->key, q->len), (uint32_t)q->len, hash };
	TAILQ_INIT(&find->queries);
	*at = find;
	find_wait_in(find, &f->waiting[find->type]);
	return find;
}

/* A search is over: whoever waits is told. */
static void tell(struct finds *f, struct find *find, int32_t broker)
{
	struct topology_query *q;

	if (broker != NO_BROKER)
		f->events->on_found(f->owner, find->type, find->key.bytes, find->key.len, broker);
	while ((q = TAILQ_FIRST(&find->queries)) != NULL)
		query_answer(q, broker);
	find_free(f, find);
}

static void pause_find(struct finds *f, struct find *find)
{
	find->not_before = clock_ms() + FINDS_PAUSE_MS;
	find_wait_in(find, &f->pausing);
}

static bool is_forbidden(int error)
{
	return error == ERROR_GROUP_AUTHORIZATION_FAILED ||
	       error == ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

static void take_result(struct finds *f, struct find *find, int error, int32_t broker)
{
	if (error == 0 || is_forbidden(error))
		f->events->on_right(f->owner, find->type, error == 0);
	if (error == ERROR_COORDINATOR_NOT_AVAILABLE ||
	    error == ERROR_COORDINATOR_LOAD_IN_PROGRESS) {
		pause_find(f, find);
	} else if (error != 0 || broker < 0) {
		tell(f, find, NO_BROKER);
	} else if (f->events->is_known(f->owner, broker)) {
		tell(f, find, broker);
	} else {
		find->broker = broker;
		find_wait_in(find, &f->unknown);
		f->events->want_brokers(f->owner);
	}
}

/* A coordinator, as the answer tells of it. */
struct result {
	const uint8_t *key;
	uint32_t key_len;
	int error;
	int32_t broker;
};

static void take_value(struct result *r, const struct walk_event *e)
{
	if (e->is == COORDINATOR_KEY) {
		r->key = e->bytes;
		r->key_len = e->len;
	} else if (e->is == ERROR_CODE) {
		r->error = (int)e->number;
	} else if (e->is == NODE_ID) {
		r->broker = (int32_t)e->number;
	}
}

/* A result with a key is that key's; a result without is of the only key asked for. */
static void place_result(struct lane *lane, const struct result *r)
{
	struct finds *f = lane->f;
	struct find *find = TAILQ_FIRST(&lane->finds);

	if (r->key != NULL)
		find = *chain_of(f, lane->type, hash_bytes(r->key, r->key_len), r->key, r->key_len);
	if (find != NULL && find->list == &lane->finds)
		take_result(f, find, r->error, r->broker);
}

static bool take_answer(struct lane *lane, const uint8_t *body, uint32_t len)
{
	struct walk w;
	struct walk_event e;
	struct result r = { .broker = NO_BROKER };
	enum walk_result got;

	walk_init(&w, api_plan(api_of(KEY_FIND_COORDINATOR), lane->f->version, RESPONSE), len);
	walk_input(&w, body, len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.kind == WALK_VALUE)
			take_value(&r, &e);
		else if (e.is == KEYS && (e.kind == WALK_ELEMENT || e.kind == WALK_ARRAY_END)) {
			if (r.key != NULL)
				place_result(lane, &r);
			r = (struct result){ .broker = NO_BROKER };
		}
	}
	if (got == WALK_DONE && lane->f->version < VERSION_BATCHES)
		place_result(lane, &r);
	return got == WALK_DONE;
}

static void on_answer(void *owner, const uint8_t *body, uint32_t len)
{
	struct lane *lane = owner;
	struct finds *f = lane->f;
	struct find *find;

	if (body == NULL)
		return; /* finds_lost follows */
	if (!take_answer(lane, body, len)) {
		control_leave(f->control, "malformed FindCoordinator answer");
		return;
	}
	while ((find = TAILQ_FIRST(&lane->finds)) != NULL)
		pause_find(f, find); /* the answer left this key out */
	lane->in_flight = false;
	step(f);
}

/* Moves what one request may ask for into the lane: how many. */
static size_t fill_lane(struct finds *f, struct lane *lane, int type, struct say *keys)
{
	size_t max = f->version >= VERSION_BATCHES ? KEYS_A_REQUEST : 1, n = 0;
	struct find *find;

	while (n < max && (find = TAILQ_FIRST(&f->waiting[type])) != NULL) {
		if (TAILQ_EMPTY(&find->queries)) {
			find_free(f, find);
			continue;
		}
		keys[n++] = say_bytes(COORDINATOR_KEY, find->key.bytes, find->key.len);
		find_wait_in(find, &lane->finds);
	}
	return n;
}

static void send_lane(struct finds *f, struct lane *lane, int type)
{
	struct say keys[KEYS_A_REQUEST];
	size_t count = fill_lane(f, lane, type, keys);
	const struct say says[] = { say_list(KEYS, keys, 1, count),
				    say_number(COORDINATOR_TYPE, type) };
	const struct call_request request = { .key = KEY_FIND_COORDINATOR,
					      .version = f->version,
					      .says = SAY_ALL(says),
					      .answer = on_answer,
					      .owner = lane };

	if (count == 0)
		return;
	lane->type = type;
	lane->in_flight = true;
	/* a request that can't be sent has finds_lost still to come */
	(void)!control_send(f->control, &request);
}

static struct lane *free_lane(struct finds *f, int type)
{
	struct lane *free_one = NULL;

	for (struct lane *l = f->lanes; l < f->lanes + LANES; l++) {
		if (!l->in_flight)
			free_one = l;
		else if (l->type == type && f->version >= VERSION_BATCHES)
			return NULL; /* keys that come in meanwhile go together */
	}
	return free_one;
}

static void answer_impossible(struct finds *f)
{
	struct find *next;

	for (struct find *find = TAILQ_FIRST(&f->waiting[COORDINATOR_TXN]); find != NULL;
	     find = next) {
		next = TAILQ_NEXT(find, in_list);
		tell(f, find, NO_BROKER);
	}
}

static void arm(struct finds *f)
{
	const struct find *first = TAILQ_FIRST(&f->pausing);
	int64_t left;

	ev_timer_stop(f->loop, &f->timer);
	if (first == NULL)
		return;
	left = first->not_before - clock_ms();
	ev_now_update(f->loop);
	ev_timer_set(&f->timer, left > 0 ? (double)left / 1e3 : 0., 0.);
	ev_timer_start(f->loop, &f->timer);
}

static void step(struct finds *f)
{
	struct lane *lane;

	if (f->version >= 0 && f->version < VERSION_TYPES)
		answer_impossible(f);
	for (int type = 0; type < 2 && f->version >= 0; type++) {
		while (!TAILQ_EMPTY(&f->waiting[type]) && (lane = free_lane(f, type)) != NULL)
			send_lane(f, lane, type);
	}
	arm(f);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct finds *f = CONTAINER_OF(timer, struct finds, timer);
	int64_t now = clock_ms();
	struct find *find;

	(void)loop;
	(void)events;
	while ((find = TAILQ_FIRST(&f->pausing)) != NULL && find->not_before <= now)
		find_wait_in(find, &f->waiting[find->type]);
	step(f);
}

struct finds *finds_new(struct ev_loop *loop, struct control *control,
			const struct finds_events *events, void *owner)
{
	struct finds *f = mem_zalloc(sizeof *f);

	f->loop = loop;
	f->control = control;
	f->events = events;
	f->owner = owner;
	f->version = -1;
	TAILQ_INIT(&f->waiting[COORDINATOR_GROUP]);
	TAILQ_INIT(&f->waiting[COORDINATOR_TXN]);
	TAILQ_INIT(&f->pausing);
	TAILQ_INIT(&f->unknown);
	for (struct lane *l = f->lanes; l < f->lanes + LANES; l++) {
		l->f = f;
		TAILQ_INIT(&l->finds);
	}
	ev_timer_init(&f->timer, on_timer, 0., 0.);
	return f;
}

void finds_free(struct finds *f)
{
	struct find *find;

	if (f == NULL)
		return;
	ev_timer_stop(f->loop, &f->timer);
	for (int i = 0; i < CHAINS; i++) {
		while ((find = f->chains[i]) != NULL) {
			f->chains[i] = find->chain;
			dispose(find);
		}
	}
	free(f);
}

void finds_begin(struct finds *f, const struct broker_versions *v)
{
	f->version = versions_best(v, KEY_FIND_COORDINATOR);
	step(f);
}

void finds_lost(struct finds *f)
{
	struct find *find;

	f->version = -1;
	for (struct lane *l = f->lanes; l < f->lanes + LANES; l++) {
		while ((find = TAILQ_FIRST(&l->finds)) != NULL)
			find_wait_in(find, &f->waiting[find->type]);
		l->in_flight = false;
	}
}

void finds_renewed(struct finds *f)
{
	struct find *find, *next;

	for (find = TAILQ_FIRST(&f->unknown); find != NULL; find = next) {
		next = TAILQ_NEXT(find, in_list);
		if (f->events->is_known(f->owner, find->broker))
			tell(f, find, find->broker);
		else
			pause_find(f, find); /* the coordinator may have moved since */
	}
	arm(f);
}

void finds_ask(struct finds *f, struct topology_query *q)
{
	uint64_t hash = hash_bytes(q->key, q->len);
	struct find **at = chain_of(f, (int)q->type, hash, q->key, q->len);
	struct find *find = *at != NULL ? *at : find_new(f, at, q, hash);

	query_wait_in(q, &find->queries);
	step(f);
}
