/* HAProxy's file, by the rules of `haproxy check`, and the HAProxy that runs with it. */
#include "doctor.h"

#include "balancer_options.h"

#include "cfg/cfg.h"
#include "live/cert.h"
#include "live/observe.h"
#include "live/verdict.h"
#include "rules/rules.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

static const enum doctor_severity severities[] = {
	[RULE_ADVICE] = DOCTOR_ADVICE,
	[RULE_WARNING] = DOCTOR_WARNING,
	[RULE_ERROR] = DOCTOR_ERROR,
};

/* --- the file --- */

/* A node that listens nowhere is not the file's fault; its servers are looked at one by one. */
static bool is_of_dead_node(const struct finding *f)
{
	return strcmp(f->rule->name, "node-does-not-listen") == 0 && f->severity != RULE_ERROR;
}

static void tell_finding(struct doctor *d, const struct finding *f, const char *listener)
{
	bool by_listener = listener != NULL && f->rule->needs == RULE_GATEWAY;
	char *where = f->number > 0 ? mem_printf("%s:%d", f->file, f->number)
				    : mem_strdup(d->haproxy);

	doctor_find(d, severities[f->severity], mem_strdup(f->rule->mend), "%s: %s %s%s%s", where,
		    f->rule->id, f->what, by_listener ? ", by listener " : "",
		    by_listener ? listener : "");
	free(where);
}

static void tell_findings(struct doctor *d, const struct findings *all, bool live,
			  const char *listener)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct finding *f = &all->list[i];

		if ((f->rule->needs == RULE_LIVE) == live && !is_of_dead_node(f))
			tell_finding(d, f, listener);
	}
}

static void tell_mistakes(struct doctor *d, const struct cfg *cfg)
{
	for (size_t i = 0; i < cfg->mistake_count; i++)
		doctor_find(d, DOCTOR_ERROR, mem_strdup("mend that line"), "%s:%d: %s",
			    cfg->mistakes[i].file, cfg->mistakes[i].line, cfg->mistakes[i].what);
}

/* What HAProxy itself says of the file, where there is one to be asked. */
static void ask_haproxy(struct doctor *d, struct version *version)
{
	char *program = verdict_program(NULL), *why = NULL;
	struct verdict v = { 0 };

	if (program != NULL && !verdict_version(program, version))
		*version = (struct version){ 0 };
	if (program != NULL && !verdict_get(program, &d->haproxy, 1, &v, &why))
		doctor_find(d, DOCTOR_ADVICE,
			    mem_strdup("let HAProxy be asked: haproxy -c -f FILE"), "%s", why);
	for (size_t i = 0; i < v.count; i++)
		doctor_find(d, v.lines[i].is_bad ? DOCTOR_ERROR : DOCTOR_WARNING,
			    mem_printf("mend that line; `anyportctl haproxy check %s` says more",
				       d->haproxy),
			    "%s:%d: HAProxy %s: %s", d->haproxy, v.lines[i].number,
			    v.lines[i].is_bad ? "refuses it" : "warns", v.lines[i].what);
	verdict_deinit(&v);
	free(why);
	free(program);
}

static void check_file(struct doctor *d, struct cfg *cfg, bool live)
{
	struct rule_facts facts = { .machine = true };
	struct doctor_listener listeners[LISTENERS_MAX];
	struct rlimit limit;
	size_t count;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		facts.descriptors = (int64_t)limit.rlim_max;
	if (!live)
		ask_haproxy(d, &facts.version);
	count = doctor_listeners(d, cfg, &facts, listeners);
	if (live)
		facts.balancers = &d->balancers;
	for (size_t i = 0; i < count; i++) {
		struct findings found = { 0 };

		facts.gateway = listeners[i].config;
		rules_check(cfg, &facts, &found);
		tell_findings(d, &found, live, listeners[i].name);
		findings_deinit(&found);
	}
	doctor_listeners_free(listeners, count);
}

void doctor_haproxy_file(struct doctor *d)
{
	struct cfg *cfg;

	if (d->haproxy == NULL) {
		doctor_pass(d, "there is none at /etc/haproxy/haproxy.cfg: --haproxy names it");
		return;
	}
	cfg = cfg_new();
	if (cfg_read(cfg, d->haproxy)) {
		tell_mistakes(d, cfg);
		check_file(d, cfg, false);
	} else {
		doctor_find(
			d, DOCTOR_ERROR,
			mem_strdup(
				"`anyportctl haproxy generate` makes one, --haproxy names another"),
			"%s: %s", d->haproxy, strerror(errno));
	}
	cfg_free(cfg);
}

/* --- the process --- */

/* Its node does not answer here either, which was told. */
static bool is_silent(const struct doctor *d, const char *address)
{
	const char *colon = strrchr(address, ':'); /* the port is 0 where it is the client's */
	char *host =
		mem_strndup(address, colon != NULL ? (size_t)(colon - address) : strlen(address));
	bool found = json_object_get(d->silent, host) != NULL;

	free(host);
	return found;
}

static void look_servers(struct doctor *d, const struct observed_balancer *o)
{
	for (size_t i = 0; i < o->server_count; i++) {
		const struct stat_row *row = o->servers[i].row;

		if (stat_is_maint(row))
			doctor_find(
				d, DOCTOR_ADVICE,
				mem_printf(
					"`anyportctl haproxy undrain %s` when it is to serve again",
					row->server),
				"HAProxy has %s in maintenance: somebody took it out", row->server);
		else if (!stat_is_up(row) && !is_silent(d, row->address))
			doctor_find(d, DOCTOR_ERROR,
				    mem_strdup("start the node, or look at what its check asks: "
					       "`anyportctl haproxy status` shows all of them"),
				    "HAProxy has %s at %s down: %s%s%s", row->server, row->address,
				    row->check_status, row->check_text[0] != '\0' ? ", " : "",
				    row->check_text);
	}
}

/* A worker has the file as it was when it started; what `apply` does at run time it writes too, so
 * that the file is the younger one then, by no more than its own time. */
static void look_age(struct doctor *d, const struct observed_balancer *o)
{
	struct stat s;
	int64_t began = (int64_t)time(NULL) - o->uptime;

	if (d->haproxy == NULL || o->uptime < 0 || stat(d->haproxy, &s) != 0 ||
	    (int64_t)s.st_mtime <= began + 1)
		return;
	doctor_find(
		d, DOCTOR_WARNING,
		mem_printf("`systemctl reload haproxy`, if it was not `anyportctl haproxy apply` "
			   "that wrote it, which needs none"),
		"%s was written %lld s after HAProxy read it", d->haproxy,
		(long long)((int64_t)s.st_mtime - began));
}

/* What it shows clients, where its file is on this machine: a new one is put there before it is
 * served, and then forgotten. */
static void look_certificate(struct doctor *d, const struct balancer *b)
{
	const struct config_haproxy *h = &d->config->haproxy;
	char serial[CERT_SERIAL_MAX], why[RUNTIME_WHY_MAX];
	enum cert_shown shown;
	struct cert_file f;

	if ((h->tls != TLS_TERMINATE && h->tls != TLS_REENCRYPT) || h->tls_certificate == NULL ||
	    !cert_read(&f, h->tls_certificate, why))
		return; /* one that can't be read was told with the certificates */
	shown = cert_serial(&d->balancers, b, h->tls_certificate, serial, why);
	if (shown == CERT_NOT_TOLD)
		doctor_pass(d, "which certificate it shows clients: %s", why);
	else if (shown == CERT_NOT_NAMED)
		doctor_find(d, DOCTOR_WARNING,
			    mem_strdup("name it in HAProxy's file and reload HAProxy, or mend "
				       "haproxy.tls_certificate"),
			    "haproxy.tls_certificate: %s", why);
	else if (strcmp(serial, f.serial) != 0)
		doctor_find(d, DOCTOR_WARNING,
			    mem_printf("`anyportctl haproxy cert set %s`, or reload HAProxy",
				       h->tls_certificate),
			    "HAProxy shows clients the certificate with the serial number %s, and "
			    "%s has the one with %s by now",
			    serial, h->tls_certificate, f.serial);
	cert_free(&f);
}

static bool add_socket(struct doctor *d, enum balancer_part part, const char *text,
		       char why[RUNTIME_WHY_MAX])
{
	const char *mistake = balancers_add(&d->balancers, part, text);

	if (mistake != NULL)
		snprintf(why, RUNTIME_WHY_MAX, "%s", mistake);
	return mistake == NULL;
}

static bool find_socket(struct doctor *d, char why[RUNTIME_WHY_MAX])
{
	const char *typed = cli_get(d->cli, "stats-socket");
	const char *master = cli_get(d->cli, "master-socket");
	char *own = NULL;
	bool found;

	if (master != NULL && !add_socket(d, BALANCER_MASTER, master, why))
		return false;
	if (typed != NULL)
		return add_socket(d, BALANCER_STATS, typed, why);
	if (master != NULL)
		return true; /* which passes on what a worker is asked */
	if (d->haproxy == NULL) {
		snprintf(why, RUNTIME_WHY_MAX, "no HAProxy of this machine is known");
		return false;
	}
	own = balancer_options_socket_of(d->haproxy, why);
	found = own != NULL && add_socket(d, BALANCER_STATS, own, why);
	free(own);
	return found;
}

static void look_process(struct doctor *d)
{
	struct observation seen = observe_servers(&d->balancers, NULL);
	const struct observed_balancer *o = &seen.list[0];
	struct cfg *cfg;

	if (o->why[0] != '\0') {
		doctor_find(
			d, DOCTOR_ERROR,
			mem_strdup("start it (`systemctl start haproxy`), or name the socket that "
				   "it has with --stats-socket"),
			"%s", o->why);
		observe_free(&seen);
		return;
	}
	for (size_t i = 0; i < seen.count; i++)
		look_servers(d, &seen.list[i]);
	look_age(d, o);
	look_certificate(d, o->balancer);
	observe_free(&seen);
	cfg = cfg_new();
	if (d->haproxy != NULL && cfg_read(cfg, d->haproxy))
		check_file(d, cfg, true);
	cfg_free(cfg);
}

void doctor_haproxy_process(struct doctor *d)
{
	char why[RUNTIME_WHY_MAX];

	if (find_socket(d, why))
		look_process(d);
	else
		doctor_pass(d, "%s", why);
}
