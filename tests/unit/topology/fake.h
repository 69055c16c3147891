/* fake.h - a small cluster in this process that says what a test wants.
 *
 * A thread answers ApiVersions, Metadata and FindCoordinator for a few brokers
 * on loopback ports, from the state below; a test changes the state between
 * fake_lock and fake_unlock.  Answers are written by the gateway's own rows.
 */
#ifndef UNIT_TOPOLOGY_FAKE_H
#define UNIT_TOPOLOGY_FAKE_H

#include "kafka/encode.h"
#include "kafka/walk.h"
#include "kafka/wire.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAKE_BROKERS = 3, FAKE_CONNECTIONS = 64, FAKE_TOPICS = 8, FAKE_PARTITIONS = 3 };

struct fake_topic {
	const char *name;
	uint8_t id[16];
	int16_t error;
	int32_t leader, epoch; /* of every partition */
};

struct fake_connection {
	int fd, broker;
	struct buf in;
};

struct fake {
	pthread_t thread;
	pthread_mutex_t lock;
	atomic_bool stop;
	int wake[2];
	int listeners[FAKE_BROKERS], ports[FAKE_BROKERS];
	struct fake_connection connections[FAKE_CONNECTIONS];
	size_t connection_count;

	/* what the cluster is like */
	const char *cluster_id;
	int brokers; /* listed: ids 0 to brokers - 1 */
	struct fake_topic topics[FAKE_TOPICS];
	int topic_count;
	int16_t metadata_max, find_max, versions_max, produce_max;
	int64_t features_epoch;
	int coordinator_error, coordinator_errors; /* which, and how often yet */
	int32_t coordinator;
	bool has_names;		 /* brokers are "broker-N", else numbers */
	bool silent;		 /* reads and does not answer */
	bool deaf[FAKE_BROKERS]; /* the same for one broker */
	int16_t old_produce;	 /* what broker 1 has instead of produce_max, 0: the same */

	/* what was asked */
	unsigned all_asked, topics_asked, topic_names, versions_asked, finds, find_keys;
	bool creation_asked;
	unsigned accepted[FAKE_BROKERS];
};

/* One request as it is answered. */
struct fake_request {
	struct fake *f;
	int key, version, broker;
	char names[16][64];
	uint8_t ids[16][16];
	int count; /* of topics or keys, -1: all */
	bool by_id;
	const struct fake_topic *found[16];
	int found_count;
};

static inline void fake_lock(struct fake *f)
{
	pthread_mutex_lock(&f->lock);
}

static inline void fake_unlock(struct fake *f)
{
	pthread_mutex_unlock(&f->lock);
}

static inline void fake_text(struct encode_value *v, const char *text)
{
	v->bytes = (const uint8_t *)text;
	v->len = (uint32_t)strlen(text);
}

static const struct {
	int16_t key, max;
} fake_keys[] = { { 0, -1 }, { 1, 17 }, { 3, -1 }, { 10, -1 }, { 18, -1 },
		  { 26, 5 }, { 28, 5 }, { 55, 2 }, { 68, 1 } };
static const char *const fake_features[] = { "metadata.version", "group.version",
					     "transaction.version", "share.version" };

static inline int64_t fake_max(const struct fake *f, int broker, uint32_t i)
{
	switch (fake_keys[i].key) {
	case 0:
		return broker == 1 && f->old_produce > 0 ? f->old_produce : f->produce_max;
	case 3:
		return f->metadata_max;
	case 10:
		return f->find_max;
	case 18:
		return f->versions_max;
	default:
		return fake_keys[i].max;
	}
}

static inline bool fake_fill_versions(struct fake_request *r, const struct encode_field *e,
				      struct encode_value *v)
{
	switch (e->is) {
	case API_KEYS:
		v->number = ARRAY_LEN(fake_keys);
		return true;
	case API_KEY:
		v->number = fake_keys[e->index[0]].key;
		return true;
	case SUPPORTED_FEATURES:
	case FINALIZED_FEATURES:
		v->number = ARRAY_LEN(fake_features);
		return true;
	case FEATURE_NAME:
		fake_text(v, fake_features[e->index[0]]);
		return true;
	case FEATURES_EPOCH:
		v->number = r->f->features_epoch;
		return true;
	case MAX_VERSION:
		v->number = encode_in(e) == API_KEYS ? fake_max(r->f, r->broker, e->index[0]) : 2;
		return true;
	default:
		return false;
	}
}

static inline bool fake_fill_metadata(struct fake_request *r, const struct encode_field *e,
				      struct encode_value *v)
{
	static const char *const names[] = { "broker-0", "broker-1", "broker-2" };
	const struct fake_topic *t =
		encode_in(e) == TOPICS || encode_in(e) == PARTITIONS ? r->found[e->index[0]] : NULL;

	switch (e->is) {
	case BROKERS:
		v->number = r->f->brokers;
		return true;
	case NODE_ID:
		v->number = e->index[0];
		return true;
	case HOST:
		fake_text(v, r->f->has_names ? names[e->index[0]] : "127.0.0.1");
		return true;
	case PORT:
		v->number = r->f->ports[e->index[0]];
		return true;
	case CLUSTER_ID:
		fake_text(v, r->f->cluster_id);
		return true;
	case CONTROLLER_ID:
		v->number = r->f->all_asked % (unsigned)r->f->brokers; /* as KRaft: any */
		return true;
	case TOPICS:
		v->number = r->found_count;
		return true;
	case TOPIC_NAME:
		if (t->name == NULL)
			v->bytes = NULL;
		else
			fake_text(v, t->name);
		return true;
	case TOPIC_ID:
		v->bytes = t->id;
		v->len = 16;
		return true;
	case PARTITIONS:
		v->number = t->error == 0 ? FAKE_PARTITIONS : 0;
		return true;
	case PARTITION:
		v->number = e->index[1];
		return true;
	case LEADER_ID:
		v->number = t->leader;
		return true;
	case LEADER_EPOCH:
		v->number = t->epoch;
		return true;
	case ERROR_CODE:
		v->number = encode_in(e) == TOPICS ? t->error : 0;
		return true;
	default:
		return false;
	}
}

static inline bool fake_fill_find(struct fake_request *r, const struct encode_field *e,
				  struct encode_value *v)
{
	bool fails = r->f->coordinator_errors > 0;

	switch (e->is) {
	case KEYS:
		v->number = r->count;
		return true;
	case COORDINATOR_KEY:
		fake_text(v, r->names[e->index[0]]);
		return true;
	case ERROR_CODE:
		v->number = fails ? r->f->coordinator_error : 0;
		return true;
	case NODE_ID:
		v->number = fails ? -1 : r->f->coordinator;
		return true;
	default:
		return false;
	}
}

static bool fake_fill(void *ctx, const struct encode_field *e, struct encode_value *v)
{
	struct fake_request *r = ctx;

	if (r->key == 18)
		return fake_fill_versions(r, e, v);
	return r->key == 3 ? fake_fill_metadata(r, e, v) : fake_fill_find(r, e, v);
}

static inline void fake_read(struct fake_request *r, const uint8_t *body, uint32_t len)
{
	static const uint8_t zeros[16];
	struct walk w;
	struct walk_event e;

	walk_init(&w, api_plan(api_of(r->key), r->version, REQUEST), len);
	walk_input(&w, body, len);
	while (walk_next(&w, &e) == WALK_EVENT) {
		if (e.kind == WALK_ARRAY && e.number < 0)
			r->count = -1;
		if (e.kind != WALK_VALUE)
			continue;
		if (e.is == AUTO_CREATE && e.number != 0)
			r->f->creation_asked = true;
		if (e.is == TOPIC_ID && memcmp(e.bytes, zeros, 16) != 0) {
			memcpy(r->ids[r->count++], e.bytes, 16);
			r->by_id = true;
		}
		if ((e.is == TOPIC_NAME && e.number >= 0) || e.is == COORDINATOR_KEY) {
			assert(r->count < 16 && e.len < 64);
			memcpy(r->names[r->count++], e.bytes, e.len);
		}
	}
}

static inline const struct fake_topic *fake_find_topic(struct fake_request *r, int i,
						       struct fake_topic *unknown)
{
	for (int t = 0; t < r->f->topic_count; t++) {
		const struct fake_topic *topic = &r->f->topics[t];

		if (r->by_id ? memcmp(topic->id, r->ids[i], 16) == 0
			     : strcmp(topic->name, r->names[i]) == 0)
			return topic;
	}
	*unknown = (struct fake_topic){ .name = r->by_id ? NULL : r->names[i],
					.error = r->by_id ? 100 : 3 };
	memcpy(unknown->id, r->ids[i], 16);
	return unknown;
}

/* Counts the request and finds what it asks for. */
static inline void fake_think(struct fake_request *r, struct fake_topic unknown[16])
{
	struct fake *f = r->f;

	f->versions_asked += r->key == 18;
	f->finds += r->key == 10;
	f->find_keys += r->key == 10 ? (unsigned)r->count : 0;
	if (r->key != 3)
		return;
	f->all_asked += r->count < 0;
	f->topics_asked += r->count >= 0;
	f->topic_names += r->count >= 0 ? (unsigned)r->count : 0;
	for (int i = 0; i < (r->count < 0 ? f->topic_count : r->count); i++)
		r->found[r->found_count++] = r->count < 0 ? &f->topics[i]
							  : fake_find_topic(r, i, &unknown[i]);
}

static inline void fake_answer(struct fake *f, const struct fake_connection *c,
			       const uint8_t *frame, uint32_t size)
{
	struct fake_request r = { .f = f,
				  .key = (int16_t)wire_get16(frame),
				  .version = (int16_t)wire_get16(frame + 2),
				  .broker = c->broker };
	struct fake_topic unknown[16];
	uint32_t at = 10u + wire_get16(frame + 8);
	struct buf out;
	uint8_t *p;

	buf_init(&out, 1 << 20);
	p = buf_extend(&out, 8);
	memcpy(p + 4, frame + 4, 4);
	if (r.key == 18 && r.version > f->versions_max) {
		/* error 35 in the form of version 0, whatever was asked */
		buf_append16(&out, 35);
		buf_append32(&out, 1);
		buf_append32(&out, 18u << 16);
		buf_append16(&out, (uint16_t)f->versions_max);
		f->versions_asked++;
	} else {
		at += api_is_flexible(api_of(r.key), r.version);
		if (api_answer_has_tags(api_of(r.key), r.version))
			buf_append8(&out, 0);
		fake_read(&r, frame + at, size - at);
		fake_think(&r, unknown);
		if (!encode_message(api_of(r.key), r.version, RESPONSE, fake_fill, &r, &out))
			abort();
		f->coordinator_errors -= r.key == 10 && f->coordinator_errors > 0;
	}
	wire_put32(out.data, (uint32_t)out.len - 4);
	if (!f->silent && !f->deaf[c->broker] &&
	    send(c->fd, out.data, out.len, MSG_NOSIGNAL) != (ssize_t)out.len)
		perror("fake: send");
	buf_deinit(&out);
}

static inline void fake_drop(struct fake *f, size_t i)
{
	close(f->connections[i].fd);
	buf_deinit(&f->connections[i].in);
	f->connections[i] = f->connections[--f->connection_count];
}

/* False: the connection is over. */
static inline bool fake_serve(struct fake *f, struct fake_connection *c)
{
	uint8_t *at = buf_extend(&c->in, 65536);
	ssize_t n = recv(c->fd, at, 65536, 0);

	if (n <= 0)
		return false;
	c->in.len -= 65536 - (size_t)n;
	while (c->in.len >= 4 && c->in.len - 4 >= wire_get32(c->in.data)) {
		size_t frame = 4 + wire_get32(c->in.data);

		fake_answer(f, c, c->in.data + 4, (uint32_t)frame - 4);
		memmove(c->in.data, c->in.data + frame, c->in.len - frame);
		c->in.len -= frame;
	}
	return true;
}

static inline void fake_accept(struct fake *f, int broker)
{
	int fd = accept(f->listeners[broker], NULL, NULL);
	struct fake_connection *c = &f->connections[f->connection_count];

	if (fd < 0) /* the test has closed the listener */
		return;
	assert(f->connection_count < FAKE_CONNECTIONS);
	f->connection_count++;
	f->accepted[broker]++;
	*c = (struct fake_connection){ .fd = fd, .broker = broker };
	buf_init(&c->in, 1 << 20);
}

static inline void *fake_run(void *arg)
{
	struct fake *f = arg;

	while (!atomic_load(&f->stop)) {
		struct pollfd p[1 + FAKE_BROKERS + FAKE_CONNECTIONS] = { { f->wake[0], POLLIN,
									   0 } };
		size_t count;

		fake_lock(f);
		count = f->connection_count;
		for (int i = 0; i < FAKE_BROKERS; i++)
			p[1 + i] = (struct pollfd){ f->listeners[i], POLLIN, 0 };
		for (size_t i = 0; i < count; i++)
			p[1 + FAKE_BROKERS + i] =
				(struct pollfd){ f->connections[i].fd, POLLIN, 0 };
		fake_unlock(f);
		poll(p, 1 + FAKE_BROKERS + count, -1);
		fake_lock(f);
		for (size_t i = count; i > 0; i--) {
			if (p[FAKE_BROKERS + i].revents != 0 &&
			    !fake_serve(f, &f->connections[i - 1]))
				fake_drop(f, i - 1);
		}
		for (int i = 0; i < FAKE_BROKERS; i++) {
			if (p[1 + i].revents != 0)
				fake_accept(f, i);
		}
		fake_unlock(f);
	}
	return NULL;
}

static inline void fake_listen(struct fake *f, int broker)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		abort();
	f->listeners[broker] = fd;
	f->ports[broker] = ntohs(a.sin_port);
}

static inline struct fake *fake_new(void)
{
	struct fake *f = mem_zalloc(sizeof *f);

	pthread_mutex_init(&f->lock, NULL);
	f->cluster_id = "one";
	f->brokers = FAKE_BROKERS;
	f->metadata_max = 13;
	f->find_max = 6;
	f->versions_max = 4;
	f->produce_max = 13;
	for (int i = 0; i < FAKE_BROKERS; i++)
		fake_listen(f, i);
	if (pipe(f->wake) != 0)
		abort();
	return f;
}

static inline void fake_start(struct fake *f)
{
	pthread_create(&f->thread, NULL, fake_run, f);
}

static inline void fake_free(struct fake *f)
{
	atomic_store(&f->stop, true);
	if (write(f->wake[1], "", 1) != 1)
		abort();
	pthread_join(f->thread, NULL);
	while (f->connection_count > 0)
		fake_drop(f, f->connection_count - 1);
	for (int i = 0; i < FAKE_BROKERS; i++)
		close(f->listeners[i]);
	close(f->wake[0]);
	close(f->wake[1]);
	free(f);
}

static inline struct fake_topic *fake_add_topic(struct fake *f, const char *name, uint8_t id)
{
	struct fake_topic *t = &f->topics[f->topic_count++];

	*t = (struct fake_topic){ .name = name, .id = { id }, .leader = 0, .epoch = 5 };
	return t;
}

#endif
