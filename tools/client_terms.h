/* client_terms.h - how a client talks to Kafka, as people who know kcat or Java's tools say it.
 *
 *     -X security.protocol=SASL_SSL -X sasl.mechanism=PLAIN -X sasl.username=me -F client.properties
 *
 * Tests: tests/integration/operate/verify_secure.py
 */
#ifndef TOOLS_CLIENT_TERMS_H
#define TOOLS_CLIENT_TERMS_H

#include "cli.h"

#include "config/config.h"
#include "upstream/link.h"

/* For a command's options. */
#define CLIENT_TERMS_OPTIONS                                                                          \
	{ "property",                                                                                 \
	  'X',                                                                                        \
	  CLI_TEXT,                                                                                   \
	  "NAME=VALUE",                                                                               \
	  .repeats = true,                                                                            \
	  .what = "as for kcat and Java: security.protocol, sasl.mechanism, sasl.username, "          \
		  "sasl.password, sasl.jaas.config, ssl.ca.location and their like" },                \
	{                                                                                             \
		"properties", 'F', CLI_TEXT, "FILE",                                                  \
			.repeats = true,                                                              \
			.what = "a file of them, a line each; other properties in it are passed over" \
	}

struct client_terms {
	struct config *config; /* its part for brokers alone */
	struct tls_slot tls;
	struct link_terms terms;
};

/* From the command line.  False: it was said what is wrong; to be deinitialised in any case. */
MUST_CHECK bool client_terms_init(struct client_terms *t, const struct cli *cli);
/* The same, but nothing is made of it: the configuration alone. */
MUST_CHECK bool client_terms_read(struct client_terms *t, const struct cli *cli);
void client_terms_deinit(struct client_terms *t);

#endif
