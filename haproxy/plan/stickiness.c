#include "plan/stickiness.h"

#include "plan/cfgtext.h"

#include <stddef.h>
#include <string.h>

/* One row a kind; what is NULL is left out. */
struct kind {
	const char *name;
	const char *why;
	const char *table;
	const char *key;
	void (*write_key)(FILE *out); /* in the frontend; it decides about the connection */
};

/* Anything that begins like Kafka goes on. */
static void accept_kafka(FILE *out)
{
	cfgtext_line(out, "tcp-request content accept if begins_like_kafka");
}

/* The id is in the header of every request, of every version, at the same place. */
static void take_client_id(FILE *out)
{
	cfgtext_why(out, "The refusal comes first: what is not Kafka has lengths to wait for that "
			 "never come. A client without an id is known by its address.");
	cfgtext_line(out, "acl has_a_byte req.payload(0,1) -m found");
	cfgtext_line(out, "acl has_client_id req.payload_lv(12,2) -m found");
	cfgtext_line(out, "acl has_no_client_id req.payload(12,2) -m bin ffff 0000");
	cfgtext_line(out, "tcp-request content reject if has_a_byte !begins_like_kafka");
	cfgtext_line(out, "tcp-request content set-var(txn.client) src");
	cfgtext_line(out, "tcp-request content set-var(txn.client) req.payload_lv(12,2) "
			  "if has_client_id");
	cfgtext_line(out, "tcp-request content accept if has_client_id or has_no_client_id");
}

static const struct kind kinds[] = {
	[STICKINESS_NONE] = { "none", .write_key = accept_kafka },
	[STICKINESS_SOURCE] = { "source",
				"A client address keeps its node; all clients behind one NAT "
				"share one. The table takes 21 MB when it is full.",
				"stick-table type ipv6 size 100k expire 24h", "stick on src",
				accept_kafka },
	[STICKINESS_CLIENT_ID] = { "client-id",
				   "A client.id keeps its node, by its first 64 characters. "
				   "Clients that leave it at their library's default (rdkafka, "
				   "producer-1, sarama) share one. The table takes 27 MB when it "
				   "is full.",
				   "stick-table type string len 64 size 100k expire 24h",
				   "stick on var(txn.client)", take_client_id },
	[STICKINESS_PORT] = { "port",
			      "A port keeps its node: what clients send to one broker's port goes "
			      "to one node.",
			      "stick-table type integer size 64k expire 24h", "stick on dst_port",
			      accept_kafka },
};

bool stickiness_parse(const char *word, enum haproxy_stickiness *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(word, kinds[i].name) == 0) {
			*kind = (enum haproxy_stickiness)i;
			return true;
		}
	}
	return false;
}

const char *stickiness_name(enum haproxy_stickiness kind)
{
	return kinds[kind].name;
}

void stickiness_write_inspection(enum haproxy_stickiness kind, FILE *out)
{
	cfgtext_why(out,
		    "A Kafka connection begins with the size of its first request: below 16 "
		    "MiB, so the first byte is 0. TLS begins with 0x16 and HTTP with a letter; "
		    "a node would take either for the size of a huge request and wait for it. "
		    "Clients speak first, though a cold one was seen to take 1.6 s.");
	cfgtext_line(out, "tcp-request inspect-delay 10s");
	cfgtext_line(out, "acl begins_like_kafka req.payload(0,1) -m bin 00");
	kinds[kind].write_key(out);
	cfgtext_line(out, "tcp-request content reject");
}

void stickiness_write_table(enum haproxy_stickiness kind, FILE *out)
{
	if (kinds[kind].table == NULL)
		return;
	cfgtext_why(out, "%s", kinds[kind].why);
	cfgtext_why(out,
		    "An entry is not kept by an open connection, so its life is long. A reload "
		    "empties the table. When a node dies its clients move and stay. To empty a "
		    "node set it to maint: drain leaves it those that stick to it.");
	cfgtext_line(out, "%s", kinds[kind].table);
	cfgtext_line(out, "%s", kinds[kind].key);
}
