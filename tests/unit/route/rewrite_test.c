#include "route/rewrite.h"

#include "messages.h"
#include "topology/snapshot_build.h"
#include "util/mem.h"

static const char gateway_host[] = "gateway.example";
static const char broker_host[] = "kafka-7.internal";

enum { FIRST_PORT = 7000, BROKER_PORT = 0x5a5b, LEADERS = 4, THROTTLE = 350 };

/* Brokers 1, 2, 3 and 20 and what an answer says of them. */
static const int32_t brokers[] = { 1, 2, 3, 20 };
static const int32_t leaders[LEADERS] = { 20, 1, -1, 3 };
/* The replicas of each partition; fewer are in sync. */
static const int32_t replicas[] = { 20, 1, 3, -1 };

enum { REPLICA_COUNT = 4, IN_SYNC = 2 };

static bool fill(void *ctx, const struct encode_field *f, struct encode_value *v)
{
	static const uint8_t topic[] = "orders", rack[] = "rack";
	const int32_t *nodes = ctx; /* FindCoordinator: one a key, or the one */
	uint32_t i = f->depth > 0 ? f->index[f->depth - 1] : 0;
	int32_t node = encode_in(f) == BROKERS ? brokers[i] : nodes[i];

	if (f->is_element && encode_in(f) == NODE_IDS) {
		v->number = replicas[f->index[f->depth - 1]];
		return true;
	}
	switch (f->is) {
	case NODE_IDS:
		v->number = strcmp(f->row->name, "replica_nodes") == 0 ? REPLICA_COUNT : IN_SYNC;
		return true;
	case THROTTLE_MS:
		v->number = THROTTLE;
		return true;
	case BROKERS:
	case PARTITIONS:
		v->number = LEADERS;
		return true;
	case KEYS:
		v->number = 3;
		return true;
	case TOPICS:
		v->number = 1;
		return true;
	case NODE_ID:
		v->number = node;
		return true;
	case HOST:
		v->bytes = (const uint8_t *)broker_host; /* of no node too, which brokers don't */
		v->len = sizeof broker_host - 1;
		return true;
	case PORT:
		v->number = BROKER_PORT;
		return true;
	case RACK:
		v->bytes = rack;
		v->len = 4;
		return true;
	case CONTROLLER_ID:
		v->number = 20;
		return true;
	case TOPIC_NAME:
		v->bytes = topic;
		v->len = 6;
		return true;
	case PARTITION:
		v->number = i;
		return true;
	case LEADER_ID:
		v->number = leaders[i];
		return true;
	case LEADER_EPOCH:
		v->number = 40 + i;
		return true;
	default:
		return false;
	}
}

struct seen {
	struct listener listener;
	struct advertising advertising;
	struct snapshot *snapshot;
	struct arena arena;
	struct gather g;
	unsigned topics, clusters; /* news */
	int64_t throttle;
	/* read back */
	int32_t nodes[8], ports[8], partition_leaders[8], controller;
	char hosts[8][64];
	uint32_t node_count, leader_count;
	uint32_t full, in_sync; /* lists of replicas, by their lengths */
};

static void on_topic(void *owner, const uint8_t *name, uint32_t len)
{
	assert_int_equal(len, 6);
	assert_memory_equal(name, "orders", 6);
	((struct seen *)owner)->topics++;
}

static void on_cluster(void *owner)
{
	((struct seen *)owner)->clusters++;
}

static void on_throttle(void *owner, int64_t ms)
{
	((struct seen *)owner)->throttle += ms;
}

static void begin(struct seen *s, enum advertise_mode mode, int port_count, size_t known)
{
	static char host[sizeof gateway_host];
	struct topic *t;

	memcpy(host, gateway_host, sizeof host);
	*s = (struct seen){ .listener = { .advertised_host = host,
					  .advertised_port = FIRST_PORT,
					  .advertised_mode = mode,
					  .min_broker_id = 1 } };
	s->advertising = (struct advertising){ &s->listener, port_count };
	s->snapshot = snapshot_new(NULL);
	s->snapshot->brokers = mem_zalloc(4 * sizeof *s->snapshot->brokers);
	s->snapshot->broker_count = known;
	for (size_t i = 0; i < known; i++)
		s->snapshot->brokers[i].id = brokers[i];
	t = snapshot_add_topic(s->snapshot, "orders", 6, (uint8_t[16]){ 0 }, LEADERS);
	for (int i = 0; i < LEADERS; i++)
		t->partitions[i].leader = leaders[i];
	arena_init(&s->arena);
	gather_init(&s->g, &s->arena);
}

static void end(struct seen *s)
{
	snapshot_unref(s->snapshot);
	arena_deinit(&s->arena);
}

static void read_replicas(struct seen *s, const struct walk_event *e)
{
	s->full += e->number == REPLICA_COUNT;
	s->in_sync += e->number == IN_SYNC;
	for (int64_t i = 0; i < e->number; i++) {
		int32_t told = replicas[i];
		struct advertised as;

		if (told >= 0 && advertise_broker(&s->advertising, s->snapshot, told, &as))
			told = as.id;
		assert_int_equal((int32_t)wire_get32(e->bytes + 4 * i), told);
	}
}

static void read_back(struct seen *s, const struct kapi *api, int version)
{
	const uint8_t *body = gathered(&s->g);
	struct walk w;
	struct walk_event e;
	enum walk_result got;

	walk_init(&w, api_plan(api, version, RESPONSE), (uint32_t)s->g.size);
	walk_input(&w, body, s->g.size);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.kind != WALK_VALUE)
			continue;
		if (e.is == NODE_ID) {
			s->nodes[s->node_count++] = (int32_t)e.number;
		} else if (e.is == HOST) {
			memcpy(s->hosts[s->node_count - 1], e.bytes, e.len);
		} else if (e.is == PORT) {
			s->ports[s->node_count - 1] = (int32_t)e.number;
		} else if (e.is == LEADER_ID) {
			s->partition_leaders[s->leader_count++] = (int32_t)e.number;
		} else if (e.is == LEADER_EPOCH) {
			assert_int_equal(e.number, 40 + s->leader_count - 1);
		} else if (e.is == NODE_IDS) {
			read_replicas(s, &e);
		} else if (e.is == CONTROLLER_ID) {
			s->controller = (int32_t)e.number;
		}
	}
	assert_int_equal(got, WALK_DONE);
	assert_int_equal(w.pos, s->g.size);
}

static bool try_bytes(struct seen *s, const struct kapi *api, int version, uint8_t *body,
		      uint32_t size)
{
	const struct rewrite_news news = { on_topic, on_cluster, on_throttle, s };
	const struct rewrite of = { .api = api,
				    .version = version,
				    .body = body,
				    .size = size,
				    .advertising = &s->advertising,
				    .snapshot = s->snapshot,
				    .news = &news };

	return rewrite_answer(&s->g, &of);
}

static bool try_rewrite(struct seen *s, const struct kapi *api, int version, const int32_t *nodes,
			struct buf *body)
{
	buf_init(body, MESSAGE_MAX);
	assert_true(encode_message(api, version, RESPONSE, fill, (void *)(uintptr_t)nodes, body));
	return try_bytes(s, api, version, body->data, (uint32_t)body->len);
}

/* For several clients: the front from its own bytes alone, and what is behind it once. */
static void assert_same_in_two_pieces(struct seen *s, const struct kapi *api, int version,
				      const int32_t *nodes)
{
	struct rewrite of = { .api = api,
			      .version = version,
			      .advertising = &s->advertising,
			      .snapshot = s->snapshot };
	struct gather whole;
	struct buf body;
	uint8_t *front;
	uint32_t n;

	buf_init(&body, MESSAGE_MAX);
	assert_true(encode_message(api, version, RESPONSE, fill, (void *)(uintptr_t)nodes, &body));
	of.body = body.data;
	of.size = (uint32_t)body.len;
	n = rewrite_front_size(&of);
	assert_int_equal(n > 0, api->key == KEY_METADATA || api->key == KEY_DESCRIBE_CLUSTER);
	if (n > 0) {
		front = mem_alloc(n);
		memcpy(front, body.data, n);
		of.body = front;
		gather_init(&whole, &s->arena);
		assert_true(rewrite_front(&whole, &of, n));
		of.body = body.data;
		assert_true(rewrite_rest(&whole, &of, n));
		assert_int_equal(whole.size, s->g.size);
		assert_memory_equal(gathered(&whole), gathered(&s->g), whole.size);
		free(front);
	}
	buf_deinit(&body);
}

static void rewrite(struct seen *s, const struct kapi *api, int version, const int32_t *nodes)
{
	static const uint8_t port[] = { 0, 0, BROKER_PORT >> 8, BROKER_PORT & 0xff };
	struct buf body;

	assert_true(try_rewrite(s, api, version, nodes, &body));
	assert_null(memmem(gathered(&s->g), s->g.size, broker_host, sizeof broker_host - 1));
	assert_null(memmem(gathered(&s->g), s->g.size, port, sizeof port));
	read_back(s, api, version);
	assert_same_in_two_pieces(s, api, version, nodes);
	buf_deinit(&body);
}

/* Each partition has its lists, as long as they were; by what advertise_test.c tests. */
static void assert_replicas(const struct seen *s, const struct kapi *api, int version)
{
	uint32_t partitions = api->key == KEY_METADATA ? LEADERS : 0;

	assert_int_equal(s->full, partitions);
	assert_int_equal(s->in_sync, partitions * (version < 5 ? 1 : 2));
}

static void assert_node(const struct seen *s, uint32_t i, int32_t id, int32_t port)
{
	assert_true(i < s->node_count);
	assert_int_equal(s->nodes[i], id);
	assert_int_equal(s->ports[i], port);
	assert_string_equal(s->hosts[i], gateway_host);
}

static const int32_t no_nodes[4] = { 0 };

/* Broker 20 has a port of its own. */
static void check_ports(const struct kapi *api, int version)
{
	struct seen s;

	begin(&s, ADVERTISE_PORTS, 22, 4);
	rewrite(&s, api, version, no_nodes);
	assert_replicas(&s, api, version);
	assert_int_equal(s.node_count, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_node(&s, i, brokers[i], FIRST_PORT + brokers[i] - 1);
	for (uint32_t i = 0; i < s.leader_count; i++)
		assert_int_equal(s.partition_leaders[i], leaders[i]);
	if (version > 0 || api->key != 3)
		assert_int_equal(s.controller, 20);
	assert_int_equal(s.topics + s.clusters, 0);
	end(&s);
}

/* Broker 20 has none: it is not listed, and what it leads another leads. */
static void check_represented(const struct kapi *api, int version)
{
	struct advertised other;
	struct seen s;

	begin(&s, ADVERTISE_PORTS, 5, 4);
	rewrite(&s, api, version, no_nodes);
	assert_replicas(&s, api, version);
	assert_true(advertise_broker(&s.advertising, s.snapshot, 20, &other));
	assert_int_equal(s.node_count, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_node(&s, i, brokers[i], FIRST_PORT + brokers[i] - 1);
	if (s.leader_count > 0) {
		assert_int_equal(s.partition_leaders[0], other.id);
		assert_int_equal(s.partition_leaders[1], 1);
		assert_int_equal(s.partition_leaders[2], -1);
		assert_int_equal(s.partition_leaders[3], 3);
	}
	if (version > 0 || api->key != 3)
		assert_int_equal(s.controller, other.id);
	assert_int_equal(s.topics + s.clusters, 0);
	end(&s);
}

static void check_single(const struct kapi *api, int version)
{
	struct seen s;

	begin(&s, ADVERTISE_SINGLE, 1, 4);
	rewrite(&s, api, version, no_nodes);
	assert_replicas(&s, api, version);
	assert_int_equal(s.node_count, 1);
	assert_node(&s, 0, 1, FIRST_PORT);
	for (uint32_t i = 0; i < s.leader_count; i++)
		assert_int_equal(s.partition_leaders[i], leaders[i] < 0 ? -1 : 1);
	end(&s);
}

static bool lists_brokers(const struct kapi *api)
{
	return api->key == 3 || api->key == 60;
}

static void brokers_are_listed_at_their_ports(void **state)
{
	(void)state;
	message_each(lists_brokers, check_ports);
}

static void a_broker_without_a_port_is_shown_as_another(void **state)
{
	(void)state;
	message_each(lists_brokers, check_represented);
}

static void single_shows_one_broker(void **state)
{
	(void)state;
	message_each(lists_brokers, check_single);
}

static bool finds(const struct kapi *api)
{
	return api->key == 10;
}

/* Found, found where no port is, and not found (-1, "", -1): that stays. */
static void check_coordinator(const struct kapi *api, int version)
{
	static const int32_t nodes[][3] = { { 2, -1, 20 }, { -1, 20, 2 }, { 20, 2, -1 } };

	for (size_t i = 0; i < 3; i++) {
		for (int mode = ADVERTISE_PORTS; mode <= ADVERTISE_SINGLE; mode++) {
			struct advertised told;
			struct seen s;

			begin(&s, (enum advertise_mode)mode, 5, 4);
			rewrite(&s, api, version, nodes[i]);
			assert_int_equal(s.node_count, version < 4 ? 1 : 3);
			for (uint32_t k = 0; k < s.node_count; k++) {
				if (nodes[i][k] < 0) {
					assert_int_equal(s.nodes[k], -1);
					assert_int_equal(s.ports[k], -1);
					assert_string_equal(s.hosts[k], "");
					continue;
				}
				assert_true(advertise_broker(&s.advertising, s.snapshot,
							     nodes[i][k], &told));
				assert_node(&s, k, told.id, told.port);
			}
			end(&s);
		}
	}
}

static void coordinators_are_where_clients_know_them(void **state)
{
	(void)state;
	message_each(finds, check_coordinator);
}

static void what_the_snapshot_does_not_have_is_news(void **state)
{
	struct seen s;

	(void)state;
	begin(&s, ADVERTISE_PORTS, 22, 3); /* broker 20 is new */
	rewrite(&s, api_of(3), 9, no_nodes);
	assert_int_equal(s.clusters, 1);
	assert_int_equal(s.topics, 0);
	assert_int_equal(s.throttle, THROTTLE);
	end(&s);
	begin(&s, ADVERTISE_PORTS, 22, 4);
	snapshot_add_topic(s.snapshot, "orders", 6, (uint8_t[16]){ 0 }, LEADERS); /* leaderless */
	rewrite(&s, api_of(3), 9, no_nodes);
	assert_int_equal(s.clusters, 0);
	assert_int_equal(s.topics, 1);
	end(&s);
}

static void no_port_at_all_or_a_cut_answer_is_refused(void **state)
{
	struct seen s;
	struct buf body;

	(void)state;
	begin(&s, ADVERTISE_PORTS, 0, 4);
	assert_false(try_rewrite(&s, api_of(3), 9, no_nodes, &body));
	buf_deinit(&body);
	end(&s);
	begin(&s, ADVERTISE_PORTS, 22, 4);
	assert_true(try_rewrite(&s, api_of(3), 9, no_nodes, &body));
	for (uint32_t n = 0; n < body.len; n++) {
		uint8_t *cut = mem_alloc(n + 1);

		memcpy(cut, body.data, n);
		assert_false(try_bytes(&s, api_of(3), 9, cut, n));
		free(cut);
	}
	buf_deinit(&body);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brokers_are_listed_at_their_ports),
		cmocka_unit_test(a_broker_without_a_port_is_shown_as_another),
		cmocka_unit_test(single_shows_one_broker),
		cmocka_unit_test(coordinators_are_where_clients_know_them),
		cmocka_unit_test(what_the_snapshot_does_not_have_is_news),
		cmocka_unit_test(no_port_at_all_or_a_cut_answer_is_refused),
	};

	return cmocka_run_group_tests(tests, messages_setup, messages_teardown);
}
