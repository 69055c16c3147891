/* anyportctl haproxy cert set - replaces a certificate that HAProxy serves, while it runs. */
#include "balancer_options.h"
#include "commands.h"
#include "table.h"

#include "live/cert.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* {"balancer", "before", "now", "why"}; whether the new one is served there. */
static bool set_one(const struct balancers *all, const struct balancer *b, const char *name,
		    const struct cert_file *f, json_t *rows)
{
	char before[CERT_SERIAL_MAX] = "", now[CERT_SERIAL_MAX] = "", why[RUNTIME_WHY_MAX] = "";
	bool good = cert_serial(all, b, name, before, why) == CERT_SHOWN &&
		    cert_set(all, b, name, f, why) &&
		    cert_serial(all, b, name, now, why) == CERT_SHOWN;

	if (good && strcmp(now, f->serial) != 0) {
		snprintf(why, sizeof why, "it took it, and has another one: serial %s", now);
		good = false;
	}
	json_array_append_new(rows,
			      json_pack("{s:s s:s s:s s:s}", "balancer", b->name, "before",
					*before != '\0' ? before : "-", "now",
					*now != '\0' ? now : "-", "why", good ? "done" : why));
	return good;
}

/* A reload reads the file that HAProxy's own names. */
static void warn_of_file(const char *name, const struct cert_file *f)
{
	char why[RUNTIME_WHY_MAX];
	struct cert_file there;
	bool same = cert_read(&there, name, why) && strcmp(there.serial, f->serial) == 0;

	cert_free(&there);
	if (!same)
		fprintf(stderr,
			"warning: here %s has not that certificate: what the load balancer's own has, "
			"its next reload brings back\n",
			name);
}

static void print(const char *name, const struct cert_file *f, const json_t *rows)
{
	static const struct table_column columns[] = {
		{ "balancer", "BALANCER", TABLE_TEXT },
		{ "before", "SERIAL BEFORE", TABLE_TEXT },
		{ "now", "SERIAL NOW", TABLE_TEXT },
		{ "why", "HOW", TABLE_TEXT },
	};
	char ends[64];
	struct tm tm;

	strftime(ends, sizeof ends, "%Y-%m-%d %H:%M UTC", gmtime_r(&f->ends, &tm));
	table_print(stdout, columns, ARRAY_LEN(columns), rows);
	printf("\n%s: serial %s, valid until %s; who is connected keeps the one before\n", name,
	       f->serial, ends);
}

static int set_all(const struct cli *cli, const struct balancers *all, const char *name)
{
	const char *from = cli_get(cli, "from") != NULL ? cli_get(cli, "from") : name;
	char why[RUNTIME_WHY_MAX];
	json_t *rows = json_array();
	struct cert_file f;
	bool good = true;

	if (!cert_read(&f, from, why)) {
		json_decref(rows);
		return cli_fail("%s", why);
	}
	for (size_t i = 0; i < all->count; i++)
		good &= set_one(all, &all->list[i], name, &f, rows);
	if (cli_json(cli))
		table_print_json(stdout, rows);
	else
		print(name, &f, rows);
	if (good && from != name)
		warn_of_file(name, &f);
	json_decref(rows);
	cert_free(&f);
	return good ? EXIT_DONE : EXIT_FINDINGS;
}

static int run(struct cli *cli)
{
	struct balancers all;
	int status = balancer_options_read(cli, &all);

	if (status == EXIT_DONE)
		status = set_all(cli, &all, cli_argument(cli, 0));
	balancers_deinit(&all);
	return status;
}

static const struct cli_option options[] = {
	{ "from", 'f', CLI_TEXT, "FILE",
	  .what = "certificate, chain and key, in one file (the one of that name)" },
	BALANCER_SOCKET_OPTIONS,
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "anyportctl haproxy cert set /etc/haproxy/kafka.pem -c /etc/haproxy/haproxy.cfg",
	  "after the file was renewed, without a reload" },
	{ "anyportctl haproxy cert set /etc/haproxy/kafka.pem --from new.pem -s a=lb1:9999 -s b=lb2:9999",
	  "at two load balancers" },
	{ 0 },
};

const struct cli_command haproxy_cert_set_command = {
	.words = "haproxy cert set",
	.arguments = "NAME",
	.least = 1,
	.most = 1,
	.json = true,
	.what = "replace a certificate that HAProxy serves, while it runs",
	.about =
		"NAME is the file that haproxy.cfg names after `crt`.  The new certificate must be valid "
		"now and its key must be its own; nothing is changed otherwise.  Then each load balancer "
		"is asked which one it has.  Connections that are open stay, and keep what they were "
		"shown.  HAProxy has it in its memory only: a reload reads the file.",
	.options = options,
	.examples = examples,
	.run = run,
};
