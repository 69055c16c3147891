#include "sink_apis.h"

#include "util/compiler.h"

#include <string.h>

enum { PRODUCE = 0, FETCH = 1, METADATA = 3, API_VERSIONS = 18 };
enum { ERR_NONE = 0, ERR_UNKNOWN_TOPIC = 3, ERR_NOT_LEADER = 6, ERR_UNSUPPORTED_VERSION = 35 };

static const struct {
	int16_t key, least, most;
} offered[] = { { PRODUCE, 0, 8 }, { FETCH, 4, 11 }, { METADATA, 0, 8 }, { API_VERSIONS, 0, 2 } };

/* --- reading a request */

static uint64_t take_int(struct cursor *in, unsigned width)
{
	uint64_t value = 0;

	if ((size_t)(in->end - in->at) < width) {
		in->is_short = true;
		return 0;
	}
	for (unsigned i = 0; i < width; i++)
		value = value << 8 | *in->at++;
	return value;
}

static int16_t take16(struct cursor *in)
{
	return (int16_t)take_int(in, 2);
}

static int32_t take32(struct cursor *in)
{
	return (int32_t)take_int(in, 4);
}

static void skip(struct cursor *in, size_t n)
{
	if ((size_t)(in->end - in->at) < n)
		in->is_short = true;
	else
		in->at += n;
}

static const char *take_string(struct cursor *in, int16_t *length)
{
	const char *text;

	*length = take16(in);
	text = (const char *)in->at;
	if (*length > 0)
		skip(in, (size_t)*length);
	return text;
}

struct head {
	int32_t size;
	int16_t key, version;
	int32_t correlation;
};

static struct head take_head(struct cursor *in)
{
	struct head head = { .size = take32(in) };
	int16_t length;

	head.key = take16(in);
	head.version = take16(in);
	head.correlation = take32(in);
	take_string(in, &length);
	return head;
}

/* --- the APIs */

static void answer_api_versions(struct requests *r, const struct head *head)
{
	struct out *o = r->out;
	bool known = head->version <= 2;

	answer_begin(o, head->correlation);
	put16(o, known ? ERR_NONE : ERR_UNSUPPORTED_VERSION);
	put32(o, ARRAY_LEN(offered));
	for (size_t i = 0; i < ARRAY_LEN(offered); i++) {
		put16(o, offered[i].key);
		put16(o, offered[i].least);
		put16(o, offered[i].most);
	}
	if (known && head->version >= 1)
		put32(o, 0);
	answer_end(o, 0);
}

static int leader_of(const struct requests *r, int32_t partition)
{
	return 1 + partition % r->cluster->brokers;
}

static void put_partition(const struct requests *r, int16_t version, int partition)
{
	int leader = leader_of(r, partition);
	struct out *o = r->out;

	put16(o, ERR_NONE);
	put32(o, partition);
	put32(o, leader);
	if (version >= 7)
		put32(o, 1);		       /* leader epoch */
	for (int list = 0; list < 2; list++) { /* replicas, in-sync replicas */
		put32(o, 1);
		put32(o, leader);
	}
	if (version >= 5)
		put32(o, 0); /* offline replicas */
}

static void put_topic(struct requests *r, int16_t version, const char *name, size_t length)
{
	struct out *o = r->out;
	bool known = length == strlen(r->cluster->topic) &&
		     !memcmp(name, r->cluster->topic, length);

	put16(o, known ? ERR_NONE : ERR_UNKNOWN_TOPIC);
	put_string(o, name, length);
	if (version >= 1)
		put8(o, 0); /* internal */
	put32(o, known ? r->cluster->partitions : 0);
	for (int p = 0; known && p < r->cluster->partitions; p++)
		put_partition(r, version, p);
	if (version >= 8)
		put32(o, INT32_MIN); /* authorized operations: not asked for */
}

static void put_brokers(struct requests *r, int16_t version)
{
	struct out *o = r->out;

	put32(o, r->cluster->brokers);
	for (int b = 0; b < r->cluster->brokers; b++) {
		put32(o, b + 1);
		put_string(o, r->cluster->host, strlen(r->cluster->host));
		put32(o, r->cluster->ports[b]);
		if (version >= 1)
			put16(o, -1); /* rack */
	}
}

static void answer_metadata(struct requests *r, const struct head *head, struct cursor *in)
{
	struct out *o = r->out;
	int32_t topics = take32(in);
	bool all = topics < 0 || (topics == 0 && head->version == 0);

	answer_begin(o, head->correlation);
	if (head->version >= 3)
		put32(o, 0);
	put_brokers(r, head->version);
	if (head->version >= 2)
		put_string(o, "sink", 4);
	if (head->version >= 1)
		put32(o, 1); /* controller */
	put32(o, all ? 1 : topics);
	if (all)
		put_topic(r, head->version, r->cluster->topic, strlen(r->cluster->topic));
	for (int32_t i = 0; !all && i < topics && !in->is_short && !o->is_broken; i++) {
		int16_t length;
		const char *name = take_string(in, &length);

		put_topic(r, head->version, name, length > 0 ? (size_t)length : 0);
	}
	if (head->version >= 8)
		put32(o, INT32_MIN);
	answer_end(o, 0);
}

/* Returns how many bytes of records it put. */
static size_t put_fetch_partition(struct requests *r, int16_t version, int32_t partition)
{
	struct out *o = r->out;
	size_t records = leader_of(r, partition) == r->broker ? o->records->size : 0;

	put32(o, partition);
	put16(o, records ? ERR_NONE : ERR_NOT_LEADER);
	put64(o, INT64_MAX); /* high watermark */
	put64(o, INT64_MAX); /* last stable offset */
	if (version >= 5)
		put64(o, 0);
	put32(o, 0); /* aborted transactions */
	if (version >= 11)
		put32(o, -1);
	put32(o, (int64_t)records);
	if (records)
		put_records(o);
	return records;
}

static void answer_fetch(struct requests *r, const struct head *head, struct cursor *in)
{
	struct out *o = r->out;
	size_t records = 0;
	int32_t topics;

	answer_begin(o, head->correlation);
	skip(in, 4 + 4 + 4 + 4 + 1 + (head->version >= 7 ? 8 : 0)); /* up to the topics */
	put32(o, 0);
	if (head->version >= 7) {
		put16(o, ERR_NONE);
		put32(o, 0); /* session */
	}
	topics = take32(in);
	put32(o, topics);
	for (int32_t t = 0; t < topics && !in->is_short && !o->is_broken; t++) {
		int16_t length;
		const char *name = take_string(in, &length);
		int32_t partitions = take32(in);

		put_string(o, name, length > 0 ? (size_t)length : 0);
		put32(o, partitions);
		for (int32_t p = 0; p < partitions && !in->is_short && !o->is_broken; p++) {
			records += put_fetch_partition(r, head->version, take32(in));
			skip(in, (size_t)(head->version >= 9 ? 4 : 0) + 8 +
					 (head->version >= 5 ? 8 : 0) + 4);
		}
	}
	answer_end(o, records);
}

/* A Produce up to its topics. */
static void produce_begin(struct requests *r, const struct head *head, struct cursor *in)
{
	struct out *o = r->out;
	int16_t length;

	if (head->version < 3) {
		o->is_broken = true;
		return;
	}
	take_string(in, &length); /* transactional id */
	r->version = head->version;
	r->acks = take16(in);
	take32(in); /* timeout */
	r->topics_left = take32(in);
	if (in->is_short)
		return;
	if (r->acks) {
		answer_begin(o, head->correlation);
		put32(o, r->topics_left);
	}
	r->step = STEP_TOPIC;
}

static void produce_topic(struct requests *r, struct cursor *in)
{
	struct out *o = r->out;
	int16_t length;
	const char *name = take_string(in, &length);
	int32_t partitions = take32(in);

	if (in->is_short)
		return;
	if (r->acks) {
		put_string(o, name, length > 0 ? (size_t)length : 0);
		put32(o, partitions);
	}
	r->partitions_left = partitions;
	r->step = STEP_PARTITION;
}

static void produce_partition(struct requests *r, struct cursor *in)
{
	struct out *o = r->out;
	int32_t partition = take32(in);
	int32_t records = take32(in);

	if (in->is_short)
		return;
	if (r->acks) {
		put32(o, partition);
		put16(o, leader_of(r, partition) == r->broker ? ERR_NONE : ERR_NOT_LEADER);
		put64(o, 0);
		put64(o, -1);
		if (r->version >= 5)
			put64(o, 0);
		if (r->version >= 8) {
			put32(o, 0);
			put16(o, -1);
		}
	}
	r->discard = records > 0 ? (size_t)records : 0;
	r->partitions_left--;
	r->step = STEP_RECORDS;
}

static void produce_end(struct requests *r)
{
	struct out *o = r->out;

	if (r->acks) {
		put32(o, 0); /* throttle time */
		answer_end(o, 0);
	}
	r->step = STEP_HEAD;
}

/* What follows a topic, or a partition's records. */
static void produce_next(struct requests *r)
{
	if (r->step == STEP_PARTITION && r->partitions_left <= 0) {
		r->topics_left--;
		r->step = STEP_TOPIC;
	}
	if (r->step == STEP_TOPIC && r->topics_left <= 0)
		produce_end(r);
}

static void request_begin(struct requests *r, struct cursor *in)
{
	const uint8_t *frame = in->at;
	struct head head = take_head(in);

	if (in->is_short)
		return;
	if (head.key == PRODUCE) {
		produce_begin(r, &head, in);
		return;
	}
	if (head.size < 0 || (size_t)head.size + 4 > REQUEST_MAX) {
		r->out->is_broken = true;
		return;
	}
	if ((size_t)(in->end - frame) < (size_t)head.size + 4) {
		in->is_short = true;
		return;
	}
	if (head.key == API_VERSIONS)
		answer_api_versions(r, &head);
	else if (head.key == METADATA && head.version <= 8)
		answer_metadata(r, &head, in);
	else if (head.key == FETCH && head.version >= 4 && head.version <= 11)
		answer_fetch(r, &head, in);
	else
		r->out->is_broken = true;
	if (in->is_short)
		r->out->is_broken = true; /* the frame was whole */
	in->at = frame + 4 + head.size;
}

void requests_step(struct requests *r, struct cursor *in)
{
	if (r->step == STEP_HEAD)
		request_begin(r, in);
	else if (r->step == STEP_TOPIC)
		produce_topic(r, in);
	else
		produce_partition(r, in);
	if (in->is_short)
		return;
	if (r->step == STEP_RECORDS && r->discard == 0)
		requests_discard(r, 0);
	else
		produce_next(r);
}

void requests_discard(struct requests *r, size_t n)
{
	r->discard -= n;
	if (r->discard > 0)
		return;
	r->step = STEP_PARTITION;
	produce_next(r);
}
