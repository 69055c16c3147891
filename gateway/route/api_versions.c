#include "route/api_versions.h"

#include "kafka/encode.h"
#include "kafka/walk.h"
#include "route/advertise.h"
#include "route/stub.h"
#include "topology/versions.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

/* From this version on features whose range begins at 0 may be listed. */
enum { FEATURES_FROM_ZERO = 4 };

struct answer {
	const struct snapshot *snapshot;
	const struct listener *listener;
	const struct kapi *api;
	int version, error;
	int16_t keys[SNAPSHOT_KEYS];
	struct feature supported[64], finalized[64]; /* names are the snapshot's */
	uint32_t key_count, supported_count, finalized_count;
};

/* [a-zA-Z0-9]([a-zA-Z0-9\-.]*[a-zA-Z0-9])? */
static bool is_software_word(const uint8_t *s, uint32_t n)
{
	if (n == 0 || !isalnum(s[0]) || !isalnum(s[n - 1]))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (!isalnum(s[i]) && s[i] != '-' && s[i] != '.')
			return false;
	}
	return true;
}

/* What the request says, before it is judged. */
struct said {
	const uint8_t *cluster;
	uint32_t cluster_len;
	bool has_cluster;
};

static bool read_request(const struct kapi *api, const struct api_versions_question *q,
			 struct api_versions_request *r, struct said *said)
{
	struct walk w;
	struct walk_event e;
	enum walk_result got;

	walk_init(&w, api_plan(api, q->version, REQUEST), q->size);
	walk_input(&w, q->body, q->size);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.is == SOFTWARE_NAME) {
			r->software_name = e.bytes;
			r->name_len = e.len;
		} else if (e.is == SOFTWARE_VERSION) {
			r->software_version = e.bytes;
			r->version_len = e.len;
		} else if (e.is == CLUSTER_ID && e.number >= 0) {
			said->has_cluster = true;
			said->cluster = e.bytes;
			said->cluster_len = e.len;
		} else if (e.is == NODE_ID) {
			r->node_id = (int32_t)e.number;
		}
	}
	return got == WALK_DONE;
}

static int judge(const struct api_versions_request *r, const struct said *said,
		 const struct api_versions_question *q)
{
	const char *cluster_id = q->snapshot->cluster_id;

	if (r->software_name != NULL && (!is_software_word(r->software_name, r->name_len) ||
					 !is_software_word(r->software_version, r->version_len)))
		return ERROR_INVALID_REQUEST;
	if (said->has_cluster != (r->node_id >= 0))
		return ERROR_INVALID_REQUEST;
	if (!said->has_cluster)
		return 0;
	if (cluster_id != NULL && (strlen(cluster_id) != said->cluster_len ||
				   memcmp(cluster_id, said->cluster, said->cluster_len) != 0))
		return ERROR_REBOOTSTRAP_REQUIRED;
	return q->known_node(q->ctx, r->node_id) ? 0 : ERROR_REBOOTSTRAP_REQUIRED;
}

/* A field of features: of which one.  False: it is a key's. */
static bool feature_of(const struct answer *a, const struct encode_field *f,
		       struct feature *feature)
{
	const uint32_t i = f->index[f->depth - 1];
	const enum kis in = encode_in(f);

	if (in == SUPPORTED_FEATURES)
		*feature = a->supported[i];
	else if (in == FINALIZED_FEATURES)
		*feature = a->finalized[i];
	return in == SUPPORTED_FEATURES || in == FINALIZED_FEATURES;
}

static struct kversions offered(const struct answer *a, int16_t key)
{
	static const struct kversions none = { 0, -1 };
	const struct kapi *api = api_of(key);

	if (key == a->api->key)
		return api_versions(a->api);
	return api != NULL && advertise_serves(a->listener, api) ? a->snapshot->offers[key] : none;
}

/* A field inside of one of the arrays. */
static bool fill_entry(const struct answer *a, const struct encode_field *f, struct encode_value *v)
{
	struct feature feature = { .name = NULL };
	struct kversions range;

	if (feature_of(a, f, &feature))
		range = (struct kversions){ feature.min, feature.max };
	else
		range = offered(a, a->keys[f->index[f->depth - 1]]);
	switch (f->is) {
	case API_KEY:
		v->number = a->keys[f->index[f->depth - 1]];
		return true;
	case FEATURE_NAME:
		assert(feature.name != NULL); /* a field of features only */
		v->bytes = (const uint8_t *)feature.name;
		v->len = (uint32_t)strlen(feature.name);
		return true;
	case MIN_VERSION:
		/* a finalized feature's range is its level and nothing else */
		v->number = encode_in(f) == FINALIZED_FEATURES ? range.max : range.min;
		return true;
	case MAX_VERSION:
		v->number = range.max;
		return true;
	default:
		return false;
	}
}

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	const struct answer *a = ctx;

	if (f->depth > 0)
		return fill_entry(a, f, v);
	switch (f->is) {
	case ERROR_CODE:
		v->number = a->error;
		return true;
	case API_KEYS:
		v->number = a->key_count;
		return true;
	case SUPPORTED_FEATURES:
		v->number = a->supported_count;
		return a->supported_count > 0;
	case FINALIZED_FEATURES:
		v->number = a->finalized_count;
		return a->finalized_count > 0;
	case FEATURES_EPOCH:
		v->number = a->snapshot->features_epoch;
		return a->error == 0 && v->number >= 0;
	default:
		return false;
	}
}

static void list_features(struct answer *a)
{
	const struct snapshot *s = a->snapshot;
	struct kversions offers[SNAPSHOT_KEYS];

	for (int16_t k = 0; k < SNAPSHOT_KEYS; k++)
		offers[k] = offered(a, k);
	for (size_t i = 0; i < s->supported_count && a->supported_count < 64; i++) {
		struct feature f = s->supported[i];

		if (feature_limit(&f, offers) && (f.min > 0 || a->version >= FEATURES_FROM_ZERO))
			a->supported[a->supported_count++] = f;
	}
	for (size_t i = 0; i < s->finalized_count && a->finalized_count < 64; i++) {
		struct feature f = s->finalized[i];

		if (f.max > 0 && feature_limit(&f, offers))
			a->finalized[a->finalized_count++] = f;
	}
}

static void list_all(struct answer *a)
{
	for (int16_t k = 0; k < SNAPSHOT_KEYS; k++) {
		if (offered(a, k).max >= offered(a, k).min)
			a->keys[a->key_count++] = k;
	}
	list_features(a);
}

bool api_versions_answer(struct buf *out, const struct api_versions_question *q,
			 struct api_versions_request *request)
{
	const struct kapi *api = api_of(KEY_API_VERSIONS);
	struct answer a = {
		.snapshot = q->snapshot, .listener = q->listener, .api = api, .version = q->version
	};
	struct said said = { 0 };

	*request = (struct api_versions_request){ .node_id = -1 };
	if (!kversions_has(api_versions(api), q->version)) {
		a.error = ERROR_UNSUPPORTED_VERSION;
		a.keys[a.key_count++] = api->key;
		return encode_message(api, 0, RESPONSE, fill, &a, out);
	}
	if (!read_request(api, q, request, &said))
		return false;
	a.error = judge(request, &said, q);
	if (a.error == 0)
		list_all(&a);
	else
		request->node_id = -1;
	return encode_message(api, q->version, RESPONSE, fill, &a, out);
}
