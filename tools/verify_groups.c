/* Who asks each broker for its groups and adds up, as exporters do: does every group come once, and
 * from the broker that has it?  Nobody but the node knows which broker was dialled; this is how it shows. */
#include "verify.h"

#include "kafka_error.h"

#include "kafka/walk.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Groups come and go: what is found is found twice. */
enum { TRIES = 2 };

/* A group, as the address of one broker tells it. */
struct told {
	char *group;
	const struct endpoint *by;
};

struct tally {
	struct told *list;
	size_t count;
	size_t doubled;		 /* groups that several brokers tell */
	const struct told *some; /* one of them: the first of those that tell it */
	char elsewhere[800];	 /* a group that is told by another broker than has it; "": none */
};

static void tally_free(struct tally *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->list[i].group);
	free(t->list);
	*t = (struct tally){ 0 };
}

/* --- asking --- */

/* False: the answer is malformed.  *error is the code in it. */
static bool read_groups(struct tally *t, const struct endpoint *by, int version,
			const struct kafka_answer *answer, int *error)
{
	enum walk_result got;
	struct walk_event e;
	struct walk w;

	*error = 0;
	walk_init(&w, api_plan(api_of(KEY_LIST_GROUPS), version, RESPONSE), answer->len);
	walk_input(&w, answer->body, answer->len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.kind == WALK_VALUE && e.is == ERROR_CODE)
			*error = (int)e.number;
		if (e.kind != WALK_VALUE || e.is != GROUP_ID)
			continue;
		t->list = mem_realloc(t->list, (t->count + 1) * sizeof *t->list);
		t->list[t->count++] =
			(struct told){ mem_strndup((const char *)e.bytes, e.len), by };
	}
	return got == WALK_DONE;
}

/* The broker's id that clients are told for the group; -1: nobody tells. */
static int32_t coordinator_of(struct kafka_client *c, const char *group)
{
	const struct say key[] = { say_text(COORDINATOR_KEY, group) };
	const struct say says[] = { SAY_ONE(KEYS, key) };
	const struct kapi *api = api_of(KEY_FIND_COORDINATOR);
	int version = kafka_version(c, KEY_FIND_COORDINATOR);
	struct kafka_answer answer;
	char why[KAFKA_WHY_MAX];
	struct walk_event e;
	int32_t id = -1;
	struct walk w;

	if (version < 0 || !kafka_ask(c, api, version, SAY_ALL(says), &answer, why))
		return -1;
	walk_init(&w, api_plan(api, version, RESPONSE), answer.len);
	walk_input(&w, answer.body, answer.len);
	while (walk_next(&w, &e) == WALK_EVENT) {
		if (e.kind == WALK_VALUE && e.is == NODE_ID)
			id = (int32_t)e.number;
	}
	return id;
}

/* One group of each broker is looked up. */
static void look_at_one(struct tally *t, struct kafka_client *c, const struct endpoint *e,
			const char *where, size_t first)
{
	int32_t coordinator;

	if (first == t->count)
		return;
	coordinator = coordinator_of(c, t->list[first].group);
	if (coordinator >= 0 && coordinator != e->broker)
		snprintf(
			t->elsewhere, sizeof t->elsewhere,
			"%s, which clients are told for broker %d, tells the group %.250s, and broker "
			"%d has it",
			where, (int)e->broker, t->list[first].group, (int)coordinator);
}

/* False: it can't be told, and why is a finding. */
static bool ask_groups(struct verify *v, struct tally *t, struct endpoint *e,
		       struct kafka_client *c, const char *where)
{
	int version = kafka_version(c, KEY_LIST_GROUPS), error;
	size_t first = t->count;
	struct kafka_answer answer;
	char why[KAFKA_WHY_MAX];

	if (version < 0)
		return false; /* it is not offered: nobody asks for it */
	if (!kafka_ask(c, api_of(KEY_LIST_GROUPS), version, (struct say_pairs){ 0 }, &answer, why))
		verify_find(v, "%s: %s", where, why);
	else if (!read_groups(t, e, version, &answer, &error))
		verify_find(v, "%s: ListGroups: a malformed answer", where);
	else if (error != 0)
		verify_find(v, "%s: ListGroups: error %d, %s", where, error,
			    kafka_error_name(error));
	else {
		e->groups = (int)(t->count - first);
		look_at_one(t, c, e, where, first);
		return true;
	}
	return false;
}

static bool ask_one(struct verify *v, struct tally *t, struct endpoint *e)
{
	char where[TEXT_HOST_MAX + 16], why[KAFKA_WHY_MAX];
	struct addrinfo *all = kafka_resolve(e->host, e->port, why);
	struct kafka_client c = { 0 };
	bool good;

	if (all == NULL)
		return false; /* verify_endpoints said it */
	text_host_port_print(where, sizeof where, e->host, e->port);
	good = verify_open(v, &c, where, &(struct kafka_place){ all, e->host, e->port, v->terms },
			   v->run) &&
	       ask_groups(v, t, e, &c, where);
	kafka_close(&c);
	freeaddrinfo(all);
	return good;
}

/* --- adding up --- */

static int by_group(const void *a, const void *b)
{
	return strcmp(((const struct told *)a)->group, ((const struct told *)b)->group);
}

static void count_doubled(struct tally *t)
{
	if (t->count > 0)
		qsort(t->list, t->count, sizeof *t->list, by_group);
	for (size_t i = 0, end; i < t->count; i = end) {
		end = i + 1;
		while (end < t->count && by_group(&t->list[i], &t->list[end]) == 0)
			end++;
		if (end - i > 1 && t->doubled++ == 0)
			t->some = &t->list[i];
	}
}

/* The first of the addresses of a broker, where there are several; each broker once. */
static bool is_asked(const struct verify *v, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (v->endpoints[i].good && v->endpoints[i].broker == v->endpoints[at].broker)
			return false;
	}
	return v->endpoints[at].good;
}

static size_t brokers_told(const struct verify *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->endpoint_count; i++)
		n += is_asked(v, i);
	return n;
}

/* False: not all of them tell. */
static bool ask_all(struct verify *v, struct tally *t)
{
	bool all = true;

	tally_free(t);
	for (size_t i = 0; all && i < v->endpoint_count; i++) {
		if (is_asked(v, i))
			all = ask_one(v, t, &v->endpoints[i]);
	}
	count_doubled(t);
	return all;
}

void verify_groups(struct verify *v)
{
	struct tally t = { 0 };
	bool all = brokers_told(v) > 1; /* else there is nothing to add up */

	for (int i = 0; all && i < TRIES; i++) {
		all = ask_all(v, &t);
		if (t.doubled == 0 && t.elsewhere[0] == '\0')
			break;
	}
	if (all && t.doubled > 0)
		verify_find(
			v,
			"groups that several brokers tell: %zu (%.200s by brokers %d and %d): who "
			"asks each broker and adds up, as exporters do, counts them more than once; "
			"the nodes do not know which broker was dialled (gateway.port_is_hint where "
			"the load balancer keeps ports, or PROXY headers)",
			t.doubled, t.some->group, (int)t.some[0].by->broker,
			(int)t.some[1].by->broker);
	else if (all && t.elsewhere[0] != '\0')
		verify_find(
			v,
			"%s: the load balancer does not keep the port, and the nodes take it for "
			"the broker that was dialled (gateway.port_is_hint)",
			t.elsewhere);
	tally_free(&t);
}
