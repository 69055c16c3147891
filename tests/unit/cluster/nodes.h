/* nodes.h - members for tests: "a" is 10.0.0.1:7000, "b" is 10.0.0.2:7000 and so on. */
#ifndef UNIT_CLUSTER_NODES_H
#define UNIT_CLUSTER_NODES_H

#include "cluster/view_build.h"
#include "util/mem.h"

/* Free with identity_deinit. */
static inline struct cluster_member make_member(char letter)
{
	char host[] = "10.0.0.0", http[] = "10.0.0.0:8888", id[] = { letter, '\0' };

	host[7] = http[7] = (char)('1' + letter - 'a');
	return (struct cluster_member){ .node_id = mem_strdup(id),
					.host = mem_strdup(host),
					.port = 7000,
					.port_count = 5,
					.min_broker_id = 1,
					.internal = true,
					.http = mem_strdup(http),
					.version = mem_strdup("1.2.3"),
					.kafka = mem_strdup("kafka-x"),
					.settings = 0x1122334455667788,
					.incarnation = 1000,
					.load_at = -1 };
}

static inline void set_text(char **field, const char *text)
{
	free(*field);
	*field = text != NULL ? mem_strdup(text) : NULL;
}

#endif
