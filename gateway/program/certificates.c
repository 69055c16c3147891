/* The certificates that connections begin with, and their files. */
#include "program/certificates.h"

#include "config/config.h"
#include "config/host_pattern.h"
#include "net/tls_config.h"
#include "program/stamp.h"
#include "util/compiler.h"
#include "util/hash.h"
#include "util/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void certificates_init(struct certificates *s)
{
	*s = (struct certificates){ 0 };
	tls_slot_init(&s->brokers);
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		tls_slot_init(&s->clients[i]);
	tls_slot_init(&s->http);
	s->terms.tls = &s->brokers;
	pthread_mutex_init(&s->lock, NULL);
}

void certificates_deinit(struct certificates *s)
{
	tls_slot_deinit(&s->brokers);
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		tls_slot_deinit(&s->clients[i]);
	tls_slot_deinit(&s->http);
	pthread_mutex_destroy(&s->lock);
}

/* --- the files --- */

static uint64_t stamp_all(const struct config *c)
{
	const char *const paths[] = { c->kafka_ssl_ca, c->kafka_ssl_certificate, c->kafka_ssl_key,
				      c->http_ssl_certificate, c->http_ssl_key };
	uint64_t stamps[ARRAY_LEN(paths) + 3 * LISTENERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		stamps[n++] = stamp_of(paths[i]);
	for (size_t i = 0; i < config_listener_count(c); i++) {
		const struct listener *l = config_listener(c, i);

		stamps[n++] = stamp_of(l->ssl_ca);
		stamps[n++] = stamp_of(l->ssl_certificate);
		stamps[n++] = stamp_of(l->ssl_key);
	}
	return hash_bytes(stamps, n * sizeof *stamps);
}

/* --- contexts --- */

/* Clients that verify are told this host, and compare; of many, the first broker's. */
static void check_name(struct certificates *s, const struct config *c, size_t listener)
{
	const struct listener *l = config_listener(c, listener);
	struct tls_context *now = tls_slot_get(&s->clients[listener]);
	char misnamed[TLS_WHY_MAX] = "", host[TEXT_HOST_MAX];

	snprintf(host, sizeof host, "%s", l->advertised_host);
	if (l->advertised_mode == ADVERTISE_HOST)
		host_pattern_print(l->advertised_pattern, l->min_broker_id, host);
	if (now != NULL && !tls_context_names(now, host))
		snprintf(misnamed, sizeof misnamed,
			 "the certificate for clients is not for %.200s, which they are told: who "
			 "verifies it leaves",
			 host);
	tls_context_unref(now);
	if (misnamed[0] != '\0')
		log_warn("who=main event=misnamed_certificate reason=\"%s\"", misnamed);
	pthread_mutex_lock(&s->lock);
	memcpy(s->misnamed[listener], misnamed, sizeof misnamed);
	pthread_mutex_unlock(&s->lock);
}

/* One context a listener.  False and why: then there are those before the one that failed. */
static bool load_clients(const struct config *config, struct tls_context *clients[LISTENERS_MAX],
			 char why[TLS_WHY_MAX])
{
	for (size_t i = 0; i < config_listener_count(config); i++) {
		if (!tls_for_clients(config_listener(config, i), &clients[i], why))
			return false;
	}
	return true;
}

bool certificates_load(struct certificates *s, const struct config *config, char why[TLS_WHY_MAX])
{
	struct tls_context *clients[LISTENERS_MAX] = { NULL }, *brokers = NULL, *http = NULL;

	s->config = config;
	s->stamp = stamp_all(config); /* before they are read: what changes meanwhile is seen */
	if (!tls_for_brokers(config, &brokers, why) || !load_clients(config, clients, why) ||
	    !tls_for_http(config, &http, why)) {
		tls_context_unref(brokers);
		for (size_t i = 0; i < LISTENERS_MAX; i++)
			tls_context_unref(clients[i]);
		return false;
	}
	tls_slot_set(&s->brokers, brokers);
	tls_slot_set(&s->http, http);
	for (size_t i = 0; i < config_listener_count(config); i++) {
		tls_slot_set(&s->clients[i], clients[i]);
		check_name(s, config, i);
	}
	return true;
}

static void set_trouble(struct certificates *s, const char *text)
{
	pthread_mutex_lock(&s->lock);
	snprintf(s->trouble, sizeof s->trouble, "%s", text);
	pthread_mutex_unlock(&s->lock);
}

bool certificates_renew(struct certificates *s, const struct config *config, char why[TLS_WHY_MAX])
{
	bool good = certificates_load(s, config, why);

	set_trouble(s, good ? "" : why);
	if (!good)
		log_warn("who=main event=certificates_kept err=\"%s\"", why);
	else
		log_info("who=main event=certificates clients_until=%" PRId64
			 " brokers_until=%" PRId64 " http_until=%" PRId64,
			 certificates_end_clients(s), certificates_end(&s->brokers),
			 certificates_end(&s->http));
	return good;
}

/* --- the look at them --- */

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct certificates *s = timer->data;
	char why[TLS_WHY_MAX];

	(void)loop;
	(void)events;
	if (stamp_all(s->config) != s->stamp)
		(void)certificates_renew(s, s->config, why);
}

void certificates_watch(struct certificates *s, struct ev_loop *loop)
{
	ev_timer_init(&s->timer, on_timer, CERTIFICATES_LOOK_S, CERTIFICATES_LOOK_S);
	s->timer.data = s;
	ev_timer_start(loop, &s->timer);
}

void certificates_unwatch(struct certificates *s, struct ev_loop *loop)
{
	ev_timer_stop(loop, &s->timer);
}

/* --- what is told of them --- */

int64_t certificates_end(struct tls_slot *side)
{
	struct tls_context *now = tls_slot_get(side);
	int64_t end = now != NULL ? tls_context_expires(now) : 0;

	tls_context_unref(now);
	return end == INT64_MAX ? 0 : end;
}

int64_t certificates_end_clients(struct certificates *s)
{
	int64_t first = 0;

	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		int64_t end = certificates_end(&s->clients[i]);

		if (end > 0 && (first == 0 || end < first))
			first = end;
	}
	return first;
}

static void tell_end(int64_t end, const char *name, char text[TLS_WHY_MAX])
{
	int64_t left = end - (int64_t)time(NULL);

	if (end == 0 || left > CERTIFICATES_SOON_S)
		return;
	if (left <= 0)
		snprintf(text, TLS_WHY_MAX, "the certificate for %s has expired", name);
	else
		snprintf(text, TLS_WHY_MAX, "the certificate for %s expires in %" PRId64 " hours",
			 name, left / 3600);
}

bool certificates_trouble(struct certificates *s, int nth, char text[TLS_WHY_MAX])
{
	enum { KEPT, CLIENTS, BROKERS, HTTP, MISNAMED, ALL = MISNAMED + LISTENERS_MAX };
	int found = 0;

	for (int i = 0; i < ALL; i++) {
		text[0] = '\0';
		pthread_mutex_lock(&s->lock);
		if (i == KEPT && s->trouble[0] != '\0')
			snprintf(text, TLS_WHY_MAX, "newer certificates are not taken: %.260s",
				 s->trouble);
		if (i >= MISNAMED)
			memcpy(text, s->misnamed[i - MISNAMED], TLS_WHY_MAX);
		pthread_mutex_unlock(&s->lock);
		if (i == CLIENTS)
			tell_end(certificates_end_clients(s), "clients", text);
		if (i == BROKERS)
			tell_end(certificates_end(&s->brokers), "brokers", text);
		if (i == HTTP)
			tell_end(certificates_end(&s->http), "the HTTP API", text);
		if (text[0] != '\0' && found++ == nth)
			return true;
	}
	return false;
}
