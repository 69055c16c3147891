#include "plans.h"

/* Changes the configuration or the plan so that one finding is due. */
struct contradiction {
	const char *finding; /* NULL: there must be none */
	size_t refused;
	void (*config)(struct config *config);
	void (*plan)(struct haproxy_plan *plan);
};

static struct config_node twins[] = { { (char *)"n1", (char *)"10.0.0.1", 8888 },
				      { (char *)"n1", (char *)"10.0.0.2", 8888 } };
static struct config_node same_address[] = { { (char *)"n1", (char *)"10.0.0.1", 8888 },
					     { (char *)"n2", (char *)"10.0.0.1", 8889 } };
static struct config_node injected[] = { { (char *)"n1", (char *)"10.0.0.1 ssl", 8888 } };
static struct config_node bad_name[] = { { (char *)"n 1", (char *)"10.0.0.1", 8888 } };
static struct config_node everywhere[] = { { (char *)"n1", (char *)"0.0.0.0", 8888 } };
static struct config_node by_name[] = { { (char *)"n1", (char *)"node.example", 8888 } };
static struct config_node check_on_kafka[] = { { (char *)"n1", (char *)"10.0.0.1", 9094 } };
static struct config_node local[] = { { (char *)"n1", (char *)"127.0.0.2", 8888 } };
static struct config_node beyond[] = { { (char *)"n1", (char *)"10.0.0.1", 70000 } };
static struct config_net wide_net[] = { { { { { 0 } } }, 0 } };
static struct config_net loopback_nets[] = {
	{ { { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127 } } }, 104 },
	{ { { { [15] = 1 } } }, 128 }
};

#define NODES(array) (c->nodes = (array), c->node_count = ARRAY_LEN(array))
static void no_nodes(struct config *c)
{
	c->node_count = 0;
}
static void two_names(struct config *c)
{
	NODES(twins);
}
static void two_addresses(struct config *c)
{
	NODES(same_address);
}
static void injection(struct config *c)
{
	NODES(injected);
}
static void spaced_name(struct config *c)
{
	NODES(bad_name);
}
static void any_address(struct config *c)
{
	NODES(everywhere);
}
static void named_node(struct config *c)
{
	NODES(by_name);
}
static void kafka_check(struct config *c)
{
	NODES(check_on_kafka);
}
static void local_node(struct config *c)
{
	NODES(local);
}
static void http_beyond(struct config *c)
{
	NODES(beyond);
}
static void own_address(struct config *c)
{
	c->haproxy_listen_host = (char *)"10.0.0.1";
}
static void listen_words(struct config *c)
{
	c->haproxy_listen_host = (char *)"0.0.0.0 ssl";
}
static void no_count(struct config *c)
{
	c->port_count = 0;
}
static void past_the_end(struct config *c)
{
	c->haproxy_listen_port = 65533;
}
static void nodes_past_the_end(struct config *c)
{
	c->port_start = 65533;
}
static void advertised_elsewhere(struct config *c)
{
	c->advertised_port = 9095;
}
static void advertised_address(struct config *c)
{
	c->advertised_host = (char *)"10.9.9.9";
	c->haproxy_listen_host = (char *)"10.9.9.8";
}
static void only_loopback(struct config *c)
{
	c->haproxy_listen_host = (char *)"127.0.0.1";
}
static void internal(struct config *c)
{
	c->internal_load_balancing = true;
}
static void limited(struct config *c)
{
	c->max_connections_per_address = 7;
}
static void limited_with_proxy(struct config *c)
{
	c->max_connections_per_address = 7;
	c->proxy_protocol = PROXY_REQUIRE;
	c->proxy_trusted = wide_net;
	c->proxy_trusted_count = 1;
}
static void distrustful(struct config *c)
{
	c->proxy_protocol = PROXY_ALLOW;
	c->proxy_trusted = loopback_nets;
	c->proxy_trusted_count = 2;
}
static void patient(struct config *c)
{
	c->idle_timeout_ms = INT32_MAX - 59999;
}
static void patient_enough(struct config *c)
{
	c->idle_timeout_ms = INT32_MAX - 60000;
}

/* A setter's refusal would hide what is to be tested. */
#define SET(call) assert_null(call)
static void page_for_all(struct haproxy_plan *p)
{
	SET(model_set_stats_page(p, "0.0.0.0:80"));
}
static void page_on_kafka(struct haproxy_plan *p)
{
	SET(model_set_stats_page(p, "[::1]:9093"));
}
static void page_beside(struct haproxy_plan *p)
{
	SET(model_set_stats_page(p, "[::1]:9097"));
}
static void too_many(struct haproxy_plan *p)
{
	SET(model_set_maxconn(p, "20000"));
}
static void more_than_nodes(struct haproxy_plan *p)
{
	SET(model_set_maxconn(p, "2001"));
}
static void no_room(struct haproxy_plan *p)
{
	SET(model_set_fd_limit(p, "300"));
}
static void wider(struct haproxy_plan *p)
{
	SET(model_set_listen(p, "0.0.0.0:9092-9097"));
}
static void narrower(struct haproxy_plan *p)
{
	SET(model_set_listen(p, "0.0.0.0:9092-9095"));
}
static void doubly_sticky(struct haproxy_plan *p)
{
	SET(model_set_balance(p, "source"));
	SET(model_set_stickiness(p, "source"));
}
static void sticky_port(struct haproxy_plan *p)
{
	SET(model_set_stickiness(p, "port"));
}
static void two_ports(struct config *c)
{
	c->port_count = 2;
}
static void one_port(struct config *c)
{
	c->port_count = 1;
}
static void two_ports_three_nodes(struct haproxy_plan *p)
{
	sticky_port(p);
	SET(model_add_node(p, "a=10.0.0.1"));
	SET(model_add_node(p, "b=10.0.0.2"));
	SET(model_add_node(p, "c=10.0.0.3"));
}
static void one_port_one_node(struct haproxy_plan *p)
{
	sticky_port(p);
	SET(model_add_node(p, "a=10.0.0.1"));
}
static void few_source_ports(struct haproxy_plan *p)
{
	SET(model_set_fd_limit(p, "1000000"));
	SET(model_set_maxconn(p, "200000"));
}

static const struct contradiction contradictions[] = {
	{ NULL, 0, NULL, NULL },
	{ NULL, 0, NULL, page_beside },
	{ NULL, 0, limited_with_proxy, NULL },
	{ NULL, 0, patient_enough, NULL },
	{ NULL, 0, two_ports, sticky_port },
	{ NULL, 0, one_port, one_port_one_node },
	{ "refused: with --stickiness port and a single port", 1, one_port, sticky_port },
	{ "warning: --stickiness port has 2 ports for 3 nodes: at least 1 nodes", 0, two_ports,
	  two_ports_three_nodes },
	{ "warning: --balance source keeps", 0, NULL, doubly_sticky },
	{ "refused: there is no node", 1, no_nodes, NULL },
	{ "refused: two nodes have the name n1", 1, two_names, NULL },
	{ "refused: nodes n1 and n2 have the same address", 1, two_addresses, NULL },
	{ "refused: node n1: host \"10.0.0.1 ssl\"", 1, injection, NULL },
	{ "refused: node \"n 1\": a node's name", 1, spaced_name, NULL },
	{ "refused: node n1: host \"0.0.0.0\" stands for every", 1, any_address, NULL },
	{ "refused: node n1: HTTP port 70000", 1, http_beyond, NULL },
	{ "refused: node n1: HTTP port 9094 is one of its Kafka ports", 1, kafka_check, NULL },
	{ "refused: node n1 has HAProxy's own address", 1, own_address, NULL },
	{ "refused: node n1 is on this machine", 1, local_node, NULL },
	{ "refused: HAProxy's listen host", 1, listen_words, NULL },
	{ "refused: gateway.port_count is 0", 1, no_count, NULL },
	{ "refused: HAProxy's ports 65533-65537 go beyond", 1, past_the_end, NULL },
	{ "refused: HAProxy's ports 9092-9096 lead to the nodes' ports 65533-65537", 1,
	  nodes_past_the_end, NULL },
	{ "refused: gateway.limits.connections_per_address is 7", 1, limited, NULL },
	{ "refused: gateway.timeouts.idle", 1, patient, NULL },
	{ "refused: the statistics page on 0.0.0.0", 1, NULL, page_for_all },
	{ "refused: the statistics page's port 9093", 1, NULL, page_on_kafka },
	{ "refused: --maxconn 20000 needs ", 1, NULL, too_many },
	{ "refused: not one client fits into 300", 1, NULL, no_room },
	{ "warning: HAProxy takes 2001 clients, but the nodes together only 2000", 0, NULL,
	  more_than_nodes },
	{ "warning: with one node left", 0, NULL, few_source_ports },
	{ "warning: node n1 is given by name", 0, named_node, NULL },
	{ "warning: clients are told the ports 9095-9099, but HAProxy listens on 9092-9096", 0,
	  advertised_elsewhere, NULL },
	{ "warning: clients are told the ports 9092-9096, but HAProxy listens on 9092-9095", 0,
	  NULL, narrower },
	{ "warning: HAProxy's ports 9092-9097 lead to the nodes' ports 9092-9097, but", 0, NULL,
	  wider },
	{ "warning: clients are told the address 10.9.9.9", 0, advertised_address, NULL },
	{ "warning: clients are told the host kafka.example, but", 0, only_loopback, NULL },
	{ "warning: internal load balancing is on", 0, internal, NULL },
	{ "warning: node n1 gets PROXY headers", 0, distrustful, NULL },
};

static void finds_each_contradiction(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(contradictions); i++) {
		const struct contradiction *c = &contradictions[i];
		struct config config = plans_config();
		struct haproxy_plan *plan;
		size_t refused;
		char *text;

		if (c->config != NULL)
			c->config(&config);
		plan = model_new(&config);
		if (c->plan != NULL)
			c->plan(plan);
		text = plans_findings(plan, &refused);
		if (c->finding == NULL)
			assert_string_equal(text, "");
		else if (strstr(text, c->finding) == NULL)
			fail_msg("%s: %s", c->finding, text);
		if (refused != c->refused)
			fail_msg("%s: %zu refused: %s", c->finding, refused, text);
		free(text);
		model_free(plan);
	}
}

static void says_all_at_once(void **state)
{
	struct config config = plans_config();
	struct haproxy_plan *plan;
	size_t refused;
	char *text;

	(void)state;
	two_addresses(&config);
	limited(&config);
	patient(&config);
	plan = model_new(&config);
	page_for_all(plan);
	text = plans_findings(plan, &refused);
	assert_int_equal(refused, 4);
	free(text);
	model_free(plan);
}

static void asks_for_the_range_when_nothing_tells_it(void **state)
{
	struct haproxy_plan *plan = model_new(NULL);
	size_t refused;
	char *text;

	(void)state;
	assert_null(model_add_node(plan, "n1=10.0.0.1:8888"));
	assert_null(model_set_listen(plan, "0.0.0.0:9092"));
	text = plans_findings(plan, &refused);
	assert_int_equal(refused, 1);
	assert_non_null(strstr(text, "refused: the number of ports is not known"));
	free(text);
	model_free(plan);
}

static void other_ports_on_the_same_machine_are_fine(void **state)
{
	struct config config = plans_config();
	struct haproxy_plan *plan;
	size_t refused;
	char *text;

	(void)state;
	local_node(&config);
	config.port_start = 6969;
	plan = model_new(&config);
	text = plans_findings(plan, &refused);
	assert_string_equal(text, "");
	free(text);
	model_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_contradiction),
		cmocka_unit_test(says_all_at_once),
		cmocka_unit_test(asks_for_the_range_when_nothing_tells_it),
		cmocka_unit_test(other_ports_on_the_same_machine_are_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
