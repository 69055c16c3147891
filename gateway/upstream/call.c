#include "upstream/call.h"

#include "kafka/head.h"
#include "kafka/wire.h"
#include "util/clock.h"
#include "util/mem.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

static const char client_id[] = "anyport";

enum {
	IN_FIRST = 16 * 1024,  /* of the input buffer */
	IN_KEPT = 1024 * 1024, /* a larger one is given back when it is empty */
};

/* A request whose answer has not come. */
struct pending {
	struct pending *next;
	const struct kapi *api;
	int version;
	uint32_t correlation_id;
	int64_t deadline; /* clock_ms */
	call_answer answer;
	void *owner;
};

/* data[taken..len) is what counts. */
struct bytes {
	uint8_t *data;
	size_t taken, len, size;
};

enum state { CONNECTING, OPEN, FAILED, TOLD };

struct call {
	struct ev_loop *loop;
	ev_io io;
	ev_timer timer;
	enum state state;
	enum call_end end; /* FAILED, TOLD: why */
	int error;
	int64_t connect_deadline; /* clock_ms */
	uint32_t max_answer;
	uint32_t next_id;
	struct bytes in, out;
	struct pending *first, **last;
	unsigned in_flight;
	const struct call_events *events;
	void *owner;
	bool in_callback;
	bool freed; /* by its owner, from inside a callback */
};

const char *call_end_text(enum call_end end)
{
	static const char *const texts[] = { "can't connect", "connection lost", "timed out",
					     "bad answer" };

	return texts[end];
}

const char *call_error_text(int error)
{
	return error != 0 ? strerrordesc_np(error) : "-";
}

static void bytes_reserve(struct bytes *b, size_t size)
{
	if (size <= b->size)
		return;
	b->size = b->size * 2 > size ? b->size * 2 : size;
	b->data = mem_realloc(b->data, b->size);
}

static void bytes_add(struct bytes *b, const void *from, size_t n)
{
	bytes_reserve(b, b->len + n);
	if (n > 0)
		memcpy(b->data + b->len, from, n);
	b->len += n;
}

/* Moves what is left to the front. */
static void bytes_settle(struct bytes *b)
{
	if (b->taken > 0 && b->taken < b->len)
		memmove(b->data, b->data + b->taken, b->len - b->taken);
	b->len -= b->taken;
	b->taken = 0;
	if (b->len == 0 && b->size > IN_KEPT) {
		free(b->data);
		*b = (struct bytes){ 0 };
	}
}

static bool has_output(const struct call *c)
{
	return c->out.taken < c->out.len;
}

/* 0: none. */
static int64_t next_deadline(const struct call *c)
{
	int64_t first = c->state == CONNECTING ? c->connect_deadline : 0;

	for (const struct pending *p = c->first; p != NULL; p = p->next) {
		if (first == 0 || p->deadline < first)
			first = p->deadline;
	}
	return first;
}

static void arm_timer(struct call *c)
{
	int64_t at = next_deadline(c), left = at - clock_ms();

	ev_timer_stop(c->loop, &c->timer);
	if (c->state == TOLD || (c->state == OPEN && at == 0))
		return;
	ev_now_update(c->loop);
	ev_timer_set(&c->timer, c->state == FAILED || left <= 0 ? 0. : (double)left / 1e3, 0.);
	ev_timer_start(c->loop, &c->timer);
}

/* The one place that starts and stops watchers, from state. */
static void arm(struct call *c)
{
	int want = 0;

	if (c->freed)
		return;
	if (c->state == CONNECTING)
		want = EV_WRITE;
	else if (c->state == OPEN)
		want = EV_READ | (has_output(c) ? EV_WRITE : 0);
	if (want == 0 || (c->io.events & (EV_READ | EV_WRITE)) != want)
		ev_io_stop(c->loop, &c->io);
	if (want != 0 && !ev_is_active(&c->io)) {
		ev_io_set(&c->io, c->io.fd, want);
		ev_io_start(c->loop, &c->io);
	}
	arm_timer(c);
}

/* What a failure means is told by the timer, from the loop. */
static void fail(struct call *c, enum call_end end, int error)
{
	if (c->state >= FAILED)
		return;
	c->state = FAILED;
	c->end = end;
	c->error = error;
}

static struct pending *pending_pop(struct call *c)
{
	struct pending *p = c->first;

	c->first = p->next;
	if (c->first == NULL)
		c->last = &c->first;
	c->in_flight--;
	return p;
}

/* Runs one answer's callback; false: the owner freed the call in it. */
static bool answer_one(struct call *c, const uint8_t *body, uint32_t len)
{
	struct pending *p = pending_pop(c);

	p->answer(p->owner, body, len);
	free(p);
	return !c->freed;
}

static void release(struct call *c)
{
	while (c->first != NULL)
		free(pending_pop(c));
	free(c->in.data);
	free(c->out.data);
	free(c);
}

/* A frame, its size field left out. */
static bool take_frame(struct call *c, const uint8_t *frame, uint32_t size)
{
	uint32_t at = ANSWER_FIXED - HEAD_SIZE_BYTES, tags = 0;
	const struct pending *p = c->first;

	if (p == NULL || size < at || wire_get32(frame) != p->correlation_id) {
		fail(c, CALL_BAD_ANSWER, 0);
		return true;
	}
	if (api_answer_has_tags(p->api, p->version) &&
	    answer_tags_skip(frame + at, size - at, size - at, &tags) != HEAD_OK) {
		fail(c, CALL_BAD_ANSWER, 0);
		return true;
	}
	return answer_one(c, frame + at + tags, size - at - tags);
}

/* Takes the whole frames that are there; false: the call was freed. */
static bool take_frames(struct call *c)
{
	while (c->state == OPEN && c->in.len - c->in.taken >= HEAD_SIZE_BYTES) {
		const uint8_t *at = c->in.data + c->in.taken;
		uint32_t size = wire_get32(at);

		if (size > c->max_answer) {
			fail(c, CALL_BAD_ANSWER, EMSGSIZE);
			return true;
		}
		if (c->in.len - c->in.taken - HEAD_SIZE_BYTES < size)
			break;
		c->in.taken += HEAD_SIZE_BYTES + size;
		if (!take_frame(c, at + HEAD_SIZE_BYTES, size))
			return false;
	}
	bytes_settle(&c->in);
	return true;
}

static void do_read(struct call *c)
{
	ssize_t n;

	/* grows with what has come, not with what a size field says will come */
	if (c->in.len == c->in.size)
		bytes_reserve(&c->in, c->in.size > 0 ? c->in.size * 2 : IN_FIRST);
	n = read(c->io.fd, c->in.data + c->in.len, c->in.size - c->in.len);
	if (n > 0)
		c->in.len += (size_t)n;
	else if (n == 0)
		fail(c, CALL_LOST, 0);
	else if (errno != EAGAIN && errno != EINTR)
		fail(c, CALL_LOST, errno);
}

static void do_write(struct call *c)
{
	ssize_t n =
		send(c->io.fd, c->out.data + c->out.taken, c->out.len - c->out.taken, MSG_NOSIGNAL);

	if (n >= 0)
		c->out.taken += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		fail(c, CALL_LOST, errno);
	if (!has_output(c))
		bytes_settle(&c->out);
}

static void finish_connect(struct call *c)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(c->io.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0) {
		fail(c, CALL_NOT_CONNECTED, error);
		return;
	}
	c->state = OPEN;
	if (c->events->on_connected != NULL)
		c->events->on_connected(c->owner);
}

/* Everything that runs callbacks runs in here. */
static void guarded(struct call *c, void (*step)(struct call *c))
{
	c->in_callback = true;
	step(c);
	c->in_callback = false;
	if (c->freed)
		release(c);
	else
		arm(c);
}

static void step_io(struct call *c)
{
	if (c->state == CONNECTING) {
		finish_connect(c);
		return;
	}
	if (has_output(c))
		do_write(c);
	if (c->state == OPEN)
		do_read(c);
	if (c->in.len > 0)
		(void)take_frames(c);
}

/* The last things an owner is told. */
static void step_failed(struct call *c)
{
	while (c->first != NULL) {
		if (!answer_one(c, NULL, 0))
			return;
	}
	c->state = TOLD;
	c->events->on_closed(c->owner, c->end, c->error);
}

static void step_timer(struct call *c)
{
	int64_t at = next_deadline(c);

	if (c->state < FAILED && at != 0 && at <= clock_ms())
		fail(c, c->state == CONNECTING ? CALL_NOT_CONNECTED : CALL_TIMED_OUT, ETIMEDOUT);
	else if (c->state == FAILED)
		step_failed(c);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	guarded(CONTAINER_OF(io, struct call, io), step_io);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	guarded(CONTAINER_OF(timer, struct call, timer), step_timer);
}

static int open_socket(const struct call_options *o)
{
	int fd = socket(o->address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd >= 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

struct call *call_new(struct ev_loop *loop, const struct call_options *o,
		      const struct call_events *events, void *owner)
{
	struct call *c = mem_zalloc(sizeof *c);
	int fd = open_socket(o);

	c->loop = loop;
	c->events = events;
	c->owner = owner;
	c->max_answer = o->max_answer;
	c->last = &c->first;
	ev_io_init(&c->io, on_io, fd, EV_WRITE);
	ev_timer_init(&c->timer, on_timer, 0., 0.);
	c->connect_deadline = clock_ms() + o->connect_timeout_ms;
	if (fd < 0 || (connect(fd, o->address, o->address_len) < 0 && errno != EINPROGRESS))
		fail(c, CALL_NOT_CONNECTED, errno);
	arm(c);
	return c;
}

void call_free(struct call *c)
{
	if (c == NULL || c->freed)
		return;
	ev_io_stop(c->loop, &c->io);
	ev_timer_stop(c->loop, &c->timer);
	if (c->io.fd >= 0)
		close(c->io.fd);
	c->freed = true;
	if (!c->in_callback)
		release(c);
}

static void add_pending(struct call *c, const struct call_request *r)
{
	struct pending *p = mem_alloc(sizeof *p);

	*p = (struct pending){ .api = api_of((int)r->key),
			       .version = r->version,
			       .correlation_id = c->next_id++,
			       .deadline = clock_ms() + r->timeout_ms,
			       .answer = r->answer,
			       .owner = r->owner };
	*c->last = p;
	c->last = &p->next;
	c->in_flight++;
}

bool call_send(struct call *c, const struct call_request *r)
{
	struct buf frame;
	bool good;

	assert(!c->freed);
	if (c->state >= FAILED || c->in_flight == CALL_PIPELINE_MAX)
		return false;
	buf_init(&frame, CALL_REQUEST_MAX);
	good = say_frame(api_of((int)r->key), r->version, c->next_id, client_id, r->says, &frame);
	if (good) {
		bytes_add(&c->out, frame.data, frame.len);
		add_pending(c, r);
	}
	buf_deinit(&frame);
	if (good && !c->in_callback)
		arm(c);
	return good;
}
