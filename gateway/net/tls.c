#include "net/tls.h"

#include "net/tls_inside.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	RECORD = SSL3_RT_MAX_PLAIN_LENGTH,
	HANDSHAKE = SSL3_RT_HANDSHAKE,
	READ_AHEAD = 32 * 1024, /* bytes of a socket's read: two records */
};

struct tls {
	SSL *ssl;
	struct tls_context *context;
	bool has_begun; /* a server: the peer's first byte is TLS's */
	bool has_more;	/* something was read off the socket that no poll announces */
	bool is_dry;	/* the last read of the socket gave less than it had room for */
	bool is_vain;	/* it gave nothing at all */
	bool is_cut;	/* by `error`, behind bytes that are read first */
	int error;
	uint8_t *sealed;   /* clear bytes of a record that could not leave; NULL: none */
	size_t sealed_len; /* they are offered to OpenSSL again, whatever the owner offers */
	size_t ahead;	   /* of those that have left, so many the owner has still to offer */
	char *why;	   /* NULL: nothing has failed, or the error says it all */
};

static const struct conn_layer conn_tls;

/* --- what failed --- */

static bool is_alert(int reason)
{
	return reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
}

/* The server's certificate was not taken. */
static char *certificate_words(const struct tls *t)
{
	long result = SSL_get_verify_result(t->ssl);
	const char *said = X509_verify_cert_error_string(result);
	const char *host = X509_VERIFY_PARAM_get0_host(SSL_get0_param(t->ssl), 0);

	if (t->context->is_server)
		return mem_printf("the client's certificate is not trusted: %s", said);
	if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH)
		return mem_printf("the server's certificate is for other names than %s",
				  host != NULL ? host : "its address");
	return mem_printf("the server's certificate is not trusted: %s", said);
}

/* In words, out of OpenSSL's queue; NULL: it has none. */
static char *words_for(const struct tls *t)
{
	unsigned long e = ERR_peek_last_error();
	int reason = ERR_GET_REASON(e);
	const char *text = e != 0 ? ERR_reason_error_string(e) : NULL;

	if (e == 0)
		return NULL;
	if (ERR_GET_LIB(e) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return certificate_words(t);
	if (ERR_GET_LIB(e) == ERR_LIB_SSL && reason == SSL_R_WRONG_VERSION_NUMBER)
		return mem_strdup("the peer does not speak TLS");
	if (ERR_GET_LIB(e) == ERR_LIB_SSL && is_alert(reason))
		return mem_printf("the peer refused: %s", text != NULL ? text : "an alert");
	return mem_printf("TLS: %s", text != NULL ? text : "an error without a name");
}

static void lose(struct conn *c, char *why, int error)
{
	struct tls *t = c->of_layer;

	if (t->why == NULL)
		t->why = why;
	else
		free(why);
	ERR_clear_error();
	conn_lose(c, error);
}

/* A call of OpenSSL's gave `result`: what is waited for, by `blocked`, or how the stream ended. */
static void settle(struct conn *c, int result, void (*blocked)(struct conn *c, int wants))
{
	struct tls *t = c->of_layer;
	bool is_opening = c->state == CONN_OPENING;
	int error = errno;

	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		blocked(c, EV_READ);
		break;
	case SSL_ERROR_WANT_WRITE:
		blocked(c, EV_WRITE);
		break;
	case SSL_ERROR_ZERO_RETURN:
		if (is_opening)
			lose(c, mem_strdup("closed by the peer in the TLS handshake"), 0);
		else if (blocked == conn_write_blocked)
			lose(c, NULL, error); /* it had said goodbye, and has gone since */
		else
			conn_end(c);
		break;
	case SSL_ERROR_SYSCALL:
		lose(c, is_opening ? mem_strdup("closed by the peer in the TLS handshake") : NULL,
		     result == 0 ? 0 : error);
		break;
	default:
		lose(c, words_for(t), EPROTO);
		break;
	}
}

/* --- the handshake --- */

static void wait_both(struct conn *c, int wants)
{
	conn_read_blocked(c, wants);
	conn_write_blocked(c, wants);
}

/* Whether OpenSSL may be let at it: it would answer anything with an alert. */
static bool has_begun(struct conn *c, struct tls *t)
{
	uint8_t first = 0;
	ssize_t n = recv(c->fd, &first, 1, MSG_PEEK);

	if (n == 1 && first == HANDSHAKE)
		t->has_begun = true;
	else if (n == 1)
		lose(c, mem_strdup("plaintext at a TLS port"), EPROTO);
	else if (n == 0)
		lose(c, NULL, 0);
	else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		wait_both(c, EV_READ);
	else
		lose(c, NULL, errno);
	return t->has_begun;
}

/* A read that came short has emptied the socket: the loop tells when there is more, and nobody needs
 * to ask in vain. */
static long note_read(BIO *bio, int what, const char *bytes, size_t room, int argi, long argl,
		      int result, size_t *got)
{
	struct tls *t = (struct tls *)(void *)BIO_get_callback_arg(bio);

	(void)bytes;
	(void)argi;
	(void)argl;
	if (what == (BIO_CB_READ | BIO_CB_RETURN)) {
		t->is_dry = result > 0 && *got < room;
		t->is_vain = result <= 0;
	}
	return result;
}

static void put_on_socket(struct tls *t, int fd)
{
	SSL_set_fd(t->ssl, fd);
	BIO_set_callback_arg(SSL_get_rbio(t->ssl), (char *)t);
	BIO_set_callback_ex(SSL_get_rbio(t->ssl), note_read);
}

static bool tls_open(struct conn *c)
{
	struct tls *t = c->of_layer;
	int result;

	if (t->context->is_server && !t->has_begun && !has_begun(c, t))
		return false;
	if (SSL_get_fd(t->ssl) < 0)
		put_on_socket(t, c->fd);
	ERR_clear_error();
	errno = 0;
	result = SSL_do_handshake(t->ssl);
	if (result != 1) {
		settle(c, result, wait_both);
		return false;
	}
	t->has_more = SSL_has_pending(t->ssl);
	/* not before: many handshakes at once would hold as much each */
	SSL_set_default_read_buffer_len(t->ssl, READ_AHEAD);
	conn_allow_pipes(c, BIO_get_ktls_recv(SSL_get_rbio(t->ssl)),
			 BIO_get_ktls_send(SSL_get_wbio(t->ssl)));
	return true;
}

/* --- reading --- */

/* What comes behind bytes that have been read is for the next read: there is an end, or a loss, of
 * which the queue of errors would not know any more. */
static void put_off(struct conn *c, struct tls *t, int result)
{
	int error = errno, kind = SSL_get_error(t->ssl, result);

	if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
		settle(c, result, conn_read_blocked);
		return;
	}
	t->has_more = true;
	if (kind == SSL_ERROR_ZERO_RETURN)
		return; /* it says so again */
	t->is_cut = true;
	t->error = kind == SSL_ERROR_SYSCALL ? error : EPROTO;
	t->why = kind == SSL_ERROR_SYSCALL ? NULL : words_for(t);
}

/* Neither OpenSSL nor, for all that is known, the socket has more. */
static bool is_empty(const struct tls *t)
{
	return t->is_dry && !SSL_has_pending(t->ssl);
}

/* Of a record without clear bytes, such as one that changes keys, OpenSSL 3.5 tells as of an empty
 * socket, though there may be more behind it; it bears few of them in a row. */
static int read_record(struct tls *t, uint8_t *to, size_t n, size_t *got)
{
	int result;

	do {
		t->is_vain = false;
		ERR_clear_error();
		errno = 0;
		result = SSL_read_ex(t->ssl, to, n, got);
	} while (result != 1 && !t->is_vain &&
		 SSL_get_error(t->ssl, result) == SSL_ERROR_WANT_READ);
	return result;
}

/* As many records as there are and fit: a call a record would be a turn of the owner's a record. */
static size_t tls_read(struct conn *c, void *to, size_t n)
{
	struct tls *t = c->of_layer;
	size_t all = 0, got;
	int result = 1;

	if (t->is_cut) {
		lose(c, NULL, t->error);
		return 0;
	}
	while (all < n && result == 1 && (all == 0 || !is_empty(t))) {
		result = read_record(t, (uint8_t *)to + all, n - all, &got);
		if (result == 1)
			all += got;
	}
	t->has_more = result == 1 && SSL_has_pending(t->ssl);
	if (result == 1 && all < n)
		conn_read_blocked(c, EV_READ); /* that was all for now */
	else if (result != 1 && all > 0)
		put_off(c, t, result);
	else if (result != 1)
		settle(c, result, conn_read_blocked);
	return all;
}

static bool tls_pending(const struct conn *c)
{
	const struct tls *t = c->of_layer;

	return t->has_more;
}

/* --- writing --- */

/* OpenSSL must be offered the very same bytes again: its owner may by then offer fewer. */
static void keep_sealed(struct tls *t, const uint8_t *bytes, size_t n)
{
	if (t->sealed != NULL)
		return;
	t->sealed_len = n < RECORD ? n : RECORD;
	t->sealed = mem_alloc(t->sealed_len);
	memcpy(t->sealed, bytes, t->sealed_len);
}

static void drop_sealed(struct tls *t)
{
	free(t->sealed);
	t->sealed = NULL;
}

static size_t say(struct conn *c, const uint8_t *bytes, size_t n)
{
	struct tls *t = c->of_layer;
	size_t sent = 0;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_write_ex(t->ssl, t->sealed != NULL ? t->sealed : bytes,
			      t->sealed != NULL ? t->sealed_len : n, &sent);
	if (result == 1)
		return sent;
	settle(c, result, conn_write_blocked);
	if (c->state != CONN_LOST)
		keep_sealed(t, bytes, n);
	return 0;
}

/* One record of the bytes at most: how many have left. */
static size_t write_record(struct conn *c, const uint8_t *bytes, size_t n)
{
	struct tls *t = c->of_layer;
	size_t moved;

	if (t->ahead == 0 && t->sealed != NULL) {
		t->ahead = say(c, bytes, n);
		if (t->ahead > 0)
			drop_sealed(t);
	} else if (t->ahead == 0) {
		return say(c, bytes, n);
	}
	moved = t->ahead < n ? t->ahead : n;
	t->ahead -= moved;
	return moved;
}

/* Small pieces together, up to a record: one record each would be a header and a seal each.  How many
 * bytes; `all` are there already. */
static size_t collect(const struct iovec *v, int n, uint8_t to[RECORD], size_t all)
{
	for (int i = 0; i < n && all < RECORD; i++) {
		size_t some = v[i].iov_len < RECORD - all ? v[i].iov_len : RECORD - all;

		if (some > 0)
			memcpy(to + all, v[i].iov_base, some);
		all += some;
	}
	return all;
}

/* The pieces without their first `sent` bytes. */
static void advance(struct iovec *first, const struct iovec **v, int *n, size_t sent)
{
	while (*n > 0 && sent >= first->iov_len) {
		sent -= first->iov_len;
		(*v)++;
		(*n)--;
		if (*n > 0)
			*first = **v;
	}
	if (*n > 0) {
		first->iov_base = (uint8_t *)first->iov_base + sent;
		first->iov_len -= sent;
	}
}

/* What is left of the first piece, and as many after it as a record holds. */
static size_t write_some(struct conn *c, const struct iovec *first, const struct iovec *v, int n,
			 size_t *offered)
{
	uint8_t together[RECORD];

	if (n == 1 || first->iov_len >= RECORD) {
		*offered = first->iov_len < RECORD ? first->iov_len : RECORD;
		return write_record(c, first->iov_base, *offered);
	}
	*offered = collect(v + 1, n - 1, together, collect(first, 1, together, 0));
	return write_record(c, together, *offered);
}

static size_t tls_writev(struct conn *c, const struct iovec *v, int n)
{
	struct iovec first = n > 0 ? v[0] : (struct iovec){ 0 };
	size_t all = 0, sent, offered;

	advance(&first, &v, &n, 0);
	while (n > 0) {
		sent = write_some(c, &first, v, n, &offered);
		all += sent;
		if (sent < offered)
			break;
		advance(&first, &v, &n, sent);
	}
	return all;
}

/* --- the end --- */

/* Our close_notify, if there is room for it. */
static void say_goodbye(const struct tls *t)
{
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

static void tls_finish(struct conn *c)
{
	say_goodbye(c->of_layer);
	shutdown(c->fd, SHUT_WR);
}

static void tls_free(struct conn *c)
{
	struct tls *t = c->of_layer;

	if (c->state == CONN_OPEN)
		say_goodbye(t);
	SSL_free(t->ssl);
	tls_context_unref(t->context);
	drop_sealed(t);
	free(t->why);
	free(t);
	c->of_layer = NULL;
}

const char *tls_why(const struct conn *c)
{
	const struct tls *t = c->layer == &conn_tls ? c->of_layer : NULL;

	return t != NULL ? t->why : NULL;
}

bool tls_give_up(struct conn *c)
{
	if (c->layer != &conn_tls || c->state != CONN_OPENING || c->is_connecting)
		return false;
	lose(c, mem_strdup("no end of the TLS handshake in time"), ETIMEDOUT);
	return true;
}

static const struct conn_layer conn_tls = {
	.name = "tls",
	.open = tls_open,
	.read = tls_read,
	.writev = tls_writev,
	.pending = tls_pending,
	.finish = tls_finish,
	.free = tls_free,
	.why = tls_why,
};

/* --- for owners --- */

static struct tls *tls_new(struct tls_context *context)
{
	struct tls *t = mem_zalloc(sizeof *t);

	t->context = tls_context_ref(context);
	t->ssl = SSL_new(context->ssl);
	if (t->ssl == NULL)
		abort(); /* out of memory */
	return t;
}

void tls_accept(struct conn *c, struct tls_context *context)
{
	struct tls *t = tls_new(context);

	SSL_set_accept_state(t->ssl);
	conn_raise(c, &conn_tls, t);
}

static bool is_address(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

/* Names are asked for and looked for in the certificate; addresses are looked for only. */
static void expect(struct tls *t, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
	bool by_address = is_address(host);

	if (!by_address)
		SSL_set_tlsext_host_name(t->ssl, host);
	if (t->context->ignores_names)
		return;
	if (by_address) {
		X509_VERIFY_PARAM_set1_ip_asc(param, host);
	} else {
		X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		X509_VERIFY_PARAM_set1_host(param, host, 0);
	}
}

/* What the server gave for a short handshake, if it gave something. */
static void resume(struct tls *t, const char *host, int port)
{
	struct tls_tickets *of = tls_sessions_of(&t->context->sessions, host, port);
	SSL_SESSION *session = of != NULL ? tls_sessions_take(&t->context->sessions, of) : NULL;

	tls_sessions_name(t->ssl, of);
	if (session == NULL)
		return;
	SSL_set_session(t->ssl, session);
	SSL_SESSION_free(session);
}

void tls_connect(struct conn *c, struct tls_context *context, const char *host, int port)
{
	struct tls *t = tls_new(context);

	SSL_set_connect_state(t->ssl);
	expect(t, host);
	resume(t, host, port);
	conn_raise(c, &conn_tls, t);
}

const struct X509_name_st *tls_subject(const struct x509_st *certificate)
{
	return X509_get_subject_name(certificate);
}

bool tls_said(const struct conn *c, struct tls_said *said)
{
	const struct tls *t = c->of_layer;

	if (c->layer != &conn_tls || t == NULL || !SSL_is_init_finished(t->ssl))
		return false;
	*said = (struct tls_said){ .version = SSL_get_version(t->ssl),
				   .cipher = SSL_get_cipher_name(t->ssl),
				   .server_name =
					   SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name),
				   .peer = SSL_get0_peer_certificate(t->ssl),
				   .is_resumed = SSL_session_reused(t->ssl) == 1 };
	return true;
}
