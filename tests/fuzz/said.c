/* said.c - whatever a client says in its login, it is read within its bytes; and a name that our own side
 * of a mechanism says is the name that is read.
 *
 * Input: which mechanism | the client's first message | the broker's answer | a name | a word
 */
#include "auth/carried.h"
#include "auth/jwt.h"
#include "auth/mechanism.h"
#include "auth/scram.h"
#include "fuzz/input.h"
#include "util/mem.h"

#include <assert.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "PLAIN", "OAUTHBEARER", "SCRAM-SHA-256", "SCRAM-SHA-512" };

static char *text_of(struct block b)
{
	return mem_strndup((const char *)b.bytes, b.n);
}

static const struct carried *carried_by(const char *name)
{
	const struct carried *c = carried_of((const uint8_t *)name, strlen(name));

	assert(c != NULL);
	return c;
}

/* --- what a client says --- */

static void read_first(const struct carried *c, struct block first, struct block answer)
{
	char *who = c->who(first.bytes, first.n);
	char *text = text_of(first);

	assert(who == NULL || strlen(who) <= first.n);
	(void)c->is_in(answer.bytes, answer.n);
	assert(jwt_expires_at(text) >= 0);
	free(who);
	who = jwt_subject((const char *)first.bytes, first.n);
	assert(who == NULL || strlen(who) <= first.n);
	free(who);
	free(text);
}

/* --- what we say ourselves --- */

/* The first message of credentials, which are taken; to be deinitialised. */
static struct buf first_of(struct credentials *as)
{
	const struct mechanism *m = as->mechanism;
	struct mechanism_run *run = m->hash != NULL ? scram_begin(as, "nonce") : m->begin(as);
	char why[MECHANISM_WHY_MAX];
	struct buf said;

	buf_init(&said, MECHANISM_SAY_MAX);
	assert(m->next(run, NULL, 0, &said, why) == MECHANISM_SAYS);
	m->end(run);
	credentials_put(as);
	return said;
}

static void must_be_read(const struct carried *c, struct credentials *as, const char *name)
{
	struct buf said = first_of(as);
	char *who = c->who(said.data, said.len);

	assert(who != NULL && strcmp(who, name) == 0);
	free(who);
	buf_deinit(&said);
}

/* {"sub": name} between two dots, in base64url without padding. */
static char *token_for(const char *name)
{
	json_t *claims = json_pack("{s:s}", "sub", name);
	char *text = claims != NULL ? json_dumps(claims, JSON_COMPACT) : NULL, *token, *part;
	size_t n = text != NULL ? strlen(text) : 0;

	json_decref(claims);
	if (text == NULL)
		return NULL; /* a name that is not UTF-8 */
	part = mem_zalloc(n * 2 + 8);
	EVP_EncodeBlock((unsigned char *)part, (const unsigned char *)text, (int)n);
	for (char *p = part; *p != '\0'; p++)
		*p = (char)(*p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '\0' : *p);
	token = mem_printf("e30.%s.e30", part);
	free(part);
	free(text);
	return token;
}

static void say_bearer(const struct carried *c, const char *name, const char *word)
{
	char *token = token_for(name);
	struct credentials *as = token != NULL ? oauthbearer_credentials(token, NULL) : NULL;

	if (as != NULL)
		must_be_read(c, as, name);
	else
		assert(token == NULL);
	credentials_put(oauthbearer_credentials(word, name));
	free(token);
}

static void say(const char *mechanism, const char *name, const char *word)
{
	const struct mechanism *m = mechanism_by_name(mechanism, strlen(mechanism));
	const struct scram_keys keys = { { 1 }, { 2 } };

	if (*name == '\0')
		return;
	if (m == &mechanism_plain)
		must_be_read(carried_by(mechanism), plain_credentials(name, word), name);
	else if (m == &mechanism_oauthbearer)
		say_bearer(carried_by(mechanism), name, word);
	else
		must_be_read(carried_by(mechanism), scram_credentials_of_keys(m, name, &keys),
			     name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct input in = { data, size, &arena };
	const char *mechanism = names[input_byte(&in) % 4];
	struct block first, answer;
	char *name, *word;

	arena_init(&arena);
	first = input_block(&in);
	answer = input_block(&in);
	name = text_of(input_block(&in));
	word = text_of(input_block(&in));
	read_first(carried_by(mechanism), first, answer);
	say(mechanism, name, word);
	free(name);
	free(word);
	arena_deinit(&arena);
	return 0;
}
