/* Certificates: whether they can be used, when they end, whom they are for, what is sent with them. */
#include "doctor.h"

#include "cfg/view.h"
#include "config/host_pattern.h"
#include "net/tls_config.h"
#include "util/mem.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DAY_S = 24 * 3600, SOON_DAYS = 30, VERY_SOON_DAYS = 7, CHAIN_MAX = 10, SUBJECT_MAX = 160 };

/* One that is served. */
struct served {
	const char *file;
	const char *whom;    /* it is shown */
	const char *renewed; /* what takes a new one */
};

/* --- its end --- */

static void look_end(struct doctor *d, const struct served *s, const struct tls_context *c)
{
	int64_t ends = tls_context_expires(c), now = (int64_t)time(NULL);
	int64_t days = (ends - now) / DAY_S;
	char when[40];
	time_t end = (time_t)ends;
	struct tm tm;

	if (ends == INT64_MAX || days >= SOON_DAYS)
		return;
	strftime(when, sizeof when, "%F %H:%M UTC", gmtime_r(&end, &tm));
	doctor_find(
		d, days < VERY_SOON_DAYS ? DOCTOR_WARNING : DOCTOR_ADVICE,
		mem_printf("put a renewed certificate there; %s", s->renewed),
		"%s, which %s: the certificate, or one sent with it, ends on %s, in less than %lld days",
		s->file, s->whom, when, (long long)days + 1);
}

/* --- what is sent with it --- */

static size_t read_chain(const struct tls_context *c, X509 *chain[CHAIN_MAX])
{
	char *certificate, *key;
	size_t n = 0;
	BIO *bio;

	tls_context_pem(c, &certificate, &key);
	tls_pem_wipe(key);
	bio = BIO_new_mem_buf(certificate, -1);
	while (bio != NULL && n < CHAIN_MAX &&
	       (chain[n] = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		n++;
	BIO_free(bio);
	free(certificate);
	return n;
}

static void subject_of(const X509 *x, char to[SUBJECT_MAX])
{
	X509_NAME_oneline(X509_get_subject_name(x), to, SUBJECT_MAX);
}

/* Each must have signed the one before it: clients in Java and Go go by that order. */
static void look_chain(struct doctor *d, const struct served *s, const struct tls_context *c)
{
	char above[SUBJECT_MAX], below[SUBJECT_MAX];
	X509 *chain[CHAIN_MAX];
	size_t n = read_chain(c, chain);

	for (size_t i = 1; i < n; i++) {
		if (X509_check_issued(chain[i], chain[i - 1]) == X509_V_OK)
			continue;
		subject_of(chain[i - 1], below);
		subject_of(chain[i], above);
		doctor_find(d, DOCTOR_ERROR,
			    mem_strdup("put into the file, in this order: the certificate, the "
				       "authority that signed it, the one that signed that"),
			    "%s, which %s: after the certificate of %s comes %s, which did not "
			    "sign it",
			    s->file, s->whom, below, above);
		break;
	}
	for (size_t i = 0; i < n; i++)
		X509_free(chain[i]);
}

/* --- the names that it must have --- */

static void look_name(struct doctor *d, const struct served *s, const struct tls_context *c,
		      const char *host, const char *who)
{
	if (!tls_context_names(c, host))
		doctor_find(d, DOCTOR_ERROR,
			    mem_printf("have it issued for %s too, or let %s be another name", host,
				       who),
			    "%s, which %s: the certificate is not for %s, so who verifies it "
			    "leaves",
			    s->file, s->whom, host);
}

static void look_told(struct doctor *d, const struct served *s, const struct tls_context *context,
		      const struct listener *l)
{
	int count = l->port_count > 0 ? l->port_count : 1;
	char host[TEXT_HOST_MAX];
	size_t before = d->found_count;

	if (l->advertised_pattern == NULL) {
		look_name(d, s, context, l->advertised_host, "gateway.advertised_listener");
		return;
	}
	for (int i = 0; i < count && d->found_count == before; i++) {
		host_pattern_print(l->advertised_pattern, l->min_broker_id + i, host);
		look_name(d, s, context, host, "gateway.advertised_host_pattern");
	}
}

/* --- each --- */

static void look_all(struct doctor *d, const struct served *s, const struct tls_context *c)
{
	look_end(d, s, c);
	look_chain(d, s, c);
}

static const char by_nodes[] = "nodes take it within 10 s, and do not start without",
		  by_haproxy[] = "`anyportctl haproxy cert set` has HAProxy serve it at once";

static void tell_unusable(struct doctor *d, const struct served *s, const char *why)
{
	doctor_find(d, DOCTOR_ERROR,
		    mem_printf("put a file there that can be used; %s", s->renewed), "%s", why);
}

/* Whether no listener before shows the same: how long a certificate lasts is told once. */
static bool is_first_with(const struct config *c, const struct listener *l)
{
	for (size_t i = 0; config_listener(c, i) != l; i++) {
		const char *before = config_listener(c, i)->ssl_certificate;

		if (before != NULL && strcmp(before, l->ssl_certificate) == 0)
			return false;
	}
	return true;
}

/* --- whose clients see HAProxy's --- */

static bool haproxy_ends_tls(const struct config *c)
{
	return c->haproxy.tls == TLS_TERMINATE || c->haproxy.tls == TLS_REENCRYPT;
}

static bool section_ends_tls(struct cfg_section *s, const struct listener *l)
{
	struct cfg_bind *binds;
	bool found = false;
	size_t count = 0;

	if (!cfg_is_frontend(s))
		return false;
	binds = cfg_binds(s, &count);
	for (size_t i = 0; i < count; i++)
		found |= binds[i].first <= l->advertised_port &&
			 binds[i].last >= l->advertised_port &&
			 cfg_has_option(&binds[i].options, "ssl");
	free(binds);
	return found;
}

static bool file_ends_tls(const char *path, const struct listener *l, bool *is_read)
{
	struct cfg *cfg = cfg_new();
	bool found = false;

	*is_read = cfg_read(cfg, path);
	for (size_t i = 0; i < cfg->section_count; i++)
		found |= section_ends_tls(cfg->sections[i], l);
	cfg_free(cfg);
	return found;
}

/* HAProxy in front ends the TLS of this listener's clients.  Of several listeners its file tells, where there
 * is one; else those are meant for which it can. */
static bool is_ended(const struct doctor *d, const struct listener *l)
{
	bool is_read = false, found;

	if (!haproxy_ends_tls(d->config) || d->config->listeners == NULL)
		return haproxy_ends_tls(d->config);
	found = d->haproxy != NULL && file_ends_tls(d->haproxy, l, &is_read);
	if (is_read)
		return found;
	return protocol_has_tls(l->protocol) == (d->config->haproxy.tls == TLS_REENCRYPT);
}

static void look_listener(struct doctor *d, const struct listener *l)
{
	const struct served s = { l->ssl_certificate, "clients are shown", by_nodes };
	const struct config *c = d->config;
	struct tls_context *context;
	char why[TLS_WHY_MAX];

	if (!tls_for_clients(l, &context, why)) {
		tell_unusable(d, &s,
			      why); /* once, as another key or authority is another sentence */
		return;
	}
	if (context == NULL)
		return;
	if (is_first_with(c, l))
		look_all(d, &s, context);
	if (!is_ended(d, l))
		look_told(d, &s, context, l);
	else if (c->haproxy.node_tls_verify && c->haproxy.node_tls_name != NULL)
		look_name(d, &s, context, c->haproxy.node_tls_name, "haproxy.node_tls_name");
	tls_context_unref(context);
}

static void look_http(struct doctor *d)
{
	const struct served s = { d->config->http_ssl_certificate, "the HTTP API shows", by_nodes };
	struct tls_context *context;
	char why[TLS_WHY_MAX];

	if (!tls_for_http(d->config, &context, why))
		tell_unusable(d, &s, why);
	else if (context != NULL)
		look_all(d, &s, context);
	tls_context_unref(context);
}

static void look_to_brokers(struct doctor *d)
{
	const struct served s = { d->config->kafka_ssl_certificate, "brokers are shown", by_nodes };
	struct tls_context *context;
	char why[TLS_WHY_MAX];

	if (!tls_for_brokers(d->config, &context, why))
		tell_unusable(d, &s, why);
	else if (context != NULL && s.file != NULL)
		look_all(d, &s, context);
	tls_context_unref(context);
}

/* Where HAProxy is elsewhere its file is too. */
static void look_haproxy(struct doctor *d)
{
	const struct config *c = d->config;
	const struct served s = { c->haproxy.tls_certificate, "HAProxy shows clients", by_haproxy };
	struct tls_context *context;
	char why[TLS_WHY_MAX];

	if (!haproxy_ends_tls(c) || s.file == NULL || access(s.file, F_OK) != 0)
		return;
	context = tls_server_new(&(struct tls_wanted){ .certificate = s.file }, why);
	if (context == NULL) {
		tell_unusable(d, &s, why);
		return;
	}
	look_all(d, &s, context);
	for (size_t i = 0; i < config_listener_count(c); i++) {
		if (is_ended(d, config_listener(c, i)))
			look_told(d, &s, context, config_listener(c, i));
	}
	tls_context_unref(context);
}

void doctor_certificates(struct doctor *d)
{
	for (size_t i = 0; i < config_listener_count(d->config); i++)
		look_listener(d, config_listener(d->config, i));
	look_haproxy(d);
	look_to_brokers(d);
	look_http(d);
}
