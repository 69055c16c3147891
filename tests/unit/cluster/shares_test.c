#include "cluster/shares.h"

#include "cluster/identity.h"
#include "cluster/subscription.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MEMBERS = 4 };

/* What JoinGroup told of members: each an id and the user data of its subscription, NULL: of one
 * that is no gateway node. */
struct joined {
	struct reply reply;
	struct buf subscriptions[MEMBERS];
};

static void join(struct joined *j, const char *const ids[][2], size_t count)
{
	*j = (struct joined){ 0 };
	j->reply.members = calloc(count, sizeof *j->reply.members);
	j->reply.member_count = count;
	for (size_t i = 0; i < count; i++) {
		struct buf *subscription = &j->subscriptions[i], identity;

		buf_init(&identity, IDENTITY_MAX);
		buf_init(subscription, IDENTITY_MAX * 2);
		if (ids[i][1] != NULL)
			buf_append(&identity, ids[i][1], strlen(ids[i][1]));
		subscription_write(subscription, "t", &identity);
		buf_deinit(&identity);
		j->reply.members[i].id = (struct reply_bytes){ (const uint8_t *)ids[i][0],
							       (uint32_t)strlen(ids[i][0]) };
		j->reply.members[i].data =
			(struct reply_bytes){ subscription->data, (uint32_t)subscription->len };
	}
}

static void leave(struct joined *j)
{
	for (size_t i = 0; i < j->reply.member_count; i++)
		buf_deinit(&j->subscriptions[i]);
	free(j->reply.members);
}

static bool collect(void *ctx, const struct map_entry *entry)
{
	char *seen = ctx;
	size_t n = strlen(seen);

	snprintf(seen + n, 64 - n, "%.*s,", (int)entry->len, (const char *)entry->bytes);
	return true;
}

/* The identities in the map that the member gets, and the numbers of its partitions. */
static void assert_share(const struct share *s, const char *id, const char *map,
			 const char *partitions)
{
	char seen[64] = "", numbers[64] = "";
	const uint8_t *at = s->assignment.data, *data;
	size_t len, n = 0;

	assert_int_equal(s->member_id_len, strlen(id));
	assert_memory_equal(s->member_id, id, strlen(id));
	assert_true(assignment_read(at, s->assignment.len, &data, &len));
	assert_true(map_read(data, len, collect, seen));
	assert_string_equal(seen, map);
	/* version, one topic, its name, then its partitions; or no topic at all */
	if (at[5] > 0) {
		int count = at[12];

		assert_memory_equal(at + 2, "\0\0\0\1\0\1t\0\0\0", 10);
		for (int i = 0; i < count; i++)
			n += (size_t)snprintf(numbers + n, sizeof numbers - n, "%d,",
					      at[16 + 4 * i]);
	}
	assert_string_equal(numbers, partitions);
}

static void partitions_go_round_and_the_map_goes_to_all(void **state)
{
	static const char *const ids[][2] = { { "m2", "two" }, { "m10", "ten" }, { "m1", "one" } };
	struct shares s = { 0 };
	struct joined j;

	(void)state;
	join(&j, ids, 3);
	shares_make(&s, &j.reply, "t", 5);
	leave(&j); /* nothing of it is borrowed */
	assert_int_equal(s.count, 3);
	assert_share(&s.all[0], "m1", "two,ten,one,", "0,3,");
	assert_share(&s.all[1], "m10", "two,ten,one,", "1,4,");
	assert_share(&s.all[2], "m2", "two,ten,one,", "2,");
	shares_deinit(&s);
	assert_int_equal(s.count, 0);
}

static void who_is_no_node_has_partitions_and_is_in_no_map(void **state)
{
	static const char *const ids[][2] = { { "a", "A" }, { "b", NULL } };
	struct shares s = { 0 };
	struct joined j;

	(void)state;
	join(&j, ids, 2);
	shares_make(&s, &j.reply, "t", 3);
	assert_share(&s.all[0], "a", "A,", "0,2,");
	assert_share(&s.all[1], "b", "A,", "1,");
	shares_deinit(&s);
	leave(&j);
}

static void without_the_topic_the_map_is_all(void **state)
{
	static const char *const ids[][2] = { { "a", "A" } };
	struct shares s = { 0 };
	struct joined j;

	(void)state;
	join(&j, ids, 1);
	shares_make(&s, &j.reply, "t", 0);
	assert_share(&s.all[0], "a", "A,", "");
	shares_deinit(&s);
	leave(&j);
}

static void they_are_said_in_pairs(void **state)
{
	static const char *const ids[][2] = { { "a", "A" }, { "b", "B" } };
	struct shares s = { 0 };
	struct joined j;
	struct say *said;

	(void)state;
	said = shares_said(&s); /* who does not lead has none */
	free(said);
	join(&j, ids, 2);
	shares_make(&s, &j.reply, "t", 2);
	said = shares_said(&s);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(said[i * SHARES_EACH].is, MEMBER_ID);
		assert_memory_equal(said[i * SHARES_EACH].bytes, ids[i][0], 1);
		assert_int_equal(said[i * SHARES_EACH + 1].is, MEMBER_DATA);
		assert_ptr_equal(said[i * SHARES_EACH + 1].bytes, s.all[i].assignment.data);
	}
	free(said);
	shares_deinit(&s);
	leave(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partitions_go_round_and_the_map_goes_to_all),
		cmocka_unit_test(who_is_no_node_has_partitions_and_is_in_no_map),
		cmocka_unit_test(without_the_topic_the_map_is_all),
		cmocka_unit_test(they_are_said_in_pairs),
	};

	return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
