/* login.c - whatever a broker says in a login, the mechanisms end it, and say no more than may be said.
 *
 * Input: which mechanism | the broker's answers, before each its length in two bytes.  In an answer
 * of SCRAM the byte 0 stands for the nonce that we said.
 */
#include "auth/scram.h"
#include "fuzz/input.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ANSWERS_MOST = 4, MECHANISMS = 4 };

static const char nonce[] = "abcdefghijklmnopqrstuvwx";

static struct credentials *credentials_of(uint8_t which)
{
	const struct scram_keys keys = { { 1 }, { 2 } };

	switch (which % MECHANISMS) {
	case 0:
		return plain_credentials("user", "secret");
	case 1:
		return oauthbearer_credentials("a.b.c", "key=value");
	case 2:
		return scram_credentials_of_keys(&mechanism_scram_sha_256, "u,s=r", &keys);
	default:
		return scram_credentials_of_keys(&mechanism_scram_sha_512, "user", &keys);
	}
}

static void put_nonce(struct buf *answer, struct block b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.bytes[i] == 0)
			buf_append(answer, nonce, strlen(nonce));
		else
			buf_append8(answer, b.bytes[i]);
	}
}

static enum mechanism_step hear(const struct mechanism *m, struct mechanism_run *run,
				struct input *in)
{
	char why[MECHANISM_WHY_MAX] = "";
	struct buf answer, say;
	enum mechanism_step step;

	buf_init(&answer, MECHANISM_HEAR_MAX);
	buf_init(&say, MECHANISM_SAY_MAX);
	buf_append8(&answer, 0);
	buf_clear(&answer); /* it has memory, also of no bytes */
	put_nonce(&answer, input_block(in));
	if (answer.full)
		buf_clear(&answer);
	step = m->next(run, answer.data, answer.len, &say, why);
	assert(memchr(why, '\0', sizeof why) != NULL);
	assert(step != MECHANISM_SAYS || (say.len > 0 && !say.full));
	assert(step != MECHANISM_FAILED || *why != '\0' || answer.len > 0);
	buf_deinit(&answer);
	buf_deinit(&say);
	return step;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct input in = { data, size, &arena };
	struct credentials *as = credentials_of(input_byte(&in));
	const struct mechanism *m = as->mechanism;
	struct mechanism_run *run = m->hash != NULL ? scram_begin(as, nonce) : m->begin(as);
	char why[MECHANISM_WHY_MAX];
	struct buf first;

	arena_init(&arena);
	buf_init(&first, MECHANISM_SAY_MAX);
	assert(m->next(run, NULL, 0, &first, why) == MECHANISM_SAYS);
	for (int i = 0; i < ANSWERS_MOST; i++) {
		if (hear(m, run, &in) != MECHANISM_SAYS)
			break;
		assert(i + 1 < ANSWERS_MOST); /* no mechanism goes on for so long */
	}
	m->end(run);
	credentials_put(as);
	buf_deinit(&first);
	arena_deinit(&arena);
	return 0;
}
