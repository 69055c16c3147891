/* What an idempotent producer has sent behind a refused batch is refused too, until that one comes again. */
#include "session/behind.h"

#include "session/session.h"

#include "unit/session/words.h"

#define PRODUCE(partition)                                                                   \
	"Produce 7 id 5\nacks: -1\ntopic_data:\n  - name: \"orders\"\n    partition_data:\n" \
	"      - index: " partition "\n        records: 100 bytes\n"
#define BOTH PRODUCE("0") "      - index: 1\n        records: 100 bytes\n"

enum { LEADER = 1, BATCH = 100 };

static struct scene s;

struct batch {
	int64_t producer;
	int16_t epoch;
	int32_t sequence;
};

/* The frame of a request whose records all are such a batch. */
static void frame_of(struct buf *frame, const char *request, struct batch batch)
{
	uint8_t blank[BATCH], *at;

	memset(blank, 'r', sizeof blank);
	buf_init(frame, SCENE_BYTES_MAX);
	words_note(&s.clients[0].said, words_request(request, frame));
	while ((at = memmem(frame->data, frame->len, blank, sizeof blank)) != NULL) {
		memset(at, 0, BATCH);
		at[16] = 2;
		wire_put64(at + 43, (uint64_t)batch.producer);
		wire_put16(at + 51, (uint16_t)batch.epoch);
		wire_put32(at + 53, (uint32_t)batch.sequence);
	}
}

static void produces(const char *request, struct batch batch)
{
	struct buf frame;

	frame_of(&frame, request, batch);
	scene_client_sends(&s, 0, frame.data, frame.len);
	buf_deinit(&frame);
}

static void broker_returns(int broker)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)s.brokers[broker].port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 64), 0);
	s.brokers[broker].listener = fd;
}

#define ANSWER                                                         \
	"responses:\n  - name: \"orders\"\n    partition_responses:\n" \
	"      - index: 1\n"

/* The leader has got one, and says so of it. */
static void leader_says(const char *answer)
{
	int end;
	char *text = broker_gets(&s, LEADER, &end);

	assert_non_null(strstr(text, "Produce"));
	free(text);
	broker_answers(&s, LEADER, answer);
}

static void assert_taken(void)
{
	leader_says(ANSWER);
	assert_client_gets(&s, 0, "error_code: 0\n");
}

static void assert_refused(void)
{
	assert_client_gets(&s, 0, "error_code: 6\n");
	assert_int_equal(scene_broker_has(&s, LEADER), -1);
}

/* The leader was away when the first batch came, and is back. */
static void begin(struct batch first)
{
	scene_begin(&s);
	scene_broker_dies(&s, LEADER);
	produces(PRODUCE("1"), first);
	assert_refused();
	broker_returns(LEADER);
}

/* --- */

static void what_follows_waits_for_the_refused_one(void **state)
{
	(void)state;
	begin((struct batch){ 77, 0, 0 });
	produces(PRODUCE("1"), (struct batch){ 77, 0, 5 });
	assert_refused();
	produces(PRODUCE("1"), (struct batch){ 77, 0, 9 });
	assert_refused();
	produces(PRODUCE("1"), (struct batch){ 77, 0, 0 });
	assert_taken();
	produces(PRODUCE("1"), (struct batch){ 77, 0, 5 });
	assert_taken();
	scene_deinit(&s);
}

/* A frame passes as it comes, but not before its last batch's sequence is there. */
static void what_comes_in_pieces_is_known_too(void **state)
{
	const size_t cut = BATCH - 55; /* in the middle of the sequence */
	struct buf frame;

	(void)state;
	scene_begin(&s);
	scene_broker_dies(&s, LEADER);
	frame_of(&frame, PRODUCE("1"), (struct batch){ 77, 0, 0 });
	scene_client_sends(&s, 0, frame.data, frame.len - cut);
	scene_be_still(&s);
	scene_client_sends(&s, 0, frame.data + frame.len - cut, cut);
	buf_deinit(&frame);
	assert_refused();
	broker_returns(LEADER);
	produces(PRODUCE("1"), (struct batch){ 77, 0, 5 });
	assert_refused();
	scene_deinit(&s);
}

static void a_producer_that_begins_anew_is_free(void **state)
{
	(void)state;
	begin((struct batch){ 77, 0, 0 });
	produces(PRODUCE("1"), (struct batch){ 77, 1, 3 });
	assert_taken();
	scene_deinit(&s);
}

static void another_producer_is_free(void **state)
{
	(void)state;
	begin((struct batch){ 77, 0, 0 });
	produces(PRODUCE("1"), (struct batch){ 78, 0, 3 });
	assert_taken();
	scene_deinit(&s);
}

static void who_does_not_number_its_batches_is_free(void **state)
{
	(void)state;
	begin((struct batch){ -1, -1, -1 });
	produces(PRODUCE("1"), (struct batch){ -1, -1, -1 });
	assert_taken();
	scene_deinit(&s);
}

/* What goes to other brokers in the same request is not held up. */
static void another_leaders_part_goes_on(void **state)
{
	int end;
	char *text;

	(void)state;
	begin((struct batch){ 77, 0, 0 });
	produces(BOTH, (struct batch){ 77, 0, 5 });
	text = broker_gets(&s, 0, &end);
	assert_non_null(strstr(text, "Produce"));
	free(text);
	broker_answers(&s, 0,
		       "responses:\n  - name: \"orders\"\n    partition_responses:\n"
		       "      - index: 0\n");
	assert_refused();
	scene_deinit(&s);
}

/* A broker that is lost with the first batch may have it, or not. */
static void nobody_knows_what_was_lost(void **state)
{
	int end;

	(void)state;
	scene_begin(&s);
	produces(PRODUCE("1"), (struct batch){ 77, 0, 0 });
	free(broker_gets(&s, LEADER, &end));
	scene_end_close(&s.brokers[LEADER].ends[end]);
	s.brokers[LEADER].got.count = 0; /* it owes nothing */
	free(client_gets(&s, 0));
	produces(PRODUCE("1"), (struct batch){ 77, 0, 5 });
	assert_refused();
	produces(PRODUCE("1"), (struct batch){ 77, 0, 0 });
	assert_taken();
	scene_deinit(&s);
}

static void what_a_broker_refuses_counts_too(void **state)
{
	(void)state;
	scene_begin(&s);
	produces(PRODUCE("1"), (struct batch){ 77, 0, 0 });
	leader_says(ANSWER "        error_code: 6\n");
	assert_client_gets(&s, 0, "error_code: 6\n");
	produces(PRODUCE("1"), (struct batch){ 77, 0, 5 });
	assert_refused();
	produces(PRODUCE("1"), (struct batch){ 77, 0, 0 });
	assert_taken();
	produces(PRODUCE("1"), (struct batch){ 77, 0, 5 });
	assert_taken();
	scene_deinit(&s);
}

/* It is never written, and tried no more. */
static void what_is_refused_for_good_holds_nothing_up(void **state)
{
	(void)state;
	scene_begin(&s);
	produces(PRODUCE("1"), (struct batch){ 77, 0, 0 });
	leader_says(ANSWER "        error_code: 10\n");
	assert_client_gets(&s, 0, "error_code: 10\n");
	produces(PRODUCE("1"), (struct batch){ 77, 0, 5 });
	assert_taken();
	scene_deinit(&s);
}

/* A broker that leads from now on would take the second where it did not take the first. */
static void what_follows_waits_while_the_refused_one_is_out(void **state)
{
	(void)state;
	begin((struct batch){ 77, 0, 0 });
	produces(PRODUCE("1"), (struct batch){ 77, 0, 0 });
	produces(PRODUCE("1"), (struct batch){ 77, 0, 5 });
	leader_says(ANSWER "        error_code: 6\n");
	assert_client_gets(&s, 0, "error_code: 6\n");
	assert_refused();
	produces(PRODUCE("1"), (struct batch){ 77, 0, 0 });
	produces(PRODUCE("1"), (struct batch){ 77, 0, 5 });
	assert_taken();
	assert_taken();
	scene_deinit(&s);
}

/* The refused one has gone another way, or nowhere. */
static void what_comes_a_second_time_goes_on(void **state)
{
	(void)state;
	begin((struct batch){ 77, 0, 0 });
	produces(PRODUCE("1"), (struct batch){ 77, 0, 5 });
	assert_refused();
	produces(PRODUCE("1"), (struct batch){ 77, 0, 5 });
	assert_taken();
	scene_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_follows_waits_for_the_refused_one),
		cmocka_unit_test(what_comes_in_pieces_is_known_too),
		cmocka_unit_test(a_producer_that_begins_anew_is_free),
		cmocka_unit_test(another_producer_is_free),
		cmocka_unit_test(who_does_not_number_its_batches_is_free),
		cmocka_unit_test(another_leaders_part_goes_on),
		cmocka_unit_test(nobody_knows_what_was_lost),
		cmocka_unit_test(what_a_broker_refuses_counts_too),
		cmocka_unit_test(what_is_refused_for_good_holds_nothing_up),
		cmocka_unit_test(what_follows_waits_while_the_refused_one_is_out),
		cmocka_unit_test(what_comes_a_second_time_goes_on),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
