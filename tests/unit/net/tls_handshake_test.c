/* What contexts ask of a handshake: whose certificates are taken, and when it is a short one. */
#include "unit/net/tls_ends.h"

/* --- certificates --- */

/* The client has that to say of it; by TLS 1.3 it may have opened, and hears the alert when it
 * reads. */
static void fails_to_open(const char *why)
{
	for (int i = 0; i < LIMIT && !conn_is_lost(&client); i++) {
		turn();
		conn_fill(&client, 100);
	}
	if (strstr(conn_why(&client), why) == NULL)
		fail_msg("\"%s\", not \"%s\"", conn_why(&client), why);
	for (int i = 0; i < LIMIT && !conn_is_lost(&server); i++) {
		turn();
		if (client_wire >= 0 && i > 10)
			conn_close(&client);
		conn_fill(&server, 100);
	}
	assert_true(conn_is_lost(&server));
}

static void a_certificate_for_others_is_refused(void **state)
{
	(void)state;
	begin(server_context, client_context, "other.lab.test");
	fails_to_open("the server's certificate is for other names than other.lab.test");
}

static void an_address_is_looked_for_too(void **state)
{
	struct tls_said said;

	(void)state;
	begin(server_context, client_context, "127.0.0.1");
	for (int i = 0; i < LIMIT && (conn_is_opening(&server) || conn_is_opening(&client)); i++)
		turn();
	assert_true(tls_said(&server, &said));
	assert_null(said.server_name);
	conn_close(&server);
	conn_close(&client);
	cut(&server_wire);
	cut(&client_wire);
	server_wire = open_socket(&server);
	client_wire = open_socket(&client);
	begin(server_context, client_context, "127.0.0.2");
	fails_to_open("the server's certificate is for other names than its address");
}

static void names_may_be_ignored(void **state)
{
	const struct tls_wanted w = { .ca = at("ca.pem"), .ignores_names = true };
	char why[TLS_WHY_MAX];
	struct tls_context *c = tls_client_new(&w, why);

	(void)state;
	begin(server_context, c, "other.lab.test");
	for (int i = 0; i < LIMIT && (conn_is_opening(&server) || conn_is_opening(&client)); i++)
		turn();
	assert_false(conn_is_lost(&client));
	tls_context_unref(c);
}

static void an_authority_of_others_is_refused(void **state)
{
	struct certificates others;
	struct tls_wanted w;
	char why[TLS_WHY_MAX];
	struct tls_context *c;

	(void)state;
	certificates_init(&others);
	w = (struct tls_wanted){ .ca = certificates_path(&others, "ca.pem"),
				 .ignores_names = true };
	c = made(tls_client_new(&w, why), why);
	begin(server_context, c, "kafka.lab.test");
	fails_to_open("the server's certificate is not trusted: ");
	tls_context_unref(c);
	certificates_deinit(&others);
}

/* By TLS 1.3 a client has opened already: it hears of it when it reads. */
static void a_client_without_a_certificate_is_refused(void **state)
{
	(void)state;
	begin(mutual_server, client_context, "kafka.lab.test");
	fails_to_open("the peer refused: ");
}

/* --- short handshakes --- */

static void connect_again(struct tls_context *of_server, struct tls_context *of_client)
{
	conn_close(&server);
	conn_close(&client);
	cut(&server_wire);
	cut(&client_wire);
	server_wire = open_socket(&server);
	client_wire = open_socket(&client);
	open_both(of_server, of_client);
}

/* As every Java client does.  The certificate is that of the first handshake. */
static void sessions_are_resumed_with_certificates(void **state)
{
	struct tls_said said;

	(void)state;
	open_both(mutual_server, mutual_client);
	for (int i = 0; i < 3; i++) {
		says(&server, 0, 100);
		hears(&client, 0, 100); /* and the ticket before it */
		connect_again(mutual_server, mutual_client);
		assert_true(tls_said(&server, &said));
		assert_true(said.is_resumed);
		assert_non_null(said.peer);
		says(&client, 0, 1000);
		hears(&server, 0, 1000);
	}
}

static void a_session_is_of_one_server(void **state)
{
	struct tls_said said;

	(void)state;
	open_both(mutual_server, mutual_client);
	says(&server, 0, 10);
	hears(&client, 0, 10);
	conn_close(&server);
	conn_close(&client);
	cut(&server_wire);
	cut(&client_wire);
	server_wire = open_socket(&server);
	client_wire = open_socket(&client);
	tls_accept(&server, mutual_server);
	tls_connect(&client, mutual_client, "kafka.lab.test", 9093);
	for (int i = 0; i < LIMIT && (conn_is_opening(&server) || conn_is_opening(&client)); i++)
		turn();
	assert_true(tls_said(&server, &said));
	assert_false(said.is_resumed);
}

static void tls_1_2_is_resumed_too(void **state)
{
	const struct tls_wanted w = { .ca = at("ca.pem"),
				      .certificate = at("app.pem"),
				      .key = at("app.key"),
				      .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256" };
	char why[TLS_WHY_MAX];
	struct tls_context *c = made(tls_client_new(&w, why), why);
	struct tls_said said;

	(void)state;
	open_both(mutual_server, c);
	for (int i = 0; i < 3; i++) {
		connect_again(mutual_server, c);
		assert_true(tls_said(&server, &said));
		assert_true(said.is_resumed);
		assert_string_equal(said.version, "TLSv1.2");
		assert_non_null(said.peer);
	}
	tls_context_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_certificate_for_others_is_refused),
		TEST(an_address_is_looked_for_too),
		TEST(names_may_be_ignored),
		TEST(an_authority_of_others_is_refused),
		TEST(a_client_without_a_certificate_is_refused),
		TEST(sessions_are_resumed_with_certificates),
		TEST(a_session_is_of_one_server),
		TEST(tls_1_2_is_resumed_too),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
