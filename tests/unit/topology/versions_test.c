#include "topology/versions.h"

#include "kafka/api.h"
#include "topology/snapshot_build.h"
#include "unit/apis.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct kversions empty = { 0, -1 };

static bool is_offered(const struct kversions *offers, int key)
{
	return offers[key].max >= offers[key].min;
}

/* A broker with nothing. */
static struct broker_versions broker(void)
{
	struct broker_versions v = { .features_epoch = -1 };

	for (int i = 0; i < SNAPSHOT_KEYS; i++)
		v.keys[i] = empty;
	return v;
}

static void support(struct features *f, const char *name, int16_t min, int16_t max)
{
	f->all = mem_realloc(f->all, (f->count + 1) * sizeof *f->all);
	f->all[f->count++] = (struct feature){ mem_strdup(name), min, max };
}

static const struct feature *feature(const struct features *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->all[i].name, name) == 0)
			return &f->all[i];
	}
	return NULL;
}

static void ranges_are_what_all_have(void **state)
{
	struct broker_versions a = broker(), b = broker();
	const struct broker_versions *all[] = { &a, &b };
	struct kversions offers[SNAPSHOT_KEYS];

	(void)state;
	a.keys[2] = (struct kversions){ 1, 9 };
	b.keys[2] = (struct kversions){ 3, 30000 };
	a.keys[3] = (struct kversions){ 0, 4 };
	b.keys[3] = (struct kversions){ 5, 9 };	 /* nothing in common */
	a.keys[10] = (struct kversions){ 0, 4 }; /* b has none */
	a.keys[12] = b.keys[12] = (struct kversions){ 0, 30000 };
	offers_make(offers, all, 2);
	assert_int_equal(offers[2].min, 3);
	assert_int_equal(offers[2].max, 9);
	assert_false(is_offered(offers, 3));
	assert_false(is_offered(offers, 10));
	assert_int_equal(offers[12].max, api_versions(api_of(12)).max);
	offers_make(offers, all, 1);
	assert_int_equal(offers[2].min, 1);
	assert_int_equal(offers[10].max, 4);
}

static void some_keys_have_rules_of_their_own(void **state)
{
	struct broker_versions a = broker();
	const struct broker_versions *all[] = { &a };
	struct kversions offers[SNAPSHOT_KEYS];

	(void)state;
	for (int i = 0; i < SNAPSHOT_KEYS; i++)
		a.keys[i] = (struct kversions){ 0, 100 };
	a.keys[18] = (struct kversions){ 0, 2 };
	offers_make(offers, all, 1);
	/* ApiVersions is answered here: our own range */
	assert_int_equal(offers[18].min, api_versions(api_of(18)).min);
	assert_int_equal(offers[18].max, api_versions(api_of(18)).max);
	/* Produce from where the brokers say, wherever the rows begin */
	assert_int_equal(offers[0].min, 0);
	assert_int_equal(offers[0].max, api_versions(api_of(0)).max);
	/* what brokers tell each other, and what nobody knows */
	assert_false(is_offered(offers, 4));
	assert_false(is_offered(offers, 52));
	assert_false(is_offered(offers, 127));
	for (int i = 0; i < SNAPSHOT_KEYS; i++) {
		if (api_of(i) == NULL || api_of(i)->route == NOT_FOR_CLIENTS)
			assert_false(is_offered(offers, i));
	}
	/* without Produce at the brokers there is none here */
	a.keys[0] = empty;
	offers_make(offers, all, 1);
	assert_false(is_offered(offers, 0));
}

static void features_are_what_all_have(void **state)
{
	struct broker_versions a = broker(), b = broker();
	const struct broker_versions *all[] = { &a, &b };
	struct features f;

	(void)state;
	support(&a.supported, "x", 1, 5);
	support(&b.supported, "x", 3, 9);
	support(&a.supported, "apart", 1, 2);
	support(&b.supported, "apart", 3, 4);
	support(&a.supported, "a-only", 0, 1);
	support(&b.supported, "b-only", 0, 1);
	f = features_in_common(all, 2);
	assert_int_equal(f.count, 1);
	assert_int_equal(feature(&f, "x")->min, 3);
	assert_int_equal(feature(&f, "x")->max, 5);
	features_deinit(&f);
	f = features_in_common(all, 0);
	assert_int_equal(f.count, 0);
	versions_deinit(&a);
	versions_deinit(&b);
}

static void set_max(struct kversions *offers, int key, int16_t max)
{
	offers[key] = (struct kversions){ 0, max };
}

static struct features all_features(void)
{
	struct features f = { 0 };

	support(&f, "metadata.version", 7, 30);
	support(&f, "transaction.version", 2, 2);
	support(&f, "share.version", 1, 1);
	support(&f, "streams.version", 0, 1);
	support(&f, "group.version", 1, 1);
	return f;
}

static void features_need_their_requests(void **state)
{
	struct kversions offers[SNAPSHOT_KEYS];
	struct features f = all_features();

	(void)state;
	for (int i = 0; i < SNAPSHOT_KEYS; i++)
		offers[i] = empty;
	features_limit(&f, offers);
	assert_int_equal(f.count, 2);
	assert_int_equal(feature(&f, "metadata.version")->max, 30);
	assert_int_equal(feature(&f, "transaction.version")->max, 1);
	assert_int_equal(feature(&f, "transaction.version")->min, 1);
	features_deinit(&f);

	set_max(offers, 0, 12);
	set_max(offers, 26, 5);
	set_max(offers, 28, 4);
	set_max(offers, 68, 0);
	set_max(offers, 76, 1);
	set_max(offers, 77, 1);
	set_max(offers, 78, 1);
	f = all_features();
	features_limit(&f, offers);
	assert_int_equal(feature(&f, "transaction.version")->max, 1);
	assert_non_null(feature(&f, "group.version"));
	assert_null(feature(&f, "share.version"));
	features_deinit(&f);

	set_max(offers, 28, 5);
	set_max(offers, 79, 0);
	set_max(offers, 88, 0);
	f = all_features();
	features_limit(&f, offers);
	assert_int_equal(f.count, 5);
	assert_int_equal(feature(&f, "transaction.version")->max, 2);
	features_deinit(&f);
}

/* A version 4 answer by hand: 3 keys, both features, the epoch. */
static const uint8_t answer[] = {
	0, 0,			    /* error */
	4, 0,  3, 0, 0,	  0, 13, 0, /* Metadata 0-13 */
	0, 18, 0, 0, 0,	  4, 0,	    /* ApiVersions 0-4 */
	1, 44, 0, 0, 0,	  1, 0,	    /* key 300: beyond all that we know */
	0, 0,  0, 0,		    /* throttle */
	3,			    /* tagged fields */
	0, 16, 3, 2, 'x', 0, 0,	 0, 3, 0, 3, 'y', 'z', 0, 1, 0, 2, 0, /* supported x 0-3, yz 1-2 */
	1, 8,  0, 0, 0,	  0, 0,	 0, 1, 2,			      /* epoch 258 */
	2, 8,  2, 2, 'x', 0, 2,	 0, 2, 0,			      /* finalized x 2 */
};

static void an_answer_is_read(void **state)
{
	struct broker_versions v;

	(void)state;
	assert_int_equal(versions_read(&v, 4, answer, sizeof answer), VERSIONS_OK);
	assert_int_equal(v.keys[3].max, 13);
	assert_int_equal(v.keys[18].max, 4);
	assert_int_equal(v.keys[0].max, -1);
	assert_int_equal(v.supported.count, 2);
	assert_int_equal(feature(&v.supported, "x")->max, 3);
	assert_int_equal(feature(&v.supported, "yz")->min, 1);
	assert_int_equal(v.features_epoch, 258);
	assert_int_equal(v.finalized.count, 1);
	assert_int_equal(v.finalized.all[0].max, 2);
	assert_int_equal(versions_best(&v, 3), 13);
	assert_int_equal(versions_best(&v, 0), -1);
	versions_deinit(&v);
	for (uint32_t n = 0; n < sizeof answer; n++)
		assert_int_equal(versions_read(&v, 4, answer, n), VERSIONS_BAD);
}

static void errors_are_told_apart(void **state)
{
	/* error 35 in the form of version 0, in an answer to version 4 */
	const uint8_t unsupported[] = { 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 2 };
	const uint8_t other[] = { 0, 42, 0, 0, 0, 0 };
	struct broker_versions v;

	(void)state;
	assert_int_equal(versions_read(&v, 4, unsupported, sizeof unsupported),
			 VERSIONS_UNSUPPORTED);
	assert_int_equal(versions_read(&v, 0, other, sizeof other), VERSIONS_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_what_all_have),
		cmocka_unit_test(some_keys_have_rules_of_their_own),
		cmocka_unit_test(features_are_what_all_have),
		cmocka_unit_test(features_need_their_requests),
		cmocka_unit_test(an_answer_is_read),
		cmocka_unit_test(errors_are_told_apart),
	};

	return cmocka_run_group_tests(tests, apis_set_up, apis_tear_down);
}
