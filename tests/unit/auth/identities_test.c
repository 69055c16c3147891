/* Whom clients are at the brokers, while the list is another one now and then. */
#include "auth/identities.h"

#include "auth/mechanism.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct identity one(const char *name, const char *user)
{
	return (struct identity){ .name = mem_strdup(name),
				  .as = account_new(plain_credentials(user, "secret")) };
}

static void set(struct identities *i, const char *const names[], size_t count)
{
	struct identity *list = mem_zalloc((count + 1) * sizeof *list);

	for (size_t k = 0; k < count; k++)
		list[k] = one(names[k], names[k]);
	identities_set(i, list, count);
}

/* Whose credentials they are: NUL user NUL password. */
static void assert_says(struct account *a, const char *name)
{
	struct credentials *as = account_now(a);

	assert_string_equal((const char *)as->said.data + 1, name);
	credentials_put(as);
}

static void assert_is(struct identities *i, const char *name)
{
	struct account *as = identities_get(i, name);

	assert_non_null(as);
	assert_says(as, name);
	account_free(as);
}

static void rows_are_found_by_their_whole_name(void **state)
{
	static const char *const names[] = { "CN=b,O=x", "ANONYMOUS", "CN=a", "CN=B,O=x", "" };
	struct identities *i = identities_new();

	(void)state;
	assert_null(identities_get(i, "CN=a"));
	set(i, names, ARRAY_LEN(names));
	for (size_t k = 0; k < ARRAY_LEN(names); k++)
		assert_is(i, names[k]);
	assert_null(identities_get(i, "CN=b"));
	assert_null(identities_get(i, "CN=b,O=x "));
	identities_free(i);
	identities_free(NULL);
}

static void who_has_some_keeps_them(void **state)
{
	static const char *const before[] = { "a", "b" }, *const after[] = { "b", "c" };
	struct identities *i = identities_new();
	struct account *kept;

	(void)state;
	set(i, before, ARRAY_LEN(before));
	kept = identities_get(i, "a");
	set(i, after, ARRAY_LEN(after));
	assert_null(identities_get(i, "a"));
	assert_is(i, "b");
	assert_is(i, "c");
	assert_says(kept, "a");
	account_free(kept);
	set(i, NULL, 0);
	assert_null(identities_get(i, "b"));
	identities_free(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found_by_their_whole_name),
		cmocka_unit_test(who_has_some_keeps_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
