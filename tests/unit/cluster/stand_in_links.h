/* stand_in_links.h - links without sockets: what is sent lies here, and is answered by the test.
 *
 * Defines what links.h declares, so that the library's own stays out of the test.  One test
 * program has one set of links.
 */
#ifndef UNIT_CLUSTER_STAND_IN_LINKS_H
#define UNIT_CLUSTER_STAND_IN_LINKS_H

#include "cluster/lines.h"
#include "kafka/print.h"
#include "topology/snapshot_build.h"
#include "unit/cluster/replies.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SENT_MAX = 64, SENT_BODY_MAX = 64 * 1024 };

/* A request that has not been answered. */
struct sent {
	enum line_purpose purpose;
	int32_t broker;
	struct call_request request; /* says: not to be used any more */
	char *tree;		     /* its body, for people */
};

static struct {
	struct sent list[SENT_MAX];
	size_t count;
	bool refuses;	 /* everything */
	int32_t kept_to; /* the last broker of lines_keep */
} links;

struct lines *lines_new(struct ev_loop *loop, const struct link_terms *terms,
			int connect_timeout_ms)
{
	(void)terms;
	(void)loop;
	(void)connect_timeout_ms;
	return NULL;
}

void lines_free(struct lines *l)
{
	(void)l;
}

static char *tree_of(const struct call_request *r)
{
	const struct kapi *api = api_of((int)r->key);
	char *tree = NULL;
	size_t size;
	FILE *out = open_memstream(&tree, &size);
	struct buf body;

	buf_init(&body, SENT_BODY_MAX);
	assert_true(say_request(api, r->version, r->says, &body));
	assert_true(print_body(out, api, r->version, REQUEST, body.data, body.len));
	fclose(out);
	buf_deinit(&body);
	return tree;
}

bool lines_send(struct lines *l, enum line_purpose purpose, const struct broker *to,
		const struct call_request *request)
{
	(void)l;
	if (links.refuses)
		return false;
	assert_true(links.count < SENT_MAX);
	links.list[links.count++] = (struct sent){
		.purpose = purpose, .broker = to->id, .request = *request, .tree = tree_of(request)
	};
	return true;
}

void lines_keep(struct lines *l, enum line_purpose purpose, int32_t broker)
{
	(void)l;
	(void)purpose;
	links.kept_to = broker;
}

/* The oldest one of the API; none: the test fails. */
static inline const struct sent *sent_find(enum api_key key)
{
	for (size_t i = 0; i < links.count; i++) {
		if (links.list[i].request.key == key)
			return &links.list[i];
	}
	fail_msg("no %s was sent", api_of((int)key)->name);
	return NULL;
}

static inline size_t sent_count(enum api_key key)
{
	size_t n = 0;

	for (size_t i = 0; i < links.count; i++)
		n += links.list[i].request.key == key;
	return n;
}

/* The tree of the oldest one of the API has this in it. */
static inline void sent_says(enum api_key key, const char *line)
{
	const struct sent *s = sent_find(key);

	if (strstr(s->tree, line) == NULL)
		fail_msg("no \"%s\" in\n%s", line, s->tree);
}

static inline struct sent sent_take(enum api_key key)
{
	const struct sent *at = sent_find(key);
	struct sent s = *at;

	links.count--;
	memmove(&links.list[at - links.list], at + 1,
		(links.count - (size_t)(at - links.list)) * sizeof *at);
	free(s.tree);
	return s;
}

/* Answers the oldest one of the API.  NULL: no answer comes. */
static inline void sent_answer(enum api_key key, const struct said *said)
{
	struct sent s = sent_take(key);
	struct buf body;

	if (said == NULL) {
		s.request.answer(s.request.owner, NULL, 0);
		return;
	}
	buf_init(&body, SENT_BODY_MAX);
	assert_true(said_write(said, key, s.request.version, &body));
	s.request.answer(s.request.owner, body.data, (uint32_t)body.len);
	buf_deinit(&body);
}

/* Forgets all. */
static inline void sent_clear(void)
{
	for (size_t i = 0; i < links.count; i++)
		free(links.list[i].tree);
	memset(&links, 0, sizeof links);
}

/* Brokers 1 to `brokers`, which offer all that is asked here, and the topic, partition after
 * partition led by the next of them; `partitions` 0: it is not there. */
static inline struct snapshot *make_cluster(size_t brokers, const char *topic, int32_t partitions)
{
	struct snapshot *s = snapshot_new(NULL);

	s->brokers = mem_zalloc(brokers * sizeof *s->brokers);
	s->broker_count = brokers;
	for (size_t i = 0; i < brokers; i++) {
		s->brokers[i].id = (int32_t)i + 1;
		s->brokers[i].address_len = sizeof s->brokers[i].address;
	}
	for (size_t i = 0; i < SNAPSHOT_KEYS; i++)
		s->offers[i] = api_of((int)i) != NULL ? api_versions(api_of((int)i))
						      : (struct kversions){ 0, -1 };
	if (partitions > 0) {
		static const uint8_t no_id[16];
		struct topic *t = snapshot_add_topic(s, topic, strlen(topic), no_id, partitions);

		for (int32_t p = 0; p < partitions; p++)
			t->partitions[p].leader = p % (int32_t)brokers + 1;
	}
	return s;
}

#endif
