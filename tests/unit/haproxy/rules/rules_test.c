/* Each pair in tests/golden/haproxy-rules: NN-name.bad.cfg breaks rule KNN and no other,
 * NN-name.good.cfg breaks none; what --fix can mend is mended, and what the files of
 * `haproxy generate` hold has no error or warning. */
#include "rules/rules.h"

#include "config/config.h"
#include "unit/haproxy/cfg/sample.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <unistd.h>

#define PAIRS "tests/golden/haproxy-rules/"

struct looked {
	struct cfg *cfg;
	struct findings findings;
};

static struct looked look(const char *path, const struct rule_facts *facts)
{
	struct looked l = { cfg_new(), { 0 } };

	assert_true(cfg_read(l.cfg, path));
	rules_check(l.cfg, facts, &l.findings);
	return l;
}

static void done(struct looked *l)
{
	findings_deinit(&l->findings);
	cfg_free(l->cfg);
}

/* "K02" of ".../02-no-inspect-delay.bad.cfg". */
static const struct rule *rule_of(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char id[8];
	const struct rule *rule;

	snprintf(id, sizeof id, "K%.2s", name);
	rule = rules_find(id);
	if (rule == NULL || strncmp(name + 3, rule->name, strlen(rule->name)) != 0)
		fail_msg("%s is not named after a rule", path);
	return rule;
}

static void is_the_only_one(const char *path, const struct looked *l, const struct rule *rule)
{
	if (l->findings.count == 0)
		fail_msg("%s: nothing found", path);
	for (size_t i = 0; i < l->findings.count; i++) {
		const struct finding *f = &l->findings.list[i];

		if (f->rule != rule)
			fail_msg("%s:%d: %s: %s", path, f->number, f->rule->id, f->what);
		assert_non_null(f->line);
		assert_true(f->number > 0);
		assert_string_equal(f->file, path);
	}
}

static void is_clean(const char *path, const struct looked *l)
{
	if (l->findings.count > 0)
		fail_msg("%s:%d: %s: %s", path, l->findings.list[0].number,
			 l->findings.list[0].rule->id, l->findings.list[0].what);
	if (l->cfg->mistake_count > 0)
		fail_msg("%s:%d: %s", path, l->cfg->mistakes[0].line, l->cfg->mistakes[0].what);
}

/* Mended, it is as good as the good one, and stays so when it is written and read.  Some need
 * the gateway's configuration for it. */
static void mends(const char *path, const struct rule_facts *facts,
		  const struct rule_facts *gateway)
{
	struct cfg *cfg = cfg_new();
	struct looked again = { cfg_new(), { 0 } };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_true(cfg_read(cfg, path));
	if (rules_fix(cfg, facts) == 0 && rules_fix(cfg, gateway) == 0)
		fail_msg("%s: not mended", path);
	cfg_print(cfg, 0, out);
	fclose(out);
	cfg_parse(again.cfg, path, text, size);
	rules_check(again.cfg, facts, &again.findings);
	is_clean(path, &again);
	free(text);
	done(&again);
	cfg_free(cfg);
}

/* The gateway's configuration for a file: its own, else the one of all. */
static struct config *gateway_of(const char *path)
{
	struct config *config;
	char own[512];

	snprintf(own, sizeof own, "%.*sconf", (int)strlen(path) - 3, path);
	config = config_load(access(own, F_OK) == 0 ? own : PAIRS "gateway.conf", stderr);
	assert_non_null(config);
	return config;
}

/* "# for HAProxy 3.0.11" as its first line; else not known. */
static struct version version_of(const char *path)
{
	struct version v = { 0 };
	char line[100] = "", *at;
	FILE *in = fopen(path, "r");

	assert_non_null(in);
	assert_non_null(fgets(line, sizeof line, in));
	fclose(in);
	line[strcspn(line, "\n")] = '\0';
	at = strstr(line, "# for HAProxy ");
	assert_true(at == NULL || version_parse(at + strlen("# for HAProxy "), &v));
	return v;
}

static void check_pair(const char *bad)
{
	const struct rule *rule = rule_of(bad);
	struct rule_facts facts = { .gateway = gateway_of(bad) }, of_good = { 0 };
	const struct rule_facts nothing = { .version = version_of(bad) };
	bool needs = rule->needs == RULE_GATEWAY;
	struct looked l = look(bad, needs ? &facts : &nothing);
	char good[512];

	is_the_only_one(bad, &l, rule);
	done(&l);
	if (rule->fix != NULL)
		mends(bad, needs ? &facts : &nothing, &facts);
	snprintf(good, sizeof good, "%.*sgood.cfg", (int)strlen(bad) - 7, bad);
	of_good.gateway = gateway_of(good);
	l = look(good, needs ? &of_good : &nothing);
	is_clean(good, &l);
	done(&l);
	config_free((struct config *)facts.gateway);
	config_free((struct config *)of_good.gateway);
}

static void test_pairs(void **state)
{
	glob_t bad;

	(void)state;
	assert_int_equal(glob(PAIRS "*.bad.cfg", 0, NULL, &bad), 0);
	for (size_t i = 0; i < bad.gl_pathc; i++)
		check_pair(bad.gl_pathv[i]);
	globfree(&bad);
}

/* Every rule that a file can show has a pair. */
static void test_all_have_a_pair(void **state)
{
	const struct rule *all[RULES_MAX];
	size_t count = rules_all(all);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		char path[256];
		glob_t found;

		assert_true(i == 0 || strcmp(all[i - 1]->id, all[i]->id) < 0);
		if (all[i]->needs == RULE_MACHINE || all[i]->needs == RULE_LIVE)
			continue;
		snprintf(path, sizeof path, PAIRS "%s-%s*.bad.cfg", all[i]->id + 1, all[i]->name);
		if (glob(path, 0, NULL, &found) != 0)
			fail_msg("%s %s has no pair of files", all[i]->id, all[i]->name);
		globfree(&found);
	}
}

static void test_generated(void **state)
{
	static const char *const patterns[] = { "tests/golden/haproxy/*/haproxy.cfg",
						"examples/*/haproxy.cfg" };
	const struct rule_facts nothing = { 0 };

	(void)state;
	for (size_t p = 0; p < ARRAY_LEN(patterns); p++) {
		glob_t files;

		assert_int_equal(glob(patterns[p], 0, NULL, &files), 0);
		for (size_t i = 0; i < files.gl_pathc; i++) {
			struct looked l = look(files.gl_pathv[i], &nothing);

			/* What `generate` has warned of itself. */
			if (strstr(files.gl_pathv[i], "/warned_") == NULL) {
				for (size_t k = 0; k < l.findings.count; k++) {
					const struct finding *f = &l.findings.list[k];

					if (f->severity != RULE_ADVICE)
						fail_msg("%s:%d: %s: %s", files.gl_pathv[i],
							 f->number, f->rule->id, f->what);
				}
			}
			done(&l);
		}
		globfree(&files);
	}
}

/* What HAProxy's machine lacks. */
static void test_machine(void **state)
{
	struct rule_facts facts = { .machine = true, .descriptors = 1000 };
	struct looked l = { sample("global\n\tmaxconn 4000\n\tchroot /nosuch/folder\n"
				   "\tstats socket /nosuch/run/ha.sock\n\tuser nosuchuser\n"
				   "\tcrt-base /nosuch\n\thard-stop-after 1m\n"
				   "listen l\n\tbind :443 ssl crt a.pem\n\tmode http\n"
				   "\ttimeout client 1m\n"),
			    { 0 } };

	(void)state;
	rules_check(l.cfg, &facts, &l.findings);
	assert_int_equal(l.findings.count, 5);
	assert_string_equal(l.findings.list[0].rule->id, "K17");
	assert_string_equal(l.findings.list[1].rule->id, "K48");
	assert_string_equal(l.findings.list[2].rule->id, "K48");
	assert_string_equal(l.findings.list[3].rule->id, "K49");
	assert_string_equal(l.findings.list[4].rule->id, "K32");
	assert_string_equal(l.findings.list[4].what, "`crt a.pem`: there is no such file");
	done(&l);
}

/* A mended file keeps what it does not concern: comments, indentation, other sections. */
static void test_fix_keeps_the_rest(void **state)
{
	struct cfg *cfg = sample("global # one\n\thard-stop-after 5m\ndefaults\n\tmode tcp\n"
				 "\ttimeout connect 3s\n\ttimeout client 11m # long\n"
				 "\ttimeout server 40s   # too short\nlisten k\n\tbind :9092\n"
				 "  # nodes\n\tserver a 10.0.0.1:9092\n");
	const struct rule_facts nothing = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out;

	(void)state;
	assert_int_equal(rules_fix(cfg, &nothing), 1);
	out = open_memstream(&text, &size);
	cfg_print(cfg, 0, out);
	fclose(out);
	assert_string_equal(text, "global # one\n\thard-stop-after 5m\ndefaults\n\tmode tcp\n"
				  "\ttimeout connect 3s\n\ttimeout client 11m # long\n"
				  "\ttimeout server 11m # too short\nlisten k\n\tbind :9092\n"
				  "  # nodes\n\tserver a 10.0.0.1:9092\n");
	free(text);
	cfg_free(cfg);
}

/* Of a file that is looked at alone: what the rule says of the line. */
static void assert_says(const struct looked *l, const char *id, int line, const char *what)
{
	for (size_t i = 0; i < l->findings.count; i++) {
		const struct finding *f = &l->findings.list[i];

		if (strcmp(f->rule->id, id) == 0 && f->number == line) {
			assert_string_equal(f->what, what);
			return;
		}
	}
	fail_msg("%s says nothing of line %d", id, line);
}

/* Words of HAProxy 1.x: both rules say what has taken their place, and it is put there. */
static void test_gone_words(void **state)
{
	const struct rule_facts nothing = { 0 };
	struct looked l = {
		sample("global\n\thard-stop-after 5m\ndefaults\n\tmode tcp\n"
		       "\tcontimeout 4s # as ever\n\tclitimeout 11m\n\ttimeout server 11m\n"
		       "listen k\n\tbind :9092\n\tbalence leastconn\n\tnosuchthing 1\n"
		       "\tmonitor-net 10.0.0.0/8\n\tserver a 10.0.0.1:9092\n"),
		{ 0 }
	};
	char *text = NULL;
	size_t size;
	FILE *out;

	(void)state;
	rules_check(l.cfg, &nothing, &l.findings);
	assert_says(&l, "K56", 5,
		    "HAProxy no longer knows `contimeout`: `timeout connect` has taken its place");
	assert_says(&l, "K56", 6,
		    "HAProxy no longer knows `clitimeout`: `timeout client` has taken its place");
	assert_says(
		&l, "K15", 8,
		"k has no `timeout client`, which has taken the place of `clitimeout` (line 6)");
	assert_says(&l, "K56", 10, "HAProxy knows no keyword `balence`; `balance` may be meant");
	assert_says(&l, "K56", 11, "HAProxy knows no keyword `nosuchthing` here");
	assert_says(
		&l, "K56", 12,
		"HAProxy no longer knows `monitor-net`: `http-request return status 200 if { src "
		"NETWORK }` has taken its place");
	assert_int_equal(rules_fix(l.cfg, &nothing), 2);
	out = open_memstream(&text, &size);
	cfg_print(l.cfg, 0, out);
	fclose(out);
	assert_non_null(strstr(text, "\n\ttimeout connect 4s # as ever\n\ttimeout client 11m\n"
				     "\ttimeout server 11m\n"));
	assert_non_null(strstr(text, "\n\tbalence leastconn\n")); /* who knows what was meant */
	free(text);
	done(&l);
}

/* There is no place for what is missing: it is made, and the file's own comments stay where they
 * belong. */
static void test_fix_without_global(void **state)
{
	static const char rest[] = "# clients are patient\ndefaults\n    mode tcp\n"
				   "    timeout connect 3s\n    timeout client 11m\n"
				   "    timeout server 11m\nlisten k\n    bind :9092\n"
				   "    server a 10.0.0.1:9092\n";
	static const char *const heads[] = { "", "# ours\n\n" };
	const struct rule_facts nothing = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		char *before = mem_printf("%s%s", heads[i], rest), *text = NULL, *want;
		struct cfg *cfg = sample(before);
		size_t size;
		FILE *out = open_memstream(&text, &size);

		assert_int_equal(rules_fix(cfg, &nothing), 1);
		cfg_print(cfg, 0, out);
		fclose(out);
		want = mem_printf("%sglobal\n    hard-stop-after 30m\n\n%s", heads[i], rest);
		assert_string_equal(text, want);
		free(want);
		free(text);
		free(before);
		cfg_free(cfg);
	}
}

#define KAFKA_DEFAULTS                                                               \
	"global\n\thard-stop-after 5m\ndefaults\n\tmode tcp\n\ttimeout connect 3s\n" \
	"\ttimeout client 12m\n\ttimeout server 12m\n"

/* Ways on which a client's name is lost, or is not its own. */
static void test_names(void **state)
{
	const struct rule_facts nothing = { 0 }, mended = { .version = { 3, 2, 26 } };
	struct looked l = { sample(KAFKA_DEFAULTS
				   "listen a\n\tbind :9092 ssl crt k ca-file x verify optional\n"
				   "\tbind :9192 accept-proxy\n"
				   "\tbind :9292 ssl crt k ca-file @system-ca verify required\n"
				   "\tserver n 10.0.0.1:9092 send-proxy-v2-ssl-cn\n"
				   "listen b\n\tbind :9392 ssl crt k ca-file x verify optional\n"
				   "\tserver m 10.0.0.2:9092 send-proxy\n"),
			    { 0 } };
	size_t all;

	(void)state;
	rules_check(l.cfg, &nothing, &l.findings);
	assert_says(
		&l, "K74", 9,
		"clients of a may leave their certificate out, and then have no name at the nodes "
		"of a");
	assert_says(
		&l, "K74", 10,
		"clients of a have no name at the nodes of a: what the load balancer before has "
		"seen of their certificates HAProxy does not pass on");
	assert_says(
		&l, "K75", 11,
		"`ca-file @system-ca`: the nodes of a are told any name that a public authority has "
		"signed");
	assert_says(
		&l, "K77", 9,
		"a TLS session that began at a (line 11) is taken up here, with the certificate "
		"that was shown there, or without one");
	assert_says(
		&l, "K73", 15,
		"server m is told who connects and not the name in the certificate that b asks for");
	all = l.findings.count;
	findings_deinit(&l.findings);
	rules_check(l.cfg, &mended, &l.findings);
	assert_int_equal(l.findings.count, all - 3); /* K77 of three binds */
	done(&l);
}

/* Two listeners in one file: what is wrong for one of them has its name, what is wrong for both has none, and
 * neither is judged by the other's frontend, though clients are told the same ports. */
static void test_each_listener(void **state)
{
	static const struct rule_facts nothing = { 0 };
	struct config *inside = gateway_of(PAIRS "84-tls-ends-elsewhere-with-plain-nodes.bad.cfg");
	struct config *outside = gateway_of(PAIRS "84-tls-ends-elsewhere.bad.cfg");
	const struct config *both[] = { inside, outside };
	struct looked l = {
		sample(KAFKA_DEFAULTS
		       "\toption redispatch 1\n"
		       "frontend i\n\tbind 127.0.0.1:9092-9095\n\tdefault_backend bi\n"
		       "frontend o\n\tbind 127.0.0.2:9092-9095\n\tdefault_backend bo\n"
		       "backend bi\n\tbalance leastconn\n"
		       "\tserver n 10.0.0.1 id 1 ssl verify required ca-file c verifyhost n\n"
		       "backend bo\n\tbalance leastconn\n\tserver n 10.0.0.1 id 1\n"),
		{ 0 }
	};

	(void)state;
	inside->listener.name = "inside";
	outside->listener.name = "outside";
	free(inside->haproxy_listen_host);
	free(outside->haproxy_listen_host);
	inside->haproxy_listen_host = mem_strdup("127.0.0.1");
	outside->haproxy_listen_host = mem_strdup("127.0.0.2");
	free(outside->listener.advertised_host);
	outside->listener.advertised_host = mem_strdup("127.0.0.2");
	inside->idle_timeout_ms = outside->idle_timeout_ms = 13 * 60000;
	rules_check_each(l.cfg, &nothing, both, 2, &l.findings);
	assert_says(&l, "K84", 17,
		    "server n gets TLS, and the nodes speak none (gateway.security_protocol): "
		    "something that ends it must stand before each, by listener inside");
	assert_says(
		&l, "K63", 6,
		"`timeout client 12m` is not above gateway.timeouts.idle (780 s): HAProxy closes "
		"first, and without the node's order");
	assert_int_equal(l.findings.count, 3);
	inside->listener.name = outside->listener.name = NULL;
	config_free(inside);
	config_free(outside);
	done(&l);
}

/* What the nodes are told is theirs to believe. */
static void test_believed(void **state)
{
	struct config *gateway = gateway_of(PAIRS "80-header-of-anyone.bad.cfg");
	struct rule_facts facts = { .gateway = gateway };
	struct looked l = { sample(KAFKA_DEFAULTS "listen a\n\tbind 127.0.0.1:9092-9095\n"
						  "\tserver n 10.0.0.1 send-proxy-v2\n"
						  "\tserver m 10.0.0.2\n"),
			    { 0 } };

	(void)state;
	assert_int_equal(gateway->proxy_trusted_count, 1);
	gateway->proxy_trusted[0].bits += 8;
	gateway->listener.proxy_protocol = PROXY_ALLOW;
	rules_check(l.cfg, &facts, &l.findings);
	assert_says(&l, "K80", 10,
		    "server n believes PROXY headers of a whole network, and of every client in it "
		    "(gateway.proxy_trusted)");
	assert_says(
		&l, "K62", 11,
		"server m gets no PROXY header, and gateway.proxy_protocol is \"allow\": to the "
		"nodes every client has HAProxy's address, and one that writes a header itself is "
		"believed");
	config_free(gateway);
	done(&l);
}

#define LISTEN "listen a\n\tbind 127.0.0.1:9092-9095\n"
#define RACKS                                                                               \
	"frontend f\n\tbind 127.0.0.1:9092-9095\n\tuse_backend za if { src 10.1.0.0/16 }\n" \
	"\tdefault_backend zb\nbackend za\n\tserver n1 10.0.0.1\n"

/* Whether servers are the nodes: n1 to n3, at 10.0.0.1 to 10.0.0.3.  What the rule says, line by line. */
static const struct {
	const char *cfg, *says[3];
} servers[] = {
	{ LISTEN "\tserver n1 10.0.0.1\n\tserver n2 10.0.0.2\n",
	  { "clients are led to no server line for node n3 of haproxy.nodes, at 10.0.0.3" } },

	/* a backend a rack */
	{ RACKS "backend zb\n\tserver n2 10.0.0.2\n\tserver n3 10.0.0.3\n", { NULL } },
	{ RACKS "backend zb\n\tserver n2 10.0.0.2\n",
	  { "clients are led to no server line for node n3 of haproxy.nodes, at 10.0.0.3" } },
	{ "frontend f\n\tbind 127.0.0.1:9092-9095\n\tuse_backend %[src,map(/m)]\n"
	  "\tdefault_backend za\nbackend za\n\tserver n1 10.0.0.1\n",
	  { NULL } },

	/* a name in the DNS may be any node's, and is not one that has a line of its own */
	{ LISTEN "\tserver gw1 gw1.example\n\tserver n2 10.0.0.2\n\tserver n3 10.0.0.3\n",
	  { NULL } },
	{ LISTEN "\tserver n1 gw1.example\n\tserver n2 10.0.0.2\n",
	  { "clients are led to no server line for node n3 of haproxy.nodes, at 10.0.0.3",
	    "server n1 goes to gw1.example, and haproxy.nodes has it at 10.0.0.1" } },
	{ LISTEN "\tserver n1 10.0.0.1\n\tserver n2 10.0.0.2\n\tserver gw3 10.0.0.9\n",
	  { "clients are led to no server line for node n3 of haproxy.nodes, at 10.0.0.3",
	    "server gw3 at 10.0.0.9 is none of haproxy.nodes" } },

	/* known when HAProxy starts, or later */
	{ LISTEN "\tserver gw1 \"${GW1}\":9092\n\tserver n2 10.0.0.2\n\tserver n3 10.0.0.3\n",
	  { NULL } },
	{ LISTEN "\tserver-template gw 3 gw.example\n", { NULL } },
};

static void test_servers(void **state)
{
	struct config *gateway = gateway_of(PAIRS "83-servers-are-not-the-nodes.bad.cfg");
	const struct rule_facts facts = { .gateway = gateway };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		char *text = mem_printf("%s%s", KAFKA_DEFAULTS, servers[i].cfg);
		struct looked l = { sample(text), { 0 } };
		size_t said = 0;

		rules_check(l.cfg, &facts, &l.findings);
		for (size_t k = 0; k < l.findings.count; k++) {
			const struct finding *f = &l.findings.list[k];

			if (strcmp(f->rule->id, "K83") != 0)
				continue;
			if (said == 3 || servers[i].says[said] == NULL)
				fail_msg("%s: %s", servers[i].cfg, f->what);
			assert_string_equal(f->what, servers[i].says[said++]);
		}
		if (said < 3 && servers[i].says[said] != NULL)
			fail_msg("%s: does not say: %s", servers[i].cfg, servers[i].says[said]);
		done(&l);
		free(text);
	}
	config_free(gateway);
}

/* Where nobody reads from followers, nobody minds in which zone a client is. */
static void test_no_followers(void **state)
{
	static const char *const files[] = { PAIRS "82-zone-of-another-rack.bad.cfg",
					     PAIRS "82-zone-of-another-rack-by-listener.bad.cfg" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct config *gateway = gateway_of(files[i]);
		const struct rule_facts facts = { .gateway = gateway };
		struct looked l;

		gateway->follower_reads = false;
		l = look(files[i], &facts);
		is_clean(files[i], &l);
		done(&l);
		config_free(gateway);
	}
}

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(rules_find("k02"), rules_find("no-inspect-delay"));
	assert_non_null(rules_find("K02"));
	assert_null(rules_find("K99"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_all_have_a_pair),
		cmocka_unit_test(test_generated),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_fix_keeps_the_rest),
		cmocka_unit_test(test_gone_words),
		cmocka_unit_test(test_fix_without_global),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_each_listener),
		cmocka_unit_test(test_believed),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_no_followers),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
