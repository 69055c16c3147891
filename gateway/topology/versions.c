#include "topology/versions.h"

#include "kafka/api.h"
#include "kafka/errors.h"
#include "kafka/walk.h"
#include "kafka/wire.h"
#include "topology/snapshot_build.h"
#include "util/mem.h"

enum { FEATURES_MAX = 1000 }; /* that a broker may list */

static const struct kversions none = { 0, -1 };

static bool is_empty(struct kversions v)
{
	return v.max < v.min;
}

static struct kversions common(struct kversions a, struct kversions b)
{
	struct kversions c = { a.min > b.min ? a.min : b.min, a.max < b.max ? a.max : b.max };

	return is_empty(a) || is_empty(b) || is_empty(c) ? none : c;
}

static void add_feature(struct features *f, const char *name, size_t len, int16_t min, int16_t max)
{
	f->all = mem_realloc(f->all, (f->count + 1) * sizeof *f->all);
	f->all[f->count++] = (struct feature){ mem_strndup(name, len), min, max };
}

static void remove_feature(struct features *f, size_t i)
{
	free(f->all[i].name);
	f->count--;
	memmove(&f->all[i], &f->all[i + 1], (f->count - i) * sizeof *f->all);
}

void features_deinit(struct features *f)
{
	feature_list_free(f->all, f->count);
	*f = (struct features){ 0 };
}

struct features features_copy(const struct features *from)
{
	struct features f = { 0 };

	for (size_t i = 0; i < from->count; i++)
		add_feature(&f, from->all[i].name, strlen(from->all[i].name), from->all[i].min,
			    from->all[i].max);
	return f;
}

/* An entry of the answer's arrays, as it is read. */
struct reading {
	struct broker_versions *v;
	int16_t error;
	int64_t key;
	struct kversions range;
	const uint8_t *name;
	uint32_t name_len;
};

static void end_entry(struct reading *r, enum kis array)
{
	struct features *f = array == SUPPORTED_FEATURES ? &r->v->supported : &r->v->finalized;

	if (array == API_KEYS && r->key >= 0 && r->key < SNAPSHOT_KEYS && !is_empty(r->range))
		r->v->keys[r->key] = r->range;
	else if (array != API_KEYS && r->name != NULL && !is_empty(r->range) &&
		 f->count < FEATURES_MAX)
		add_feature(f, (const char *)r->name, r->name_len, r->range.min, r->range.max);
	r->key = -1;
	r->name = NULL;
	r->range = none;
}

static void take_value(struct reading *r, const struct walk_event *e)
{
	if (e->is == ERROR_CODE) {
		r->error = (int16_t)e->number;
	} else if (e->is == API_KEY) {
		r->key = e->number;
	} else if (e->is == FEATURE_NAME) {
		r->name = e->bytes;
		r->name_len = e->len;
	} else if (e->is == MIN_VERSION) {
		r->range.min = (int16_t)e->number;
	} else if (e->is == MAX_VERSION) {
		r->range.max = (int16_t)e->number;
	} else if (e->is == FEATURES_EPOCH) {
		r->v->features_epoch = e->number;
	}
}

static bool is_list(enum kis is)
{
	return is == API_KEYS || is == SUPPORTED_FEATURES || is == FINALIZED_FEATURES;
}

static bool read_all(struct reading *r, const struct plan *plan, const uint8_t *body, uint32_t len)
{
	struct walk w;
	struct walk_event e;
	enum walk_result got;

	walk_init(&w, plan, len);
	walk_input(&w, body, len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		bool is_first = e.kind == WALK_ELEMENT && e.number == 0;

		if (e.kind == WALK_VALUE)
			take_value(r, &e);
		else if (is_list(e.is) && !is_first &&
			 (e.kind == WALK_ELEMENT || e.kind == WALK_ARRAY_END))
			end_entry(r, e.is);
	}
	return got == WALK_DONE && r->error == 0;
}

enum versions_result versions_read(struct broker_versions *v, int version, const uint8_t *body,
				   uint32_t len)
{
	struct reading r = { .v = v, .key = -1, .range = none };

	*v = (struct broker_versions){ .features_epoch = -1 };
	for (int i = 0; i < SNAPSHOT_KEYS; i++)
		v->keys[i] = none;
	if (len >= 2 && (int16_t)wire_get16(body) == ERROR_UNSUPPORTED_VERSION)
		return VERSIONS_UNSUPPORTED;
	if (read_all(&r, api_plan(api_of(KEY_API_VERSIONS), version, RESPONSE), body, len))
		return VERSIONS_OK;
	versions_deinit(v);
	return VERSIONS_BAD;
}

void versions_deinit(struct broker_versions *v)
{
	features_deinit(&v->supported);
	features_deinit(&v->finalized);
}

int versions_best(const struct broker_versions *v, int api_key)
{
	const struct kapi *api = api_of(api_key);
	struct kversions both = api != NULL ? common(v->keys[api_key], api_versions(api)) : none;

	return both.max;
}

/* The versions that all brokers have. */
static struct kversions brokers_common(const struct broker_versions *const *all, size_t count,
				       int key)
{
	struct kversions v = count > 0 ? all[0]->keys[key] : none;

	for (size_t i = 1; i < count; i++)
		v = common(v, all[i]->keys[key]);
	return v;
}

static struct kversions offer(const struct kapi *api, const struct broker_versions *const *all,
			      size_t count)
{
	struct kversions brokers = brokers_common(all, count, api->key), both;

	if (api->route == NOT_FOR_CLIENTS)
		return none;
	if (api->key == KEY_API_VERSIONS)
		return api_versions(api);
	both = common(brokers, api_versions(api));
	if (api->offered_from_zero && !is_empty(both))
		both.min = brokers.min;
	return both;
}

void offers_make(struct kversions offers[SNAPSHOT_KEYS], const struct broker_versions *const *all,
		 size_t count)
{
	for (int key = 0; key < SNAPSHOT_KEYS; key++) {
		const struct kapi *api = api_of(key);

		offers[key] = api != NULL ? offer(api, all, count) : none;
	}
}

static const struct feature *find_feature(const struct features *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->all[i].name, name) == 0)
			return &f->all[i];
	}
	return NULL;
}

struct features features_in_common(const struct broker_versions *const *all, size_t count)
{
	struct features f = { 0 };

	for (size_t i = 0; count > 0 && i < all[0]->supported.count; i++) {
		const struct feature *first = &all[0]->supported.all[i];
		struct kversions range = { first->min, first->max };

		for (size_t b = 1; b < count; b++) {
			const struct feature *other = find_feature(&all[b]->supported, first->name);

			range = other == NULL ? none
					      : common(range, (struct kversions){ other->min,
										  other->max });
		}
		if (!is_empty(range))
			add_feature(&f, first->name, strlen(first->name), range.min, range.max);
	}
	return f;
}

static bool offered_up_to(const struct kversions *offers, int key, int version)
{
	return !is_empty(offers[key]) && offers[key].max >= version;
}

/* A feature that clients act on, and the requests they then send. */
static const struct need {
	const char *feature;
	struct {
		int8_t key, version;
	} requests[4];
	size_t count;
	int16_t without; /* the level it is lowered to, 0: it is left out */
} needs[] = {
	{ "share.version",
	  { { KEY_SHARE_GROUP_HEARTBEAT, 0 },
	    { KEY_SHARE_GROUP_DESCRIBE, 0 },
	    { KEY_SHARE_FETCH, 0 },
	    { KEY_SHARE_ACKNOWLEDGE, 0 } },
	  4,
	  0 },
	{ "streams.version", { { KEY_STREAMS_GROUP_HEARTBEAT, 0 } }, 1, 0 },
	{ "group.version", { { KEY_CONSUMER_GROUP_HEARTBEAT, 0 } }, 1, 0 },
	/* implicit AddPartitionsToTxn */
	{ "transaction.version",
	  { { KEY_PRODUCE, 12 }, { KEY_END_TXN, 5 }, { KEY_TXN_OFFSET_COMMIT, 5 } },
	  3,
	  1 },
};

static bool is_met(const struct need *need, const struct kversions *offers)
{
	for (size_t i = 0; i < need->count; i++) {
		if (!offered_up_to(offers, need->requests[i].key, need->requests[i].version))
			return false;
	}
	return true;
}

bool feature_limit(struct feature *f, const struct kversions offers[SNAPSHOT_KEYS])
{
	for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
		if (strcmp(f->name, needs[i].feature) != 0 || is_met(&needs[i], offers))
			continue;
		if (needs[i].without == 0)
			return false;
		if (f->max > needs[i].without)
			f->max = needs[i].without;
		if (f->min > f->max)
			f->min = f->max;
	}
	return true;
}

void features_limit(struct features *f, const struct kversions offers[SNAPSHOT_KEYS])
{
	for (size_t i = 0; i < f->count; i++) {
		if (!feature_limit(&f->all[i], offers))
			remove_feature(f, i--);
	}
}
