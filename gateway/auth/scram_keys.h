/* scram_keys.h - the arithmetic of SCRAM (RFC 5802, RFC 7677): keys, proofs and signatures.
 *
 *   SaltedPassword = PBKDF2(password, salt, iterations)
 *   ClientKey = HMAC(SaltedPassword, "Client Key")     StoredKey = H(ClientKey)
 *   ServerKey = HMAC(SaltedPassword, "Server Key")
 *   proof = ClientKey XOR HMAC(StoredKey, AuthMessage)
 *   signature = HMAC(ServerKey, AuthMessage)
 *
 * A ClientKey is as good as the password at whoever has that salt: wipe it.  Passwords are UTF-8 and
 * taken as they are, for Kafka does not prepare them either.
 * Tests: tests/unit/auth/scram_keys_test.c
 */
#ifndef AUTH_SCRAM_KEYS_H
#define AUTH_SCRAM_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SCRAM_KEY_MAX = 64, /* bytes of a hash */
	/* What Kafka's brokers let a credential have.  The upper end is the time that a stranger can make
	 * somebody spend. */
	SCRAM_ITERATIONS_MIN = 4096,
	SCRAM_ITERATIONS_MAX = 16384,
	SCRAM_SALT_MAX = 1024,
};

/* One of the hashes there are. */
struct scram_hash {
	const char *mechanism; /* as SaslHandshake names it */
	const char *digest;    /* as OpenSSL names it */
	size_t size;	       /* of its values, in bytes */
	uint8_t kafka_id;      /* in AlterUserScramCredentials */
};

extern const struct scram_hash scram_sha_256, scram_sha_512;
/* As a mechanism is called; NULL: there is none of that name. */
const struct scram_hash *scram_hash_of(const char *mechanism);

struct scram_salt {
	const uint8_t *bytes;
	size_t len;
	int iterations;
};

/* What a password is with one salt. */
struct scram_keys {
	uint8_t client[SCRAM_KEY_MAX], server[SCRAM_KEY_MAX];
};

/* Takes as long as the iterations want: 1 ms for some 1500. */
void scram_salted_password(const struct scram_hash *h, const void *password, size_t len,
			   const struct scram_salt *salt, uint8_t *salted);
void scram_keys_of_salted(const struct scram_hash *h, const uint8_t *salted,
			  struct scram_keys *keys);
/* Both: takes as long. */
void scram_keys_make(const struct scram_hash *h, const void *password, size_t len,
		     const struct scram_salt *salt, struct scram_keys *keys);
void scram_stored_key(const struct scram_hash *h, const uint8_t *client_key, uint8_t *stored);
void scram_signature(const struct scram_hash *h, const uint8_t *key, const void *message,
		     size_t len, uint8_t *signature);
/* What shows that one has the ClientKey. */
void scram_proof(const struct scram_hash *h, const uint8_t *client_key, const void *auth_message,
		 size_t len, uint8_t *proof);
/* The ClientKey behind a proof, for who has the StoredKey.  False: it is not the proof of that user;
 * client_key is wiped. */
bool scram_client_key_of(const struct scram_hash *h, const uint8_t *stored,
			 const void *auth_message, size_t len, const uint8_t *proof,
			 uint8_t *client_key);

#endif
