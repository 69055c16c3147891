#include "auth/scram_keys.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

const struct scram_hash scram_sha_256 = { "SCRAM-SHA-256", "SHA256", 32, 1 };
const struct scram_hash scram_sha_512 = { "SCRAM-SHA-512", "SHA512", 64, 2 };

const struct scram_hash *scram_hash_of(const char *mechanism)
{
	if (strcmp(mechanism, scram_sha_256.mechanism) == 0)
		return &scram_sha_256;
	return strcmp(mechanism, scram_sha_512.mechanism) == 0 ? &scram_sha_512 : NULL;
}

/* No memory, or no such hash in this OpenSSL: nothing can be done without. */
static void must(bool is_done)
{
	if (!is_done)
		abort();
}

static const EVP_MD *md_of(const struct scram_hash *h)
{
	const EVP_MD *md = EVP_get_digestbyname(h->digest);

	must(md != NULL && (size_t)EVP_MD_get_size(md) == h->size);
	return md;
}

void scram_signature(const struct scram_hash *h, const uint8_t *key, const void *message,
		     size_t len, uint8_t *signature)
{
	must(HMAC(md_of(h), key, (int)h->size, message, len, signature, NULL) != NULL);
}

void scram_salted_password(const struct scram_hash *h, const void *password, size_t len,
			   const struct scram_salt *salt, uint8_t *salted)
{
	must(PKCS5_PBKDF2_HMAC(password, (int)len, salt->bytes, (int)salt->len, salt->iterations,
			       md_of(h), (int)h->size, salted) == 1);
}

void scram_keys_of_salted(const struct scram_hash *h, const uint8_t *salted,
			  struct scram_keys *keys)
{
	static const char client[] = "Client Key", server[] = "Server Key";

	scram_signature(h, salted, client, strlen(client), keys->client);
	scram_signature(h, salted, server, strlen(server), keys->server);
}

void scram_keys_make(const struct scram_hash *h, const void *password, size_t len,
		     const struct scram_salt *salt, struct scram_keys *keys)
{
	uint8_t salted[SCRAM_KEY_MAX];

	scram_salted_password(h, password, len, salt, salted);
	scram_keys_of_salted(h, salted, keys);
	OPENSSL_cleanse(salted, sizeof salted);
}

void scram_stored_key(const struct scram_hash *h, const uint8_t *client_key, uint8_t *stored)
{
	must(EVP_Digest(client_key, h->size, stored, NULL, md_of(h), NULL) == 1);
}

static void mix(const struct scram_hash *h, const uint8_t *with, uint8_t *bytes)
{
	for (size_t i = 0; i < h->size; i++)
		bytes[i] ^= with[i];
}

void scram_proof(const struct scram_hash *h, const uint8_t *client_key, const void *auth_message,
		 size_t len, uint8_t *proof)
{
	uint8_t stored[SCRAM_KEY_MAX];

	scram_stored_key(h, client_key, stored);
	scram_signature(h, stored, auth_message, len, proof);
	mix(h, client_key, proof);
	OPENSSL_cleanse(stored, sizeof stored);
}

bool scram_client_key_of(const struct scram_hash *h, const uint8_t *stored,
			 const void *auth_message, size_t len, const uint8_t *proof,
			 uint8_t *client_key)
{
	uint8_t its_stored[SCRAM_KEY_MAX];
	bool is_his;

	scram_signature(h, stored, auth_message, len, client_key);
	mix(h, proof, client_key);
	scram_stored_key(h, client_key, its_stored);
	is_his = CRYPTO_memcmp(its_stored, stored, h->size) == 0;
	if (!is_his)
		OPENSSL_cleanse(client_key, h->size);
	return is_his;
}
