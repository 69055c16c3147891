#include "cfg/diff.h"
#include "unit/haproxy/cfg/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>

#define HEAD                                                                    \
	"global\n maxconn 4000\n hard-stop-after 30m\n"                         \
	"defaults kafka\n mode tcp\n timeout client 11m\n timeout server 11m\n" \
	" timeout connect 3s\n option redispatch 1\n"
#define FRONT "frontend in from kafka\n bind 10.0.0.9:9092-9095\n default_backend gw\n"
#define BACK                                                                                      \
	"backend gw from kafka\n balance leastconn\n default-server check port 8888 weight 100\n" \
	" server n1 10.0.0.1 id 1\n server n2 10.0.0.2 id 2\n"

struct compared {
	struct cfg *before, *after;
	struct diff d;
};

static struct compared compare(const char *before, const char *after)
{
	struct compared c = { sample(before), sample(after), { 0 } };

	c.d = diff_make(c.before, c.after, &VERSION_OLDEST);
	return c;
}

static void done(struct compared *c)
{
	diff_free(&c->d);
	cfg_free(c->before);
	cfg_free(c->after);
}

static void same(const char *before, const char *after)
{
	struct compared c = compare(before, after);

	for (size_t i = 0; i < c.d.count; i++)
		print_error("%s: %s: %s -> %s\n", c.d.list[i].section, c.d.list[i].what,
			    c.d.list[i].before != NULL ? c.d.list[i].before : "nothing",
			    c.d.list[i].after != NULL ? c.d.list[i].after : "nothing");
	assert_int_equal(c.d.count, 0);
	done(&c);
}

/* The only change; command NULL: it has none. */
static void one(const char *before, const char *after, enum diff_kind kind, enum diff_class class,
		const char *section, const char *what, const char *command)
{
	struct compared c = compare(before, after);

	for (size_t i = 1; i < c.d.count; i++)
		print_error("%s: %s\n", c.d.list[i].section, c.d.list[i].what);
	assert_int_equal(c.d.count, 1);
	assert_string_equal(c.d.list[0].what, what);
	assert_string_equal(c.d.list[0].section, section);
	assert_int_equal(c.d.list[0].kind, kind);
	assert_int_equal(c.d.list[0].class, class);
	assert_int_equal(c.d.worst, class);
	assert_non_null(c.d.list[0].why);
	if (command == NULL)
		assert_int_equal(c.d.list[0].command_count, 0);
	else
		assert_string_equal(c.d.list[0].commands[0], command);
	done(&c);
}

static void test_blind(void **state)
{
	(void)state;
	same(HEAD FRONT BACK, HEAD FRONT BACK);
	/* sections, comments, blanks, quotes */
	same(HEAD FRONT BACK, "# made\n" HEAD "\n" BACK "  # nodes\n\n" FRONT);
	same(HEAD " log-format \"%ci %f\"\n" FRONT BACK,
	     HEAD "   log-format   '%ci %f' # c\n" FRONT BACK);
	/* settings in any order, times in any unit */
	same("defaults\n timeout client 1m\n mode tcp\n" FRONT BACK,
	     "defaults\n mode tcp\n timeout client 60s\n" FRONT BACK);
	/* said in the proxy or in its defaults */
	same("defaults kafka\n mode tcp\n timeout client 9m\n" FRONT,
	     "defaults kafka\n timeout client 1m\n mode tcp\n"
	     "frontend in from kafka\n timeout client 9m\n bind 10.0.0.9:9092-9095\n default_backend gw\n");
	/* taken away, or never said */
	same("defaults kafka\n mode tcp\n option dontlognull\n" FRONT " no option dontlognull\n",
	     "defaults kafka\n mode tcp\n" FRONT);
	/* ports in one range or several */
	same(HEAD FRONT BACK, HEAD "frontend in from kafka\n bind 10.0.0.9:9092-9093\n"
				   " bind 10.0.0.9:9094,10.0.0.9:9095\n default_backend gw\n" BACK);
	/* options of servers in any order, in default-server or on the line */
	same(HEAD BACK,
	     HEAD "backend gw from kafka\n balance leastconn\n"
		  " server n1 10.0.0.1 weight 100 id 1 port 8888 check\n"
		  " default-server weight 100\n server n2 10.0.0.2 id 2 check port 8888\n");
	/* servers in any order, but for a hash without ids */
	same(HEAD "backend b\n balance leastconn\n server a 1.1.1.1:1\n server b 1.1.1.2:1\n",
	     HEAD "backend b\n balance leastconn\n server b 1.1.1.2:1\n server a 1.1.1.1:1\n");
	same(HEAD
	     "backend b\n balance source\n server a 1.1.1.1:1 id 1\n server b 1.1.1.2:1 id 2\n",
	     HEAD
	     "backend b\n balance source\n server b 1.1.1.2:1 id 2\n server a 1.1.1.1:1 id 1\n");
	/* ACLs between themselves, global lines over several sections */
	same("frontend f\n bind :1\n acl a src 1.1.1.1\n acl b src 1.1.1.2\n",
	     "frontend f\n acl b src 1.1.1.2\n acl a src 1.1.1.1\n bind :1\n");
	same("global\n maxconn 10\n nbthread 2\n", "global\n nbthread 2\nglobal\n maxconn 10\n");
}

static void test_settings(void **state)
{
	(void)state;
	one("global\n hard-stop-after 30m\n" FRONT, "global\n hard-stop-after 10m\n" FRONT,
	    DIFF_CHANGED, DIFF_RELOAD, "global", "hard-stop-after", NULL);
	one("global\n maxconn 100\n", "global\n maxconn 90\n", DIFF_CHANGED, DIFF_RUNTIME, "global",
	    "maxconn", "set maxconn global 90");
	one("global\n maxconn 100\n", "global\n maxconn 110\n", DIFF_CHANGED, DIFF_RELOAD, "global",
	    "maxconn", NULL);
	one("global\n", "global\n master-worker\n", DIFF_ADDED, DIFF_RESTART, "global",
	    "master-worker", NULL);
	one("frontend f\n maxconn 5\n", "frontend f\n maxconn 6\n", DIFF_CHANGED, DIFF_RUNTIME,
	    "frontend f", "maxconn", "set maxconn frontend f 6");
	one("backend b\n mode tcp\n", "backend b\n mode http\n", DIFF_CHANGED, DIFF_DISCONNECTS,
	    "backend b", "mode", NULL);
	one("backend b\n stick-table type ip size 1k expire 60s\n",
	    "backend b\n stick-table type ip size 1k expire 2m\n", DIFF_CHANGED, DIFF_RELOAD,
	    "backend b", "stick-table", NULL);
	one("peers p\n peer a 1.1.1.1:1\n", "peers p\n peer a 1.1.1.1:1\n peer b 1.1.1.2:1\n",
	    DIFF_ADDED, DIFF_RELOAD, "peers p", "peer", NULL);
}

/* A setting in defaults is told once for each proxy for which it counts, not for others. */
static void test_defaults(void **state)
{
	(void)state;
	one("defaults k\n timeout server 11m\n" FRONT "backend gw from k\n server a 1.1.1.1:1\n",
	    "defaults k\n timeout server 12m\n" FRONT "backend gw from k\n server a 1.1.1.1:1\n",
	    DIFF_CHANGED, DIFF_RELOAD, "backend gw", "timeout server", NULL);
}

static void test_rules(void **state)
{
	(void)state;
	one("frontend f\n tcp-request content reject if a\n tcp-request content accept if b\n",
	    "frontend f\n tcp-request content accept if b\n tcp-request content reject if a\n",
	    DIFF_MOVED, DIFF_RELOAD, "frontend f", "tcp-request content", NULL);
	one("frontend f\n use_backend x if a\n",
	    "frontend f\n use_backend x if a\n use_backend y if b\n", DIFF_ADDED, DIFF_RELOAD,
	    "frontend f", "use_backend", NULL);
	one("frontend f\n use_backend x if a\n use_backend y if b\n",
	    "frontend f\n use_backend y if b\n", DIFF_REMOVED, DIFF_RELOAD, "frontend f",
	    "use_backend", NULL);
}

static void test_binds(void **state)
{
	(void)state;
	one("frontend f\n bind :9092-9095\n", "frontend f\n bind :9092-9097\n", DIFF_ADDED,
	    DIFF_RELOAD, "frontend f", "bind *:9096-9097", NULL);
	one("frontend f\n bind :9092-9095\n", "frontend f\n bind :9092\n bind :9094-9095\n",
	    DIFF_REMOVED, DIFF_DISCONNECTS, "frontend f", "bind *:9093", NULL);
	one("frontend f\n bind :9092\n", "frontend f\n bind :9092 ssl crt a.pem\n", DIFF_CHANGED,
	    DIFF_DISCONNECTS, "frontend f", "bind *:9092", NULL);
	one("frontend f\n bind :9092\n", "frontend f\n bind :9092 maxconn 5\n", DIFF_CHANGED,
	    DIFF_RELOAD, "frontend f", "bind *:9092", NULL);
	one("global\nfrontend f\n bind :9092\n", "global\n", DIFF_REMOVED, DIFF_DISCONNECTS,
	    "frontend f", "the whole section", NULL);
}

#define SERVER(line) "backend gw\n balance leastconn\n" line
#define SERVERS(line) SERVER(" server n1 10.0.0.1 id 1 weight 100\n" line)

static void test_servers(void **state)
{
	(void)state;
	one(SERVERS(""), SERVER(" server n1 10.0.0.1 id 1 weight 50\n"), DIFF_CHANGED, DIFF_RUNTIME,
	    "backend gw", "server n1: weight", "set server gw/n1 weight 50");
	one(SERVERS(""), SERVER(" server n1 10.0.0.1 id 1 weight 100 disabled\n"), DIFF_ADDED,
	    DIFF_RUNTIME, "backend gw", "server n1: disabled", "set server gw/n1 state maint");
	one(SERVERS(""), SERVER(" server n1 10.0.0.7 id 1 weight 100\n"), DIFF_CHANGED,
	    DIFF_RUNTIME, "backend gw", "server n1: address", "set server gw/n1 addr 10.0.0.7");
	one(SERVERS(""), SERVER(" server n1 10.0.0.1:9092 id 1 weight 100\n"), DIFF_CHANGED,
	    DIFF_RELOAD, "backend gw", "server n1: address", NULL);
	one(SERVERS(""), SERVER(" server n1 10.0.0.1 id 1 weight 100 send-proxy-v2\n"), DIFF_ADDED,
	    DIFF_RELOAD, "backend gw", "server n1: send-proxy-v2", NULL);
	one(SERVERS(" server n2 10.0.0.2 id 2\n"), SERVERS(""), DIFF_REMOVED, DIFF_RUNTIME,
	    "backend gw", "server n2", "set server gw/n2 state maint");
	one(SERVERS(""), SERVERS(" server n2 n2.lab id 2\n"), DIFF_ADDED, DIFF_RELOAD, "backend gw",
	    "server n2", NULL);
	/* a balance that takes weights and servers at the start only */
	one("backend gw\n balance source\n server n1 10.0.0.1 id 1 weight 100\n",
	    "backend gw\n balance source\n server n1 10.0.0.1 id 1 weight 50\n", DIFF_CHANGED,
	    DIFF_RELOAD, "backend gw", "server n1: weight", NULL);
	/* a hash goes by the order when there are no ids */
	one("backend b\n balance source\n server a 1.1.1.1:1\n server b 1.1.1.2:1\n",
	    "backend b\n balance source\n server b 1.1.1.2:1\n server a 1.1.1.1:1\n", DIFF_MOVED,
	    DIFF_RELOAD, "backend b", "server b: place", NULL);
}

/* A new server gets what default-server says, and is taken out of maintenance. */
static void test_server_comes(void **state)
{
	struct compared c = compare(HEAD BACK, HEAD BACK " server n3 10.0.0.3:9092 id 3\n");
	const struct diff_change *change = &c.d.list[0];

	(void)state;
	assert_int_equal(c.d.count, 1);
	assert_int_equal(change->class, DIFF_RUNTIME);
	assert_string_equal(change->server, "gw/n3");
	assert_int_equal(change->command_count, 3);
	assert_string_equal(change->commands[0],
			    "add server gw/n3 10.0.0.3:9092 check port 8888 weight 100 id 3");
	assert_string_equal(change->commands[1], "enable health gw/n3");
	assert_string_equal(change->commands[2], "set server gw/n3 state ready");
	done(&c);
}

/* It counts as up before its first check, where HAProxy can't have it wait. */
static void test_server_waits(void **state)
{
	static const struct version can = { 3, 2, 26 };
	struct cfg *before = sample(HEAD BACK);
	struct cfg *after = sample(HEAD BACK " server n3 10.0.0.3:9092 id 3\n");
	struct diff d = diff_make(before, after, &can);

	(void)state;
	assert_int_equal(d.count, 1);
	assert_string_equal(
		d.list[0].commands[0],
		"add server gw/n3 10.0.0.3:9092 check port 8888 weight 100 id 3 init-state down");
	diff_free(&d);
	d = diff_make(before, after, &VERSION_OLDEST);
	assert_non_null(strstr(d.list[0].why, "HAProxy 3.1 can have it wait"));
	diff_free(&d);
	cfg_free(after);
	after = sample(HEAD BACK " server n3 10.0.0.3:9092 id 3 init-state up\n");
	d = diff_make(before, after, &can);
	assert_string_equal(
		d.list[0].commands[0],
		"add server gw/n3 10.0.0.3:9092 check port 8888 weight 100 id 3 init-state up");
	diff_free(&d);
	cfg_free(before);
	cfg_free(after);
}

/* Every file of ours differs from itself in nothing, and all from one another in something. */
static void test_files(void **state)
{
	glob_t files;

	(void)state;
	assert_int_equal(glob("tests/golden/haproxy/*/haproxy.cfg", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct cfg *a = cfg_new(), *b = cfg_new();
		struct diff d;

		assert_true(cfg_read(a, files.gl_pathv[i]));
		assert_true(cfg_read(b, files.gl_pathv[i]));
		d = diff_make(a, b, &VERSION_OLDEST);
		assert_int_equal(d.count, 0);
		diff_free(&d);
		cfg_free(a);
		cfg_free(b);
	}
	globfree(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blind),	     cmocka_unit_test(test_settings),
		cmocka_unit_test(test_defaults),     cmocka_unit_test(test_rules),
		cmocka_unit_test(test_binds),	     cmocka_unit_test(test_servers),
		cmocka_unit_test(test_server_comes), cmocka_unit_test(test_server_waits),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
