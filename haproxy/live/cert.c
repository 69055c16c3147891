#include "live/cert.h"

#include "live/words.h"
#include "util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, NAME_SHOWN = 200 };

/* --- the file ----------------------------------------------------------------- */

/* The text without blank lines; NULL: it can't be read. */
static char *read_lines(const char *path, char why[RUNTIME_WHY_MAX])
{
	FILE *in = fopen(path, "re");
	char *text = NULL, line[4096];
	size_t size = 0;
	FILE *out;

	if (in == NULL) {
		snprintf(why, RUNTIME_WHY_MAX, "%.300s: %.100s", path, strerror(errno));
		return NULL;
	}
	out = open_memstream(&text, &size);
	while (out != NULL && size < FILE_MAX && fgets(line, sizeof line, in) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[strspn(line, " \t")] != '\0')
			fprintf(out, "%s\n", line);
		fflush(out);
	}
	fclose(in);
	if (out != NULL)
		fclose(out);
	return text;
}

static bool is_of_now(const X509 *certificate)
{
	return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
	       X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

/* NULL, or what is wrong with them. */
static const char *mistake_of(const X509 *certificate, const EVP_PKEY *key)
{
	if (certificate == NULL)
		return "there is no certificate in it";
	if (key == NULL)
		return "there is no key in it, or it wants a password: HAProxy has both in one file";
	if (X509_check_private_key(certificate, key) != 1)
		return "its key is not that of its first certificate";
	return is_of_now(certificate) ? NULL : "its certificate has run out, or is not valid yet";
}

static void keep_facts(struct cert_file *f, const X509 *certificate)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *hex = number != NULL ? BN_bn2hex(number) : NULL;
	struct tm tm;

	snprintf(f->serial, sizeof f->serial, "%s", hex != NULL ? hex : "");
	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1)
		f->ends = timegm(&tm);
	OPENSSL_free(hex);
	BN_free(number);
}

/* A key with a password is none: nobody is asked for it. */
static int no_password(char *to, int size, int writes, void *ctx)
{
	(void)to;
	(void)size;
	(void)writes;
	(void)ctx;
	return -1;
}

bool cert_read(struct cert_file *f, const char *path, char why[RUNTIME_WHY_MAX])
{
	X509 *certificate;
	EVP_PKEY *key;
	const char *mistake;
	BIO *in;

	*f = (struct cert_file){ .pem = read_lines(path, why) };
	if (f->pem == NULL)
		return false;
	in = BIO_new_mem_buf(f->pem, -1);
	certificate = PEM_read_bio_X509(in, NULL, no_password, NULL);
	BIO_free(in);
	in = BIO_new_mem_buf(f->pem, -1);
	key = PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);
	BIO_free(in);
	mistake = mistake_of(certificate, key);
	if (mistake == NULL)
		keep_facts(f, certificate);
	else
		snprintf(why, RUNTIME_WHY_MAX, "%.300s: %s", path, mistake);
	X509_free(certificate);
	EVP_PKEY_free(key);
	ERR_clear_error();
	if (mistake != NULL)
		cert_free(f);
	return mistake == NULL;
}

void cert_free(struct cert_file *f)
{
	if (f->pem != NULL)
		OPENSSL_cleanse(f->pem, strlen(f->pem)); /* a key is in it */
	free(f->pem);
	*f = (struct cert_file){ 0 };
}

/* --- HAProxy's ------------------------------------------------------------------ */

/* A name that is one word of a command and nothing else. */
static bool is_sayable(const char *name, char why[RUNTIME_WHY_MAX])
{
	for (const char *p = name; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) || strchr("/._-+:@,", *p) != NULL)
			continue;
		snprintf(why, RUNTIME_WHY_MAX, "no command can say the name \"%.*s\"", NAME_SHOWN,
			 name);
		return false;
	}
	return *name != '\0';
}

/* False: there is none in the answer. */
static bool read_serial(const char *answer, char serial[CERT_SERIAL_MAX])
{
	struct span line;

	while (words_line(&answer, &line)) {
		if (span_begins(line, "Serial: ")) {
			snprintf(serial, CERT_SERIAL_MAX, "%.*s", (int)line.len - 8, line.at + 8);
			return true;
		}
	}
	return false;
}

/* Where the socket may not ask, HAProxy says that it is short of memory. */
static void say_untold(const struct balancer *b, const char *answer, char why[RUNTIME_WHY_MAX])
{
	char words[RUNTIME_SAID_MAX];

	snprintf(why, RUNTIME_WHY_MAX, "%.60s: show ssl cert: %.300s%s", b->name,
		 runtime_said(answer, words),
		 strstr(answer, "Can't allocate memory") != NULL
			 ? ", as it does on a socket below `level operator`"
			 : "");
}

enum cert_shown cert_serial(const struct balancers *all, const struct balancer *b, const char *name,
			    char serial[CERT_SERIAL_MAX], char why[RUNTIME_WHY_MAX])
{
	enum cert_shown shown = CERT_NOT_TOLD;
	char command[600], *answer;

	if (!is_sayable(name, why))
		return CERT_NOT_TOLD;
	snprintf(command, sizeof command, "show ssl cert %.500s", name);
	answer = balancer_ask(all, b, WORKER_CURRENT, command, why);
	if (answer == NULL)
		return CERT_NOT_TOLD;
	if (read_serial(answer, serial)) {
		shown = CERT_SHOWN;
	} else if (strstr(answer, "Not found") != NULL) {
		shown = CERT_NOT_NAMED;
		snprintf(why, RUNTIME_WHY_MAX,
			 "%.60s: its file names no certificate %.*s (`bind ... ssl crt`)", b->name,
			 NAME_SHOWN, name);
	} else {
		say_untold(b, answer, why);
	}
	free(answer);
	return shown;
}

/* What is begun is ended: else nobody else could replace it. */
static void take_back(const struct balancers *all, const struct balancer *b, const char *name)
{
	char command[600], why[RUNTIME_WHY_MAX];

	snprintf(command, sizeof command, "abort ssl cert %.500s", name);
	free(balancer_ask(all, b, WORKER_CURRENT, command, why));
}

/* Whether it says so: there is an answer of several lines either way. */
static bool does(const struct balancers *all, const struct balancer *b, const char *command,
		 const char *said, char why[RUNTIME_WHY_MAX])
{
	char *answer = balancer_ask(all, b, WORKER_CURRENT, command, why), words[RUNTIME_SAID_MAX];
	bool done = answer != NULL && strstr(answer, said) != NULL;

	if (answer != NULL && !done)
		snprintf(why, RUNTIME_WHY_MAX, "%.60s: %.*s: %.300s", b->name,
			 (int)strcspn(command, "<\n"), command, runtime_said(answer, words));
	free(answer);
	return done;
}

bool cert_set(const struct balancers *all, const struct balancer *b, const char *name,
	      const struct cert_file *f, char why[RUNTIME_WHY_MAX])
{
	char *set, commit[600];
	bool done;

	if (!is_sayable(name, why))
		return false;
	if (strlen(f->pem) + strlen(name) > RUNTIME_COMMAND_MAX - 100) {
		snprintf(
			why, RUNTIME_WHY_MAX,
			"%.60s: a certificate of %zu bytes is more than HAProxy takes by its socket: "
			"reload it",
			b->name, strlen(f->pem));
		return false;
	}
	set = mem_printf("set ssl cert %s <<\n%s", name, f->pem);
	snprintf(commit, sizeof commit, "commit ssl cert %.500s", name);
	done = does(all, b, set, "Transaction ", why);
	if (done && !does(all, b, commit, "Success!", why)) {
		take_back(all, b, name);
		done = false;
	}
	OPENSSL_cleanse(set, strlen(set));
	free(set);
	return done;
}
