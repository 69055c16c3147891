/* The arithmetic of SCRAM, against the values of RFC 5802 and RFC 7677. */
#include "auth/scram_keys.h"

#include "auth/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* RFC 5802 is about another hash, which Kafka does not have. */
static const struct scram_hash sha_1 = { "SCRAM-SHA-1", "SHA1", 20, 0 };

struct vector {
	const struct scram_hash *hash;
	const char *password, *salt;
	int iterations;
	const char *auth_message, *proof, *signature; /* the last two in base64 */
};

static const struct vector vectors[] = {
	{ &sha_1, "pencil", "QSXCR+Q6sek8bf92", 4096,
	  "n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
	  "s=QSXCR+Q6sek8bf92,i=4096,c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
	  "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
	{ &scram_sha_256, "pencil", "W22ZaJ0SNY7soEsUEjb6gQ==", 4096,
	  "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	  "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,"
	  "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
	  "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	  "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
};

static void assert_base64(const uint8_t *bytes, size_t n, const char *letters)
{
	struct buf b;

	buf_init(&b, 200);
	base64_append(&b, bytes, n);
	assert_int_equal(b.len, strlen(letters));
	assert_memory_equal(b.data, letters, b.len);
	buf_deinit(&b);
}

static void keys_of(const struct vector *v, struct scram_keys *keys)
{
	struct scram_salt salt = { .iterations = v->iterations };
	struct buf bytes;

	buf_init(&bytes, SCRAM_SALT_MAX);
	assert_true(base64_read(&bytes, v->salt, strlen(v->salt)));
	salt.bytes = bytes.data;
	salt.len = bytes.len;
	scram_keys_make(v->hash, v->password, strlen(v->password), &salt, keys);
	buf_deinit(&bytes);
}

static void proofs_and_signatures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		const struct vector *v = &vectors[i];
		uint8_t shown[SCRAM_KEY_MAX];
		struct scram_keys keys;

		keys_of(v, &keys);
		scram_proof(v->hash, keys.client, v->auth_message, strlen(v->auth_message), shown);
		assert_base64(shown, v->hash->size, v->proof);
		scram_signature(v->hash, keys.server, v->auth_message, strlen(v->auth_message),
				shown);
		assert_base64(shown, v->hash->size, v->signature);
	}
}

static void a_proof_gives_the_client_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		const struct vector *v = &vectors[i];
		size_t len = strlen(v->auth_message);
		uint8_t stored[SCRAM_KEY_MAX], proof[SCRAM_KEY_MAX], found[SCRAM_KEY_MAX];
		struct scram_keys keys;

		keys_of(v, &keys);
		scram_stored_key(v->hash, keys.client, stored);
		scram_proof(v->hash, keys.client, v->auth_message, len, proof);
		assert_true(
			scram_client_key_of(v->hash, stored, v->auth_message, len, proof, found));
		assert_memory_equal(found, keys.client, v->hash->size);
		proof[v->hash->size - 1] ^= 1;
		assert_false(
			scram_client_key_of(v->hash, stored, v->auth_message, len, proof, found));
		proof[v->hash->size - 1] ^= 1;
		assert_false(scram_client_key_of(v->hash, stored, v->auth_message, len - 1, proof,
						 found));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proofs_and_signatures),
		cmocka_unit_test(a_proof_gives_the_client_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
