/* Which connection a request goes over, with calls that have no socket. */
#include "cluster/lines.h"

#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CALLS_MAX = 16 };

/* Stands in for the connection of call.h, whose functions are defined here. */
struct call {
	const struct call_events *events;
	void *owner;
	uint16_t port; /* of the address that it was to connect to */
	unsigned sent;
	bool refuses, is_freed;
};

static struct call calls[CALLS_MAX];
static size_t call_count;

struct call *call_new(struct ev_loop *loop, const struct call_options *options,
		      const struct call_events *events, void *owner)
{
	struct sockaddr_storage address;
	struct call *c = &calls[call_count++];

	(void)loop;
	assert_true(call_count <= CALLS_MAX);
	memcpy(&address, options->address, options->address_len);
	*c = (struct call){ .events = events, .owner = owner, .port = (uint16_t)address.ss_family };
	assert_int_equal(options->connect_timeout_ms, 1234);
	return c;
}

void call_free(struct call *c)
{
	assert_false(c->is_freed);
	c->is_freed = true;
}

bool call_send(struct call *c, const struct call_request *request)
{
	assert_false(c->is_freed);
	assert_int_equal(request->key, KEY_HEARTBEAT);
	c->sent += !c->refuses;
	return !c->refuses;
}

const char *link_end_text(enum link_end end)
{
	(void)end;
	return "lost";
}

const char *call_reason(const struct call *c, int error)
{
	(void)c;
	(void)error;
	return "-";
}

static struct broker make_broker(int32_t id)
{
	struct broker b = { .id = id, .address_len = sizeof b.address };

	b.address.ss_family = (sa_family_t)id;
	return b;
}

static bool send_to(struct lines *l, enum line_purpose purpose, int32_t id)
{
	const struct broker to = make_broker(id);
	const struct call_request request = { .key = KEY_HEARTBEAT };

	return lines_send(l, purpose, &to, &request);
}

static int begin(void **state)
{
	call_count = 0;
	*state = lines_new(NULL, NULL, 1234);
	return 0;
}

static int end(void **state)
{
	lines_free(*state);
	for (size_t i = 0; i < call_count; i++)
		assert_true(calls[i].is_freed);
	return 0;
}

static void one_connection_serves_one_purpose_at_one_broker(void **state)
{
	assert_true(send_to(*state, LINE_GROUP, 1));
	assert_true(send_to(*state, LINE_GROUP, 1));
	assert_int_equal(call_count, 1);
	assert_int_equal(calls[0].sent, 2);
	assert_int_equal(calls[0].port, 1);
	assert_true(send_to(*state, LINE_LOAD, 1)); /* a JoinGroup stands in nobody's way */
	assert_true(send_to(*state, LINE_GROUP, 2));
	assert_true(send_to(*state, (enum line_purpose)(LINE_POLL + 3), 1));
	assert_int_equal(call_count, 4);
	assert_true(send_to(*state, LINE_LOAD, 1));
	assert_int_equal(calls[1].sent, 2);
}

static void what_the_call_does_not_take_is_told(void **state)
{
	assert_true(send_to(*state, LINE_GROUP, 1));
	calls[0].refuses = true;
	assert_false(send_to(*state, LINE_GROUP, 1));
	assert_int_equal(call_count, 1);
}

static void a_broker_without_an_address_is_not_dialled(void **state)
{
	const struct broker nowhere = { .id = 1 };
	const struct call_request request = { .key = KEY_HEARTBEAT };

	assert_false(lines_send(*state, LINE_GROUP, &nowhere, &request));
	assert_int_equal(call_count, 0);
}

static void a_lost_connection_is_forgotten(void **state)
{
	assert_true(send_to(*state, LINE_GROUP, 1));
	assert_true(send_to(*state, LINE_LOAD, 1));
	calls[0].events->on_closed(calls[0].owner, LINK_CUT, 0);
	assert_true(calls[0].is_freed);
	assert_false(calls[1].is_freed);
	assert_true(send_to(*state, LINE_GROUP, 1));
	assert_int_equal(call_count, 3);
	assert_int_equal(calls[2].sent, 1);
}

static void a_purpose_is_kept_to_one_broker(void **state)
{
	assert_true(send_to(*state, LINE_GROUP, 1));
	assert_true(send_to(*state, LINE_GROUP, 2));
	assert_true(send_to(*state, LINE_GROUP, 3));
	assert_true(send_to(*state, LINE_LOAD, 1));
	lines_keep(*state, LINE_GROUP, 2);
	assert_true(calls[0].is_freed && calls[2].is_freed);
	assert_false(calls[1].is_freed || calls[3].is_freed);
	assert_true(send_to(*state, LINE_GROUP, 2));
	assert_int_equal(call_count, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_connection_serves_one_purpose_at_one_broker),
		TEST(what_the_call_does_not_take_is_told),
		TEST(a_broker_without_an_address_is_not_dialled),
		TEST(a_lost_connection_is_forgotten),
		TEST(a_purpose_is_kept_to_one_broker),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
