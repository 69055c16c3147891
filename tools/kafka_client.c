#include "kafka_client.h"

#include "kafka/head.h"
#include "kafka/say.h"
#include "kafka/wire.h"
#include "util/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 1 << 20, FLEXIBLE_VERSIONS = 3 };

/* Always false. */
static bool fails(char why[KAFKA_WHY_MAX], const char *text)
{
	snprintf(why, KAFKA_WHY_MAX, "%s", text);
	return false;
}

static bool is_late(char why[KAFKA_WHY_MAX], const char *what, int timeout_ms)
{
	snprintf(why, KAFKA_WHY_MAX, "%s within %d ms", what, timeout_ms);
	return false;
}

struct addrinfo *kafka_resolve(const char *host, int port, char why[KAFKA_WHY_MAX])
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found;
	char service[12];
	int error;

	snprintf(service, sizeof service, "%d", port);
	error = getaddrinfo(host, service, &hints, &found);
	if (error == 0)
		return found;
	snprintf(why, KAFKA_WHY_MAX, "the name does not resolve: %s",
		 error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
	return NULL;
}

/* Waits until the deadline; 0: it is over. */
static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { fd, events, 0 };
	int64_t left;
	int got;

	do {
		left = deadline - clock_ms();
		got = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (got < 0 && errno == EINTR);
	return got;
}

static bool finish_connecting(struct kafka_client *c, int64_t deadline, char why[KAFKA_WHY_MAX])
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (wait_for(c->fd, POLLOUT, deadline) == 0)
		return is_late(why, "no connection", c->timeout_ms);
	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error == 0 || fails(why, strerror(error));
}

bool kafka_connect(struct kafka_client *c, const struct addrinfo *to, const char *client_id,
		   int timeout_ms, char why[KAFKA_WHY_MAX])
{
	int64_t deadline = clock_ms() + timeout_ms;

	*c = (struct kafka_client){ .client_id = client_id, .timeout_ms = timeout_ms };
	buf_init(&c->out, REQUEST_MAX);
	buf_init(&c->answer, KAFKA_ANSWER_MAX);
	c->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return fails(why, strerror(errno));
	if (connect(c->fd, to->ai_addr, to->ai_addrlen) == 0)
		return true;
	if (errno != EINPROGRESS)
		return fails(why, strerror(errno));
	return finish_connecting(c, deadline, why);
}

void kafka_close(struct kafka_client *c)
{
	if (c->is_greeted)
		versions_deinit(&c->versions);
	if (c->fd >= 0 && c->client_id != NULL)
		close(c->fd);
	buf_deinit(&c->out);
	buf_deinit(&c->answer);
	*c = (struct kafka_client){ .fd = -1 };
}

/* --- a request and its answer --- */

static bool send_all(struct kafka_client *c, int64_t deadline, char why[KAFKA_WHY_MAX])
{
	for (size_t at = 0; at < c->out.len;) {
		ssize_t n = send(c->fd, c->out.data + at, c->out.len - at, MSG_NOSIGNAL);

		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fails(why, strerror(errno));
		else if (wait_for(c->fd, POLLOUT, deadline) == 0)
			return is_late(why, "the request was not taken", c->timeout_ms);
	}
	return true;
}

static bool receive(struct kafka_client *c, size_t wanted, int64_t deadline,
		    char why[KAFKA_WHY_MAX])
{
	size_t at = c->answer.len;
	uint8_t *to = buf_extend(&c->answer, wanted);

	while (to != NULL && at < c->answer.len) {
		ssize_t n = recv(c->fd, c->answer.data + at, c->answer.len - at, 0);

		if (n > 0)
			at += (size_t)n;
		else if (n == 0)
			return fails(why, "the connection was closed instead of an answer");
		else if (errno != EAGAIN && errno != EINTR)
			return fails(why, strerror(errno));
		else if (wait_for(c->fd, POLLIN, deadline) == 0)
			return is_late(why, "no answer", c->timeout_ms);
	}
	return to != NULL || fails(why, "an answer that is too long");
}

static bool receive_frame(struct kafka_client *c, int64_t deadline, char why[KAFKA_WHY_MAX])
{
	uint32_t size;

	buf_clear(&c->answer);
	if (!receive(c, HEAD_SIZE_BYTES, deadline, why))
		return false;
	size = wire_get32(c->answer.data);
	if (size < ANSWER_FIXED - HEAD_SIZE_BYTES || size > KAFKA_ANSWER_MAX - HEAD_SIZE_BYTES)
		return fails(why, "what answers is not Kafka");
	return receive(c, size, deadline, why);
}

static bool read_head(const struct kafka_client *c, const struct kapi *api, int version,
		      struct kafka_answer *answer, char why[KAFKA_WHY_MAX])
{
	const uint8_t *from = c->answer.data + ANSWER_FIXED;
	uint32_t left = (uint32_t)c->answer.len - ANSWER_FIXED, tags = 0;

	if (wire_get32(c->answer.data + HEAD_SIZE_BYTES) != c->correlation)
		return fails(why, "an answer to another request");
	if (api_answer_has_tags(api, version) &&
	    answer_tags_skip(from, left, left, &tags) != HEAD_OK)
		return fails(why, "an answer with a malformed head");
	answer->body = from + tags;
	answer->len = left - tags;
	return true;
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

bool kafka_ask(struct kafka_client *c, const struct kapi *api, int version, struct say_pairs says,
	       struct kafka_answer *answer, char why[KAFKA_WHY_MAX])
{
	int64_t deadline = clock_ms() + c->timeout_ms;
	double began = now_ms();
	char more[KAFKA_WHY_MAX];

	buf_clear(&c->out);
	if (!say_frame(api, version, ++c->correlation, c->client_id, says, &c->out))
		return fails(why, "a request that is too long");
	if (send_all(c, deadline, more) && receive_frame(c, deadline, more) &&
	    read_head(c, api, version, answer, more)) {
		answer->ms = now_ms() - began;
		return true;
	}
	snprintf(why, KAFKA_WHY_MAX, "%s: %.*s", api->name, KAFKA_WHY_MAX - 40, more);
	return false;
}

/* --- the greeting --- */

bool kafka_greet(struct kafka_client *c, char why[KAFKA_WHY_MAX])
{
	const struct kapi *api = api_of(KEY_API_VERSIONS);
	const struct say says[] = { say_text(SOFTWARE_NAME, "anyport"),
				    say_text(SOFTWARE_VERSION, "1.0") };
	int version = FLEXIBLE_VERSIONS;
	struct kafka_answer answer;
	enum versions_result got;
	bool good;

	do {
		good = kafka_ask(c, api, version, SAY_ALL(says), &answer, why);
		got = good ? versions_read(&c->versions, version, answer.body, answer.len)
			   : VERSIONS_BAD;
	} while (got == VERSIONS_UNSUPPORTED && version > 0 && (version = 0, true));
	c->is_greeted = got == VERSIONS_OK;
	if (good && !c->is_greeted)
		fails(why, "ApiVersions: a malformed answer");
	return c->is_greeted;
}

int kafka_version(const struct kafka_client *c, int api_key)
{
	return versions_best(&c->versions, api_key);
}
