/* Nodes that do not fit together, each by name. */
#include "cluster/view_build.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

enum { SENTENCE_MAX = 400, SENTENCES_MAX = 32 };

PRINTF_LIKE(2, 3)
static void say(struct cluster_view *v, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	if (v->disagreement_count == SENTENCES_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	v->disagreements = mem_realloc(v->disagreements,
				       (v->disagreement_count + 1) * sizeof *v->disagreements);
	v->disagreements[v->disagreement_count++] = mem_strdup(text);
}

static const char *flag_text(const struct cluster_member *m)
{
	return m->internal ? "internal" : "external";
}

static const char *mode_text(const struct cluster_member *m)
{
	static const char *const words[] = { "ports", "single", "host" };

	return words[m->mode];
}

static bool overlap(const struct cluster_member *a, const struct cluster_member *b)
{
	return strcmp(a->host, b->host) == 0 && a->port < b->port + b->port_count &&
	       b->port < a->port + a->port_count;
}

/* Differences by which what clients are told would depend on the node that they ask. */
static void compare_told(struct cluster_view *v, const struct cluster_member *a,
			 const struct cluster_member *b)
{
	bool external = !a->internal && !b->internal;

	if (a->internal != b->internal)
		say(v, "%s is for %s load balancing, %s for %s", a->node_id, flag_text(a),
		    b->node_id, flag_text(b));
	if (a->mode != b->mode)
		say(v, "%s advertises in mode %s, %s in mode %s", a->node_id, mode_text(a),
		    b->node_id, mode_text(b));
	if (external && (strcmp(a->host, b->host) != 0 || a->port != b->port))
		say(v, "%s advertises %s:%d, %s advertises %s:%d", a->node_id, a->host, a->port,
		    b->node_id, b->host, b->port);
	if (a->internal && b->internal && a->mode == ADVERTISE_PORTS && overlap(a, b))
		say(v, "%s and %s advertise the same ports of %s", a->node_id, b->node_id, a->host);
	if (external && a->port_hint != MEMBER_HINT_UNSAID && b->port_hint != MEMBER_HINT_UNSAID &&
	    a->port_hint != b->port_hint)
		say(v,
		    "%s takes a client's port for the broker that it dialled "
		    "(gateway.port_is_hint), %s does not",
		    a->port_hint == MEMBER_PORT_IS_HINT ? a->node_id : b->node_id,
		    a->port_hint == MEMBER_PORT_IS_HINT ? b->node_id : a->node_id);
	if (a->port_count != b->port_count)
		say(v, "%s has %d ports, %s has %d", a->node_id, a->port_count, b->node_id,
		    b->port_count);
	if (a->min_broker_id != b->min_broker_id)
		say(v, "broker %d is at the first port of %s, broker %d at that of %s",
		    a->min_broker_id, a->node_id, b->min_broker_id, b->node_id);
}

/* Nodes that differ in their secrets.  False: nothing else that it says is worth comparing. */
static bool compare_secrets(struct cluster_view *v, const struct cluster_member *self,
			    const struct cluster_member *m)
{
	if (m->trust != MEMBER_BELIEVED)
		say(v, "%s is not believed: %s (gateway.cluster_secret of %s and %s)", m->node_id,
		    member_trust_text(m->trust), m->node_id, self->node_id);
	else if (m->is_sealed && !self->is_sealed)
		say(v, "%s has a gateway.cluster_secret, %s has none and is not believed there",
		    m->node_id, self->node_id);
	return m->trust == MEMBER_BELIEVED;
}

static void compare(struct cluster_view *v, const struct cluster_member *a,
		    const struct cluster_member *b)
{
	if (strcmp(a->node_id, b->node_id) == 0)
		say(v, "two nodes are named %s (%s and %s): give each a node_id of its own",
		    a->node_id, a->http, b->http);
	if (a->kafka != NULL && b->kafka != NULL && strcmp(a->kafka, b->kafka) != 0)
		say(v, "%s is at the Kafka cluster %s, %s at %s", a->node_id, a->kafka, b->node_id,
		    b->kafka);
	compare_told(v, a, b);
}

/* Every other node is compared with this one: where two differ, either may be the odd one. */
void view_disagree(struct cluster_view *v)
{
	const struct cluster_member *self = &v->members[v->self];

	for (size_t i = 0; i < v->member_count; i++) {
		if (i != v->self && compare_secrets(v, self, &v->members[i]))
			compare(v, self, &v->members[i]);
	}
}
