/* metrics_test.c - the page that Prometheus reads, read back strictly. */
#include "http/metrics.h"

#include "kafka/api.h"
#include "unit/apis.h"
#include "util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <ctype.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

enum { FAMILIES_MAX = 100, SAMPLES_MAX = 500 };

struct sample {
	char name[200]; /* with its labels */
	double value;
};

struct family {
	char name[100], type[20];
	size_t samples;
};

struct page {
	struct family families[FAMILIES_MAX];
	struct sample samples[SAMPLES_MAX];
	size_t family_count, sample_count;
};

/* anyport_[a-z_]+ or process_[a-z_]+ */
static void check_name(const char *name)
{
	assert_true(strncmp(name, "anyport_", 8) == 0 || strncmp(name, "process_", 8) == 0);
	for (const char *c = name; *c != '\0'; c++)
		assert_true(islower((unsigned char)*c) || *c == '_');
}

static void read_help(struct page *p, const char *line)
{
	struct family *f = &p->families[p->family_count++];
	int help = 0;

	assert_true(p->family_count < FAMILIES_MAX);
	assert_int_equal(sscanf(line, "# HELP %99s %n", f->name, &help), 1);
	assert_true(strlen(line + help) > 5);
	check_name(f->name);
	for (size_t i = 0; i + 1 < p->family_count; i++)
		assert_string_not_equal(p->families[i].name, f->name); /* once only */
}

static void read_type(struct page *p, const char *line)
{
	struct family *f = &p->families[p->family_count - 1];
	char name[100];

	assert_true(p->family_count > 0);
	assert_int_equal(sscanf(line, "# TYPE %99s %19s", name, f->type), 2);
	assert_string_equal(name, f->name); /* right behind its HELP */
	assert_true(strcmp(f->type, "counter") == 0 || strcmp(f->type, "gauge") == 0 ||
		    strcmp(f->type, "histogram") == 0);
	assert_int_equal(f->samples, 0);
}

/* A sample stands in its family's block. */
static void check_family(const struct family *f, const char *name)
{
	size_t n = strlen(f->name);
	const char *rest = name + n;

	if (strncmp(name, f->name, n) != 0)
		fail_msg("%s in the family %s", name, f->name);
	if (strcmp(f->type, "histogram") == 0)
		assert_true(strncmp(rest, "_bucket{le=\"", 12) == 0 || strcmp(rest, "_sum") == 0 ||
			    strcmp(rest, "_count") == 0);
	else
		assert_true(*rest == '\0' || *rest == '{');
	if (strcmp(f->type, "counter") == 0)
		assert_string_equal(f->name + n - 6, "_total");
}

static void read_sample(struct page *p, const char *line)
{
	struct sample *s = &p->samples[p->sample_count++];
	struct family *f = &p->families[p->family_count - 1];
	const char *blank = strrchr(line, ' ');
	char *end;

	assert_true(p->sample_count < SAMPLES_MAX && p->family_count > 0);
	assert_true(f->type[0] != '\0');
	if (blank == NULL) {
		fail_msg("no value: %s", line);
		return;
	}
	snprintf(s->name, sizeof s->name, "%.*s", (int)(blank - line), line);
	s->value = strtod(blank + 1, &end);
	assert_true(*end == '\0' && end != blank + 1);
	for (size_t i = 0; i + 1 < p->sample_count; i++)
		assert_string_not_equal(p->samples[i].name, s->name);
	check_family(f, s->name);
	f->samples++;
}

static void read_page(struct page *p, char *text, size_t size)
{
	char *save = NULL;

	memset(p, 0, sizeof *p);
	assert_int_equal(strlen(text), size);
	assert_true(size > 0 && text[size - 1] == '\n');
	assert_null(strstr(text, "\n\n"));
	for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		if (strncmp(l, "# HELP ", 7) == 0)
			read_help(p, l);
		else if (strncmp(l, "# TYPE ", 7) == 0)
			read_type(p, l);
		else
			read_sample(p, l);
	}
}

static const struct sample *find(const struct page *p, const char *name)
{
	for (size_t i = 0; i < p->sample_count; i++) {
		if (strcmp(p->samples[i].name, name) == 0)
			return &p->samples[i];
	}
	return NULL;
}

static double value(const struct page *p, const char *name)
{
	const struct sample *s = find(p, name);

	if (s == NULL)
		fail_msg("no %s", name);
	return s == NULL ? -1 : s->value;
}

static void assert_value(const struct page *p, const char *name, double want)
{
	double is = value(p, name);

	if (fabs(is - want) > 1e-9 * fmax(1, fabs(want)))
		fail_msg("%s is %.17g, not %.17g", name, is, want);
}

static struct page page;
static struct stats workers[2];
static const struct stats *const blocks[] = { &workers[0], &workers[1] };
static struct http_metrics metrics;
static struct http_node node;

static int start_empty(void **state)
{
	(void)state;
	memset(workers, 0, sizeof workers);
	metrics = (struct http_metrics){ .workers = blocks,
					 .worker_count = 2,
					 .topology_age_ms = -1 };
	node = (struct http_node){ .version = "1.2.3", .started = { 1700000000, 250000000 } };
	return 0;
}

static void render(void)
{
	size_t size;
	char *text = metrics_render(&metrics, &node, &size);

	read_page(&page, text, size);
	free(text);
}

static void a_node_that_just_started_has_a_whole_page(void **state)
{
	(void)state;
	metrics.worker_count = 0;
	metrics.workers = NULL;
	render();
	assert_value(&page, "anyport_client_connections_total", 0);
	assert_value(&page, "anyport_request_seconds_count", 0);
	assert_value(&page, "anyport_ready", 0);
	assert_value(&page, "anyport_build_info{version=\"1.2.3\"}", 1);
	assert_value(&page, "anyport_start_time_seconds", 1700000000.25);
	assert_null(find(&page, "anyport_topology_age_seconds"));
	for (size_t i = 0; i < page.sample_count; i++) {
		assert_null(strstr(page.samples[i].name, "requests_total{"));
		assert_null(strstr(page.samples[i].name, "errors_total{"));
	}
}

/* Every row of the list is there with the sum of both workers. */
static void every_counter_is_the_sum_of_the_workers(void **state)
{
	static const struct {
		const char *metric, *labels;
	} names[] = {
#define X(counter, metric, labels, help) { metric, labels },
		STATS(X)
#undef X
	};
	char name[200];

	(void)state;
	for (int i = 0; i < STAT_COUNT; i++) {
		stats_add(&workers[0], (enum stats_counter)i, 1000u * (unsigned)i + 1);
		stats_add(&workers[1], (enum stats_counter)i, 7);
	}
	render();
	for (int i = 0; i < STAT_COUNT; i++) {
		snprintf(name, sizeof name,
			 names[i].labels[0] != '\0' ? "anyport_%s{%s}" : "anyport_%s%s",
			 names[i].metric, names[i].labels);
		assert_value(&page, name, 1000. * i + 8);
	}
}

static void large_counters_keep_every_digit(void **state)
{
	size_t size;
	char *text;

	(void)state;
	stats_add(&workers[0], STAT_SPLICED_BYTES, UINT64_MAX - 1);
	text = metrics_render(&metrics, &node, &size);
	assert_non_null(strstr(text, "\nanyport_spliced_bytes_total 18446744073709551614\n"));
	free(text);
}

static void requests_go_by_the_names_of_apis(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		stats_request(&workers[i % 2], 2);
	stats_request(&workers[0], STATS_APIS - 1);
	render();
	assert_value(&page, "anyport_requests_total{api=\"ListOffsets\"}", 5);
	assert_value(&page, "anyport_requests_total{api=\"127\"}", 1);
	assert_null(find(&page, "anyport_requests_total{api=\"0\"}"));
}

static void errors_go_by_code(void **state)
{
	(void)state;
	stats_error(&workers[0], 6);
	stats_error(&workers[1], 6);
	stats_error(&workers[1], -1);
	stats_error(&workers[1], 0);
	stats_error(&workers[1], STATS_ERRORS); /* out of the table: not counted */
	render();
	assert_value(&page, "anyport_errors_total{code=\"6\"}", 2);
	assert_value(&page, "anyport_errors_total{code=\"-1\"}", 1);
	assert_null(find(&page, "anyport_errors_total{code=\"0\"}"));
}

static double bucket(double le)
{
	char name[100];

	snprintf(name, sizeof name, "anyport_request_seconds_bucket{le=\"%.9g\"}", le);
	return value(&page, name);
}

static void the_histogram_is_cumulative(void **state)
{
	double last = 0;

	(void)state;
	stats_latency(&workers[0], 10); /* < 64 us */
	stats_latency(&workers[1], 63);
	stats_latency(&workers[0], 64);	      /* < 128 us */
	stats_latency(&workers[0], 1000000);  /* < 1.048576 s */
	stats_latency(&workers[0], 60000000); /* more than the last bucket */
	render();
	assert_value(&page, "anyport_request_seconds_bucket{le=\"6.4e-05\"}", 2);
	assert_true(bucket(128e-6) == 3);
	assert_true(bucket(0.524288) == 3);
	assert_true(bucket(1.048576) == 4);
	assert_value(&page, "anyport_request_seconds_bucket{le=\"33.554432\"}", 4);
	assert_value(&page, "anyport_request_seconds_bucket{le=\"+Inf\"}", 5);
	assert_value(&page, "anyport_request_seconds_count", 5);
	assert_value(&page, "anyport_request_seconds_sum", 61.000137);
	for (int i = 0; i < STATS_BUCKETS; i++) {
		assert_true(bucket(64e-6 * (double)(1u << i)) >= last);
		last = bucket(64e-6 * (double)(1u << i));
	}
}

static void gauges_say_what_is(void **state)
{
	(void)state;
	stats_add(&workers[0], STAT_CLIENTS_ACCEPTED, 12);
	stats_add(&workers[1], STAT_CLIENTS_CLOSED, 5);
	stats_add(&workers[0], STAT_UPSTREAMS_OPENED, 3);
	stats_add(&workers[1], STAT_UPSTREAMS_CLOSED, 4); /* read later than the other */
	metrics.memory_budget_bytes = INT64_C(512) << 20;
	metrics.memory_held_bytes = 123456789;
	metrics.memory_waiting = 3;
	metrics.brokers = 5;
	metrics.topics = 17;
	metrics.topology_age_ms = 1250;
	node.is_ready = true;
	render();
	assert_value(&page, "anyport_client_connections", 7);
	assert_value(&page, "anyport_broker_connections", 0);
	assert_value(&page, "anyport_memory_budget_bytes", 536870912);
	assert_value(&page, "anyport_memory_held_bytes", 123456789);
	assert_value(&page, "anyport_memory_waiting", 3);
	assert_value(&page, "anyport_brokers", 5);
	assert_value(&page, "anyport_topics", 17);
	assert_value(&page, "anyport_topology_age_seconds", 1.25);
	assert_value(&page, "anyport_ready", 1);
}

static void each_tried_broker_is_up_or_not(void **state)
{
	struct broker_known known[] = { { .id = 1, .state = BROKER_UP },
					{ .id = 2, .state = BROKER_LOST, .lost_at = 1 },
					{ .id = 3, .state = BROKER_UNTRIED } };

	(void)state;
	render();
	assert_null(find(&page, "anyport_broker_up{broker=\"1\"}"));
	metrics.broker_list = known;
	metrics.broker_count = ARRAY_LEN(known);
	render();
	assert_value(&page, "anyport_broker_up{broker=\"1\"}", 1);
	assert_value(&page, "anyport_broker_up{broker=\"2\"}", 0);
	assert_null(find(&page, "anyport_broker_up{broker=\"3\"}"));
}

/* Names are clients' words: they end no line and no label. */
static void names_are_there_by_option(void **state)
{
	static char quoted[] = "a \"b\\ c", plain[] = "orders";
	struct usage_row clients[] = { { quoted, { 3, 10, 20, 1, 0 }, 0 } };
	struct usage_row topics[] = { { plain, { 4, 0, 50, 0, 0 }, 0 } };

	(void)state;
	render();
	assert_null(find(&page, "anyport_usage_bytes_total{kind=\"client\",direction=\"in\"}"));
	metrics.has_usage[USAGE_CLIENTS] = metrics.has_usage[USAGE_TOPICS] = true;
	metrics.usage[USAGE_CLIENTS] =
		(struct usage_told){ .rows = clients, .count = 1, .all = { 9, 90, 80, 7, 0 } };
	metrics.usage[USAGE_TOPICS] = (struct usage_told){ .rows = topics, .count = 1 };
	render();
	assert_value(
		&page,
		"anyport_top_bytes_total{kind=\"client\",name=\"a \\\"b\\\\ c\",direction=\"out\"}",
		20);
	assert_value(&page, "anyport_top_errors_total{kind=\"client\",name=\"a \\\"b\\\\ c\"}", 1);
	assert_value(&page, "anyport_top_requests_total{kind=\"topic\",name=\"orders\"}", 4);
	assert_value(&page, "anyport_usage_bytes_total{kind=\"client\",direction=\"in\"}", 90);
	assert_value(&page, "anyport_usage_errors_total{kind=\"client\"}", 7);
	assert_value(&page, "anyport_usage_requests_total{kind=\"topic\"}", 0);
	assert_null(find(&page, "anyport_usage_requests_total{kind=\"group\"}"));
}

static void skew_is_there_when_it_is_measured(void **state)
{
	(void)state;
	metrics.cluster_members = 3;
	render();
	assert_null(find(&page, "anyport_cluster_skew{of=\"connections\"}"));
	metrics.nodes_measured = 2;
	metrics.connections_skew = 1.25;
	metrics.bytes_skew = 1.5;
	metrics.connections_share = 0.75;
	metrics.bytes_share = 0.5;
	metrics.declined = 0.125;
	render();
	assert_value(&page, "anyport_cluster_nodes", 3);
	assert_value(&page, "anyport_cluster_nodes_measured", 2);
	assert_value(&page, "anyport_cluster_skew{of=\"connections\"}", 1.25);
	assert_value(&page, "anyport_cluster_skew{of=\"bytes\"}", 1.5);
	assert_value(&page, "anyport_cluster_share{of=\"connections\"}", 0.75);
	assert_value(&page, "anyport_cluster_share{of=\"bytes\"}", 0.5);
	assert_value(&page, "anyport_balance_declined_ratio", 0.125);
}

static void the_process_is_measured(void **state)
{
	double before, cpu;
	int fd;

	(void)state;
	render();
	before = value(&page, "process_open_fds");
	cpu = value(&page, "process_cpu_seconds_total");
	assert_true(value(&page, "process_resident_memory_bytes") > 100e3);
	assert_true(value(&page, "process_max_fds") >= before);
	assert_true(before >= 1);
	fd = open("/dev/null", O_RDONLY);
	render();
	close(fd);
	assert_value(&page, "process_open_fds", before + 1);
	assert_true(cpu > 0 && value(&page, "process_cpu_seconds_total") > cpu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_node_that_just_started_has_a_whole_page, start_empty),
		cmocka_unit_test_setup(every_counter_is_the_sum_of_the_workers, start_empty),
		cmocka_unit_test_setup(large_counters_keep_every_digit, start_empty),
		cmocka_unit_test_setup(requests_go_by_the_names_of_apis, start_empty),
		cmocka_unit_test_setup(errors_go_by_code, start_empty),
		cmocka_unit_test_setup(the_histogram_is_cumulative, start_empty),
		cmocka_unit_test_setup(gauges_say_what_is, start_empty),
		cmocka_unit_test_setup(each_tried_broker_is_up_or_not, start_empty),
		cmocka_unit_test_setup(names_are_there_by_option, start_empty),
		cmocka_unit_test_setup(skew_is_there_when_it_is_measured, start_empty),
		cmocka_unit_test_setup(the_process_is_measured, start_empty),
	};

	return cmocka_run_group_tests_name("metrics", tests, apis_set_up, apis_tear_down);
}
