#include "net/tls_context.h"

#include "net/tls_inside.h"
#include "util/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- what is wrong --- */

/* Always false. */
static bool fails(char why[TLS_WHY_MAX], const char *file, const char *what)
{
	snprintf(why, TLS_WHY_MAX, "%s: %s", file, what);
	return false;
}

/* OpenSSL's own words; what it queued before them is older. */
static bool fails_openssl(char why[TLS_WHY_MAX], const char *file, const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;

	snprintf(why, TLS_WHY_MAX, "%s: %s%s%s", file, what, reason != NULL ? ": " : "",
		 reason != NULL ? reason : "");
	ERR_clear_error();
	return false;
}

static bool is_readable(char why[TLS_WHY_MAX], const char *file)
{
	return access(file, R_OK) == 0 || fails(why, file, strerror(errno));
}

/* --- its own certificate --- */

static int tell_password(char *to, int size, int is_for_writing, void *password)
{
	size_t n = password != NULL ? strlen(password) : 0;

	(void)is_for_writing;
	if (n > (size_t)size)
		return 0;
	memcpy(to, password != NULL ? password : "", n);
	return (int)n;
}

/* It stands with the words for why a key was not taken. */
static bool is_of_another_certificate(void)
{
	unsigned long e = ERR_peek_last_error();

	return ERR_GET_LIB(e) == ERR_LIB_X509 && (ERR_GET_REASON(e) == X509_R_KEY_VALUES_MISMATCH ||
						  ERR_GET_REASON(e) == X509_R_KEY_TYPE_MISMATCH);
}

static const char *key_trouble(const struct tls_wanted *w)
{
	if (is_of_another_certificate())
		return "not the key of the certificate";
	return w->key_password != NULL ? "no key in PEM, or another password"
				       : "no key in PEM, or one with a password";
}

static bool load_key(SSL_CTX *ssl, const struct tls_wanted *w, char why[TLS_WHY_MAX])
{
	const char *file = w->key != NULL ? w->key : w->certificate;

	if (!is_readable(why, file))
		return false;
	SSL_CTX_set_default_passwd_cb(ssl, tell_password);
	SSL_CTX_set_default_passwd_cb_userdata(ssl, (void *)w->key_password);
	if (SSL_CTX_use_PrivateKey_file(ssl, file, SSL_FILETYPE_PEM) != 1)
		return fails_openssl(why, file, key_trouble(w));
	SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
	return SSL_CTX_check_private_key(ssl) == 1 ||
	       fails(why, file, "not the key of the certificate");
}

static bool load_certificate(SSL_CTX *ssl, const struct tls_wanted *w, char why[TLS_WHY_MAX])
{
	if (!is_readable(why, w->certificate))
		return false;
	if (SSL_CTX_use_certificate_chain_file(ssl, w->certificate) != 1)
		return fails_openssl(why, w->certificate, "no certificate in PEM");
	return load_key(ssl, w, why);
}

int64_t tls_ends(const X509 *certificate)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1 ? (int64_t)timegm(&tm)
									  : 0;
}

static bool is_valid_now(const X509 *x, const char *file, char why[TLS_WHY_MAX])
{
	char subject[160];

	X509_NAME_oneline(X509_get_subject_name(x), subject, sizeof subject);
	if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0) {
		snprintf(why, TLS_WHY_MAX, "%s: the certificate of %s is not valid yet", file,
			 subject);
		return false;
	}
	if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0) {
		snprintf(why, TLS_WHY_MAX, "%s: the certificate of %s has expired", file, subject);
		return false;
	}
	return true;
}

/* The own one and those that are sent with it; the first that ends, ends all. */
static bool check_chain(struct tls_context *c, const char *file, char why[TLS_WHY_MAX])
{
	STACK_OF(X509) *chain = NULL;
	X509 *own = SSL_CTX_get0_certificate(c->ssl);

	SSL_CTX_get0_chain_certs(c->ssl, &chain);
	for (int i = -1; i < (chain != NULL ? sk_X509_num(chain) : 0); i++) {
		const X509 *x = i < 0 ? own : sk_X509_value(chain, i);
		int64_t ends = tls_ends(x);

		if (!is_valid_now(x, file, why))
			return false;
		if (ends < c->expires)
			c->expires = ends;
	}
	return true;
}

/* --- whom it trusts --- */

static bool load_authorities(SSL_CTX *ssl, const char *ca, char why[TLS_WHY_MAX])
{
	struct stat s;
	bool is_folder;

	if (stat(ca, &s) != 0)
		return fails(why, ca, strerror(errno));
	is_folder = S_ISDIR(s.st_mode);
	if (!is_readable(why, ca))
		return false;
	if (SSL_CTX_load_verify_locations(ssl, is_folder ? NULL : ca, is_folder ? ca : NULL) != 1)
		return fails_openssl(why, ca, "no authority in PEM");
	return true;
}

/* --- ciphers --- */

static bool is_of_tls_1_3(const char *name)
{
	return strncmp(name, "TLS_AES_", 8) == 0 || strncmp(name, "TLS_CHACHA20_", 13) == 0;
}

static void append(char **list, const char *name)
{
	char *longer = *list != NULL ? mem_printf("%s:%s", *list, name) : mem_strdup(name);

	free(*list);
	*list = longer;
}

/* Names that Kafka has, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, are OpenSSL's by another spelling. */
static const char *openssl_name(const char *name)
{
	const char *known = strncmp(name, "TLS_", 4) == 0 ? OPENSSL_cipher_name(name) : NULL;

	return known != NULL && strcmp(known, "(NONE)") != 0 ? known : name;
}

/* Which of the two versions has none is not spoken. */
static bool limit_ciphers(SSL_CTX *ssl, const char *ciphers, char why[TLS_WHY_MAX])
{
	char *names = mem_strdup(ciphers), *rest, *older = NULL, *newer = NULL;
	bool good = true;

	for (char *name = strtok_r(names, ":, ", &rest); name != NULL;
	     name = strtok_r(NULL, ":, ", &rest)) {
		bool is_new = is_of_tls_1_3(name);

		append(is_new ? &newer : &older, is_new ? name : openssl_name(name));
	}
	if (older == NULL)
		SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION);
	else
		good = SSL_CTX_set_cipher_list(ssl, older) == 1;
	if (newer == NULL)
		SSL_CTX_set_max_proto_version(ssl, TLS1_2_VERSION);
	else
		good = good && SSL_CTX_set_ciphersuites(ssl, newer) == 1;
	if (!good || (older == NULL && newer == NULL))
		good = fails_openssl(why, ciphers, "not ciphers that OpenSSL has");
	free(older);
	free(newer);
	free(names);
	return good;
}

/* --- contexts --- */

static bool set_up(struct tls_context *c, const struct tls_wanted *w, char why[TLS_WHY_MAX])
{
	SSL_CTX *ssl = c->ssl;

	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_clear_mode(ssl, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_read_ahead(ssl, 1);
	SSL_CTX_set_min_proto_version(ssl,
				      w->min_version == TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
	if (w->ciphers != NULL && !limit_ciphers(ssl, w->ciphers, why))
		return false;
	if (w->ciphers != NULL && w->min_version == TLS_1_3 &&
	    SSL_CTX_get_max_proto_version(ssl) == TLS1_2_VERSION)
		return fails(why, w->ciphers, "none of TLS 1.3, which is the least that is spoken");
	return w->certificate == NULL ||
	       (load_certificate(ssl, w, why) && check_chain(c, w->certificate, why));
}

static struct tls_context *context_new(const SSL_METHOD *method, const struct tls_wanted *w)
{
	struct tls_context *c = mem_zalloc(sizeof *c);

	c->ssl = SSL_CTX_new(method);
	if (c->ssl == NULL)
		abort(); /* out of memory */
	c->refs = 1;
	c->expires = INT64_MAX;
	c->ignores_names = w->ignores_names;
	tls_sessions_init(&c->sessions);
	return c;
}

static bool set_up_server(struct tls_context *c, const struct tls_wanted *w, char why[TLS_WHY_MAX])
{
	static const unsigned char id[] = "anyport";
	STACK_OF(X509_NAME) * names;

	SSL_CTX_set_session_id_context(c->ssl, id, sizeof id - 1);
	SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF); /* clients keep their tickets */
	SSL_CTX_set_num_tickets(c->ssl, 1);
	if (w->certificate == NULL)
		return fails(why, "server", "a certificate is needed");
	if (!set_up(c, w, why))
		return false;
	if (w->client_auth == TLS_AUTH_NONE)
		return true;
	if (w->ca == NULL)
		return fails(why, "clients' certificates",
			     "the authorities that sign them are not named");
	if (!load_authorities(c->ssl, w->ca, why))
		return false;
	names = SSL_load_client_CA_file(w->ca); /* of a folder none is told */
	ERR_clear_error();
	if (names != NULL)
		SSL_CTX_set_client_CA_list(c->ssl, names);
	SSL_CTX_set_verify(c->ssl,
			   w->client_auth == TLS_AUTH_REQUIRED
				   ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
				   : SSL_VERIFY_PEER,
			   NULL);
	return true;
}

struct tls_context *tls_server_new(const struct tls_wanted *w, char why[TLS_WHY_MAX])
{
	struct tls_context *c = context_new(TLS_server_method(), w);

	c->is_server = true;
	if (set_up_server(c, w, why))
		return c;
	tls_context_unref(c);
	return NULL;
}

static bool set_up_client(struct tls_context *c, const struct tls_wanted *w, char why[TLS_WHY_MAX])
{
	tls_sessions_keep(&c->sessions, c->ssl);
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
	if (w->ca == NULL)
		SSL_CTX_set_default_verify_paths(c->ssl);
	else if (!load_authorities(c->ssl, w->ca, why))
		return false;
	return set_up(c, w, why);
}

struct tls_context *tls_client_new(const struct tls_wanted *w, char why[TLS_WHY_MAX])
{
	struct tls_context *c = context_new(TLS_client_method(), w);

	if (set_up_client(c, w, why))
		return c;
	tls_context_unref(c);
	return NULL;
}

struct tls_context *tls_context_ref(struct tls_context *c)
{
	c->refs++;
	return c;
}

void tls_context_unref(struct tls_context *c)
{
	if (c == NULL || --c->refs > 0)
		return;
	tls_sessions_deinit(&c->sessions);
	SSL_CTX_free(c->ssl);
	free(c);
}

int64_t tls_context_expires(const struct tls_context *c)
{
	return c->expires;
}

bool tls_context_names(const struct tls_context *c, const char *host)
{
	X509 *own = SSL_CTX_get0_certificate(c->ssl);
	struct in6_addr ip;

	if (own == NULL)
		return false;
	if (inet_pton(AF_INET, host, &ip) == 1 || inet_pton(AF_INET6, host, &ip) == 1)
		return X509_check_ip_asc(own, host, 0) == 1;
	return X509_check_host(own, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

/* --- as text --- */

/* Takes the bio. */
static char *text_of(BIO *bio)
{
	char *bytes;
	long n = BIO_get_mem_data(bio, &bytes);
	char *text = mem_strndup(bytes, (size_t)n);

	OPENSSL_cleanse(bytes, (size_t)n);
	BIO_free(bio);
	return text;
}

static BIO *new_text(void)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio == NULL)
		abort(); /* out of memory */
	return bio;
}

void tls_context_pem(const struct tls_context *c, char **certificate, char **key)
{
	STACK_OF(X509) *chain = NULL;
	BIO *certificates = new_text(), *keys = new_text();

	PEM_write_bio_X509(certificates, SSL_CTX_get0_certificate(c->ssl));
	SSL_CTX_get0_chain_certs(c->ssl, &chain);
	for (int i = 0; i < (chain != NULL ? sk_X509_num(chain) : 0); i++)
		PEM_write_bio_X509(certificates, sk_X509_value(chain, i));
	PEM_write_bio_PrivateKey(keys, SSL_CTX_get0_privatekey(c->ssl), NULL, NULL, 0, NULL, NULL);
	*certificate = text_of(certificates);
	*key = text_of(keys);
}

void tls_pem_wipe(char *key)
{
	if (key != NULL)
		OPENSSL_cleanse(key, strlen(key));
	free(key);
}

/* --- the slot --- */

void tls_slot_init(struct tls_slot *slot)
{
	slot->now = NULL;
	pthread_mutex_init(&slot->lock, NULL);
}

void tls_slot_deinit(struct tls_slot *slot)
{
	tls_context_unref(slot->now);
	slot->now = NULL;
	pthread_mutex_destroy(&slot->lock);
}

void tls_slot_set(struct tls_slot *slot, struct tls_context *context)
{
	struct tls_context *before;

	pthread_mutex_lock(&slot->lock);
	before = slot->now;
	slot->now = context;
	pthread_mutex_unlock(&slot->lock);
	tls_context_unref(before);
}

struct tls_context *tls_slot_get(struct tls_slot *slot)
{
	struct tls_context *now;

	pthread_mutex_lock(&slot->lock);
	now = slot->now != NULL ? tls_context_ref(slot->now) : NULL;
	pthread_mutex_unlock(&slot->lock);
	return now;
}
