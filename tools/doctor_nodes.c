/* The node that runs here, and the other ones: what they say of themselves, whether they agree. */
#include "doctor.h"

#include "node_view.h"
#include "status_findings.h"

#include "plan/endpoint.h"
#include "util/clock.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum { BASE_MAX = 300 };

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* --- asking --- */

static void set(char **to, const char *from)
{
	if (from == NULL)
		return;
	free(*to);
	*to = mem_strdup(from);
}

/* As the configuration has it too: who looks after a machine may read its file. */
static void learn_way(struct doctor *d)
{
	const struct config *c = d->config;

	set(&d->way.token, c->metrics_token);
	set(&d->way.token, c->http_token);
	set(&d->way.token, c->http_read_token);
	if (cli_get(d->cli, "ca-location") == NULL)
		set(&d->way.ca, c->http_ssl_ca);
	d->way.is_tls = d->way.is_tls || c->http_ssl_certificate != NULL;
}

/* Where the node of this machine is asked. */
static void own_place(const struct doctor *d, char *to, size_t size)
{
	const char *typed = cli_get(d->cli, "http"), *host = d->config->http_host;

	if (endpoint_is_every_address(host))
		host = "127.0.0.1";
	if (typed != NULL)
		snprintf(to, size, "%s", typed);
	else
		text_host_port_print(to, size, host, d->config->http_port);
}

static json_t *ask(const struct doctor *d, const char *place, const char *path,
		   char why[HTTP_CLIENT_WHY_MAX])
{
	char base[BASE_MAX];

	node_way_base(&d->way, base, sizeof base, place);
	return node_ask_json(&d->way, base, path, d->timeout_ms, why);
}

/* How far its clock is ahead, as the middle of question and answer tells it. */
static void note_clock(struct doctor *d, const json_t *node, int64_t asked, int64_t answered)
{
	const json_t *time = json_object_get(node, "time_ms");
	int64_t ahead = json_integer_value(time) - (asked + answered) / 2,
		unsure = answered - asked;

	if (json_is_integer(time))
		json_object_set_new(d->clocks, text(node, "node_id"),
				    json_pack("{s:I, s:I}", "ahead_ms", (json_int_t)ahead,
					      "unsure_ms", (json_int_t)unsure));
}

static json_t *ask_node(struct doctor *d, const char *place, char why[HTTP_CLIENT_WHY_MAX])
{
	int64_t asked = clock_wall_ms();
	json_t *node = ask(d, place, "/v1/node", why);

	if (node != NULL)
		note_clock(d, node, asked, clock_wall_ms());
	return node;
}

/* --- the one here --- */

static void learn_files(struct doctor *d, const char *place)
{
	char base[BASE_MAX], url[BASE_MAX + 16], why[HTTP_CLIENT_WHY_MAX];
	struct http_answer answer;
	double files;

	node_way_base(&d->way, base, sizeof base, place);
	snprintf(url, sizeof url, "%s/metrics", base);
	if (!node_ask(&d->way, url, d->timeout_ms, &answer, why))
		return;
	if (answer.status == 200 && node_view_sample(answer.body, "process_max_fds", &files))
		d->node_files = (int64_t)files;
	http_answer_free(&answer);
}

static const struct doctor_broker *find_broker(const struct doctor *d, json_int_t id)
{
	for (size_t i = 0; i < d->broker_count; i++) {
		if (d->brokers[i].id == id)
			return &d->brokers[i];
	}
	return NULL;
}

/* All that the node has lost are silent from here too; none is where it can't be said. */
static bool are_lost_told(const struct doctor *d, const json_t *brokers)
{
	bool is_any = false;
	json_t *b;
	size_t i;

	json_array_foreach(json_object_get(brokers, "brokers"), i, b)
	{
		const struct doctor_broker *here =
			find_broker(d, json_integer_value(json_object_get(b, "id")));

		if (strcmp(text(b, "state"), "lost") != 0)
			continue;
		if (here == NULL || !here->is_silent)
			return false;
		is_any = true;
	}
	return is_any;
}

/* "broker 3: ...", of status_findings.h: its port and whether it answers were looked at with the brokers. */
static bool is_broker_told(const struct doctor *d, const char *sentence)
{
	static const char has_no_port[] = "there is no port for it",
			  has_no_place[] = "clients are told no place for it";
	const struct doctor_broker *here;
	const char *what;
	int id, head = 0;

	if (sscanf(sentence, "broker %d: %n", &id, &head) != 1 || head == 0)
		return false;
	here = find_broker(d, id);
	what = sentence + head;
	if (here == NULL)
		return false;
	if (strncmp(what, has_no_port, strlen(has_no_port)) == 0 || strcmp(what, has_no_place) == 0)
		return here->has_no_port;
	return here->is_silent;
}

static bool is_told_already(const struct doctor *d, const json_t *brokers, const char *sentence)
{
	if (strstr(sentence, " brokers do not answer: ") != NULL)
		return are_lost_told(d, brokers);
	return is_broker_told(d, sentence);
}

/* The node is not well, for nothing that was not told. */
static bool are_reasons_told(const struct doctor *d, const json_t *brokers)
{
	const json_t *reasons = json_object_get(d->node, "reasons");
	json_t *reason;
	size_t i;

	json_array_foreach(reasons, i, reason)
	{
		if (!is_told_already(d, brokers, json_string_value(reason)))
			return false;
	}
	return json_array_size(reasons) > 0;
}

/* "node gw1 is degraded", which comes first of all where it is not ready. */
static bool is_of_state(const struct doctor *d, size_t i)
{
	return i == 0 && strcmp(text(d->node, "status"), "ready") != 0;
}

static void tell_findings(struct doctor *d, const json_t *brokers)
{
	json_t *sentences = status_findings(d->node, d->cluster, brokers), *sentence;
	size_t i;

	json_array_foreach(sentences, i, sentence)
	{
		if (is_of_state(d, i) ? !are_reasons_told(d, brokers)
				      : !is_told_already(d, brokers, json_string_value(sentence)))
			doctor_find(
				d, DOCTOR_ERROR,
				mem_strdup("what comes above may be the cause; else its log tells "
					   "when it began, and `anyportctl status` how it goes on"),
				"%s", json_string_value(sentence));
	}
	json_decref(sentences);
}

/* What a node takes by SIGHUP or a restart alone: the configuration is judged as it is in the file. */
static void look_trouble(struct doctor *d)
{
	const char *trouble = text(d->cluster, "topic_trouble");

	if (trouble[0] != '\0')
		doctor_find(d, DOCTOR_ERROR,
			    mem_strdup("give the account its rights to the nodes' own topic: "
				       "`anyportctl acls` tells them"),
			    "the nodes' own topic %s: %s", text(d->cluster, "topic"), trouble);
}

static void look_running(struct doctor *d, const char *place)
{
	char why[HTTP_CLIENT_WHY_MAX];
	json_t *running = ask(d, place, "/v1/config", why);

	if (running != NULL)
		doctor_running(d, running);
	else
		doctor_pass(d, "what it runs with: %s", why);
	json_decref(running);
}

void doctor_node(struct doctor *d)
{
	char place[BASE_MAX], why[HTTP_CLIENT_WHY_MAX];
	json_t *brokers;

	learn_way(d);
	own_place(d, place, sizeof place);
	d->node = ask_node(d, place, why);
	if (d->node == NULL) {
		doctor_find(
			d, DOCTOR_ERROR,
			mem_strdup("start it (`systemctl start anyport`), and look at its log "
				   "when it does not stay; where it has another address: --http"),
			"no node answers here: %s", why);
		return;
	}
	d->cluster = ask(d, place, "/v1/cluster", why);
	brokers = ask(d, place, "/v1/brokers", why);
	learn_files(d, place);
	tell_findings(d, brokers);
	look_trouble(d);
	json_decref(brokers);
	look_running(d, place);
}

/* --- the others --- */

static void compare(struct doctor *d, const char *name, const json_t *other)
{
	const char *own = text(d->node, "version"), *its = text(other, "version");
	const char *kafka = text(d->node, "kafka_cluster_id"),
		   *its_kafka = text(other, "kafka_cluster_id");

	if (d->node == NULL)
		return;
	if (strcmp(own, its) != 0)
		doctor_find(
			d, DOCTOR_WARNING,
			mem_strdup("end the upgrade that is under way: all nodes of one version"),
			"node %s has version %s, the one here %s", name, its, own);
	if (kafka[0] != '\0' && its_kafka[0] != '\0' && strcmp(kafka, its_kafka) != 0)
		doctor_find(d, DOCTOR_ERROR,
			    mem_strdup("the same kafka.bootstrap_servers at all nodes"),
			    "node %s is a gateway of Kafka cluster %s, the one here of %s", name,
			    its_kafka, kafka);
}

/* HAProxy has it down for the same reason: that is not told again. */
static void note_silent(struct doctor *d, const char *place)
{
	char host[TEXT_HOST_MAX];
	int port;

	if (text_host_port(place, host, &port))
		json_object_set_new(d->silent, host, json_true());
}

static void look_other(struct doctor *d, const char *name, const char *place)
{
	char why[HTTP_CLIENT_WHY_MAX];
	json_t *node = ask_node(d, place, why);
	const char *status = text(node, "status");

	if (node == NULL) {
		note_silent(d, place);
		doctor_find(
			d, DOCTOR_ERROR,
			mem_strdup("start it, or open the way to its HTTP API; `anyportctl doctor` "
				   "on its machine tells more"),
			"node %s does not answer: %s", name, why);
		return;
	}
	if (strcmp(text(node, "node_id"), text(d->node, "node_id")) != 0) {
		if (strcmp(status, "ready") != 0)
			doctor_find(d, DOCTOR_WARNING,
				    mem_strdup("`anyportctl doctor` on its machine"),
				    "node %s is %s", name, status);
		compare(d, name, node);
	}
	json_decref(node);
}

/* Each place once. */
static void look_place(struct doctor *d, json_t *done, const char *name, const char *place)
{
	if (json_object_get(done, place) != NULL)
		return;
	json_object_set_new(done, place, json_true());
	look_other(d, name, place);
}

static void look_configured(struct doctor *d, json_t *done)
{
	const struct config *c = d->config;
	char place[BASE_MAX];

	for (size_t i = 0; i < c->node_count; i++) {
		const struct config_node *n = &c->nodes[i];

		text_host_port_print(place, sizeof place, n->host,
				     n->http_port != 0 ? n->http_port : c->http_port);
		look_place(d, done, n->name, place);
	}
}

/* One that the node does not believe is asked nothing, least of all with a token. */
static void look_members(struct doctor *d, json_t *done)
{
	static const char by_tls[] = "https://";
	char host[TEXT_HOST_MAX];
	json_t *member;
	size_t i;
	int port;

	json_array_foreach(json_object_get(d->cluster, "members"), i, member)
	{
		const char *http = text(member, "http");
		const size_t head = strncmp(http, by_tls, strlen(by_tls)) == 0 ? strlen(by_tls) : 0;

		if (!json_is_true(json_object_get(member, "is_self")) &&
		    !json_is_string(json_object_get(member, "distrusted")) &&
		    text_host_port(http + head, host, &port) && port > 0)
			look_place(d, done, text(member, "node_id"), http);
	}
}

void doctor_nodes(struct doctor *d)
{
	json_t *done = json_object();

	look_configured(d, done);
	look_members(d, done);
	if (json_object_size(done) == 0)
		doctor_pass(d, "haproxy.nodes names none, and no node here knows one");
	json_decref(done);
}
