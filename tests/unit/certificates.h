/* certificates.h - an authority of a test's own and what it signs, as PEM files in a folder that the
 * test makes and removes.  For the tests of TLS; each program has one authority at a time. */
#ifndef UNIT_CERTIFICATES_H
#define UNIT_CERTIFICATES_H

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CERTIFICATES_PATH = 128, CERTIFICATES_YEAR = 365 * 24 * 3600 };

struct certificates {
	char folder[CERTIFICATES_PATH / 2];
	EVP_PKEY *key;
	X509 *ca;
	long serial;
};

/* The path of NAME in the folder, in memory that the next but seven calls use again. */
static inline const char *certificates_path(const struct certificates *s, const char *name)
{
	static char paths[8][CERTIFICATES_PATH];
	static unsigned at;
	char *path = paths[at++ % 8];

	snprintf(path, CERTIFICATES_PATH, "%s/%.50s", s->folder, name);
	return path;
}

static inline void certificates_write(const struct certificates *s, const char *name, X509 *x,
				      EVP_PKEY *key, const char *password)
{
	FILE *f = fopen(certificates_path(s, name), "w");

	assert(f != NULL);
	if (x != NULL)
		PEM_write_X509(f, x);
	if (key != NULL)
		PEM_write_PrivateKey(f, key, password != NULL ? EVP_aes_128_cbc() : NULL, NULL, 0,
				     NULL, (void *)password);
	fclose(f);
}

static inline void certificates_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert(e != NULL);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

static inline X509 *certificates_blank(struct certificates *s, EVP_PKEY *key, const char *name,
				       long from, long to)
{
	X509 *x = X509_new();

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++s->serial);
	X509_gmtime_adj(X509_getm_notBefore(x), from);
	X509_gmtime_adj(X509_getm_notAfter(x), to);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
				   (const unsigned char *)name, -1, -1, 0);
	return x;
}

static inline void certificates_init(struct certificates *s)
{
	*s = (struct certificates){ .folder = "/tmp/certificates-XXXXXX" };
	assert(mkdtemp(s->folder) != NULL);
	s->key = EVP_EC_gen("P-256");
	s->ca = certificates_blank(s, s->key, "ca", -3600, CERTIFICATES_YEAR);
	X509_set_issuer_name(s->ca, X509_get_subject_name(s->ca));
	certificates_extend(s->ca, s->ca, NID_basic_constraints, "critical,CA:TRUE");
	X509_sign(s->ca, s->key, EVP_sha256());
	certificates_write(s, "ca.pem", s->ca, NULL, NULL);
}

/* NAME.pem, NAME.key (with a password, or NULL) for a subject, valid between two moments in seconds
 * from now; sans: "DNS:a.test,IP:127.0.0.1", or NULL. */
static inline void certificates_issue_for(struct certificates *s, const char *name,
					  const char *sans, const char *password, long from,
					  long to)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = certificates_blank(s, key, name, from, to);
	char file[60];

	X509_set_issuer_name(x, X509_get_subject_name(s->ca));
	if (sans != NULL)
		certificates_extend(x, s->ca, NID_subject_alt_name, sans);
	X509_sign(x, s->key, EVP_sha256());
	snprintf(file, sizeof file, "%.50s.pem", name);
	certificates_write(s, file, x, NULL, NULL);
	snprintf(file, sizeof file, "%.50s.key", name);
	certificates_write(s, file, NULL, key, password);
	X509_free(x);
	EVP_PKEY_free(key);
}

static inline void certificates_issue(struct certificates *s, const char *name, const char *sans)
{
	certificates_issue_for(s, name, sans, NULL, -3600, CERTIFICATES_YEAR);
}

static inline void certificates_deinit(struct certificates *s)
{
	char command[CERTIFICATES_PATH];

	EVP_PKEY_free(s->key);
	X509_free(s->ca);
	snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
	assert(system(command) == 0);
}

#endif
