#include "live/stick.h"

#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char stat[] = "# pxname,svname,scur,status,sid,type,mode\n"
			   "gw,n1,0,UP,1,2,tcp\ngw,n2,0,UP,7,2,tcp\ngw,BACKEND,0,UP,0,1,tcp\n";
static const char state[] = "1\n# be_id be_name srv_id srv_name srv_addr srv_admin_state srv_port\n"
			    "3 gw 1 n1 10.0.0.1 0 9092\n3 gw 7 n2 ::2 0 9092\n";

/* Also frees what was observed. */
static const char *node_of(const char *words)
{
	static char node[20];
	char text[200];
	struct observation seen = { mem_zalloc(sizeof *seen.list), 1 };
	struct stick_tables tables;
	const char *found;

	assert_true(observe_read(seen.list, stat, state, NULL));
	snprintf(text, sizeof text, "# table: gw, type: string, size:1, used:1\n0x1: key=a %s\n",
		 words);
	tables = show_table_parse(text);
	found = stick_node(seen.list, &tables.entries[0]);
	snprintf(node, sizeof node, "%s", found != NULL ? found : "-");
	show_table_free(&tables);
	observe_free(&seen);
	return node;
}

static void test_node(void **test)
{
	(void)test;
	assert_string_equal(node_of("use=0 exp=1 server_id=7 server_key=-"), "n2");
	assert_string_equal(node_of("use=0 exp=1 server_id=7 server_key=n1"), "n1");
	assert_string_equal(node_of("use=0 exp=1 server_id=7 server_key=gone"), "-");
	assert_string_equal(node_of("use=0 exp=1 server_id=0"), "-");
	assert_string_equal(node_of("use=0 exp=1 server_id=0 server_key=10.0.0.1:0"), "n1");
	assert_string_equal(node_of("use=0 exp=1 server_id=0 server_key=::2:9092"), "n2");
	assert_string_equal(node_of("use=0 exp=1 server_id=0 server_key=10.0.0.11:0"), "-");
}

static void test_table(void **test)
{
	struct observation seen = { mem_zalloc(sizeof *seen.list), 1 };
	struct balancer lb = { .name = (char *)(uintptr_t) "lb" };
	struct balancers all = { .list = &lb, .count = 1 };
	struct stick_place place;
	struct stick_tables tables;
	char why[RUNTIME_WHY_MAX];

	(void)test;
	seen.list->balancer = &lb;
	assert_true(observe_read(seen.list, stat, state, NULL));
	observe_read_tables(seen.list, "# table: gw, type: string, size:10, used:1\n"
				       "# table: st, type: ip, size:10, used:1\n");
	assert_true(stick_find(&place, &all, seen.list, NULL, why));
	assert_string_equal(place.table, "gw");
	assert_true(stick_find(&place, &all, seen.list, "st", why));
	assert_string_equal(place.table, "st");
	assert_false(stick_read(&place, "two\nlines", &tables, why));
	assert_string_equal(why, "no command can say the key \"two\nlines\"");
	assert_false(stick_set(&place, "key", "n9", why));
	assert_string_equal(why, "lb: backend gw has no server n9");
	assert_false(stick_find(&place, &all, seen.list, "nosuch", why));
	assert_string_equal(why, "lb: there is no stick table nosuch");
	observe_free(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
