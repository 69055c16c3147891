#include "cluster/seal.h"

#include "cluster/identity.h"
#include "cluster/load.h"
#include "kafka/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now = 1700000000000;

static struct sealed said(enum seal_kind kind, const char *node_id, int64_t incarnation,
			  const char *content)
{
	return (struct sealed){
		kind,		node_id, strlen(node_id), incarnation, (const uint8_t *)content,
		strlen(content)
	};
}

/* A seal made by a writer of this secret and group. */
static struct buf sealed_by(const char *secret, const char *group, const struct sealed *what,
			    int64_t at)
{
	struct seal *writer = seal_new(secret, group);
	struct buf b;

	buf_init(&b, SEAL_SIZE);
	seal_write(writer, what, at, &b);
	assert_int_equal(b.len, SEAL_SIZE);
	seal_free(writer);
	return b;
}

static enum member_trust judged(struct seal *reader, const struct sealed *what, const struct buf *b)
{
	return seal_check(reader, what, b->data, b->len);
}

static void without_a_secret_nothing_is_sealed(void **state)
{
	const struct sealed what = said(SEAL_LOAD, "n1", 1, "x");
	struct buf b;

	(void)state;
	assert_null(seal_new(NULL, "g"));
	buf_init(&b, SEAL_SIZE);
	seal_write(NULL, &what, now, &b);
	assert_int_equal(b.len, 0);
	buf_deinit(&b);
	seal_free(NULL);
}

/* All that is told differs from what was sealed in one thing. */
static void only_what_was_said_is_believed(void **state)
{
	const struct sealed what = said(SEAL_IDENTITY, "n1", 7, "content");
	const struct sealed others[] = {
		said(SEAL_LOAD, "n1", 7, "content"),	  said(SEAL_IDENTITY, "n2", 7, "content"),
		said(SEAL_IDENTITY, "n1", 8, "content"),  said(SEAL_IDENTITY, "n1", 7, "contenu"),
		said(SEAL_IDENTITY, "n1", 7, "content2"), said(SEAL_IDENTITY, "n1c", 7, "ontent"),
		said(SEAL_IDENTITY, "n", 7, "1content"),
	};
	struct seal *reader = seal_new("sesame", "g");
	struct buf good = sealed_by("sesame", "g", &what, now);
	struct buf key = sealed_by("sesam", "g", &what, now);
	struct buf group = sealed_by("sesame", "h", &what, now);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(judged(reader, &others[i], &good), MEMBER_WRONG_SEAL);
	assert_int_equal(judged(reader, &what, &key), MEMBER_WRONG_SEAL);
	assert_int_equal(judged(reader, &what, &group), MEMBER_WRONG_SEAL);
	assert_int_equal(judged(reader, &what, &good), MEMBER_BELIEVED);
	for (size_t i = 0; i < SEAL_SIZE; i++) { /* the counter is sealed too */
		good.data[i] ^= 0x40;
		assert_int_equal(judged(reader, &what, &good), MEMBER_WRONG_SEAL);
		good.data[i] ^= 0x40;
	}
	buf_deinit(&good);
	buf_deinit(&key);
	buf_deinit(&group);
	seal_free(reader);
}

static void a_truncated_seal_is_wrong_and_none_is_none(void **state)
{
	const struct sealed what = said(SEAL_LOAD, "n1", 7, "content");
	struct seal *reader = seal_new("sesame", "g");
	struct buf good = sealed_by("sesame", "g", &what, now);

	(void)state;
	assert_int_equal(seal_check(reader, &what, good.data, 0), MEMBER_UNSEALED);
	for (size_t n = 1; n < SEAL_SIZE; n++)
		assert_int_equal(seal_check(reader, &what, good.data, n), MEMBER_WRONG_SEAL);
	assert_int_equal(judged(reader, &what, &good), MEMBER_BELIEVED);
	buf_deinit(&good);
	seal_free(reader);
}

static void what_was_said_before_is_not_believed_again(void **state)
{
	const struct sealed load = said(SEAL_LOAD, "n1", 7, "x"),
			    other = said(SEAL_LOAD, "n2", 7, "x"),
			    identity = said(SEAL_IDENTITY, "n1", 7, "x");
	struct seal *reader = seal_new("sesame", "g");
	struct buf first = sealed_by("sesame", "g", &load, now),
		   second = sealed_by("sesame", "g", &load, now + 1),
		   others = sealed_by("sesame", "g", &other, now - 1000),
		   early = sealed_by("sesame", "g", &identity, now - 5),
		   late = sealed_by("sesame", "g", &identity, now - 4);

	(void)state;
	assert_int_equal(judged(reader, &load, &first), MEMBER_BELIEVED);
	assert_int_equal(judged(reader, &load, &first), MEMBER_OLD_SEAL);
	assert_int_equal(judged(reader, &load, &second), MEMBER_BELIEVED);
	assert_int_equal(judged(reader, &load, &first), MEMBER_OLD_SEAL);
	assert_int_equal(judged(reader, &other, &others), MEMBER_BELIEVED); /* each for itself */
	assert_int_equal(judged(reader, &identity, &early), MEMBER_BELIEVED);
	assert_int_equal(judged(reader, &identity, &early), MEMBER_BELIEVED); /* in every map */
	assert_int_equal(judged(reader, &identity, &late), MEMBER_BELIEVED);
	assert_int_equal(judged(reader, &identity, &early), MEMBER_OLD_SEAL);
	buf_deinit(&first);
	buf_deinit(&second);
	buf_deinit(&others);
	buf_deinit(&early);
	buf_deinit(&late);
	seal_free(reader);
}

static void a_counter_grows_though_the_clock_stands_or_goes_back(void **state)
{
	const struct sealed what = said(SEAL_LOAD, "n1", 7, "x");
	struct seal *writer = seal_new("sesame", "g"), *reader = seal_new("sesame", "g");

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct buf b;

		buf_init(&b, SEAL_SIZE);
		seal_write(writer, &what, now - i, &b);
		assert_int_equal(wire_get64(b.data), now + i);
		assert_int_equal(judged(reader, &what, &b), MEMBER_BELIEVED);
		buf_deinit(&b);
	}
	seal_free(writer);
	seal_free(reader);
}

static void so_many_nodes_are_remembered_and_no_more(void **state)
{
	struct seal *reader = seal_new("sesame", "g");
	struct buf b;
	char id[16];

	(void)state;
	for (int i = 0; i <= SEAL_NODES_MAX; i++) {
		struct sealed what;

		snprintf(id, sizeof id, "n%d", i);
		what = said(SEAL_LOAD, id, 7, "x");
		b = sealed_by("sesame", "g", &what, now + i);
		assert_int_equal(judged(reader, &what, &b), MEMBER_BELIEVED);
		assert_int_equal(judged(reader, &what, &b), MEMBER_OLD_SEAL);
		buf_deinit(&b);
	}
	seal_free(reader);
}

/* --- in identities and load records --- */

static struct buf identity_of(const char *node_id, const char *host, const char *secret)
{
	struct cluster_member m = { .node_id = (char *)(uintptr_t)node_id,
				    .host = (char *)(uintptr_t)host,
				    .port = 9092,
				    .port_count = 3,
				    .incarnation = 5 };
	struct seal *writer = seal_new(secret, "g");
	struct buf b;

	buf_init(&b, IDENTITY_MAX);
	identity_write(&b, &m);
	identity_seal(&b, &m, writer, now);
	seal_free(writer);
	return b;
}

static enum member_trust trust_of(const struct buf *b, size_t n, struct seal *reader, bool *sealed)
{
	struct cluster_member m;
	enum member_trust trust;

	if (!identity_read(&m, b->data, n))
		return MEMBER_WRONG_SEAL;
	identity_judge(&m, b->data, n, reader);
	trust = m.trust;
	*sealed = m.is_sealed;
	identity_deinit(&m);
	return trust;
}

static void an_identity_is_sealed_whole(void **state)
{
	struct buf good = identity_of("n1", "a.example", "sesame"),
		   bare = identity_of("n1", "a.example", NULL),
		   other = identity_of("n1", "a.example", "simsalabim");
	struct seal *reader = seal_new("sesame", "g");
	bool is_sealed;

	(void)state;
	assert_int_equal(trust_of(&good, good.len, reader, &is_sealed), MEMBER_BELIEVED);
	assert_true(is_sealed);
	assert_int_equal(trust_of(&bare, bare.len, reader, &is_sealed), MEMBER_UNSEALED);
	assert_false(is_sealed);
	assert_int_equal(trust_of(&other, other.len, reader, &is_sealed), MEMBER_WRONG_SEAL);
	assert_true(is_sealed);
	/* who has no secret believes everybody, and sees who has one */
	assert_int_equal(trust_of(&other, other.len, NULL, &is_sealed), MEMBER_BELIEVED);
	assert_true(is_sealed);
	for (size_t i = 0; i < good.len; i++) {
		good.data[i] ^= 1;
		assert_int_not_equal(trust_of(&good, good.len, reader, &is_sealed),
				     MEMBER_BELIEVED);
		good.data[i] ^= 1;
		if (i > 0)
			assert_int_not_equal(trust_of(&good, i, reader, &is_sealed),
					     MEMBER_BELIEVED);
	}
	buf_append(&good, "\100\0\1x", 4); /* a tag behind the seal */
	assert_int_equal(trust_of(&good, good.len, reader, &is_sealed), MEMBER_UNSEALED);
	buf_deinit(&good);
	buf_deinit(&bare);
	buf_deinit(&other);
	seal_free(reader);
}

struct heard {
	unsigned loads, keys;
};

static void on_load(void *owner, const char *node_id, size_t id_len, int64_t incarnation,
		    const struct cluster_load *load)
{
	(void)node_id;
	(void)id_len;
	(void)incarnation;
	(void)load;
	((struct heard *)owner)->loads++;
}

static void on_keys(void *owner, const char *node_id, size_t id_len, const struct load_keys *keys)
{
	(void)node_id;
	(void)id_len;
	(void)keys;
	((struct heard *)owner)->keys++;
}

static struct heard heard_of(const char *secret, int times)
{
	const struct cluster_load load = { .connections = 3 };
	const struct load_keys keys = { .keys = { 11, 13 }, .count = 2 };
	struct seal *writer = seal_new(secret, "g"), *reader = seal_new("sesame", "g");
	struct heard h = { 0 };
	const struct load_events events = { on_load, on_keys, &h, reader };
	struct buf b;

	buf_init(&b, 4096);
	load_write(&b, now, "n1", 7, &load, &keys, writer);
	for (int i = 0; i < times; i++)
		assert_int_equal(load_read(b.data, b.len, 0, &events), 1);
	buf_deinit(&b);
	seal_free(writer);
	seal_free(reader);
	return h;
}

static void a_load_record_is_heard_once_and_only_when_it_is_sealed(void **state)
{
	(void)state;
	assert_int_equal(heard_of("sesame", 1).loads, 1);
	assert_int_equal(heard_of("sesame", 1).keys, 1);
	assert_int_equal(heard_of("sesame", 3).loads, 1);
	assert_int_equal(heard_of("sesame", 3).keys, 1);
	assert_int_equal(heard_of("other", 1).loads, 0);
	assert_int_equal(heard_of(NULL, 1).loads, 0);
	assert_int_equal(heard_of(NULL, 1).keys, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_secret_nothing_is_sealed),
		cmocka_unit_test(only_what_was_said_is_believed),
		cmocka_unit_test(a_truncated_seal_is_wrong_and_none_is_none),
		cmocka_unit_test(what_was_said_before_is_not_believed_again),
		cmocka_unit_test(a_counter_grows_though_the_clock_stands_or_goes_back),
		cmocka_unit_test(so_many_nodes_are_remembered_and_no_more),
		cmocka_unit_test(an_identity_is_sealed_whole),
		cmocka_unit_test(a_load_record_is_heard_once_and_only_when_it_is_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
