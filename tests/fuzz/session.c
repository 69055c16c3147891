/* session.c - whole sessions: clients that say anything, brokers that answer late, half, out of size or never.
 *
 * Whatever happens: answers come in the order of the questions, each once; while the brokers keep to
 * the protocol every answer can be read and names none of their addresses; and when all have gone no
 * client, no connection and no memory is left.  Time is turned, not waited for.
 *
 * Input: settings (bit 0 single mode, bit 1 little memory), then one act after the other, see `acts`.
 */
#include "session/session.h"

#include "fuzz/input.h"
#include "unit/session/scene.h"
#include "unit/turned_clock.h"

#include "kafka/encode.h"
#include "route/stub.h"
#include "util/log.h"

#include <assert.h>
#include <sys/time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	CLIENTS = 2,
	ACTS_MOST = 100,
	ASKED_MOST = 400,
	FRAME_MOST = 256 * 1024,
	ELEMENTS_MOST = 4,
	TURNS_MOST = 64, /* until nothing moves any more */
	LITTLE_MEMORY = 96 * 1024,
	WORK_MOST_S = 20,
};

#define BROKERS_HOST "broker-behind"

/* A request that the client has begun to say. */
struct asked {
	uint32_t id;
	const struct kapi *api;
	int version;
	bool wants_answer;
};

struct speaker {
	struct buf rest; /* what is being said; no more than one frame that is a request */
	size_t sent;	 /* of that */
	struct asked asked[ASKED_MOST];
	int asked_count,
		answered; /* the next answer is that of the first one after these that wants one */
	bool is_wild;	  /* has said what is no request */
};

struct owed {
	uint8_t *bytes; /* of an answer's second half, the scene's arena */
	size_t n;
};

struct play {
	struct scene s;
	struct arena arena;
	struct input in;
	struct speaker speakers[CLIENTS];
	struct owed owed[SCENE_BROKERS][SCENE_ENDS];
	uint32_t next_id;
	bool are_honest; /* the brokers, so far */
};

/* --- what is said --- */

static struct encode_value text_of(const char *text)
{
	return (struct encode_value){ .bytes = (const uint8_t *)text,
				      .len = (uint32_t)strlen(text) };
}

/* Names that are known, now and then one that is not. */
static struct encode_value name_of(struct play *p, enum kis is)
{
	static const char *const topics[] = { "orders", "orders", "late", "", "_anyport_a" };
	static const char *const keys[] = { "g", "g", "h", "" };

	if (is == HOST)
		return text_of(BROKERS_HOST);
	if (is == TOPIC_NAME)
		return text_of(topics[input_byte(&p->in) % ARRAY_LEN(topics)]);
	return text_of(keys[input_byte(&p->in) % ARRAY_LEN(keys)]);
}

static int64_t number_of(struct play *p, enum kis is)
{
	static const int16_t acks[] = { -1, 1, 0 };
	uint8_t b = input_byte(&p->in);

	switch (is) {
	case ACKS:
		return acks[b % ARRAY_LEN(acks)];
	case ERROR_CODE:
		return b < 128 ? 0 : b - 128;
	case PORT:
		return 9000 + b;
	default:
		return b < 250 ? (int8_t)b : INT64_C(1) << (b - 249) * 5;
	}
}

static int64_t number_in(enum ktype type, int64_t n)
{
	switch (type) {
	case BOOL:
		return n & 1;
	case INT8:
		return (int8_t)n;
	case INT16:
		return (int16_t)n;
	case UINT16:
		return (uint16_t)n;
	case INT32:
		return (int32_t)n;
	case UINT32:
		return (uint32_t)n;
	default:
		return n;
	}
}

static bool may_be_null(const struct encode_field *f, int version)
{
	struct kversions v;

	return !f->is_element && kversions_parse(f->row->nullable, &v) && kversions_has(v, version);
}

struct filling {
	struct play *p;
	int version;
	uint32_t elements; /* of all arrays: a message stays small */
};

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	static const uint8_t many[60000];
	static const uint8_t id[16] = { 1, [15] = 1 }, no_id[16];
	struct filling *of = ctx;
	struct input *in = &of->p->in;
	enum ktype type = f->is_element ? f->row->of : f->row->type;
	uint8_t b = type == ARRAY || type == STRUCT ? input_byte(in) : 1;
	bool is_null = may_be_null(f, of->version) && input_byte(in) % 4 == 0;

	if (f->row->tag != 0 && !f->is_element && input_byte(in) % 3 != 0)
		return false;
	*v = (struct encode_value){ 0 };
	switch (type) {
	case ARRAY:
		v->number = of->elements < 64 ? b % (ELEMENTS_MOST + 1) : 0;
		of->elements += (uint32_t)v->number;
		break;
	case STRUCT:
		v->number = 1;
		break;
	case STRING:
		*v = name_of(of->p, f->is);
		break;
	case BYTES:
	case RECORDS:
		v->bytes = many;
		v->len = (uint32_t)input_byte(in) * (input_byte(in) % 16 == 0 ? 235 : 1);
		break;
	case UUID:
		v->bytes = input_byte(in) % 4 == 0 ? no_id : id;
		v->len = sizeof id;
		break;
	default:
		v->number = number_in(type, number_of(of->p, f->is));
	}
	if (is_null) {
		v->bytes = NULL;
		v->len = 0;
		v->number = -1;
	}
	return true;
}

/* A message of what the input says; false: it became too large. */
static bool compose(struct play *p, const struct kapi *api, int version, enum kdirection d,
		    struct buf *out)
{
	struct filling of = { p, version, 0 };

	return encode_message(api, version, d, fill, &of, out) && !out->full;
}

/* --- the clients --- */

static const struct kapi *some_api(struct play *p)
{
	size_t n;
	const struct kapi *const *all = apis_all(&n);
	const struct kapi *api = all[input_byte(&p->in) % n];

	return api->route >= HERE && api->request != NULL ? api : api_of(KEY_PRODUCE);
}

static int some_version(struct play *p, const struct kapi *api)
{
	struct kversions v = api_versions(api);

	return v.min + input_byte(&p->in) % (v.max - v.min + 1);
}

static struct scene_client *scene_client_of(struct play *p, int n)
{
	return &p->s.clients[n];
}

/* What the worker does not take now is not said: the client has given up, or is slow. */
static void send_some(struct play *p, int n, size_t most)
{
	struct speaker *who = &p->speakers[n];
	struct scene_end *e = &scene_client_of(p, n)->end;
	size_t left = who->rest.len - who->sent;
	ssize_t sent = 0;

	if (e->fd >= 0 && left > 0)
		sent = send(e->fd, who->rest.data + who->sent, left < most ? left : most,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
	who->sent += sent > 0 ? (size_t)sent : 0;
	if (who->sent == who->rest.len) {
		buf_clear(&who->rest);
		who->sent = 0;
	}
}

static bool has_no_acks(const struct kapi *api, int version, const uint8_t *body, size_t n)
{
	struct arena arena;
	struct layout l;
	bool none;

	arena_init(&arena);
	layout_init(&l, &arena);
	none = layout_read(&l, api_plan(api, version, REQUEST), body, (uint32_t)n) &&
	       l.acks.size > 0 && l.acks.number == 0;
	arena_deinit(&arena);
	return none;
}

static void say(struct play *p, int n)
{
	struct speaker *who = &p->speakers[n];
	const struct kapi *api = some_api(p);
	int version = some_version(p, api);
	size_t from = who->rest.len, body_at;
	uint8_t share;

	if (who->asked_count == ASKED_MOST || from > 0)
		return; /* one frame after the other */
	buf_append32(&who->rest, 0);
	buf_append16(&who->rest, (uint16_t)api->key);
	buf_append16(&who->rest, (uint16_t)version);
	buf_append32(&who->rest, ++p->next_id);
	buf_append16(&who->rest, 1);
	buf_append8(&who->rest, 'c');
	if (api_is_flexible(api, version))
		buf_append8(&who->rest, 0);
	body_at = who->rest.len;
	if (!compose(p, api, version, REQUEST, &who->rest)) {
		buf_clear(&who->rest);
		return;
	}
	wire_put32(who->rest.data + from, (uint32_t)(who->rest.len - from) - 4);
	who->asked[who->asked_count++] = (struct asked){
		p->next_id, api, version,
		!has_no_acks(api, version, who->rest.data + body_at, who->rest.len - body_at)
	};
	share = input_byte(&p->in);
	send_some(p, n, share % 4 != 0 ? SIZE_MAX : who->rest.len * share / 256);
}

static void say_anything(struct play *p, int n)
{
	struct block b = input_block(&p->in);

	p->speakers[n].is_wild |= b.n > 0;
	buf_append(&p->speakers[n].rest, b.bytes, b.n);
	send_some(p, n, SIZE_MAX);
}

/* Each answer is the next question's, and whole. */
static void hear(struct play *p, int n)
{
	struct speaker *who = &p->speakers[n];
	struct scene_end *e = &scene_client_of(p, n)->end;
	size_t size;

	scene_end_read(e);
	assert(!p->are_honest || e->in.len == 0 ||
	       memmem(e->in.data, e->in.len, BROKERS_HOST, strlen(BROKERS_HOST)) == NULL);
	for (; (size = scene_frame_size(e)) > 0 && !who->is_wild; e->taken += size) {
		const uint8_t *frame = e->in.data + e->taken;
		const struct asked *to = who->asked + who->answered;
		size_t head = 8;

		while (to < who->asked + who->asked_count && !to->wants_answer)
			to++;
		assert(to < who->asked + who->asked_count && size >= head);
		assert(wire_get32(frame + 4) == to->id);
		who->answered = (int)(to - who->asked) + 1;
		head += api_answer_has_tags(to->api, to->version);
		if (p->are_honest && to->api->response != NULL && size >= head &&
		    to->api->key != KEY_API_VERSIONS) {
			struct layout l;

			layout_init(&l, &p->arena);
			assert(layout_read(&l, api_plan(to->api, to->version, RESPONSE),
					   frame + head, (uint32_t)(size - head)));
		}
	}
}

/* --- the brokers --- */

/* So that no address is used up: the system keeps one for a minute when an end closes well. */
static void cut(struct scene_end *e)
{
	if (e->fd >= 0)
		scene_end_reset(e);
}

static void accept_all(struct scene_broker *b)
{
	int fd;

	while (b->listener >= 0 && (fd = accept(b->listener, NULL, NULL)) >= 0) {
		struct scene_end more = { .fd = fd };

		if (b->end_count < SCENE_ENDS)
			scene_end_init(&b->ends[b->end_count++], fd);
		else
			cut(&more);
	}
}

static void broker_sends(struct play *p, int broker, int end, const uint8_t *bytes, size_t n)
{
	struct scene_end *e = &p->s.brokers[broker].ends[end];

	if (e->fd >= 0 && n > 0)
		(void)!send(e->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* What a broker says for itself: each item of the request, or whatever the input says. */
static void answer_body(struct play *p, const struct request_head *head, const uint8_t *frame,
			size_t n, struct buf *out)
{
	struct layout l;
	size_t from = out->len;

	layout_init(&l, &p->arena);
	if (input_byte(&p->in) % 3 != 0 &&
	    layout_read(&l, api_plan(head->api, head->version, REQUEST), frame + head->body_at,
			(uint32_t)(n - head->body_at))) {
		bool fits = stub_answer(out, head->api, head->version, &l,
					input_byte(&p->in) % 2 == 0 ? 0 : 6, false);

		assert(fits);
	} else if (!compose(p, head->api, head->version, RESPONSE, out)) {
		out->len = from;
		out->full = false;
	}
}

enum manner {
	WELL,
	WELL_TOO,
	HALF,
	TWICE,
	NEVER,
	TOO_LONG,
	TOO_SHORT,
	TO_ANOTHER,
	NONSENSE,
	MANNERS
};

static void answer(struct play *p, int broker, int end, const struct request_head *head,
		   const uint8_t *frame, size_t n)
{
	enum manner how = (enum manner)(input_byte(&p->in) % MANNERS);
	struct owed *owed = &p->owed[broker][end];
	struct buf out;
	size_t now;

	if (how == NEVER ||
	    has_no_acks(head->api, head->version, frame + head->body_at, n - head->body_at))
		return;
	buf_init(&out, FRAME_MOST);
	buf_append32(&out, 0);
	buf_append32(&out, head->correlation_id + (how == TO_ANOTHER));
	if (api_answer_has_tags(head->api, head->version))
		buf_append8(&out, 0);
	if (how == NONSENSE) {
		struct block b = input_block(&p->in);

		buf_append(&out, b.bytes, b.n);
	} else {
		answer_body(p, head, frame, n, &out);
	}
	p->are_honest &= how < TOO_LONG && how != TWICE;
	wire_put32(out.data, (uint32_t)out.len - 4 + (how == TOO_LONG ? input_byte(&p->in) : 0) -
				     (how == TOO_SHORT ? input_byte(&p->in) : 0));
	now = how == HALF ? out.len * input_byte(&p->in) / 256 : out.len;
	broker_sends(p, broker, end, out.data, now);
	if (how == TWICE)
		broker_sends(p, broker, end, out.data, out.len);
	if (now < out.len)
		*owed = (struct owed){ arena_copy(&p->arena, out.data + now,
						  (uint32_t)(out.len - now)),
				       out.len - now };
	buf_deinit(&out);
}

/* The oldest request that is there whole, unless half of an answer is still owed there. */
static void broker_turn(struct play *p, int broker)
{
	struct scene_broker *b = &p->s.brokers[broker];

	for (int i = 0; i < b->end_count; i++) {
		struct scene_end *e = &b->ends[i];
		struct request_head head;
		size_t n = e->fd >= 0 ? scene_frame_size(e) : 0;
		const uint8_t *frame;

		if (n == 0 || p->owed[broker][i].n > 0)
			continue;
		frame = e->in.data + e->taken;
		e->taken += n;
		/* the gateway says nothing that brokers can't read, whatever it was told */
		if (head_read(frame, n, INT32_MAX, &head) == HEAD_OK && head.api->request != NULL)
			answer(p, broker, i, &head, frame, n);
		return;
	}
}

static void pay(struct play *p, int broker)
{
	for (int i = 0; i < SCENE_ENDS; i++) {
		struct owed *owed = &p->owed[broker][i];

		if (owed->n > 0)
			broker_sends(p, broker, i, owed->bytes, owed->n);
		owed->n = 0;
	}
}

static void unasked(struct play *p, int broker)
{
	struct block b = input_block(&p->in);

	p->are_honest = false;
	broker_sends(p, broker, input_byte(&p->in) % SCENE_ENDS, b.bytes, b.n);
}

static void broker_goes(struct play *p, int broker)
{
	struct scene_broker *b = &p->s.brokers[broker];

	for (int i = 0; i < b->end_count; i++) {
		cut(&b->ends[i]);
		p->owed[broker][i].n = 0;
	}
}

static void broker_half_closes(struct play *p, int broker)
{
	struct scene_broker *b = &p->s.brokers[broker];

	for (int i = 0; i < b->end_count; i++) {
		if (b->ends[i].fd >= 0)
			shutdown(b->ends[i].fd, SHUT_WR);
	}
}

/* --- time --- */

static void pull(struct play *p)
{
	for (int i = 0; i < SCENE_BROKERS; i++) {
		accept_all(&p->s.brokers[i]);
		for (int k = 0; k < p->s.brokers[i].end_count; k++)
			scene_end_read(&p->s.brokers[i].ends[k]);
	}
}

static void turn(struct play *p, int times)
{
	for (int i = 0; i < times; i++) {
		ev_run(p->s.w->loop, EVRUN_NOWAIT);
		pull(p);
	}
}

static void pass_time(struct play *p)
{
	static const int64_t ms[] = { 1, 20, 400, 1100, 6000, 11000, 31000, 700000 };

	clock_turn(ms[input_byte(&p->in) % ARRAY_LEN(ms)]);
	turn(p, 2);
}

/* --- acts --- */

static void act_says(struct play *p)
{
	say(p, input_byte(&p->in) % CLIENTS);
	turn(p, 2);
}

static void act_goes_on(struct play *p)
{
	send_some(p, input_byte(&p->in) % CLIENTS, SIZE_MAX);
	turn(p, 2);
}

static void act_says_anything(struct play *p)
{
	say_anything(p, input_byte(&p->in) % CLIENTS);
	turn(p, 2);
}

static void act_hears(struct play *p)
{
	turn(p, 2);
	for (int n = 0; n < CLIENTS; n++)
		hear(p, n);
	turn(p, 2);
}

static void act_client_ends(struct play *p)
{
	struct scene_end *e = &scene_client_of(p, input_byte(&p->in) % CLIENTS)->end;

	if (input_byte(&p->in) % 2 == 0)
		cut(e);
	else if (e->fd >= 0)
		shutdown(e->fd, SHUT_WR);
	turn(p, 2);
}

static void act_broker_answers(struct play *p)
{
	broker_turn(p, input_byte(&p->in) % SCENE_BROKERS);
	turn(p, 2);
}

static void act_broker_goes_on(struct play *p)
{
	pay(p, input_byte(&p->in) % SCENE_BROKERS);
	turn(p, 2);
}

static void act_broker_unasked(struct play *p)
{
	unasked(p, input_byte(&p->in) % SCENE_BROKERS);
	turn(p, 2);
}

static void act_broker_goes(struct play *p)
{
	broker_goes(p, input_byte(&p->in) % SCENE_BROKERS);
	turn(p, 2);
}

static void act_broker_half_closes(struct play *p)
{
	broker_half_closes(p, input_byte(&p->in) % SCENE_BROKERS);
	turn(p, 2);
}

static void act_topology(struct play *p)
{
	scene_topology_answers(&p->s);
	turn(p, 2);
}

static void act_drains(struct play *p)
{
	struct client *c = scene_client(&p->s, input_byte(&p->in) % CLIENTS);

	if (c != NULL)
		client_drain(c);
	turn(p, 2);
}

static void (*const acts[])(struct play *p) = {
	act_says,	    act_says,
	act_broker_answers, act_broker_answers,
	act_goes_on,	    act_hears,
	act_broker_goes_on, act_topology,
	pass_time,	    act_says_anything,
	act_client_ends,    act_broker_unasked,
	act_broker_goes,    act_broker_half_closes,
	act_drains,
};

/* --- the end: whatever is left must go by itself, in the time that the settings give --- */

static bool is_over(const struct play *p)
{
	return p->s.w->clients == NULL;
}

static void end(struct play *p)
{
	for (int n = 0; n < CLIENTS; n++) {
		hear(p, n);
		cut(&scene_client_of(p, n)->end);
	}
	for (int i = 0; i < TURNS_MOST && !is_over(p); i++) {
		turn(p, 2);
		for (int b = 0; b < SCENE_BROKERS; b++)
			broker_goes(p, b);
		scene_topology_answers(&p->s);
		clock_turn(5000);
	}
	assert(is_over(p));
	assert(scene_held(&p->s) == 0);
}

/* --- the scene --- */

static void begin(struct play *p)
{
	static const int32_t leaders[] = { 0, 1, 2, 0 };
	struct config *c = &p->s.config;
	uint8_t settings = input_byte(&p->in);

	scene_init(&p->s);
	c->connect_timeout_ms = 5000;
	c->head_timeout_ms = 10000;
	c->body_timeout_ms = c->request_timeout_ms = 30000;
	c->idle_timeout_ms = 660000;
	if (settings & 1)
		c->listener.advertised_mode = ADVERTISE_SINGLE;
	if (settings & 2) {
		budget_free(p->s.shared.budget);
		p->s.shared.budget = budget_new(LITTLE_MEMORY, 100);
	}
	scene_topic(&p->s, "orders", leaders, ARRAY_LEN(leaders));
	scene_coordinator(&p->s, COORDINATOR_GROUP, "g", 1);
	scene_coordinator(&p->s, COORDINATOR_TXN, "g", 2);
	for (int n = 0; n < CLIENTS; n++) {
		scene_connect(&p->s);
		buf_init(&p->speakers[n].rest, 2 * FRAME_MOST);
	}
}

static void finish(struct play *p)
{
	for (int n = 0; n < CLIENTS; n++)
		buf_deinit(&p->speakers[n].rest);
	scene_deinit(&p->s);
	arena_deinit(&p->arena);
	free(p);
}

/* --- the fuzzer's own clock, which is not turned --- */

static void too_slow(int number)
{
	(void)number;
	abort();
}

/* It looks at the time when its alarm goes; ours counts what is really worked. */
static void hold_alarm(bool held)
{
	const struct itimerval limit = { .it_value.tv_sec = held ? WORK_MOST_S : 0 };
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(held ? SIG_BLOCK : SIG_UNBLOCK, &alarm, NULL);
	setitimer(ITIMER_VIRTUAL, &limit, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_compiled;
	struct play *p = mem_zalloc(sizeof *p);

	if (!is_compiled)
		assert(apis_compile(stderr));
	is_compiled = true;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGVTALRM, too_slow);
	hold_alarm(true);
	log_set_level(LOG_ERROR);
	arena_init(&p->arena);
	p->in = (struct input){ data, size, &p->arena };
	p->are_honest = true;
	begin(p);
	for (int i = 0; i < ACTS_MOST && p->in.left > 0; i++)
		acts[input_byte(&p->in) % ARRAY_LEN(acts)](p);
	end(p);
	finish(p);
	clock_turned_ms = 0;
	hold_alarm(false);
	return 0;
}
