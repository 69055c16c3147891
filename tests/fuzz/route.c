/* route.c - any request is divided, and any answers are merged and rewritten, without harm; what comes
 * of it can be read again, and every item of a request is in one part of it.
 *
 * Input: api key | version (modulo those it has) | brokers - 1 (modulo 4) | the request's body | the
 * bodies of answers; before each body its length in two bytes.
 */
#include "fuzz/input.h"
#include "kafka/wire.h"
#include "route/merge.h"
#include "route/rewrite.h"
#include "route/split.h"
#include "route/stub.h"
#include "route/targets.h"
#include "topology/snapshot_build.h"
#include "util/buf.h"
#include "util/hash.h"
#include "util/mem.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BROKERS_MOST = 4, ANSWERS_MOST = 4, PORTS = 3, FRAME_MAX = 1 << 20, ERROR = 6 };

static const struct snapshot *cluster(void)
{
	static struct snapshot *s;
	struct topic *t;

	if (s != NULL)
		return s;
	assert(apis_compile(stderr));
	s = snapshot_new(NULL);
	s->brokers = mem_zalloc(BROKERS_MOST * sizeof *s->brokers);
	for (int32_t id = 1; id <= BROKERS_MOST; id++) {
		struct broker *b = &s->brokers[s->broker_count++];

		b->id = id;
		b->host = mem_strdup(id == 1 ? "b" : "1.2");
		b->port = 1;
	}
	t = snapshot_add_topic(s, "t", 1, (const uint8_t[16]){ 1 }, BROKERS_MOST);
	for (int32_t i = 0; i < BROKERS_MOST; i++)
		t->partitions[i].leader = i + 1;
	return s;
}

/* What is being looked at. */
struct subject {
	const struct kapi *api;
	int version;
	struct arena arena;
	struct layout request;
};

static struct block flat(struct subject *s, const struct gather *g)
{
	struct block b = { arena_alloc(&s->arena, g->size), 0 };

	for (int i = 0; i < g->count; i++) {
		memcpy(b.bytes + b.n, g->iov[i].iov_base, g->iov[i].iov_len);
		b.n += (uint32_t)g->iov[i].iov_len;
	}
	assert(b.n == g->size);
	return b;
}

static bool is_readable(struct subject *s, const struct gather *g)
{
	struct block b = flat(s, g);
	struct layout l;

	layout_init(&l, &s->arena);
	return layout_read(&l, api_plan(s->api, s->version, RESPONSE), b.bytes, b.n);
}

/* --- requests --- */

static struct block framed(struct subject *s, struct block body)
{
	static const uint8_t no_client[] = { 0xff, 0xff, 0 }; /* and no tagged fields */
	struct block f;

	f.n = HEAD_FIXED + 2 + api_is_flexible(s->api, s->version) + body.n;
	f.bytes = arena_zalloc(&s->arena, f.n);
	wire_put32(f.bytes, f.n - HEAD_SIZE_BYTES);
	wire_put16(f.bytes + 4, (uint16_t)s->api->key);
	wire_put16(f.bytes + 6, (uint16_t)s->version);
	memcpy(f.bytes + HEAD_FIXED, no_client, sizeof no_client - 1);
	if (body.n > 0)
		memcpy(f.bytes + f.n - body.n, body.bytes, body.n);
	return f;
}

/* How many items the part has. */
static uint32_t check_part(struct subject *s, const struct request_head *head, const uint8_t *frame,
			   int32_t target)
{
	struct request_head again;
	struct layout l;
	struct gather g;
	struct block part;

	gather_init(&g, &s->arena);
	split_part(&g, head, frame, &s->request, NULL, target, 5);
	part = flat(s, &g);
	assert(head_read(part.bytes, part.n, FRAME_MAX, &again) == HEAD_OK);
	assert(again.size + HEAD_SIZE_BYTES == part.n && again.correlation_id == 5);
	layout_init(&l, &s->arena);
	assert(layout_read(&l, api_plan(s->api, s->version, REQUEST), part.bytes + again.body_at,
			   part.n - again.body_at));
	return l.item_count;
}

static void divide(struct subject *s, const uint8_t *frame, int32_t brokers)
{
	struct request_head head;
	struct layout *l = &s->request;
	const struct listener listener = { .advertised_mode = ADVERTISE_PORTS };
	const struct advertising told = { &listener, PORTS };
	const struct where_question about = { .api = s->api,
					      .snapshot = cluster(),
					      .advertising = &told };
	uint32_t items = 0, size = wire_get32(frame) + HEAD_SIZE_BYTES;
	int32_t targets[BROKERS_MOST];

	if (head_read(frame, size, FRAME_MAX, &head) != HEAD_OK)
		return; /* brokers talk it among themselves */
	if (s->api->route == TO_LEADER || s->api->route == TO_REPLICA ||
	    s->api->route == TO_RESOURCE)
		targets_set(l, &about);
	targets_settle(l, brokers);
	assert(targets_distinct(l, targets, BROKERS_MOST) <= BROKERS_MOST);
	for (uint32_t i = 0; i < l->item_count; i++)
		l->items[i].target = 1 + (int32_t)i % brokers;
	for (int32_t target = 1; target <= brokers; target++)
		items += check_part(s, &head, frame, target);
	assert(!l->has_array || items == l->item_count);
}

static bool read_request(struct subject *s, const uint8_t *frame, struct block body)
{
	uint32_t size = wire_get32(frame) + HEAD_SIZE_BYTES;

	layout_init(&s->request, &s->arena);
	return layout_read(&s->request, api_plan(s->api, s->version, REQUEST),
			   frame + size - body.n, body.n);
}

/* --- answers --- */

static void stand_in(struct subject *s, struct merge_part *part)
{
	struct buf out;
	struct block b;

	buf_init(&out, INT32_MAX);
	assert(stub_answer(&out, s->api, s->version, &s->request, ERROR, false));
	b = (struct block){ arena_copy(&s->arena, out.data, out.len), (uint32_t)out.len };
	buf_deinit(&out);
	assert(merge_read(part, s->api, s->version, b.bytes, b.n, &s->arena));
}

static void merge(struct subject *s, const struct block *answers, int count)
{
	struct merge_part parts[ANSWERS_MOST + 1];
	bool has_endpoints = false; /* their tag is believed to be the first */
	uint32_t n = 0;
	struct gather g;

	for (int i = 0; i < count; i++) {
		if (merge_read(&parts[n], s->api, s->version, answers[i].bytes, answers[i].n,
			       &s->arena))
			has_endpoints |= parts[n++].layout.endpoints.size > 0;
	}
	if (s->api->merge != MERGE_CONCAT && s->api->merge != MERGE_SECTIONS)
		stand_in(s, &parts[n++]);
	if (n == 0)
		return;
	gather_init(&g, &s->arena);
	if (s->api->merge == MERGE_PARTITIONS)
		merge_partitions(&g, &s->arena, s->api, s->version, &s->request, parts, n);
	else if (s->api->merge == MERGE_SECTIONS)
		merge_sections(&g, &s->arena, s->api, s->version, parts, n);
	else
		merge_keys(&g, &s->arena, s->api, s->version,
			   s->api->merge == MERGE_CONCAT ? NULL : &s->request, parts, n);
	assert(is_readable(s, &g) || has_endpoints);
}

static void on_topic(void *owner, const uint8_t *name, uint32_t len)
{
	(void)owner;
	(void)hash_bytes(name, len); /* all of it is there */
}

static void on_cluster(void *owner)
{
	(void)owner;
}

static void on_throttle(void *owner, int64_t ms)
{
	(void)owner;
	(void)ms;
}

static void rewrite(struct subject *s, struct block answer, enum advertise_mode mode)
{
	static char host[] = "gateway.example";
	const struct listener listener = { .advertised_host = host,
					   .advertised_port = 7000,
					   .advertised_mode = mode,
					   .min_broker_id = 1 };
	const struct advertising told = { &listener, PORTS };
	const struct rewrite_news news = { on_topic, on_cluster, on_throttle, NULL };
	const struct rewrite of = { .api = s->api,
				    .version = s->version,
				    .body = arena_copy(&s->arena, answer.bytes, answer.n),
				    .size = answer.n,
				    .advertising = &told,
				    .snapshot = cluster(),
				    .news = &news };
	struct gather g;

	gather_init(&g, &s->arena);
	if (rewrite_answer(&g, &of))
		assert(is_readable(s, &g));
}

/* A request of one group or transaction goes whole to its coordinator. */
static bool is_divided(const struct subject *s)
{
	bool by_one_key = s->api->route == TO_GROUP || s->api->route == TO_TXN;

	return s->api->merge != MERGE_NEVER && !(by_one_key && s->request.has_key);
}

static void look_at(struct subject *s, struct input *in, int32_t brokers)
{
	struct block body = input_block(in), frame = framed(s, body), answers[ANSWERS_MOST];
	bool is_good = read_request(s, frame.bytes, body);
	int count = 0;

	while (in->left > 0 && count < ANSWERS_MOST)
		answers[count++] = input_block(in);
	if (is_good && is_divided(s)) {
		divide(s, frame.bytes, brokers);
		merge(s, answers, count);
	}
	for (int i = 0; s->api->answer == ANSWER_REWRITE && i < count; i++) {
		rewrite(s, answers[i], ADVERTISE_PORTS);
		rewrite(s, answers[i], ADVERTISE_SINGLE);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct snapshot *known = cluster();
	struct subject s = { 0 };
	struct input in = { data, size, &s.arena };
	struct kversions v;

	(void)known;
	s.api = api_of(input_byte(&in));
	if (s.api == NULL || s.api->request == NULL || s.api->response == NULL)
		return 0;
	v = api_versions(s.api);
	s.version = v.min + input_byte(&in) % (v.max - v.min + 1);
	arena_init(&s.arena);
	look_at(&s, &in, 1 + input_byte(&in) % BROKERS_MOST);
	arena_deinit(&s.arena);
	return 0;
}
