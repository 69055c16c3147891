/* Contexts are made of good files, or say what is wrong with them. */
#include "net/tls_context.h"

#include "unit/certificates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

static struct certificates files;

static const char *at(const char *name)
{
	return certificates_path(&files, name);
}

static int setup(void **state)
{
	(void)state;
	certificates_init(&files);
	certificates_issue(&files, "node",
			   "DNS:kafka.lab.test,DNS:*.b.lab.test,IP:10.0.0.7,IP:fd00::7");
	certificates_issue(&files, "other", NULL);
	certificates_issue_for(&files, "locked", NULL, "open sesame", -10, 1000);
	certificates_issue_for(&files, "old", NULL, NULL, -1000, -10);
	certificates_issue_for(&files, "young", NULL, NULL, 100, 1000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	certificates_deinit(&files);
	return 0;
}

static void is_refused(const struct tls_wanted *w, const char *file, const char *what)
{
	char why[TLS_WHY_MAX];

	assert_null(tls_server_new(w, why));
	if (strstr(why, file) == NULL || strstr(why, what) == NULL)
		fail_msg("\"%s\" does not say \"%s\" and \"%s\"", why, file, what);
}

static void is_taken(const struct tls_wanted *w)
{
	char why[TLS_WHY_MAX] = "";
	struct tls_context *c = tls_server_new(w, why);

	if (c == NULL)
		fail_msg("%s", why);
	tls_context_unref(c);
}

static void good_files_make_a_context(void **state)
{
	(void)state;
	is_taken(&(struct tls_wanted){ .certificate = at("node.pem"), .key = at("node.key") });
	is_taken(&(struct tls_wanted){ .certificate = at("locked.pem"),
				       .key = at("locked.key"),
				       .key_password = "open sesame" });
	is_taken(&(struct tls_wanted){ .certificate = at("node.pem"),
				       .key = at("node.key"),
				       .ca = at("ca.pem"),
				       .client_auth = TLS_AUTH_REQUIRED });
}

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	is_refused(&(struct tls_wanted){ 0 }, "server", "a certificate is needed");
	is_refused(&(struct tls_wanted){ .certificate = at("none.pem"), .key = at("node.key") },
		   "none.pem", "No such file");
	is_refused(&(struct tls_wanted){ .certificate = at("node.key"), .key = at("node.key") },
		   "node.key", "no certificate in PEM");
	is_refused(&(struct tls_wanted){ .certificate = at("node.pem"), .key = at("node.pem") },
		   "node.pem", "no key in PEM");
	is_refused(&(struct tls_wanted){ .certificate = at("node.pem") }, "node.pem",
		   "no key in PEM");
	is_refused(&(struct tls_wanted){ .certificate = at("node.pem"), .key = at("other.key") },
		   "other.key", "not the key of the certificate");
	is_refused(&(struct tls_wanted){ .certificate = at("locked.pem"), .key = at("locked.key") },
		   "locked.key", "with a password");
	is_refused(&(struct tls_wanted){ .certificate = at("locked.pem"),
					 .key = at("locked.key"),
					 .key_password = "wrong" },
		   "locked.key", "another password");
	is_refused(&(struct tls_wanted){ .certificate = at("old.pem"), .key = at("old.key") },
		   "old.pem", "/CN=old has expired");
	is_refused(&(struct tls_wanted){ .certificate = at("young.pem"), .key = at("young.key") },
		   "young.pem", "not valid yet");
	is_refused(&(struct tls_wanted){ .certificate = at("node.pem"),
					 .key = at("node.key"),
					 .client_auth = TLS_AUTH_REQUESTED },
		   "clients' certificates", "not named");
	is_refused(&(struct tls_wanted){ .certificate = at("node.pem"),
					 .key = at("node.key"),
					 .ca = at("node.key"),
					 .client_auth = TLS_AUTH_REQUESTED },
		   "node.key", "no authority");
}

static void ciphers_are_named_by_either_name(void **state)
{
	static const char *const good[] = {
		"TLS_AES_128_GCM_SHA256",
		"ECDHE-ECDSA-AES128-GCM-SHA256",
		"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384",
	};
	struct tls_wanted w = { .certificate = at("node.pem"), .key = at("node.key") };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		w.ciphers = good[i];
		is_taken(&w);
	}
	w.ciphers = "TLS_NO_SUCH_THING";
	is_refused(&w, "TLS_NO_SUCH_THING", "not ciphers");
	w.ciphers = ",";
	is_refused(&w, ",", "not ciphers");
	w.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
	w.min_version = TLS_1_3;
	is_refused(&w, w.ciphers, "none of TLS 1.3");
}

static void a_certificate_has_names(void **state)
{
	const struct tls_wanted w = { .certificate = at("node.pem"), .key = at("node.key") };
	char why[TLS_WHY_MAX];
	struct tls_context *c = tls_server_new(&w, why);

	(void)state;
	assert_true(tls_context_names(c, "kafka.lab.test"));
	assert_true(tls_context_names(c, "KAFKA.lab.test"));
	assert_true(tls_context_names(c, "b1.b.lab.test"));
	assert_true(tls_context_names(c, "10.0.0.7"));
	assert_true(tls_context_names(c, "fd00:0::7"));
	assert_false(tls_context_names(c, "b1.x.b.lab.test"));
	assert_false(tls_context_names(c, "lab.test"));
	assert_false(tls_context_names(c, "10.0.0.8"));
	assert_true(tls_context_expires(c) > time(NULL) + CERTIFICATES_YEAR - 60);
	assert_true(tls_context_expires(c) < time(NULL) + CERTIFICATES_YEAR + 60);
	tls_context_unref(c);
}

static void authorities_are_a_file_or_a_folder(void **state)
{
	struct tls_wanted w = { .ca = at("ca.pem") };
	char why[TLS_WHY_MAX];
	struct tls_context *c = tls_client_new(&w, why);

	(void)state;
	assert_non_null(c);
	assert_true(tls_context_expires(c) == INT64_MAX);
	assert_false(tls_context_names(c, "node"));
	tls_context_unref(c);
	w.ca = files.folder;
	c = tls_client_new(&w, why);
	assert_non_null(c);
	tls_context_unref(c);
	w.ca = at("nothing");
	assert_null(tls_client_new(&w, why));
	assert_non_null(strstr(why, "nothing: No such file"));
}

static void connections_keep_what_they_began_with(void **state)
{
	const struct tls_wanted w = { .ca = at("ca.pem") };
	char why[TLS_WHY_MAX];
	struct tls_slot slot;
	struct tls_context *first;

	(void)state;
	tls_slot_init(&slot);
	assert_null(tls_slot_get(&slot));
	tls_slot_set(&slot, tls_client_new(&w, why));
	first = tls_slot_get(&slot);
	tls_slot_set(&slot, tls_client_new(&w, why));
	assert_ptr_not_equal(slot.now, first);
	assert_true(tls_context_expires(first) == INT64_MAX); /* and is still there */
	tls_context_unref(first);
	tls_slot_deinit(&slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_files_make_a_context),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(ciphers_are_named_by_either_name),
		cmocka_unit_test(a_certificate_has_names),
		cmocka_unit_test(authorities_are_a_file_or_a_folder),
		cmocka_unit_test(connections_keep_what_they_began_with),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
