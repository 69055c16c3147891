#include "auth/judge.h"

#include "auth/base64.h"
#include "auth/mechanism.h"
#include "auth/secret.h"
#include "util/mem.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NONCE_BYTES = 18, NONCE_MAX = 32, PLAIN_PARTS = 3 };

enum judge_state { BEFORE_FIRST, AWAITS_PROOF, SALTS_NOW, OVER };

struct judge {
	struct users *users;
	const struct mechanism *mechanism;
	bool is_again;
	enum judge_state state;
	char *who;
	char *password; /* PLAIN, while it is salted */
	struct user_row row;
	struct scram_keys keys; /* of who is in */
	struct buf bare;	/* SCRAM: the client's first message without its header */
	struct buf first;	/* and our answer */
	size_t nonce_len;	/* the nonce stands behind "r=" there */
	char why[JUDGE_WHY_MAX];
};

/* --- refusals --- */

PRINTF_LIKE(2, 3)
static enum judge_verdict refuse(struct judge *j, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(j->why, sizeof j->why, fmt, args);
	va_end(args);
	j->state = OVER;
	return JUDGE_REFUSES;
}

static enum judge_verdict refuse_scram(struct judge *j)
{
	return refuse(
		j,
		"Authentication failed during %s due to invalid credentials with SASL mechanism %s",
		j->is_again ? "re-authentication" : "authentication", j->mechanism->name);
}

static enum judge_verdict refuse_other_id(struct judge *j)
{
	return refuse(
		j, "Authentication failed: Client requested an authorization id that is different "
		   "from username");
}

static enum judge_verdict refuse_password(struct judge *j)
{
	return refuse(j, "Authentication failed: Invalid username or password");
}

static void take_who(struct judge *j, const char *name)
{
	free(j->who);
	j->who = mem_strdup(name);
}

/* --- SCRAM, as Kafka's brokers read it --- */

/* What stands at *at up to the next comma, which is taken too.  False: there is nothing more. */
static bool take_part(const char **at, const char *end, const char **part, size_t *n)
{
	const char *comma;

	if (*at == NULL)
		return false;
	comma = memchr(*at, ',', (size_t)(end - *at));
	*part = *at;
	*n = (size_t)((comma != NULL ? comma : end) - *at);
	*at = comma != NULL ? comma + 1 : NULL;
	return true;
}

/* The next part if it is `name`=something. */
static bool take_named(const char **at, const char *end, char name, const char **value, size_t *n)
{
	if (!take_part(at, end, value, n) || *n < 3 || (*value)[0] != name || (*value)[1] != '=')
		return false;
	*value += 2;
	*n -= 2;
	return true;
}

static bool is_between(const char *text, size_t n, char least, char most)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] < least || text[i] > most)
			return false;
	}
	return true;
}

static bool is_nonce(const char *text, size_t n)
{
	return is_between(text, n, '!', '~');
}

/* "=2C" is a comma, "=3D" an equals sign; nothing else begins so.  NULL: no name. */
static char *name_of(const char *text, size_t n)
{
	char *name = mem_alloc(n + 1);
	size_t len = 0;
	bool good = is_between(text, n, 1, 0x7f);

	for (size_t i = 0; good && i < n; i++) {
		good = text[i] != '=' || (n - i >= 3 && (memcmp(text + i, "=2C", 3) == 0 ||
							 memcmp(text + i, "=3D", 3) == 0));
		name[len++] = text[i] != '='			 ? text[i]
			      : n - i >= 3 && text[i + 2] == 'C' ? ','
								 : '=';
		i += text[i] == '=' ? 2 : 0;
	}
	name[len] = '\0';
	if (good)
		return name;
	free(name);
	return NULL;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What follows the nonce: letters=value, with commas.  *is_token: one of them says that the name is a delegation
 * token's, of which the gateway knows none. */
static bool are_extensions(const char *at, const char *end, bool *is_token)
{
	static const char token[] = "tokenauth=";
	const char *part;
	size_t n;

	while (take_part(&at, end, &part, &n)) {
		const char *equals = memchr(part, '=', n);

		if (equals == NULL || equals == part || equals + 1 == part + n ||
		    !is_between(part, n, 1, 0x7f))
			return false;
		for (const char *p = part; p < equals; p++) {
			if (!is_letter(*p))
				return false;
		}
		if (n == strlen(token) + 4 && memcmp(part, token, strlen(token)) == 0 &&
		    strncasecmp(equals + 1, "true", 4) == 0)
			*is_token = true;
	}
	return true;
}

/* What a client's first message has. */
struct first {
	char *other_id, *name; /* other_id NULL: none */
	const char *bare, *nonce;
	size_t nonce_len;
	bool is_token;
};

static bool read_header(const char **at, const char *end, struct first *f)
{
	const char *part;
	size_t n;

	if (!take_part(at, end, &part, &n) || n != 1 || *part != 'n' ||
	    !take_part(at, end, &part, &n))
		return false;
	if (n == 0)
		return true;
	f->other_id = n > 2 && memcmp(part, "a=", 2) == 0 ? name_of(part + 2, n - 2) : NULL;
	return f->other_id != NULL;
}

/* n,[a=NAME],n=NAME,r=NONCE[,extensions] */
static bool read_first(const char *text, size_t len, struct first *f)
{
	const char *at = text, *end = text + len, *part;
	size_t n;

	if (!read_header(&at, end, f) || at == NULL)
		return false;
	f->bare = at;
	if (!take_named(&at, end, 'n', &part, &n))
		return false;
	f->name = name_of(part, n);
	return f->name != NULL && take_named(&at, end, 'r', &f->nonce, &f->nonce_len) &&
	       is_nonce(f->nonce, f->nonce_len) &&
	       (at == NULL || are_extensions(at, end, &f->is_token));
}

static void append_nonce(struct buf *b)
{
	uint8_t bytes[NONCE_BYTES];

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		abort(); /* without chance there is no login */
	base64_append(b, bytes, sizeof bytes);
}

static void append_text(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

static enum judge_verdict say_first(struct judge *j, const struct first *f, const char *end,
				    struct buf *say)
{
	char iterations[16];

	users_get(j->users, j->mechanism->hash, f->name, &j->row);
	buf_append(&j->bare, f->bare, (size_t)(end - f->bare));
	append_text(&j->first, "r=");
	buf_append(&j->first, f->nonce, f->nonce_len);
	append_nonce(&j->first);
	j->nonce_len = j->first.len - 2;
	append_text(&j->first, ",s=");
	base64_append(&j->first, j->row.salt, j->row.salt_len);
	snprintf(iterations, sizeof iterations, ",i=%d", j->row.iterations);
	append_text(&j->first, iterations);
	buf_append(say, j->first.data, j->first.len);
	j->state = AWAITS_PROOF;
	return JUDGE_SAYS;
}

static enum judge_verdict hear_first(struct judge *j, const char *text, size_t n, struct buf *say)
{
	struct first f = { 0 };
	enum judge_verdict verdict;
	bool good = read_first(text, n, &f);

	if (f.name != NULL)
		take_who(j, f.name);
	if (!good || f.name == NULL || f.is_token)
		verdict = refuse_scram(j);
	else if (f.other_id != NULL && strcmp(f.other_id, f.name) != 0)
		verdict = refuse_other_id(j);
	else
		verdict = say_first(j, &f, text + n, say);
	free(f.other_id);
	free(f.name);
	return verdict;
}

static bool is_base64(const char *letters, size_t n, struct buf *bytes)
{
	return base64_read(bytes, letters, n);
}

/* bare,first,last without the proof */
static void append_auth_message(const struct judge *j, const char *last, size_t n, struct buf *to)
{
	buf_append(to, j->bare.data, j->bare.len);
	buf_append8(to, ',');
	buf_append(to, j->first.data, j->first.len);
	buf_append8(to, ',');
	buf_append(to, last, n);
}

static void say_signature(struct judge *j, const struct buf *auth_message, struct buf *say)
{
	const struct scram_hash *h = j->row.hash;
	uint8_t signature[SCRAM_KEY_MAX];

	memcpy(j->keys.server, j->row.server, h->size);
	scram_signature(h, j->row.server, auth_message->data, auth_message->len, signature);
	append_text(say, "v=");
	base64_append(say, signature, h->size);
}

/* The proof is of who has the password. */
static enum judge_verdict judge_proof(struct judge *j, const struct buf *proof,
				      const struct buf *auth_message, struct buf *say)
{
	const struct scram_hash *h = j->row.hash;

	if (proof->len != h->size ||
	    !scram_client_key_of(h, j->row.stored, auth_message->data, auth_message->len,
				 proof->data, j->keys.client) ||
	    !j->row.is_known)
		return refuse_scram(j);
	say_signature(j, auth_message, say);
	j->state = OVER;
	return JUDGE_IS_IN;
}

/* c=BASE64,r=NONCE,p=BASE64; what is bound says nothing to brokers, and is in what the proof is of. */
static enum judge_verdict hear_last(struct judge *j, const char *text, size_t n, struct buf *say)
{
	const char *at = text, *end = text + n, *bound, *nonce, *proof;
	size_t bound_len, nonce_len, proof_len;
	struct buf bytes, auth_message;
	enum judge_verdict verdict = JUDGE_REFUSES;

	buf_init(&bytes, JUDGE_HEAR_MAX);
	buf_init(&auth_message, 3 * JUDGE_SAY_MAX);
	if (take_named(&at, end, 'c', &bound, &bound_len) && is_base64(bound, bound_len, &bytes) &&
	    take_named(&at, end, 'r', &nonce, &nonce_len) &&
	    secret_equals(nonce, nonce_len, j->first.data + 2, j->nonce_len) &&
	    take_named(&at, end, 'p', &proof, &proof_len) && at == NULL) {
		buf_clear(&bytes);
		append_auth_message(j, text, (size_t)(proof - 3 - text), &auth_message);
		if (is_base64(proof, proof_len, &bytes))
			verdict = judge_proof(j, &bytes, &auth_message, say);
	}
	secret_buf_deinit(&bytes);
	secret_buf_deinit(&auth_message);
	return verdict == JUDGE_IS_IN ? verdict : refuse_scram(j);
}

/* --- PLAIN --- */

/* [id] NUL name NUL password; how many parts there are, as brokers count them, which is to four. */
static int split(const char *text, size_t n, char *parts[PLAIN_PARTS])
{
	const char *at = text, *end = text + n;
	int count = 0;

	for (;;) {
		const char *zero = memchr(at, '\0', (size_t)(end - at));
		const char *stop = zero != NULL ? zero : end;

		if (count < PLAIN_PARTS)
			parts[count] = mem_strndup(at, (size_t)(stop - at));
		count++;
		if (zero == NULL || count > PLAIN_PARTS)
			return count;
		at = zero + 1;
	}
}

static enum judge_verdict let_in(struct judge *j)
{
	j->state = OVER;
	return JUDGE_IS_IN;
}

static enum judge_verdict judge_parts(struct judge *j, char *const parts[PLAIN_PARTS])
{
	const char *id = parts[0], *name = parts[1], *password = parts[2];

	if (*name == '\0')
		return refuse(j, "Authentication failed: username not specified");
	take_who(j, name);
	if (*password == '\0')
		return refuse(j, "Authentication failed: password not specified");
	users_get(j->users, NULL, name, &j->row);
	if (*id != '\0' && strcmp(id, name) != 0)
		return refuse_other_id(j);
	if (users_knows(j->users, name, &j->row, password, &j->keys))
		return let_in(j);
	j->password = mem_strdup(password);
	j->state = SALTS_NOW;
	return JUDGE_SALTS;
}

static enum judge_verdict hear_plain(struct judge *j, const char *text, size_t n)
{
	char *parts[PLAIN_PARTS] = { NULL };
	int count = split(text, n, parts);
	enum judge_verdict verdict;

	if (count != PLAIN_PARTS)
		verdict =
			refuse(j, "Invalid SASL/PLAIN response: expected 3 tokens, got %d", count);
	else
		verdict = judge_parts(j, parts);
	for (int i = 0; i < PLAIN_PARTS; i++)
		secret_text_free(parts[i]);
	return verdict;
}

void judge_salt(struct judge *j)
{
	const struct scram_salt salt = { j->row.salt, j->row.salt_len, j->row.iterations };

	scram_keys_make(j->row.hash, j->password, strlen(j->password), &salt, &j->keys);
}

enum judge_verdict judge_salted(struct judge *j)
{
	uint8_t stored[SCRAM_KEY_MAX];
	bool is_his;

	scram_stored_key(j->row.hash, j->keys.client, stored);
	is_his = CRYPTO_memcmp(stored, j->row.stored, j->row.hash->size) == 0 && j->row.is_known;
	if (is_his)
		users_note(j->users, j->who, &j->row, j->password, &j->keys);
	secret_text_free(j->password);
	j->password = NULL;
	OPENSSL_cleanse(stored, sizeof stored);
	return is_his ? let_in(j) : refuse_password(j);
}

/* --- a login --- */

struct judge *judge_new(struct users *users, const char *mechanism, bool is_again)
{
	struct judge *j = mem_zalloc(sizeof *j);

	j->users = users;
	j->mechanism = mechanism_by_name(mechanism, strlen(mechanism));
	j->is_again = is_again;
	buf_init(&j->bare, JUDGE_HEAR_MAX);
	buf_init(&j->first, JUDGE_SAY_MAX);
	return j;
}

void judge_free(struct judge *j)
{
	if (j == NULL)
		return;
	secret_text_free(j->password);
	secret_buf_deinit(&j->bare);
	secret_buf_deinit(&j->first);
	free(j->who);
	OPENSSL_cleanse(j, sizeof *j);
	free(j);
}

enum judge_verdict judge_hear(struct judge *j, const uint8_t *said, size_t n, struct buf *say)
{
	const char *text = n > 0 ? (const char *)said : "";
	const bool is_plain = j->mechanism->hash == NULL;

	if (n > JUDGE_HEAR_MAX)
		return is_plain ? refuse_password(j) : refuse_scram(j);
	if (j->state == BEFORE_FIRST)
		return is_plain ? hear_plain(j, text, n) : hear_first(j, text, n, say);
	return j->state == AWAITS_PROOF ? hear_last(j, text, n, say) : refuse_scram(j);
}

const char *judge_why(const struct judge *j)
{
	return j->why;
}

const char *judge_who(const struct judge *j)
{
	return j->who;
}

struct credentials *judge_credentials(const struct judge *j)
{
	const char *name = j->row.hash->mechanism;

	if (!j->row.is_kafkas)
		return NULL;
	return scram_credentials_of_keys(mechanism_by_name(name, strlen(name)), j->who, &j->keys);
}
