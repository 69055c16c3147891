/* anyportctl haproxy generate - haproxy.cfg from the gateway's configuration. */
#include "commands.h"
#include "haproxy_from.h"
#include "haproxy_version.h"

#include "config/listeners.h"
#include "plan/consistency.h"
#include "plan/model.h"
#include "plan/render.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each of them but the first six is a key of the section haproxy too. */
static const struct cli_option options[] = {
	{ "config", 'c', CLI_TEXT, "FILE",
	  .what = "the gateway's configuration; the environment wins over it, as in the gateway itself" },
	{ "listener", 0, CLI_TEXT, "NAME",
	  .what = "of several listeners the one whose clients come by this HAProxy (all of them)" },
	{ "from", 0, CLI_TEXT, "URL",
	  .what = "a node's HTTP API, as http://10.0.0.1:8888: the configuration that it runs with" },
	NODE_WAY_OPTION,
	{ "output", 'o', CLI_TEXT, "FILE", .what = "write there, not to standard output" },
	VERSION_OPTION,

	{ "listen", 0, CLI_TEXT, "HOST:PORT[-PORT]", .what = "where clients come in" },
	{ "front", 0, CLI_TEXT, "LISTENER=HOST:PORT", .repeats = true,
	  .what = "of several listeners: where this one's clients come in, once for each" },
	{ "node", 0, CLI_TEXT, "NAME=HOST[:HTTP-PORT][@RACK]", .repeats = true,
	  .what = "a node, once for each; the configuration's nodes are then left out" },
	{ "discover", 0, CLI_TEXT, "NAME", .what = "a name under which the DNS has the nodes" },
	{ "discover-slots", 0, CLI_TEXT, "N", .what = "nodes there may be under it (10)" },
	{ "dns-server", 0, CLI_TEXT, "ADDRESS:PORT", .repeats = true,
	  .what = "whom to ask for it (those of /etc/resolv.conf)" },
	{ "rack", 0, CLI_TEXT, "RACK",
	  .what = "where HAProxy is: nodes of other racks are backups" },

	{ "balance", 0, CLI_WORD, .words = HAPROXY_BALANCE_WORDS,
	  .what = "which node a new client gets (leastconn); hash: by --stickiness, without a table" },
	{ "stickiness", 0, CLI_WORD, .words = HAPROXY_STICKINESS_WORDS,
	  .what = "what keeps connections on one node (none)" },
	{ "hash-balance-factor", 0, CLI_TEXT, "PERCENT",
	  .what = "most that a hash gives a node, of the mean (no limit)" },
	{ "table-size", 0, CLI_TEXT, "N", .what = "entries of the stick table (102400)" },
	{ "table-expire", 0, CLI_TEXT, "TIME", .what = "how long an entry lives unused (24h)" },
	{ "peers", 0, CLI_TEXT, "NAME=HOST:PORT", .repeats = true,
	  .what = "an HAProxy that shares the stick table, once for each, this one too" },
	{ "local-peer", 0, CLI_TEXT, "NAME", .what = "which of them this one is" },

	{ "tls", 0, CLI_WORD, .words = HAPROXY_TLS_WORDS,
	  .what = "what to do with clients' TLS (none)" },
	{ "tls-certificate", 0, CLI_TEXT, "FILE",
	  .what = "HAProxy's certificate and key for clients" },
	{ "tls-min-version", 0, CLI_WORD, .words = HAPROXY_TLS_VERSION_WORDS,
	  .what = "oldest TLS it speaks (TLSv1.2)" },
	{ "tls-client-auth", 0, CLI_WORD, .words = HAPROXY_CLIENT_AUTH_WORDS,
	  .what = "whether clients show a certificate (none)" },
	{ "tls-client-ca", 0, CLI_TEXT, "FILE",
	  .what = "authorities that sign clients' certificates" },
	{ "node-tls-ca", 0, CLI_TEXT, "FILE",
	  .what = "authorities that sign the nodes' certificates" },
	{ "node-tls-name", 0, CLI_TEXT, "NAME",
	  .what = "name that the nodes' certificates must have" },
	{ "node-tls-certificate", 0, CLI_TEXT, "FILE",
	  .what = "HAProxy's certificate and key for the nodes" },
	{ "no-node-tls-verify", .what = "do not look at the nodes' certificates" },
	{ "sni-route", 0, CLI_TEXT, "NAME=PORT", .repeats = true,
	  .what = "a server name and the nodes' port it stands for" },

	{ "proxy-header", 0, CLI_WORD, .words = HAPROXY_PROXY_HEADER_WORDS,
	  .what = "PROXY header to the nodes (auto: as gateway.proxy_protocol wants it)" },
	{ "accept-proxy", 0, CLI_TEXT, "NETWORK", .repeats = true,
	  .what = "who puts a PROXY header before what clients send" },
	{ "agent-port", 0, CLI_TEXT, "PORT",
	  .what = "where nodes say how loaded they are (gateway.agent_port)" },
	{ "slowstart", 0, CLI_TEXT, "TIME",
	  .what = "until a node that comes back has its share (30s)" },
	{ "on-marked-down", 0, CLI_WORD, .words = HAPROXY_MARKED_DOWN_WORDS,
	  .what = "connections of a node whose checks fail (keep)" },

	{ "limit-source", 0, CLI_TEXT, "N", .what = "connections of one address (no limit)" },
	{ "limit-source-rate", 0, CLI_TEXT, "N", .what = "new ones of it in 10 s (no limit)" },
	{ "limit-client-id", 0, CLI_TEXT, "N", .what = "connections of one client.id (no limit)" },
	{ "limit-client-id-rate", 0, CLI_TEXT, "N", .what = "new ones of it in 10 s (no limit)" },

	{ "client-max-idle", 0, CLI_TEXT, "TIME",
	  .what = "clients' connections.max.idle.ms (9min)" },
	{ "client-session-timeout", 0, CLI_TEXT, "TIME", .what = "their session.timeout.ms (45s)" },
	{ "client-request-timeout", 0, CLI_TEXT, "TIME", .what = "their request.timeout.ms (30s)" },
	{ "client-max-poll-interval", 0, CLI_TEXT, "TIME",
	  .what = "their max.poll.interval.ms (5min)" },
	{ "client-fetch-max-wait", 0, CLI_TEXT, "TIME", .what = "their fetch.max.wait.ms (500ms)" },

	{ "maxconn", 0, CLI_TEXT, "N", .what = "clients at once; worked out when not given" },
	{ "fd-limit", 0, CLI_TEXT, "N",
	  .what = "descriptors HAProxy may open where it runs, ulimit -n (16384)" },
	{ "source-ports", 0, CLI_TEXT, "N",
	  .what = "ports in net.ipv4.ip_local_port_range there (28232)" },
	{ "no-splice", .what = "copy bytes in HAProxy instead of in the kernel" },
	{ "hard-stop-after", 0, CLI_TEXT, "TIME",
	  .what = "how long a reload leaves the old process alive (30min)" },
	{ "user", 0, CLI_TEXT, "NAME[:GROUP]", .what = "whom HAProxy becomes when root starts it" },
	{ "stats-socket", 0, CLI_TEXT, "PATH",
	  .what = "the socket on which HAProxy is asked and told things" },
	{ "stats-page", 0, CLI_TEXT, "HOST:PORT",
	  .what = "a page for a browser, on a loopback address" },
	{ "metrics", 0, CLI_TEXT, "HOST:PORT", .what = "/metrics for Prometheus" },
	{ "log-format", 0, CLI_WORD, .words = HAPROXY_LOG_FORMAT_WORDS,
	  .what = "how a log line is written (text)" },
	{ "log-target", 0, CLI_TEXT, "TARGET",
	  .what = "stdout (default), stderr, /dev/log or HOST:PORT" },
	{ 0 },
};

/* The option of the section haproxy that a flag gives: --sni-route is haproxy.sni_routes. */
static const struct config_option *option_of(const char *flag)
{
	char key[64];
	size_t n = (size_t)snprintf(key, sizeof key - 1, "haproxy.%s", flag);

	for (char *c = key; *c != '\0'; c++)
		*c = *c == '-' ? '_' : *c;
	if (option_by_key(key) == NULL) {
		key[n] = 's';
		key[n + 1] = '\0';
	}
	return option_by_key(key);
}

/* Every value of a flag that repeats, with commas.  Caller frees. */
static char *joined(const struct cli *cli, const char *flag)
{
	char *text = mem_strdup("");
	size_t at = 0, length = 0;

	for (const char *v; (v = cli_next(cli, flag, &at)) != NULL;) {
		size_t more = strlen(v);

		text = mem_realloc(text, length + more + 2);
		if (length > 0)
			text[length++] = ',';
		memcpy(text + length, v, more + 1);
		length += more;
	}
	return text;
}

/* --no-NAME: what is on by itself. */
static const char *switched_off(const struct cli_option *o)
{
	return o->kind == CLI_FLAG && strncmp(o->name, "no-", 3) == 0 ? o->name + 3 : NULL;
}

static int set_one(const struct cli *cli, const struct cli_option *o, struct config *config)
{
	const char *off = switched_off(o);
	const struct config_option *option = option_of(off != NULL ? off : o->name);
	char why[CONFIG_WHY_MAX];
	char *text;
	int status = EXIT_DONE;

	text = off != NULL ? mem_strdup("false") : joined(cli, o->name);
	if (!config_set(config, option->key, text, why))
		status = cli_usage_error(cli, "--%s: %s", o->name, why);
	free(text);
	return status;
}

/* All that the command line says of the section haproxy; every mistake is told. */
static int set_all(const struct cli *cli, struct config *config)
{
	int status = EXIT_DONE;

	for (const struct cli_option *o = options; o->name != NULL; o++) {
		const char *off = switched_off(o);
		size_t at = 0;

		if (option_of(off != NULL ? off : o->name) == NULL)
			continue; /* --config and its like */
		if (cli_next(cli, o->name, &at) != NULL && set_one(cli, o, config) != EXIT_DONE)
			status = EXIT_USAGE;
	}
	return status;
}

static struct config *read_node(const struct cli *cli)
{
	bool needs_nodes = cli_get(cli, "node") == NULL && cli_get(cli, "discover") == NULL;
	struct config *config;
	struct node_way way;

	node_way_init(&way, cli);
	config = haproxy_from(&way, cli_get(cli, "from"), needs_nodes);
	node_way_deinit(&way);
	return config;
}

/* A gateway's configuration, from a node, from the file or from the environment where that
 * has one; else only its section haproxy.  NULL: it has mistakes. */
static struct config *read_config(const struct cli *cli)
{
	const char *file = cli_get(cli, "config");

	if (cli_get(cli, "from") != NULL)
		return read_node(cli);
	if (file != NULL || getenv("KAFKA_BOOTSTRAP_SERVERS") != NULL)
		return config_load(file, stderr);
	return config_load_part("haproxy.", stderr);
}

/* What only this machine tells; HAProxy may well run on another one. */
static void warn_of_this_machine(const struct haproxy_plan *plan)
{
	struct sizing s = model_sizing(plan);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < (rlim_t)s.descriptors)
		fprintf(stderr,
			"warning: a process on this machine may open %llu descriptors and this "
			"HAProxy wants %d: if it is to run here, raise ulimit -Hn or give "
			"--fd-limit %llu\n",
			(unsigned long long)limit.rlim_max, s.descriptors,
			(unsigned long long)limit.rlim_max);
}

/* Into a new file that then takes the place of the old one at once. */
static int write_file(const char *path, const char *text, size_t length)
{
	size_t size = strlen(path) + sizeof ".XXXXXX";
	char *draft = mem_alloc(size);
	FILE *out = NULL;
	int fd;
	bool ok;

	snprintf(draft, size, "%s.XXXXXX", path);
	fd = mkstemp(draft);
	if (fd >= 0)
		out = fdopen(fd, "w");
	ok = out != NULL && fwrite(text, 1, length, out) == length && fchmod(fd, 0644) == 0 &&
	     fflush(out) == 0 && fsync(fd) == 0 && rename(draft, path) == 0;
	if (!ok) {
		fprintf(stderr, "anyportctl: %s: %s\n", path, strerror(errno));
		if (fd >= 0)
			unlink(draft);
	}
	if (out != NULL)
		fclose(out);
	free(draft);
	return ok ? EXIT_DONE : EXIT_FINDINGS;
}

static int write_plan(const struct haproxy_plan *plan, const char *path)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int status = EXIT_DONE;

	if (out == NULL)
		return EXIT_FINDINGS;
	render_plan(plan, out);
	fclose(out);
	if (path != NULL) {
		status = write_file(path, text, length);
	} else if (fwrite(text, 1, length, stdout) != length || fflush(stdout) != 0) {
		fprintf(stderr, "anyportctl: standard output: %s\n", strerror(errno));
		status = EXIT_FINDINGS;
	}
	free(text);
	return status;
}

static int generate(const struct config *config, const struct version *version, const char *output)
{
	struct haproxy_plan *plan = model_new(config, version);
	int status = EXIT_FINDINGS;

	if (consistency_check(plan, stderr) == 0) {
		warn_of_this_machine(plan);
		status = write_plan(plan, output);
	}
	model_free(plan);
	return status;
}

/* One listener, the named one or the only one; or all of several. */
static int choose(const struct cli *cli, struct config *config)
{
	const char *name = cli_get(cli, "listener");
	char why[CONFIG_WHY_MAX];

	if (name == NULL && config_listener_count(config) > 1)
		return EXIT_DONE;
	if (!listeners_choose(config, name, why))
		return cli_fail("--listener: %s", why);
	if (cli_get(cli, "front") != NULL)
		return cli_usage_error(cli, "--front is for several listeners; of one --listen "
					    "says where its clients come in");
	return EXIT_DONE;
}

static int run(struct cli *cli)
{
	struct version version;
	struct config *config;
	int status = haproxy_version_read(cli, NULL, &version);

	if (status != EXIT_DONE)
		return status;
	if (cli_get(cli, "config") != NULL && cli_get(cli, "from") != NULL)
		return cli_usage_error(cli, "--config and --from both tell the configuration: "
					    "leave one of them out");
	config = read_config(cli);
	if (config == NULL)
		return EXIT_FINDINGS;
	status = choose(cli, config);
	if (status == EXIT_DONE)
		status = set_all(cli, config);
	if (status == EXIT_DONE)
		status = generate(config, &version, cli_get(cli, "output"));
	config_free(config);
	return status;
}

static const struct cli_example examples[] = {
	{ "anyportctl haproxy generate -c /etc/anyport.conf -o /etc/haproxy/haproxy.cfg",
	  "from the nodes' own configuration" },
	{ "anyportctl haproxy generate --from http://10.0.0.1:8888 --stickiness client-id",
	  "as a running node has it" },
	{ "anyportctl haproxy generate -c /etc/anyport.conf --for 3.0",
	  "for the HAProxy of another machine" },
	{ "anyportctl haproxy generate --listen 0.0.0.0:9092-9096 --node n1=10.0.0.1:8888 --node n2=10.0.0.2",
	  "from nothing but flags" },
	{ "anyportctl haproxy generate -c a.conf --stickiness client-id "
	  "--peers a=lb1:1024 --peers b=lb2:1024 --local-peer a",
	  "one of a pair that keeps each client on its node" },
	{ 0 },
};

const struct cli_command haproxy_generate_command = {
	.words = "haproxy generate",
	.what = "write a haproxy.cfg for the gateway's nodes",
	.about =
		"Writes a haproxy.cfg for the nodes of the gateway's configuration.  Every line that is "
		"not obvious says why it is there.  Each option is a key of the configuration's section "
		"haproxy too (--table-size is haproxy.table_size, HAPROXY_TABLE_SIZE in the "
		"environment), and wins over it.  Where the configuration has several listeners, each "
		"has a frontend and a backend with its name; what is done with TLS is done for those "
		"that have it.  A set-up that contradicts itself is refused, with "
		"the reason and what to do instead, and nothing is written.",
	.options = options,
	.examples = examples,
	.run = run,
};
