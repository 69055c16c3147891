/* A client's exchange by SCRAM: what it says, and what it takes of a broker. */
#include "auth/scram.h"
#include "unit/auth/exchanged.h"

static const char rfc_nonce[] = "rOprNGfwEbeRWgbNEkqO";
static const char rfc_salt[] = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
			       "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
static const char rfc_proof[] = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
				"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
static const char rfc_signature[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
/* "a salt of Kafka's own" */
#define SALT "r=abcdefXYZ123,s=YSBzYWx0IG9mIEthZmthJ3Mgb3du,i="

static struct exchanged begin(struct credentials *as, const char *nonce)
{
	return exchanged_begin(as, scram_begin(as, nonce));
}

static struct exchanged begin_rfc(void)
{
	return begin(scram_credentials(&mechanism_scram_sha_256, SCRAM_OF_USER, "user", "pencil"),
		     rfc_nonce);
}

static void as_in_the_rfc(void **state)
{
	struct exchanged x = begin_rfc();

	(void)state;
	assert_string_equal(x.mechanism->name, "SCRAM-SHA-256");
	assert_false(x.mechanism->replays);
	exchanged_says_text(&x, NULL, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
	exchanged_says_text(&x, rfc_salt, rfc_proof);
	exchanged_is_done(&x, rfc_signature);
	exchanged_end(&x);
}

/* Values by an implementation of somebody else's. */
static void a_token_with_sha_512(void **state)
{
	struct exchanged x = begin(scram_credentials(&mechanism_scram_sha_512, SCRAM_OF_TOKEN,
						     "f2rEnVj5Sz6UVl8vRDgJkQ", "pw0rd+/=="),
				   "abcdef");

	(void)state;
	assert_true(x.as->is_token);
	exchanged_says_text(&x, NULL, "n,,n=f2rEnVj5Sz6UVl8vRDgJkQ,r=abcdef,tokenauth=true");
	exchanged_says_text(&x, SALT "4096",
			    "c=biws,r=abcdefXYZ123,"
			    "p=o9MWhM8TOBrhxVRaISVljhRase3+rtZIavI7dXVGvVYrHGc9/093xiVZpDTN5e8l"
			    "9EZLSYou/sHAOO3JUD/Ldg==");
	exchanged_is_done(&x, "v=lI3MjAGYex9s8BmI+6N6MEhMRs+gabh05l9/eRbvX74P69ta/"
			      "KBough9OAHBF9HUWU1pFI6IcDltnGff9FIa+Q==");
	exchanged_end(&x);
}

static void a_user_with_commas(void **state)
{
	struct exchanged x = begin(scram_credentials(&mechanism_scram_sha_256, SCRAM_OF_USER,
						     "a,b=c\xc3\xbc", "geh\xc3\xa4im,="),
				   "abcdef");

	(void)state;
	exchanged_says_text(&x, NULL, "n,,n=a=2Cb=3Dc\xc3\xbc,r=abcdef");
	exchanged_says_text(&x, SALT "8192",
			    "c=biws,r=abcdefXYZ123,p=WVobao+VpFiPQifOq94lPK/t6NHCdCovDO8rdCNAm4I=");
	exchanged_is_done(&x, "v=yc1xidFdHPXEnWKeSF4Yq3ZMl8GWFocdb7xBA5IcGho=");
	exchanged_end(&x);
}

/* Who has a user's keys needs no password. */
static void keys_do_as_well(void **state)
{
	static const uint8_t salt_bytes[] =
		"\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36"
		"\xfa\x81";
	const struct scram_salt salt = { salt_bytes, 16, 4096 };
	struct scram_keys keys;
	struct exchanged x;

	(void)state;
	scram_keys_make(&scram_sha_256, "pencil", 6, &salt, &keys);
	x = begin(scram_credentials_of_keys(&mechanism_scram_sha_256, "user", &keys), rfc_nonce);
	exchanged_says_text(&x, NULL, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
	exchanged_says_text(&x, rfc_salt, rfc_proof);
	exchanged_is_done(&x, rfc_signature);
	exchanged_end(&x);
}

static void a_stranger_is_not_a_broker(void **state)
{
	static const struct {
		const char *says, *why;
	} rows[] = {
		{ "", "none of SCRAM" },
		{ "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", "" },
		{ "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5AA==", "does not know" },
		{ "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95GI=", "does not know" },
		{ "v=", "does not know" },
		{ "v=6rri", "does not know" },
		{ "e=other-error", "other-error" },
		{ "x=1,v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "none of SCRAM" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct exchanged x = begin_rfc();

		exchanged_says_text(&x, NULL, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
		exchanged_says_text(&x, rfc_salt, rfc_proof);
		exchanged_fails(&x, rows[i].says, rows[i].why);
		exchanged_fails(&x, rfc_signature, "nobody waits"); /* it is over */
		exchanged_end(&x);
	}
}

static void odd_first_messages(void **state)
{
#define REST ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	static const struct {
		const char *says, *why;
	} rows[] = {
		{ "", "none of SCRAM" },
		{ "r=rOprNGfwEbeRWgbNEkqOx", "none of SCRAM" },
		{ "m=x,r=rOprNGfwEbeRWgbNEkqOx" REST,
		  "none of SCRAM" }, /* an extension that is a must */
		{ "s=W22ZaJ0SNY7soEsUEjb6gQ==,r=rOprNGfwEbeRWgbNEkqOx,i=4096", "none of SCRAM" },
		{ "r=rOprNGfwEbeRWgbNEkqO" REST, "nonce" }, /* nothing of the broker's own */
		{ "r=XOprNGfwEbeRWgbNEkqOx" REST, "nonce" },
		{ "r=rOprNGfw" REST, "nonce" },
		{ "r=" REST, "nonce" },
		{ "r=rOprNGfwEbeRWgbNEkqO\xc3\xa4" REST, "nonce" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096", "salt" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ=,i=4096", "salt" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4095", "4096 to 16384" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=16385", "4096 to 16384" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=0", "4096 to 16384" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=-4096", "4096 to 16384" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4096000000000", "4096 to 16384" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=", "4096 to 16384" },
		{ "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=40x6", "4096 to 16384" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct exchanged x = begin_rfc();

		exchanged_says_text(&x, NULL, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
		exchanged_fails(&x, rows[i].says, rows[i].why);
		exchanged_end(&x);
	}
}

static void bounds_are_within(void **state)
{
	static const char *const rows[] = { SALT "4096", SALT "16384", SALT "4096,x=unknown" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct exchanged x = begin(scram_credentials(&mechanism_scram_sha_256,
							     SCRAM_OF_USER, "user", "pencil"),
					   "abcdef");

		exchanged_says_text(&x, NULL, "n,,n=user,r=abcdef");
		assert_int_equal(exchanged_hear(&x, rows[i], strlen(rows[i])), MECHANISM_SAYS);
		exchanged_end(&x);
	}
}

static void nonces_are_drawn(void **state)
{
	struct credentials *as =
		scram_credentials(&mechanism_scram_sha_256, SCRAM_OF_USER, "user", "pencil");
	struct exchanged a = exchanged_begin(credentials_get(as), as->mechanism->begin(as));
	struct exchanged b = exchanged_begin(as, as->mechanism->begin(as));

	(void)state;
	assert_int_equal(exchanged_hear(&a, NULL, 0), MECHANISM_SAYS);
	assert_int_equal(exchanged_hear(&b, NULL, 0), MECHANISM_SAYS);
	assert_int_equal(a.say.len, strlen("n,,n=user,r=") + 24);
	assert_int_equal(b.say.len, a.say.len);
	assert_memory_not_equal(a.say.data, b.say.data, a.say.len);
	exchanged_end(&a);
	exchanged_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_in_the_rfc),
		cmocka_unit_test(a_token_with_sha_512),
		cmocka_unit_test(a_user_with_commas),
		cmocka_unit_test(keys_do_as_well),
		cmocka_unit_test(a_stranger_is_not_a_broker),
		cmocka_unit_test(odd_first_messages),
		cmocka_unit_test(bounds_are_within),
		cmocka_unit_test(nonces_are_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
