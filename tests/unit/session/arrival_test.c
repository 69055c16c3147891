/* A connection from its accept until it is known who came: exactly the PROXY header's bytes are
 * taken, however they come. */
#include "session/session.h"

#include "unit/session/words.h"

#include <netinet/tcp.h>

enum { CAME_BY = 1, FROM_PORT = 4411, HEADER_ROOM = 2048 };

static const char v1[] = "PROXY TCP4 10.0.0.5 10.0.0.9 4411 9094\r\n";

struct header {
	uint8_t bytes[HEADER_ROOM];
	size_t len;
};

static struct scene s;

/* --- headers --- */

/* 10.0.0.5:4411 asks 10.0.0.9 for this port; `more` bytes of TLV that say nothing. */
static struct header v2(int port, size_t more)
{
	static const uint8_t begins[] = { 0x0d, 0x0a, 0x0d, 0x0a, 0,	0x0d, 0x0a, 0x51,
					  0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0,    0,
					  10,	0,    0,    5,	  10,	0,    0,    9 };
	struct header h = { .len = sizeof begins + 4 };

	memcpy(h.bytes, begins, sizeof begins);
	wire_put16(h.bytes + 24, FROM_PORT);
	wire_put16(h.bytes + 26, (uint16_t)port);
	if (more > 0) {
		h.bytes[h.len] = 4; /* no operation */
		wire_put16(h.bytes + h.len + 1, (uint16_t)(more - 3));
		h.len += more;
	}
	wire_put16(h.bytes + 14, (uint16_t)(h.len - 16));
	return h;
}

/* The load balancer looks whether the node is there. */
static struct header v2_local(void)
{
	struct header h = v2(0, 0);

	h.bytes[12] = 0x20;
	return h;
}

/* --- arrivals --- */

static struct config_net *net_of(const char *address, unsigned bits)
{
	static struct config_net net;

	assert_int_equal(inet_pton(AF_INET6, address, &net.addr), 1);
	net.bits = bits;
	return &net;
}

static void begin(enum proxy_mode mode)
{
	scene_init(&s);
	s.config.listener.proxy_protocol = mode;
	s.config.proxy_trusted = net_of("::ffff:127.0.0.0", 96 + 8);
	s.config.proxy_trusted_count = 1;
}

static void end(void)
{
	arrivals_free(s.w, "the test ends");
	scene_deinit(&s);
}

/* It becomes the next client, or none. */
static int arrive(void)
{
	struct scene_client *one = &s.clients[s.client_count];
	struct sockaddr_storage peer;
	int own, yes = 1, fd = scene_pair(&own, &peer);

	setsockopt(own, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	scene_end_init(&one->end, own);
	one->id = s.w->next_client_id;
	assert_true(admission_enter(s.shared.admission));
	arrival_new(&s.w->entrances[0], fd, &peer, CAME_BY);
	return s.client_count++;
}

static void send_in_pieces(int n, const void *bytes, size_t len, size_t piece)
{
	for (size_t at = 0; at < len; at += piece) {
		assert_null(scene_client(&s, n));
		scene_client_sends(&s, n, (const uint8_t *)bytes + at,
				   len - at < piece ? len - at : piece);
		scene_turn(&s);
		scene_turn(&s);
	}
}

/* The bytes behind the header are the client's own: its request is answered. */
static void assert_serves(int n)
{
	client_says(&s, n, "ApiVersions 0 id 9");
	assert_client_gets(&s, n, "correlation id 9");
}

static void assert_peer(int n, const char *address)
{
	char text[ADDRESS_TEXT];

	scene_until(&s, scene_client(&s, n) != NULL);
	address_text(&scene_client(&s, n)->came.peer, text);
	assert_string_equal(text, address);
}

/* Nobody has come, it is counted why, and the connection's place is free again. */
static void assert_refused(int n, enum stats_counter why)
{
	scene_until(&s, s.clients[n].end.fd < 0 || s.clients[n].end.has_ended);
	scene_until(&s, s.w->arrivals == NULL);
	assert_null(scene_client(&s, n));
	assert_int_equal(scene_count(&s, why), 1);
	assert_int_equal(scene_count(&s, STAT_CLIENTS_ACCEPTED),
			 scene_count(&s, STAT_CLIENTS_CLOSED));
	for (int i = 0; i < s.config.max_connections; i++)
		assert_true(admission_enter(s.shared.admission));
	for (int i = 0; i < s.config.max_connections; i++)
		admission_leave(s.shared.admission);
}

/* --- how the header comes --- */

static void without_proxy_it_is_a_client_at_once(void **state)
{
	int n;

	(void)state;
	begin(PROXY_OFF);
	n = arrive();
	scene_until(&s, scene_client(&s, n) != NULL); /* when the layer has opened */
	assert_int_equal(scene_client(&s, n)->came.port, CAME_BY);
	assert_serves(n);
	end();
}

static void a_header_may_come_in_single_bytes(void **state)
{
	const struct header h = v2(9094, 0);
	int n;

	(void)state;
	begin(PROXY_REQUIRE);
	n = arrive();
	send_in_pieces(n, v1, sizeof v1 - 1, 1);
	assert_peer(n, "10.0.0.5:4411");
	assert_serves(n);
	n = arrive();
	send_in_pieces(n, h.bytes, h.len, 1);
	assert_peer(n, "10.0.0.5:4411");
	assert_serves(n);
	end();
}

/* A request right behind it, in one segment. */
static void exactly_its_bytes_are_taken(void **state)
{
	const struct header h = v2(9094, 0);
	struct buf both;
	int n;

	(void)state;
	begin(PROXY_REQUIRE);
	n = arrive();
	buf_init(&both, SCENE_BYTES_MAX);
	buf_append(&both, h.bytes, h.len);
	words_note(&s.clients[n].said, words_request("ApiVersions 0 id 3", &both));
	scene_client_sends(&s, n, both.data, both.len);
	assert_client_gets(&s, n, "correlation id 3");
	assert_peer(n, "10.0.0.5:4411");
	buf_clear(&both);
	n = arrive();
	buf_append(&both, v1, sizeof v1 - 1);
	words_note(&s.clients[n].said, words_request("ApiVersions 0 id 4", &both));
	scene_client_sends(&s, n, both.data, both.len);
	assert_client_gets(&s, n, "correlation id 4");
	buf_deinit(&both);
	end();
}

/* What stands behind is not looked at here: bytes of a TLS hello are the connection's first. */
static void what_stands_behind_may_be_anything(void **state)
{
	static const uint8_t hello[] = { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc };
	struct header h = v2(9094, 0);
	int n;

	(void)state;
	begin(PROXY_REQUIRE);
	n = arrive();
	memcpy(h.bytes + h.len, hello, sizeof hello);
	scene_client_sends(&s, n, h.bytes, h.len + sizeof hello);
	scene_until(&s, scene_count(&s, STAT_BAD_FRAMES) == 1); /* it is no frame of Kafka's */
	assert_int_equal(scene_count(&s, STAT_CLIENTS_REFUSED_PROXY), 0);
	end();
}

static void a_header_may_be_long(void **state)
{
	static const size_t more[] = { 228 - 1, 228, 228 + 1, 1500 }; /* 256 bytes are looked at */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		const struct header h = v2(9094, more[i]);
		int n;

		begin(PROXY_REQUIRE);
		n = arrive();
		scene_client_sends(&s, n, h.bytes, h.len);
		assert_peer(n, "10.0.0.5:4411");
		assert_serves(n);
		n = arrive();
		send_in_pieces(n, h.bytes, h.len, 50);
		assert_peer(n, "10.0.0.5:4411");
		assert_serves(n);
		end();
	}
}

/* What has been looked at stays in the socket, and the loop sleeps all the same. */
static void half_a_header_costs_no_turns(void **state)
{
	enum { TURNS = 20 };
	int64_t began;
	int n;

	(void)state;
	begin(PROXY_REQUIRE);
	n = arrive();
	scene_client_sends(&s, n, v1, 10);
	scene_be_still(&s);
	began = clock_ms();
	for (int i = 0; i < TURNS; i++)
		scene_turn(&s); /* a millisecond each, or nothing when the socket tells again */
	assert_true(clock_ms() - began >= TURNS / 2);
	scene_client_sends(&s, n, v1 + 10, sizeof v1 - 1 - 10);
	assert_peer(n, "10.0.0.5:4411");
	assert_serves(n);
	end();
}

/* --- who is let in --- */

static void a_missing_header_is_refused(void **state)
{
	int n;

	(void)state;
	begin(PROXY_REQUIRE);
	n = arrive();
	client_says(&s, n, "ApiVersions 0 id 1");
	assert_refused(n, STAT_CLIENTS_REFUSED_PROXY);
	end();
}

static void a_bad_header_is_refused(void **state)
{
	static const char bad[] = "PROXY TCP4 10.0.0.5 10.0.0.9 4411 90940\r\n";
	int n;

	(void)state;
	begin(PROXY_ALLOW);
	n = arrive();
	scene_client_sends(&s, n, bad, sizeof bad - 1);
	assert_refused(n, STAT_CLIENTS_REFUSED_PROXY);
	end();
}

static void who_is_not_trusted_is_refused(void **state)
{
	int n;

	(void)state;
	begin(PROXY_ALLOW);
	s.config.proxy_trusted = net_of("::ffff:10.0.0.0", 96 + 8);
	n = arrive();
	scene_client_sends(&s, n, v1, sizeof v1 - 1);
	assert_refused(n, STAT_CLIENTS_REFUSED_PROXY);
	end();
}

static void with_allow_it_needs_none(void **state)
{
	char own[ADDRESS_TEXT];
	int n;

	(void)state;
	begin(PROXY_ALLOW);
	n = arrive();
	assert_null(scene_client(&s, n)); /* nothing has come that tells */
	assert_serves(n);
	address_text(&scene_client(&s, n)->came.peer, own);
	assert_int_equal(strncmp(own, "127.0.0.1:", 10), 0);
	n = arrive();
	scene_client_sends(&s, n, v1, sizeof v1 - 1);
	assert_peer(n, "10.0.0.5:4411");
	assert_serves(n);
	end();
}

static void a_local_header_leaves_the_addresses(void **state)
{
	const struct header h = v2_local();
	char own[ADDRESS_TEXT];
	int n;

	(void)state;
	begin(PROXY_REQUIRE);
	n = arrive();
	scene_client_sends(&s, n, h.bytes, h.len);
	assert_serves(n);
	address_text(&scene_client(&s, n)->came.peer, own);
	assert_int_equal(strncmp(own, "127.0.0.1:", 10), 0);
	assert_int_equal(scene_client(&s, n)->came.port, CAME_BY);
	end();
}

/* The client's address counts, not the load balancer's. */
static void one_address_may_come_so_often(void **state)
{
	const struct header h = v2(9092, 0);
	int n;

	(void)state;
	begin(PROXY_REQUIRE);
	admission_limit(s.shared.admission, s.config.max_connections, 1);
	n = arrive();
	scene_client_sends(&s, n, h.bytes, h.len);
	assert_peer(n, "10.0.0.5:4411");
	n = arrive();
	scene_client_sends(&s, n, h.bytes, h.len);
	scene_until(&s, s.clients[n].end.has_ended);
	assert_int_equal(scene_count(&s, STAT_CLIENTS_REFUSED_ADDRESS), 1);
	client_free(scene_client(&s, 0), "the test wants its place");
	n = arrive();
	scene_client_sends(&s, n, h.bytes, h.len);
	assert_peer(n, "10.0.0.5:4411");
	end();
}

/* --- who does not come --- */

static void who_closes_in_the_header_has_not_come(void **state)
{
	int n;

	(void)state;
	begin(PROXY_REQUIRE);
	n = arrive();
	scene_client_sends(&s, n, v1, 10);
	scene_be_still(&s);
	shutdown(s.clients[n].end.fd, SHUT_WR);
	scene_until(&s, s.w->arrivals == NULL);
	assert_refused(n, STAT_CLIENTS_CLOSED);
	end();
}

static void who_closes_or_resets_before_has_not_come(void **state)
{
	int n;

	(void)state;
	begin(PROXY_REQUIRE);
	n = arrive();
	scene_end_close(&s.clients[n].end);
	scene_until(&s, s.w->arrivals == NULL);
	assert_refused(n, STAT_CLIENTS_CLOSED);
	end();
	begin(PROXY_REQUIRE);
	n = arrive();
	scene_client_sends(&s, n, v1, 10);
	scene_be_still(&s);
	scene_end_reset(&s.clients[n].end);
	scene_until(&s, s.w->arrivals == NULL);
	assert_refused(n, STAT_CLIENTS_CLOSED);
	end();
}

static void there_is_a_limit(void **state)
{
	int n;

	(void)state;
	begin(PROXY_REQUIRE);
	s.config.head_timeout_ms = 1;
	n = arrive();
	scene_client_sends(&s, n, v1, 10);
	assert_refused(n, STAT_TIMEOUTS_HEAD);
	end();
}

static void who_has_not_come_is_closed_with_the_worker(void **state)
{
	int n;

	(void)state;
	begin(PROXY_REQUIRE);
	n = arrive();
	scene_client_sends(&s, n, v1, 10);
	scene_be_still(&s);
	arrivals_free(s.w, "the node stops");
	assert_refused(n, STAT_CLIENTS_CLOSED);
	end();
}

/* --- what for --- */

static struct client *comes_for(int asked, int port, int32_t broker)
{
	const struct header h = v2(asked, 0);
	int n = arrive();

	scene_client_sends(&s, n, h.bytes, h.len);
	scene_until(&s, scene_client(&s, n) != NULL);
	assert_int_equal(scene_client(&s, n)->came.port, port);
	assert_int_equal(scene_client(&s, n)->came.broker, broker);
	assert_int_equal(scene_client(&s, n)->tenure.port, port);
	assert_int_equal(scene_client(&s, n)->tenure.broker, broker);
	return scene_client(&s, n);
}

static void assert_hint(const struct client *c, enum hint_by by, int32_t broker)
{
	assert_int_equal(c->came.hint.by, by);
	assert_int_equal(c->came.hint.broker, broker);
}

/* The port that the client asked the load balancer for, where it is one of those advertised. */
static void the_header_says_which_broker_is_meant(void **state)
{
	(void)state;
	begin(PROXY_REQUIRE);
	s.config.listener.min_broker_id = 5;
	comes_for(9092, 0, 5);
	comes_for(9094, 2, 7);
	comes_for(9095, CAME_BY, 5 + CAME_BY); /* there is no such port */
	comes_for(9091, CAME_BY, 5 + CAME_BY);
	end();
	begin(PROXY_REQUIRE);
	s.config.listener.advertised_mode = ADVERTISE_SINGLE;
	comes_for(9093, 1, NO_BROKER);
	end();
}

/* The header says which broker was dialled; the node's own port does where ports are kept. */
static void what_is_trusted_says_which_broker_was_dialled(void **state)
{
	(void)state;
	begin(PROXY_REQUIRE);
	assert_hint(comes_for(9094, 2, 2), HINT_PROXY, 2);
	assert_hint(comes_for(9091, CAME_BY, CAME_BY), HINT_NONE, NO_BROKER);
	s.config.listener.port_is_hint = true;
	assert_hint(comes_for(9094, 2, 2), HINT_PROXY, 2);
	assert_hint(comes_for(9091, CAME_BY, CAME_BY), HINT_PORT, CAME_BY);
	end();
	begin(PROXY_OFF);
	arrive();
	scene_until(&s, scene_client(&s, 0) != NULL);
	assert_hint(scene_client(&s, 0), HINT_NONE, NO_BROKER);
	s.config.listener.internal_load_balancing = true;
	arrive();
	scene_until(&s, scene_client(&s, 1) != NULL);
	assert_hint(scene_client(&s, 1), HINT_PORT, CAME_BY);
	end();
}

/* --- zones --- */

static void assert_zone(int n, const char *zone)
{
	scene_until(&s, scene_client(&s, n) != NULL);
	if (zone == NULL)
		assert_null(scene_client(&s, n)->came.zone);
	else
		assert_string_equal(scene_client(&s, n)->came.zone, zone);
}

/* What the load balancer says counts, then the longest network that has the address, then the port. */
static void a_client_comes_from_a_zone(void **state)
{
	static const uint8_t tlv[] = { 0xe1, 0, 2, 'l', 'b' };
	struct config_zone zones[] = {
		{ *net_of("::ffff:10.0.0.0", 96 + 8), (char[]){ "wide" } },
		{ *net_of("::ffff:10.0.0.4", 96 + 31), (char[]){ "narrow" } },
		{ *net_of("::ffff:192.0.2.0", 96 + 24), (char[]){ "other" } }
	};
	struct header h = v2(9094, 0);
	int n;

	(void)state;
	begin(PROXY_ALLOW);
	n = arrive();
	scene_client_sends(&s, n, h.bytes, h.len);
	assert_zone(n, NULL);
	s.config.listener.zone = (char[]){ "port" };
	s.config.zones = zones;
	s.config.zone_count = 3;
	n = arrive();
	scene_client_sends(&s, n, h.bytes, h.len);
	assert_zone(n, "narrow");
	s.config.zone_count = 1;
	n = arrive();
	memcpy(h.bytes + h.len, tlv, sizeof tlv);
	h.len += sizeof tlv;
	wire_put16(h.bytes + 14, (uint16_t)(h.len - 16));
	scene_client_sends(&s, n, h.bytes, h.len);
	assert_zone(n, "lb");
	n = arrive();
	h = v2_local();
	scene_client_sends(&s, n, h.bytes, h.len);
	assert_zone(n, "port");
	s.config.zones = NULL;
	s.config.zone_count = 0;
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_comes_from_a_zone),
		cmocka_unit_test(without_proxy_it_is_a_client_at_once),
		cmocka_unit_test(a_header_may_come_in_single_bytes),
		cmocka_unit_test(exactly_its_bytes_are_taken),
		cmocka_unit_test(what_stands_behind_may_be_anything),
		cmocka_unit_test(a_header_may_be_long),
		cmocka_unit_test(half_a_header_costs_no_turns),
		cmocka_unit_test(a_missing_header_is_refused),
		cmocka_unit_test(a_bad_header_is_refused),
		cmocka_unit_test(who_is_not_trusted_is_refused),
		cmocka_unit_test(with_allow_it_needs_none),
		cmocka_unit_test(a_local_header_leaves_the_addresses),
		cmocka_unit_test(one_address_may_come_so_often),
		cmocka_unit_test(who_closes_in_the_header_has_not_come),
		cmocka_unit_test(who_closes_or_resets_before_has_not_come),
		cmocka_unit_test(there_is_a_limit),
		cmocka_unit_test(who_has_not_come_is_closed_with_the_worker),
		cmocka_unit_test(the_header_says_which_broker_is_meant),
		cmocka_unit_test(what_is_trusted_says_which_broker_was_dialled),
	};

	return cmocka_run_group_tests_name("arrival", tests, scene_setup, scene_teardown);
}
