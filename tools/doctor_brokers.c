/* Each broker as the gateway would reach it: the listener that it tells, TLS, the login, versions. */
#include "doctor.h"

#include "net/tls_config.h"
#include "topology/metadata.h"
#include "util/clock.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOKEN_LOOK_MS = 20 };

/* --- a connection --- */

/* Each address of the name in turn, as clients do. */
bool doctor_connect(struct doctor *d, struct kafka_client *c, const char *host, int port,
		    char why[KAFKA_WHY_MAX])
{
	struct addrinfo *all = kafka_resolve(host, port, why);
	bool good = false;

	*c = (struct kafka_client){ 0 };
	for (const struct addrinfo *a = all; a != NULL && !good; a = a->ai_next) {
		const struct kafka_place place = { a, host, port, &d->terms };

		kafka_close(c);
		good = kafka_connect(c, d->loop, &place, "anyportctl-doctor", d->timeout_ms, why) &&
		       kafka_greet(c, why);
	}
	if (all != NULL)
		freeaddrinfo(all);
	return good;
}

/* OAUTHBEARER: a token is fetched meanwhile.  False: none came, and that was said. */
static bool await_token(struct doctor *d)
{
	const struct timespec look = { 0, TOKEN_LOOK_MS * 1000000 };
	int64_t until = clock_ms() + d->timeout_ms;
	struct credentials *now;

	if (d->own.bearer == NULL)
		return true;
	while ((now = account_now(d->own.account)) == NULL && clock_ms() < until)
		nanosleep(&look, NULL);
	if (now == NULL) {
		char *trouble = account_trouble(d->own.account);

		doctor_find(d, DOCTOR_ERROR,
			    mem_strdup("mend kafka.sasl_oauthbearer_token_endpoint_url and what "
				       "belongs to it, or the server there"),
			    "there is no token to log in by: %s",
			    trouble != NULL ? trouble : "none came");
		free(trouble);
		return false;
	}
	credentials_put(now);
	return true;
}

static bool get_ready(struct doctor *d)
{
	struct tls_context *context;
	char why[TLS_WHY_MAX];

	if (!tls_for_brokers(d->config, &context, why)) {
		doctor_pass(d, "certificates for them can't be used");
		return false;
	}
	tls_slot_set(&d->tls, context);
	own_account_init(&d->own, d->config);
	d->terms = (struct link_terms){ .tls = &d->tls, .account = d->own.account };
	d->can_connect = await_token(d);
	return d->can_connect;
}

/* --- the cluster, from the first that answers --- */

static void keep_brokers(struct doctor *d, const struct metadata *m)
{
	d->brokers = mem_alloc((m->broker_count + 1) * sizeof *d->brokers);
	for (size_t i = 0; i < m->broker_count; i++)
		d->brokers[d->broker_count++] =
			(struct doctor_broker){ .id = m->brokers[i].id,
						.host = mem_strdup(m->brokers[i].host),
						.port = m->brokers[i].port };
}

static bool ask_cluster(struct doctor *d, struct kafka_client *c, char why[KAFKA_WHY_MAX])
{
	const struct say says[] = { say_list(TOPICS, NULL, 0, 0), say_number(AUTO_CREATE, 0) };
	int version = kafka_version(c, KEY_METADATA);
	struct kafka_answer answer;
	struct metadata m;
	bool good;

	if (version < 1) {
		snprintf(why, KAFKA_WHY_MAX, "Metadata is not offered in any version from 1 on");
		return false;
	}
	if (!kafka_ask(c, api_of(KEY_METADATA), version, SAY_ALL(says), &answer, why))
		return false;
	good = metadata_read(&m, version, answer.body, answer.len);
	if (good)
		keep_brokers(d, &m);
	else
		snprintf(why, KAFKA_WHY_MAX, "Metadata: a malformed answer");
	metadata_deinit(&m);
	return good;
}

static char *what_to_do_about(const char *host, int port)
{
	return mem_printf("start what should be there, open the way to %s port %d, or mend "
			  "kafka.security_protocol and what belongs to it",
			  host, port);
}

/* A name that does not resolve was told already. */
static bool resolves(const char *host)
{
	char why[KAFKA_WHY_MAX];
	struct addrinfo *found = kafka_resolve(host, 1, why);

	if (found != NULL)
		freeaddrinfo(found);
	return found != NULL;
}

/* While another one answers a node starts without it: see find_silent. */
static bool ask_server(struct doctor *d, const char *host, int port, char why[KAFKA_WHY_MAX])
{
	struct kafka_client c = { 0 };
	bool good = doctor_connect(d, &c, host, port, why);

	if (good && d->asked_port == 0 && ask_cluster(d, &c, why)) {
		snprintf(d->asked_host, sizeof d->asked_host, "%s", host);
		d->asked_port = port;
	}
	kafka_close(&c);
	return good;
}

/* `silent`, an object, gets who is silent with the reason. */
static void ask_servers(struct doctor *d, json_t *silent)
{
	const char *rest = d->config->bootstrap_servers;
	char host[TEXT_HOST_MAX], why[KAFKA_WHY_MAX], *item;
	int port;

	while ((item = text_next_item(&rest)) != NULL) {
		if (text_host_port(item, host, &port) && resolves(host) &&
		    !ask_server(d, host, port, why))
			json_object_set_new(silent, item, json_string(why));
		free(item);
	}
}

static bool is_told(const struct doctor *d, const char *host, int port)
{
	for (size_t i = 0; i < d->broker_count; i++) {
		if (d->brokers[i].port == port && strcmp(d->brokers[i].host, host) == 0)
			return true;
	}
	return false;
}

/* What the cluster tells itself is looked at by find_listener. */
static void find_silent(struct doctor *d, const json_t *silent)
{
	enum doctor_severity severity = d->asked_port == 0 ? DOCTOR_ERROR : DOCTOR_WARNING;
	char host[TEXT_HOST_MAX];
	const char *server;
	json_t *why;
	int port;

	json_object_foreach((json_t *)silent, server, why)
	{
		if (text_host_port(server, host, &port) && !is_told(d, host, port))
			doctor_find(d, severity, what_to_do_about(host, port),
				    "%s, in kafka.bootstrap_servers: %s", server,
				    json_string_value(why));
	}
}

/* --- each broker --- */

static void find_port_of(struct doctor *d, struct doctor_broker *b, const struct listener *l)
{
	int last = l->min_broker_id + l->port_count - 1;

	if (l->advertised_mode != ADVERTISE_PORTS || l->port_count == 0 ||
	    (b->id >= l->min_broker_id && b->id <= last))
		return;
	b->has_no_port = true;
	if (l->name != NULL)
		doctor_find(d, DOCTOR_ERROR,
			    mem_printf("give listener %s more ports, or lower "
				       "gateway.min_broker_id, at all nodes and in haproxy.cfg",
				       l->name),
			    "broker %d has no port of listener %s, which has them for brokers %d "
			    "to %d",
			    b->id, l->name, l->min_broker_id, last);
	else
		doctor_find(d, DOCTOR_ERROR,
			    mem_strdup("raise gateway.port_count, or lower gateway.min_broker_id, "
				       "at all nodes and in haproxy.cfg"),
			    "broker %d has no port: gateway.min_broker_id and gateway.port_count "
			    "have them for brokers %d to %d",
			    b->id, l->min_broker_id, last);
}

static void find_port(struct doctor *d, struct doctor_broker *b)
{
	for (size_t i = 0; i < config_listener_count(d->config); i++)
		find_port_of(d, b, config_listener(d->config, i));
}

/* The highest version of any API that the two do not share; NULL: none. */
static const struct kapi *differs(const struct kafka_client *c, const struct broker_versions *first)
{
	for (int key = 0; key < KEYS_END; key++) {
		if (api_of(key) != NULL &&
		    versions_best(&c->versions, key) != versions_best(first, key))
			return api_of(key);
	}
	return NULL;
}

static void find_listener(struct doctor *d, struct doctor_broker *b, struct kafka_client *c)
{
	char why[KAFKA_WHY_MAX], where[TEXT_HOST_MAX + 16];

	text_host_port_print(where, sizeof where, b->host, b->port);
	if (doctor_connect(d, c, b->host, b->port, why))
		return;
	b->is_silent = true;
	doctor_find(
		d, DOCTOR_ERROR,
		mem_printf(
			"start broker %d, or mend its advertised.listeners: of the listener that "
			"kafka.bootstrap_servers leads to, they must be reached from here",
			b->id),
		"broker %d tells %s as its listener: %s", b->id, where, why);
}

static void look_versions(struct doctor *d, const struct kafka_client *clients)
{
	const struct kafka_client *first = NULL;
	const struct kapi *api;

	for (size_t i = 0; i < d->broker_count; i++) {
		if (!clients[i].is_greeted)
			continue;
		if (first == NULL) {
			first = &clients[i];
			continue;
		}
		api = differs(&clients[i], &first->versions);
		if (api == NULL)
			continue;
		doctor_find(
			d, DOCTOR_ADVICE,
			mem_strdup("end the upgrade of the brokers that is under way: until then "
				   "clients get what all brokers speak"),
			"broker %d speaks other versions than broker %d does, of %s for one",
			d->brokers[i].id, d->brokers[first - clients].id, api->name);
		return;
	}
}

static void look_brokers(struct doctor *d)
{
	struct kafka_client *clients = mem_zalloc((d->broker_count + 1) * sizeof *clients);

	for (size_t i = 0; i < d->broker_count; i++) {
		find_port(d, &d->brokers[i]);
		find_listener(d, &d->brokers[i], &clients[i]);
	}
	look_versions(d, clients);
	for (size_t i = 0; i < d->broker_count; i++)
		kafka_close(&clients[i]);
	free(clients);
}

void doctor_brokers(struct doctor *d)
{
	json_t *silent;

	if (!get_ready(d))
		return;
	silent = json_object();
	ask_servers(d, silent);
	find_silent(d, silent);
	json_decref(silent);
	look_brokers(d);
}
