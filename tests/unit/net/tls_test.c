/* The TLS layer, with itself and with a peer that is OpenSSL alone, over wires that are difficult. */
#include "unit/net/tls_ends.h"

#include <errno.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

static void clear_bytes_pass_both_ways(void **state)
{
	struct tls_said said;

	(void)state;
	assert_false(tls_said(&server, &said));
	open_both(server_context, client_context);
	says(&client, 0, 100);
	hears(&server, 0, 100);
	says(&server, 5, 70000);
	hears(&client, 5, 70000);
	assert_true(tls_said(&server, &said));
	assert_string_equal(said.version, "TLSv1.3");
	assert_string_equal(said.server_name, "kafka.lab.test");
	assert_true(said.peer == NULL && !said.is_resumed);
	assert_true(tls_said(&client, &said));
	assert_non_null(said.peer);
	assert_false(conn_pipes_in(&server) || conn_pipes_out(&server));
	assert_true(to_server > 100 && to_client > 70000);
}

static void a_wire_of_single_bytes_will_do(void **state)
{
	(void)state;
	chunk = 1;
	open_both(mutual_server, mutual_client);
	says(&client, 0, 3000);
	hears(&server, 0, 3000);
	says(&server, 0, 3000);
	hears(&client, 0, 3000);
}

/* Much more than sockets hold, both ways at once; what is offered again may be less, or more. */
static void nothing_is_lost_when_the_wire_is_full(void **state)
{
	static const uint32_t offers[] = { 100000, 16384, 5, 70000, 1, 16385, 333, 40000 };
	size_t sent[2] = { 0, 0 }, heard[2] = { 0, 0 };
	struct conn *ends[2] = { &server, &client };

	(void)state;
	open_both(server_context, client_context);
	for (int i = 0; i < LIMIT && (heard[0] < BIG || heard[1] < BIG); i++) {
		for (int e = 0; e < 2; e++) {
			uint32_t offer = offers[(i + e) % 8], n;

			if (offer > BIG - sent[e])
				offer = (uint32_t)(BIG - sent[e]);
			sent[e] += conn_write(ends[e], big + sent[e], offer);
			if (i % 9 != 0)
				continue; /* slow to read */
			n = conn_fill(ends[1 - e], UINT32_MAX);
			if (n > 0)
				assert_memory_equal(conn_data(ends[1 - e]), big + heard[e], n);
			conn_take(ends[1 - e], n);
			heard[e] += n;
		}
		turn();
	}
	assert_int_equal(heard[0], BIG);
	assert_int_equal(heard[1], BIG);
}

/* The wire takes nothing, so that a record is left which is offered again, in bits. */
static void fewer_bytes_may_be_offered_again(void **state)
{
	size_t sent = 0, heard = 0, enough;

	(void)state;
	open_both(server_context, client_context);
	for (int i = 0; i < 1000 && conn_may_write(&server); i++)
		sent += conn_write(&server, big + sent, 16384);
	assert_false(conn_may_write(&server));
	enough = sent + 40000;
	for (int i = 0; i < LIMIT && heard < enough; i++) {
		uint32_t n = conn_fill(&client, UINT32_MAX);

		sent += conn_write(&server, big + sent, 1 + (uint32_t)(i % 3));
		assert_memory_equal(conn_data(&client), big + heard, n);
		conn_take(&client, n);
		heard += n;
		turn();
	}
	assert_true(heard >= enough);
}

static void small_pieces_are_one_record(void **state)
{
	struct gather g;
	struct arena arena;
	int piece = 0;
	size_t before;

	(void)state;
	open_both(server_context, client_context);
	for (int i = 0; i < 5; i++)
		turn();
	arena_init(&arena);
	gather_init(&g, &arena);
	for (size_t i = 0; i < 100; i++)
		gather_piece(&g, big + i * 100, 100);
	before = to_server;
	assert_int_equal(conn_gather(&client, &g, &piece), 10000);
	hears(&server, 0, 10000);
	assert_true(to_server - before < 10000 + 100); /* one header, one seal */
	piece = 0;
	gather_init(&g, &arena);
	gather_piece(&g, big, 10);
	gather_piece(&g, big + 10, 100000);
	gather_piece(&g, big + 100010, 0);
	gather_piece(&g, big + 100010, 10);
	for (int i = 0; i < LIMIT && piece < g.count; i++) {
		conn_gather(&client, &g, &piece);
		turn();
	}
	hears(&server, 0, 100020);
	arena_deinit(&arena);
}

/* A record was taken off the socket whole and read in part: no poll announces the rest. */
static void what_no_poll_announces_is_told(void **state)
{
	(void)state;
	open_both(server_context, client_context);
	says(&client, 0, 10000);
	for (int i = 0; i < LIMIT && conn_fill(&server, 1) == 0; i++)
		turn();
	conn_take(&server, 1);
	conn_read_blocked(&server, EV_READ); /* somebody has had enough for this turn */
	conn_await(&server, true, false);
	assert_true(conn_may_read(&server));
	hears(&server, 1, 9999);
	assert_false(conn_may_read(&server));
	conn_await(&server, true, false);
	assert_false(conn_may_read(&server)); /* and it is not told for ever */
}

/* As clients are told whose answers are still to come. */
static void half_a_close_is_no_loss(void **state)
{
	(void)state;
	open_both(server_context, client_context);
	says(&client, 0, 50);
	conn_finish(&client);
	hears(&server, 0, 50);
	for (int i = 0; i < LIMIT && !conn_has_ended(&server); i++) {
		turn();
		assert_int_equal(conn_fill(&server, 100), 0);
	}
	assert_true(conn_has_ended(&server));
	assert_false(conn_is_lost(&server));
	says(&server, 0, 100000);
	hears(&client, 0, 100000);
	conn_finish(&server);
	for (int i = 0; i < LIMIT && !conn_has_ended(&client); i++) {
		turn();
		assert_int_equal(conn_fill(&client, 100), 0);
	}
	assert_true(conn_has_ended(&client));
	assert_false(conn_is_lost(&client));
}

/* Bytes and the end behind them come together: the bytes are read first. */
static void the_end_stands_behind_the_bytes(void **state)
{
	(void)state;
	open_both(server_context, client_context);
	says(&client, 0, 30);
	conn_finish(&client);
	turn();
	turn();
	assert_int_equal(conn_fill(&server, UINT32_MAX), 30);
	assert_false(conn_is_dry(&server));
	assert_true(conn_may_read(&server) ||
		    (conn_await(&server, true, false), conn_may_read(&server)));
	assert_int_equal(conn_fill(&server, UINT32_MAX), 0);
	assert_true(conn_has_ended(&server));
}

static void an_end_without_a_word_is_an_end(void **state)
{
	(void)state;
	open_both(server_context, client_context);
	shutdown(server_wire, SHUT_WR); /* as kafka-python does */
	for (int i = 0; i < LIMIT && !conn_is_dry(&server); i++) {
		conn_fill(&server, 100);
		conn_await(&server, true, false);
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_true(conn_has_ended(&server));
	assert_false(conn_is_lost(&server));
}

static void a_broken_record_is_a_loss(void **state)
{
	uint8_t junk[64] = { 0x17, 3, 3, 0, 40, 1, 2, 3 };

	(void)state;
	open_both(server_context, client_context);
	for (int i = 0; i < 5; i++)
		turn();
	assert_int_equal(send(server_wire, junk, 45, 0), 45);
	for (int i = 0; i < LIMIT && !conn_is_lost(&server); i++) {
		conn_fill(&server, 100);
		conn_await(&server, true, false);
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_true(conn_is_lost(&server) && !conn_has_ended(&server));
	assert_int_equal(conn_error(&server), EPROTO);
	assert_non_null(strstr(conn_why(&server), "TLS: "));
}

/* --- peers that speak no TLS --- */

/* A Java client would take an alert for the size of a frame of 352 MB. */
static void plaintext_gets_no_byte(void **state)
{
	static const char frame[] = "\0\0\0\x10\0\x12\0\0\0\0\0\1\0\0\0\0\0\0\0\0";
	char got[8];

	(void)state;
	tls_accept(&server, server_context);
	assert_int_equal(send(server_wire, frame, 20, 0), 20);
	for (int i = 0; i < LIMIT && !conn_is_lost(&server); i++) {
		conn_await(&server, true, true);
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_string_equal(conn_why(&server), "plaintext at a TLS port");
	conn_close(&server);
	errno = 0;
	assert_true(recv(server_wire, got, sizeof got, 0) <= 0 && errno != EAGAIN);
}

static void who_says_nothing_is_waited_for(void **state)
{
	(void)state;
	tls_accept(&server, server_context);
	for (int i = 0; i < 10; i++)
		turn();
	assert_true(conn_is_opening(&server));
	cut(&server_wire);
	for (int i = 0; i < LIMIT && conn_is_opening(&server); i++) {
		conn_await(&server, true, true);
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_true(conn_is_lost(&server));
	assert_string_equal(conn_why(&server), "closed by the peer");
}

static void a_peer_that_speaks_no_tls_is_said(void **state)
{
	(void)state;
	tls_connect(&client, client_context, "kafka.lab.test", 9092);
	assert_int_equal(send(client_wire, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, 0), 28);
	for (int i = 0; i < LIMIT && !conn_is_lost(&client); i++) {
		conn_await(&client, true, true);
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_string_equal(conn_why(&client), "the peer does not speak TLS");
}

/* A broker's plaintext port closes without a word. */
static void a_peer_that_closes_is_said(void **state)
{
	(void)state;
	tls_connect(&client, client_context, "kafka.lab.test", 9092);
	turn();
	shutdown(client_wire, SHUT_WR);
	for (int i = 0; i < LIMIT && !conn_is_lost(&client); i++) {
		conn_await(&client, true, true);
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_string_equal(conn_why(&client), "closed by the peer in the TLS handshake");
}

/* --- a peer that is OpenSSL alone --- */

static SSL *raw_peer(int wire, const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	SSL *ssl = SSL_new(ctx);

	SSL_CTX_free(ctx);
	SSL_set_fd(ssl, wire);
	SSL_set_connect_state(ssl);
	return ssl;
}

static void open_to_raw(SSL *peer)
{
	int result = 0;

	tls_accept(&server, server_context);
	for (int i = 0; i < LIMIT && (result != 1 || conn_is_opening(&server)); i++) {
		ERR_clear_error();
		result = SSL_do_handshake(peer);
		conn_await(&server, true, true);
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_int_equal(result, 1);
	assert_false(conn_is_lost(&server));
}

static void read_raw(SSL *peer, size_t from, size_t n)
{
	static uint8_t bytes[100000];
	size_t got = 0, some;

	for (int i = 0; i < LIMIT && got < n; i++) {
		if (SSL_read_ex(peer, bytes, sizeof bytes, &some) == 1) {
			assert_memory_equal(bytes, big + from + got, some);
			got += some;
		}
		conn_await(&server, true, false);
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_int_equal(got, n);
}

/* New keys in mid-stream, in both directions; an answer to that must be written, by a read. */
static void keys_may_change(void **state)
{
	SSL *peer = raw_peer(server_wire, TLS_client_method());

	(void)state;
	open_to_raw(peer);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(SSL_key_update(peer, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_write(peer, big, 1000), 1000);
		for (int j = 0; j < LIMIT && conn_len(&server) < 1000; j++) {
			conn_fill(&server, UINT32_MAX);
			conn_await(&server, true, false);
			ev_run(loop, EVRUN_NOWAIT);
		}
		assert_memory_equal(conn_data(&server), big, 1000);
		conn_take(&server, 1000);
		assert_int_equal(conn_write(&server, big + i, 2000), 2000);
		read_raw(peer, (size_t)i, 2000);
	}
	SSL_free(peer);
}

/* What post-quantum shares make of a hello: more than a segment, here in single bytes. */
static void a_long_hello_may_come_in_single_bytes(void **state)
{
	SSL *peer = raw_peer(client_wire, TLS_client_method());
	uint8_t protocols[1300];
	int result = 0;

	(void)state;
	for (size_t i = 0; i < sizeof protocols; i++)
		protocols[i] = i % 100 == 0 ? 99 : 'x';
	assert_int_equal(SSL_set_alpn_protos(peer, protocols, sizeof protocols), 0);
	/* the raw peer writes to the client's socket pair: its other end is our wire here */
	SSL_set_fd(peer, client.fd);
	tls_accept(&server, server_context);
	chunk = 1;
	for (int i = 0; i < LIMIT && (result != 1 || conn_is_opening(&server)); i++) {
		ERR_clear_error();
		result = SSL_do_handshake(peer);
		to_server += carry(&client_wire, &server_wire);
		to_client += carry(&server_wire, &client_wire);
		conn_await(&server, true, true);
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_int_equal(result, 1);
	assert_false(conn_is_opening(&server) || conn_is_lost(&server));
	assert_true(to_server > 1500);
	SSL_free(peer);
}

static void our_end_is_told_by_a_word(void **state)
{
	SSL *peer = raw_peer(server_wire, TLS_client_method());
	char byte;
	int result;

	(void)state;
	open_to_raw(peer);
	conn_close(&server);
	ERR_clear_error();
	result = SSL_read(peer, &byte, 1);
	assert_int_equal(SSL_get_error(peer, result), SSL_ERROR_ZERO_RETURN);
	SSL_free(peer);
}

/* A peer that said goodbye may still read; when it is gone a write must find that out, not be tried
 * without end. */
static void who_goes_after_a_goodbye_is_lost(void **state)
{
	SSL *peer = raw_peer(server_wire, TLS_client_method());

	(void)state;
	open_to_raw(peer);
	assert_int_equal(SSL_shutdown(peer), 0);
	for (int i = 0; i < LIMIT && !conn_has_ended(&server); i++) {
		conn_fill(&server, UINT32_MAX);
		turn();
	}
	assert_true(conn_has_ended(&server));
	assert_false(conn_is_lost(&server));
	close(SSL_get_fd(peer));
	server_wire = -1;
	for (int i = 0; i < LIMIT && !conn_is_lost(&server); i++)
		conn_write(&server, big, 1000);
	assert_true(conn_is_lost(&server));
	SSL_free(peer);
}

/* A renegotiation, which TLS 1.2 has, would be work without end for whoever asks for it. */
static void renegotiation_is_refused(void **state)
{
	SSL *peer = raw_peer(server_wire, TLS_client_method());
	char byte;
	int kind = SSL_ERROR_WANT_READ;

	(void)state;
	SSL_set_max_proto_version(peer, TLS1_2_VERSION);
	open_to_raw(peer);
	assert_int_equal(SSL_renegotiate(peer), 1);
	for (int i = 0; i < LIMIT && kind == SSL_ERROR_WANT_READ; i++) {
		ERR_clear_error();
		kind = SSL_get_error(peer, SSL_read(peer, &byte, 1));
		conn_fill(&server, 100);
		conn_await(&server, true, true);
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_int_equal(kind, SSL_ERROR_SSL);
	assert_int_equal(conn_len(&server), 0);
	SSL_free(peer);
}

/* --- memory --- */

/* Sanitizers' allocators don't count this way. */
static bool is_counted(void)
{
	size_t before = mallinfo2().uordblks;
	void *volatile block = malloc(5000);
	bool is = mallinfo2().uordblks >= before + 5000;

	free(block);
	return is;
}

/* What OpenSSL takes for a connection that has not begun: 8 KB of version 3.0, 16 KB of 3.5. */
static size_t bare_size(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *ssl = SSL_new(ctx);
	size_t before = mallinfo2().uordblks;

	SSL_free(ssl);
	before -= mallinfo2().uordblks;
	SSL_CTX_free(ctx);
	return before;
}

/* By the keys that all versions have: those of 3.5 that outlast quantum computers are 6 KB larger. */
static void an_idle_connection_is_small(void **state)
{
	enum { MANY = 40, MORE = 8 * 1024 };
	static struct conn idle[MANY];
	SSL *peers[MANY];
	size_t before, after = 0;

	(void)state;
	if (!is_counted())
		skip();
	for (int i = 0; i < MANY; i++) {
		close(server_wire);
		conn_close(&server);
		server_wire = open_socket(&server);
		peers[i] = raw_peer(server_wire, TLS_client_method());
		assert_int_equal(SSL_set1_groups_list(peers[i], "X25519"), 1);
		open_to_raw(peers[i]);
		assert_int_equal(conn_write(&server, big, 30000), 30000);
		assert_int_equal(SSL_write(peers[i], big, 10000), 10000);
		hears(&server, 0, 10000);
		conn_hand_over(&idle[i], &server, on_event, &idle[i]);
		server_wire = -1;
	}
	for (int i = 0; i < MANY; i++) {
		before = mallinfo2().uordblks;
		close(SSL_get_fd(peers[i]));
		conn_close(&idle[i]);
		after += before - mallinfo2().uordblks;
	}
	if (after / MANY > bare_size() + MORE)
		fail_msg("%zu bytes an idle connection", after / MANY);
	print_message("%zu bytes an idle connection\n", after / MANY);
	for (int i = 0; i < MANY; i++)
		SSL_free(peers[i]);
	server_wire = open_socket(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(clear_bytes_pass_both_ways),
		TEST(a_wire_of_single_bytes_will_do),
		TEST(nothing_is_lost_when_the_wire_is_full),
		TEST(fewer_bytes_may_be_offered_again),
		TEST(small_pieces_are_one_record),
		TEST(what_no_poll_announces_is_told),
		TEST(half_a_close_is_no_loss),
		TEST(the_end_stands_behind_the_bytes),
		TEST(an_end_without_a_word_is_an_end),
		TEST(a_broken_record_is_a_loss),
		TEST(plaintext_gets_no_byte),
		TEST(who_says_nothing_is_waited_for),
		TEST(a_peer_that_speaks_no_tls_is_said),
		TEST(a_peer_that_closes_is_said),
		TEST(keys_may_change),
		TEST(a_long_hello_may_come_in_single_bytes),
		TEST(our_end_is_told_by_a_word),
		TEST(who_goes_after_a_goodbye_is_lost),
		TEST(renegotiation_is_refused),
		TEST(an_idle_connection_is_small),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
