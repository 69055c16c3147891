/* judge.c - whatever a client says in a login that the gateway judges, it is read within its bytes and answered in
 * bounds, and nobody is let in without the password: in SCRAM nobody at all, for the fuzzer never sees the nonce.
 *
 * Input: which mechanism and whether it is a login again | message | message | message
 */
#include "auth/judge.h"
#include "fuzz/input.h"
#include "util/mem.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512" };

/* Nobody has these keys' password. */
static struct users *make_users(void)
{
	const struct scram_hash *const hashes[] = { &scram_sha_256, &scram_sha_512 };
	struct user *list = mem_zalloc(2 * sizeof *list);
	struct users *users = users_new();

	for (int i = 0; i < 2; i++)
		list[i] = (struct user){ .name = mem_strdup("alice"),
					 .row = { .hash = hashes[i],
						  .iterations = SCRAM_ITERATIONS_MIN,
						  .salt = "salt",
						  .salt_len = 4,
						  .is_known = true } };
	users_set(users, list, 2, "a secret of 16 or more", 22);
	return users;
}

/* False: the exchange is over. */
static bool hear(struct judge *j, struct block said)
{
	enum judge_verdict verdict;
	struct buf say;

	buf_init(&say, JUDGE_SAY_MAX);
	verdict = judge_hear(j, said.bytes, said.n, &say);
	assert(!say.full && verdict != JUDGE_IS_IN);
	assert(verdict != JUDGE_SALTS || strlen(judge_who(j)) < said.n);
	assert(verdict != JUDGE_REFUSES || *judge_why(j) != '\0');
	buf_deinit(&say);
	return verdict == JUDGE_SAYS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct input in = { data, size, &arena };
	struct users *users = make_users();
	const uint8_t which = input_byte(&in);
	struct judge *j = judge_new(users, names[which % 3], which & 128);

	arena_init(&arena);
	while (hear(j, input_block(&in)) && in.left > 0)
		;
	judge_free(j);
	users_free(users);
	arena_deinit(&arena);
	return 0;
}
