/* sasl_broker.h - a broker of one connection at a time that asks who one is, on the test's own loop.
 *
 * It takes PLAIN with one password, answers any other request once it believes somebody, and holds
 * against a client what a broker holds against it: a request before the login or in the midst of a
 * later one, and two frames at once before the login has ended.
 */
#ifndef UNIT_UPSTREAM_SASL_BROKER_H
#define UNIT_UPSTREAM_SASL_BROKER_H

#include "kafka/api_keys.h"
#include "kafka/errors.h"
#include "kafka/wire.h"
#include "util/buf.h"
#include "util/clock.h"

#include <errno.h>
#include <ev.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { SASL_BROKER_LOGINS = 64, SASL_BROKER_HELD = 256 };

struct sasl_broker {
	struct ev_loop *loop;
	struct sockaddr_in address;
	ev_io listener, reader;
	struct buf in;
	/* what it is like */
	const char *token; /* that it takes, from its first NUL on */
	size_t token_len;
	int64_t lifetime_ms; /* that it says */
	int handshake_error;
	int refuse_from;  /* the login of this number is refused, and later ones; 0: none */
	bool is_silent;	  /* it never answers SaslAuthenticate */
	bool in_pieces;	  /* one byte a write */
	bool is_odd;	  /* it answers SaslAuthenticate with another correlation id */
	bool closes;	  /* instead of an answer to SaslAuthenticate */
	bool holds;	  /* requests are not answered until sasl_broker_answer */
	int extra_rounds; /* of SaslAuthenticate, without an error and with bytes */
	/* what has happened */
	unsigned connections, logins, requests, held;
	bool is_shaking, is_believed, was_wronged;
	int rounds;
	int64_t began[SASL_BROKER_LOGINS]; /* clock_ms of each SaslHandshake */
	uint32_t held_ids[SASL_BROKER_HELD];
};

static inline void sasl_broker_send(struct sasl_broker *b, struct buf *frame)
{
	wire_put32(frame->data, (uint32_t)frame->len - 4);
	for (size_t i = 0; i < frame->len;) {
		ssize_t n = send(b->reader.fd, frame->data + i, b->in_pieces ? 1 : frame->len - i,
				 MSG_NOSIGNAL);

		if (n < 0)
			break;
		i += (size_t)n;
	}
	buf_deinit(frame);
}

static inline struct buf sasl_broker_frame(uint32_t id)
{
	struct buf frame;

	buf_init(&frame, 1000);
	buf_append32(&frame, 0);
	buf_append32(&frame, id);
	return frame;
}

static inline void sasl_broker_handshake(struct sasl_broker *b, uint32_t id)
{
	struct buf f = sasl_broker_frame(id);

	b->began[b->logins++ % SASL_BROKER_LOGINS] = clock_ms();
	b->is_shaking = b->handshake_error == 0;
	b->rounds = 0;
	buf_append16(&f, (uint16_t)b->handshake_error);
	buf_append32(&f, 2);
	buf_append16(&f, 5);
	buf_append(&f, "PLAIN", 5);
	buf_append16(&f, 13);
	buf_append(&f, "SCRAM-SHA-512", 13);
	sasl_broker_send(b, &f);
}

static inline void sasl_broker_text(struct buf *f, const char *text)
{
	buf_append_uvarint(f, (uint32_t)strlen(text) + 1);
	buf_append(f, text, strlen(text));
}

static inline void sasl_broker_judge(struct sasl_broker *b, uint32_t id, const uint8_t *body,
				     size_t n)
{
	struct buf f = sasl_broker_frame(b->is_odd ? id + 1 : id);
	bool is_right = n > 1 + b->token_len && memcmp(body + 1, b->token, b->token_len) == 0;
	bool is_over = b->rounds++ >= b->extra_rounds;

	if (b->refuse_from > 0 && b->logins >= (unsigned)b->refuse_from)
		is_right = false;
	is_right |= b->rounds > 1; /* the first one had it */
	buf_append8(&f, 0);
	buf_append16(&f, is_right ? 0 : ERROR_SASL_AUTHENTICATION_FAILED);
	sasl_broker_text(&f, is_right ? "" : "Authentication failed: Invalid username or password");
	sasl_broker_text(&f, is_right && !is_over ? "more" : "");
	buf_append64(&f, is_right ? (uint64_t)b->lifetime_ms : 0);
	buf_append8(&f, 0);
	b->is_believed = is_right && is_over;
	b->is_shaking = is_right && !is_over;
	sasl_broker_send(b, &f);
	if (!is_right)
		shutdown(b->reader.fd, SHUT_WR);
}

/* Answers what it holds, in order. */
static inline void sasl_broker_answer(struct sasl_broker *b)
{
	for (unsigned i = 0; i < b->held; i++) {
		struct buf f = sasl_broker_frame(b->held_ids[i]);

		buf_append16(&f, 0);
		buf_append32(&f, 0);
		sasl_broker_send(b, &f);
	}
	b->held = 0;
}

static inline void sasl_broker_hear(struct sasl_broker *b, const uint8_t *frame, uint32_t size)
{
	uint16_t key = wire_get16(frame);
	uint32_t id = wire_get32(frame + 4);
	uint32_t body = 10 + wire_get16(frame + 8);

	if (key == KEY_SASL_HANDSHAKE) {
		b->was_wronged |= b->held > 0;
		sasl_broker_handshake(b, id);
	} else if (key == KEY_SASL_AUTHENTICATE) {
		b->was_wronged |= !b->is_shaking;
		body += 1; /* tags */
		if (b->closes)
			shutdown(b->reader.fd, SHUT_RDWR);
		else if (!b->is_silent)
			sasl_broker_judge(b, id, frame + body, size - body);
	} else {
		b->was_wronged |= b->is_shaking || !b->is_believed;
		b->requests++;
		b->held_ids[b->held++ % SASL_BROKER_HELD] = id;
		if (!b->holds)
			sasl_broker_answer(b);
	}
}

static inline void sasl_broker_on_read(struct ev_loop *loop, ev_io *w, int events)
{
	struct sasl_broker *b = w->data;
	uint8_t bytes[4096];
	ssize_t n = recv(w->fd, bytes, sizeof bytes, 0);

	(void)events;
	if (n <= 0) {
		ev_io_stop(loop, w);
		close(w->fd);
		return;
	}
	buf_append(&b->in, bytes, (size_t)n);
	while (b->in.len >= 4 && b->in.len - 4 >= wire_get32(b->in.data)) {
		uint32_t size = wire_get32(b->in.data);

		/* what comes together with the last frame waits, over TLS */
		b->was_wronged |= !b->is_believed && b->in.len > 4 + size;
		sasl_broker_hear(b, b->in.data + 4, size);
		memmove(b->in.data, b->in.data + 4 + size, b->in.len - 4 - size);
		b->in.len -= 4 + size;
	}
}

static inline void sasl_broker_on_connection(struct ev_loop *loop, ev_io *w, int events)
{
	struct sasl_broker *b = w->data;
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	if (ev_is_active(&b->reader)) {
		ev_io_stop(loop, &b->reader);
		close(b->reader.fd);
	}
	b->connections++;
	b->is_believed = b->is_shaking = false;
	buf_clear(&b->in);
	ev_io_init(&b->reader, sasl_broker_on_read, fd, EV_READ);
	b->reader.data = b;
	ev_io_start(loop, &b->reader);
}

/* It takes what plain_credentials("gw", "right") say. */
static inline void sasl_broker_start(struct sasl_broker *b, struct ev_loop *loop)
{
	socklen_t len = sizeof b->address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*b = (struct sasl_broker){ .loop = loop, .token = "\0gw\0right", .token_len = 9 };
	b->address = (struct sockaddr_in){ .sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)&b->address, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&b->address, &len), 0);
	buf_init(&b->in, 1 << 20);
	ev_io_init(&b->listener, sasl_broker_on_connection, fd, EV_READ);
	b->listener.data = b;
	ev_io_start(loop, &b->listener);
}

static inline void sasl_broker_stop(struct sasl_broker *b)
{
	if (ev_is_active(&b->reader)) {
		ev_io_stop(b->loop, &b->reader);
		close(b->reader.fd);
	}
	ev_io_stop(b->loop, &b->listener);
	close(b->listener.fd);
	buf_deinit(&b->in);
}

#endif
