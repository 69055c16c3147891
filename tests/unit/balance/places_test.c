/* Where clients have connections: what one node takes to tell, another one hears. */
#include "balance/places.h"

#include "route/mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { KEY = 0x12345671, AT_ONCE = 10 };

/* Everything that one has to tell is heard by the other. */
static void tell(struct places *from, const char *node_id, struct places *to)
{
	const struct cluster_exchange teller = places_exchange(from), hearer = places_exchange(to);
	uint64_t keys[AT_ONCE];
	size_t n = teller.take(teller.owner, keys, AT_ONCE);

	hearer.heard(hearer.owner, node_id, 1, keys, n);
}

static void a_place_is_here_elsewhere_or_nowhere(void **state)
{
	struct places a, b;

	(void)state;
	places_init(&a, "a");
	places_init(&b, "b");
	assert_int_equal(a.tag, mapping_tag("a", 1));
	assert_int_equal(places_node(&b, KEY), 0);
	live_add(a.live, KEY);
	assert_int_equal(places_node(&a, KEY), a.tag);
	tell(&a, "a", &b);
	assert_int_equal(places_node(&b, KEY), a.tag);
	live_add(b.live, KEY); /* this node is first */
	assert_int_equal(places_node(&b, KEY), b.tag);
	live_remove(b.live, KEY);
	live_remove(a.live, KEY);
	assert_int_equal(places_node(&b, KEY), a.tag); /* not heard yet */
	tell(&a, "a", &b);
	assert_int_equal(places_node(&b, KEY), 0);
	places_deinit(&a);
	places_deinit(&b);
}

/* A node that has just started asks, and hears what it has missed. */
static void all_is_told_anew_when_asked_for(void **state)
{
	struct places a, b, late;
	struct cluster_exchange exchange;

	(void)state;
	places_init(&a, "a");
	places_init(&b, "b");
	places_init(&late, "c");
	live_add(a.live, KEY);
	tell(&a, "a", &b);
	tell(&a, "a", &late);
	assert_int_equal(places_node(&late, KEY), 0);
	exchange = places_exchange(&a);
	exchange.asked(exchange.owner);
	tell(&a, "a", &late);
	assert_int_equal(places_node(&late, KEY), a.tag);
	live_remove(a.live, KEY);
	places_deinit(&a);
	places_deinit(&b);
	places_deinit(&late);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_is_here_elsewhere_or_nowhere),
		cmocka_unit_test(all_is_told_anew_when_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
