/* SCRAM-SHA-256 and -512 (RFC 5802, RFC 7677): both sides show that they know the password, or what
 * was made of it, and neither says it.
 *
 *   we      n,,n=USER,r=NONCE[,tokenauth=true]
 *   broker  r=NONCE and its own,s=SALT,i=ITERATIONS
 *   we      c=biws,r=NONCE and its own,p=PROOF
 *   broker  v=SIGNATURE
 */
#include "auth/scram.h"

#include "auth/base64.h"
#include "auth/scram_cache.h"
#include "auth/secret.h"
#include "util/mem.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

enum { NONCE_BYTES = 18, NONCE_MAX = 64, ITERATIONS_DIGITS = 6 };

static const char gs2_header[] = "n,,", channel_binding[] = "c=biws";

enum scram_state { BEFORE_FIRST, AWAITS_SALT, AWAITS_SIGNATURE, OVER };

struct mechanism_run {
	const struct credentials *as; /* borrowed */
	enum scram_state state;
	char nonce[NONCE_MAX + 1];
	struct buf auth_message;
	uint8_t signature[SCRAM_KEY_MAX]; /* that the broker must show */
};

/* A part of a message: what stands behind "x=", up to the next comma. */
struct part {
	const uint8_t *at;
	size_t len;
};

static enum mechanism_step fails(char why[MECHANISM_WHY_MAX], const char *text)
{
	snprintf(why, MECHANISM_WHY_MAX, "%s", text);
	return MECHANISM_FAILED;
}

static void append_text(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

/* --- first: who we are --- */

static void append_user(struct buf *b, const char *user)
{
	for (; *user != '\0'; user++) {
		if (*user == ',')
			append_text(b, "=2C");
		else if (*user == '=')
			append_text(b, "=3D");
		else
			buf_append8(b, (uint8_t)*user);
	}
}

static enum mechanism_step say_first(struct mechanism_run *run, struct buf *say)
{
	struct buf *bare = &run->auth_message;

	append_text(bare, "n=");
	append_user(bare, run->as->user);
	append_text(bare, ",r=");
	append_text(bare, run->nonce);
	if (run->as->is_token)
		append_text(bare, ",tokenauth=true");
	append_text(say, gs2_header);
	buf_append(say, bare->data, bare->len);
	run->state = AWAITS_SALT;
	return MECHANISM_SAYS;
}

/* --- second: that we know the password --- */

/* Takes the next part, which must be called so; false: it is another one, or there is none. */
static bool take_part(const uint8_t **at, const uint8_t *end, char name, struct part *p)
{
	const uint8_t *comma;

	if (end - *at < 2 || (*at)[0] != (uint8_t)name || (*at)[1] != '=')
		return false;
	comma = memchr(*at, ',', (size_t)(end - *at));
	p->at = *at + 2;
	p->len = (size_t)((comma != NULL ? comma : end) - p->at);
	*at = comma != NULL ? comma + 1 : end;
	return true;
}

static bool is_printable(struct part p)
{
	for (size_t i = 0; i < p.len; i++) {
		if (p.at[i] <= ' ' || p.at[i] > '~')
			return false;
	}
	return true;
}

/* Ours, and something of the broker's behind it. */
static bool is_our_nonce(const struct mechanism_run *run, struct part nonce)
{
	size_t own = strlen(run->nonce);

	return nonce.len > own && memcmp(nonce.at, run->nonce, own) == 0 && is_printable(nonce);
}

static int number_of(struct part p)
{
	int n = 0;

	if (p.len == 0 || p.len > ITERATIONS_DIGITS)
		return -1;
	for (size_t i = 0; i < p.len; i++) {
		if (p.at[i] < '0' || p.at[i] > '9')
			return -1;
		n = n * 10 + (p.at[i] - '0');
	}
	return n;
}

static void make_keys(const struct credentials *as, const struct scram_salt *salt,
		      struct scram_keys *keys)
{
	if (as->keys != NULL)
		*keys = *as->keys;
	else
		scram_cache_keys(as->password, salt, keys);
}

static void prove(struct mechanism_run *run, const struct scram_salt *salt, struct buf *say)
{
	const struct scram_hash *h = run->as->mechanism->hash;
	uint8_t proof[SCRAM_KEY_MAX];
	struct scram_keys keys;

	buf_append8(&run->auth_message, ',');
	buf_append(&run->auth_message, say->data, say->len);
	make_keys(run->as, salt, &keys);
	scram_proof(h, keys.client, run->auth_message.data, run->auth_message.len, proof);
	scram_signature(h, keys.server, run->auth_message.data, run->auth_message.len,
			run->signature);
	append_text(say, ",p=");
	base64_append(say, proof, h->size);
	OPENSSL_cleanse(&keys, sizeof keys);
}

static enum mechanism_step say_proof(struct mechanism_run *run, const uint8_t *heard, size_t n,
				     struct buf *say, char why[MECHANISM_WHY_MAX])
{
	const uint8_t *at = heard, *end = heard + n;
	struct scram_salt salt = { 0 };
	struct part nonce, letters, iterations;
	struct buf bytes;
	enum mechanism_step step = MECHANISM_SAYS;

	if (!take_part(&at, end, 'r', &nonce) || !take_part(&at, end, 's', &letters) ||
	    !take_part(&at, end, 'i', &iterations))
		return fails(why, "the broker's first message is none of SCRAM");
	if (!is_our_nonce(run, nonce))
		return fails(why, "the broker's nonce does not go on from ours");
	salt.iterations = number_of(iterations);
	if (salt.iterations < SCRAM_ITERATIONS_MIN || salt.iterations > SCRAM_ITERATIONS_MAX) {
		snprintf(why, MECHANISM_WHY_MAX,
			 "the broker wants %.*s iterations; %d to %d may be",
			 (int)(iterations.len < 20 ? iterations.len : 20),
			 (const char *)iterations.at, SCRAM_ITERATIONS_MIN, SCRAM_ITERATIONS_MAX);
		return MECHANISM_FAILED;
	}
	buf_init(&bytes, SCRAM_SALT_MAX);
	if (!base64_read(&bytes, letters.at, letters.len) || bytes.len == 0) {
		step = fails(why, "the broker's salt is no base64");
	} else {
		salt.bytes = bytes.data;
		salt.len = bytes.len;
		buf_append8(&run->auth_message, ',');
		buf_append(&run->auth_message, heard, n);
		append_text(say, channel_binding);
		append_text(say, ",r=");
		buf_append(say, nonce.at, nonce.len);
		prove(run, &salt, say);
		run->state = AWAITS_SIGNATURE;
	}
	buf_deinit(&bytes);
	return step;
}

/* --- third: that the broker knows it too --- */

static enum mechanism_step check_signature(struct mechanism_run *run, const uint8_t *heard,
					   size_t n, char why[MECHANISM_WHY_MAX])
{
	const uint8_t *at = heard, *end = heard + n;
	struct buf shown;
	struct part p;
	bool is_good;

	run->state = OVER;
	if (take_part(&at, end, 'e', &p)) {
		snprintf(why, MECHANISM_WHY_MAX, "%.*s", (int)(p.len < 150 ? p.len : 150),
			 (const char *)p.at);
		return MECHANISM_FAILED;
	}
	if (!take_part(&at, end, 'v', &p))
		return fails(why, "the broker's last message is none of SCRAM");
	buf_init(&shown, SCRAM_KEY_MAX);
	is_good = base64_read(&shown, p.at, p.len) &&
		  secret_equals(shown.data, shown.len, run->signature,
				run->as->mechanism->hash->size);
	buf_deinit(&shown);
	return is_good ? MECHANISM_IS_DONE
		       : fails(why, "the broker does not know this user's password");
}

/* --- the mechanisms --- */

struct mechanism_run *scram_begin(const struct credentials *as, const char *nonce)
{
	struct mechanism_run *run = mem_zalloc(sizeof *run);

	run->as = as;
	snprintf(run->nonce, sizeof run->nonce, "%s", nonce);
	buf_init(&run->auth_message, MECHANISM_SAY_MAX + 2 * MECHANISM_HEAR_MAX);
	return run;
}

static struct mechanism_run *begin(const struct credentials *as)
{
	uint8_t bytes[NONCE_BYTES];
	struct mechanism_run *run;
	struct buf nonce;

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		abort(); /* without chance there is no login */
	buf_init(&nonce, NONCE_MAX);
	base64_append(&nonce, bytes, sizeof bytes);
	buf_append8(&nonce, '\0');
	run = scram_begin(as, (const char *)nonce.data);
	buf_deinit(&nonce);
	return run;
}

static enum mechanism_step next(struct mechanism_run *run, const uint8_t *heard, size_t n,
				struct buf *say, char why[MECHANISM_WHY_MAX])
{
	if (heard == NULL && run->state == BEFORE_FIRST)
		return say_first(run, say);
	if (heard != NULL && run->state == AWAITS_SALT)
		return say_proof(run, heard, n, say, why);
	if (heard != NULL && run->state == AWAITS_SIGNATURE)
		return check_signature(run, heard, n, why);
	return fails(why, "an answer that nobody waits for");
}

static void end(struct mechanism_run *run)
{
	secret_buf_deinit(&run->auth_message);
	OPENSSL_cleanse(run, sizeof *run);
	free(run);
}

const struct mechanism mechanism_scram_sha_256 = { "SCRAM-SHA-256", .hash = &scram_sha_256,
						   .begin = begin, .next = next, .end = end };
const struct mechanism mechanism_scram_sha_512 = { "SCRAM-SHA-512", .hash = &scram_sha_512,
						   .begin = begin, .next = next, .end = end };

static struct credentials *new_credentials(const struct mechanism *scram, const char *user)
{
	struct credentials *c = credentials_new(scram);

	assert(scram->hash != NULL);
	c->user = mem_strdup(user);
	return c;
}

struct credentials *scram_credentials(const struct mechanism *scram, enum scram_user what,
				      const char *user, const char *password)
{
	struct credentials *c = new_credentials(scram, user);

	c->password = scram_cache_new(scram->hash, password);
	c->is_token = what == SCRAM_OF_TOKEN;
	return c;
}

struct credentials *scram_credentials_of_keys(const struct mechanism *scram, const char *user,
					      const struct scram_keys *keys)
{
	struct credentials *c = new_credentials(scram, user);

	c->keys = mem_alloc(sizeof *keys);
	*c->keys = *keys;
	return c;
}
