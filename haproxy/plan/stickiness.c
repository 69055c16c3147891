#include "plan/stickiness.h"

#include "plan/cfgtext.h"
#include "plan/model.h"
#include "plan/render.h"

enum { SIZE_TEXT_MAX = 24 };

struct kind {
	const char *name;
	const char *why;
	const char *type;  /* of the table; NULL: there is none */
	size_t key_length; /* in the table */
	const char *key;
	const char *hash; /* the words behind `balance`: what they read must be there still when
			   * a node is chosen, as a variable is and the first bytes are not */
};

static const struct kind kinds[] = {
	[STICKINESS_NONE] = { "none" },
	[STICKINESS_SOURCE] = { "source",
				"A client address keeps its node; all clients behind one NAT share "
				"one.",
				"type ipv6", 16, "src", "source" },
	[STICKINESS_CLIENT_ID] = { "client-id",
				   "A client.id keeps its node, by its first 64 characters. Clients "
				   "that leave it at their library's default (rdkafka, producer-1, "
				   "sarama) share one.",
				   "type string len 64", 64, "var(txn.client)",
				   "hash var(txn.client)" },
	[STICKINESS_SOURCE_CLIENT_ID] = { "source+client-id",
					  "A client.id at one address keeps its node: neither a NAT "
					  "nor a library's default client.id gathers all on one.",
					  "type string len 128", 128, "var(txn.key)",
					  "hash var(txn.key)" },
	[STICKINESS_PORT] = { "port",
			      "A port keeps its node: what clients send to one broker's port goes "
			      "to one node.",
			      "type integer", 4, "dst_port", "hash dst_port" },
	[STICKINESS_SNI] = { "sni",
			     "A server name keeps its node. Clients that ask for none, as those do "
			     "that know only an address, are balanced.",
			     "type string len 128", 128, "var(txn.sni)", "hash var(txn.sni)" },
	[STICKINESS_CERT] = { "cert", "The name in a client's certificate keeps its node.",
			      "type string len 128", 128, "var(txn.cert)", "hash var(txn.cert)" },
};

static const struct kind *kind_of(const struct haproxy_plan *plan)
{
	return &kinds[plan->config->haproxy.stickiness];
}

const char *stickiness_name(enum haproxy_stickiness kind)
{
	return kinds[kind].name;
}

void stickiness_write_key(const struct haproxy_plan *plan, FILE *out)
{
	switch (plan->config->haproxy.stickiness) {
	case STICKINESS_SOURCE_CLIENT_ID:
		cfgtext_line(out, "tcp-request content set-var-fmt(txn.key) "
				  "\"%%[src]|%%[var(txn.client)]\"");
		break;
	case STICKINESS_CERT:
		if (plan->config->haproxy.tls_client_auth == CLIENT_AUTH_REQUESTED)
			cfgtext_why(out, "A client without a certificate is known by its address.");
		cfgtext_line(out, "tcp-request content set-var(txn.cert) src");
		cfgtext_line(out, "tcp-request content set-var(txn.cert) ssl_c_s_dn(cn) if "
				  "{ ssl_c_used }");
		break;
	default:
		break;
	}
}

/* "100k", as HAProxy counts: by 1024. */
static const char *size_text(char to[SIZE_TEXT_MAX], int entries)
{
	if (entries % 1024 == 0)
		snprintf(to, SIZE_TEXT_MAX, "%dk", entries / 1024);
	else
		snprintf(to, SIZE_TEXT_MAX, "%d", entries);
	return to;
}

static void write_why(const struct haproxy_plan *plan, FILE *out)
{
	const struct kind *kind = kind_of(plan);
	long long bytes = (long long)plan->config->haproxy.table_size *
			  (long long)version_entry_bytes(&plan->version, kind->key_length);

	if (bytes < 1000000)
		cfgtext_why(out, "%s The table takes %lld kB when it is full.", kind->why,
			    bytes / 1000);
	else
		cfgtext_why(out, "%s The table takes %lld MB when it is full.", kind->why,
			    bytes / 1000000);
	cfgtext_why(out,
		    "An entry is not kept by an open connection, so its life is long. %s When a "
		    "node dies its clients move and stay. To empty a node set it to maint: drain "
		    "leaves it those that stick to it.",
		    plan->config->haproxy.peer_count > 0
			    ? "A reload keeps the table, once the peers have told each other all "
			      "they know (5 s from a start)."
			    : "A reload empties the table; with this HAProxy alone as --peers it "
			      "would be kept.");
}

void stickiness_write_table(const struct haproxy_plan *plan, FILE *out)
{
	const struct config_haproxy *want = &plan->config->haproxy;
	char size[SIZE_TEXT_MAX], expire[CFGTEXT_TIME_MAX];

	if (!model_has_table(plan))
		return;
	write_why(plan, out);
	if (want->discover != NULL)
		cfgtext_why(out, "srvkey addr: a slot gets other addresses in time, and an entry "
				 "means the address.");
	cfgtext_line(out, "stick-table %s size %s expire %s%s%s", kind_of(plan)->type,
		     size_text(size, want->table_size), cfgtext_time(expire, want->table_expire_ms),
		     want->discover != NULL ? " srvkey addr" : "",
		     want->peer_count > 0 ? " peers " RENDER_PEERS : "");
	cfgtext_line(out, "stick on %s", kind_of(plan)->key);
}

void stickiness_write_hash(const struct haproxy_plan *plan, FILE *out)
{
	cfgtext_why(out,
		    "%s By a hash, without a table: every HAProxy %s with this file chooses alike, "
		    "and a node that comes back gets its clients back.",
		    kind_of(plan)->why,
		    model_hashes_by_address(plan) ? "from 3.0 on" : "of one version");
	cfgtext_line(out, "balance %s", kind_of(plan)->hash);
}
