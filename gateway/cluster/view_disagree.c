/* Nodes that do not fit together, each by name. */
#include "cluster/view_build.h"

#include "config/listeners.h"
#include "util/compiler.h"
#include "util/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>

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

static const char *mode_text(enum advertise_mode mode)
{
	static const char *const words[] = { "ports", "single", "host" };

	return words[mode];
}

static bool overlap(const struct told_place *a, const struct told_place *b)
{
	return strcasecmp(a->host, b->host) == 0 &&
	       port_ranges_overlap((struct port_range){ a->port, a->port_count },
				   (struct port_range){ b->port, b->port_count });
}

/* Two nodes and the places of the same listener at each. */
struct pair {
	const struct cluster_member *a, *b;
	const struct told_place *at_a, *at_b;
	const char *of; /* of which listener: behind a sentence; "" where there is one */
};

static void compare_addresses(struct cluster_view *v, const struct pair *p)
{
	const char *a = p->a->node_id, *b = p->b->node_id;
	const struct told_place *at_a = p->at_a, *at_b = p->at_b;
	bool external = !p->a->internal && !p->b->internal;

	if (external && (strcmp(at_a->host, at_b->host) != 0 || at_a->port != at_b->port))
		say(v, "%s advertises %s:%d, %s advertises %s:%d%s", a, at_a->host, at_a->port, b,
		    at_b->host, at_b->port, p->of);
	if (p->a->internal && p->b->internal && at_a->mode == ADVERTISE_PORTS &&
	    overlap(at_a, at_b))
		say(v, "%s and %s advertise the same ports of %s%s", a, b, at_a->host, p->of);
	if (external && at_a->port_hint != MEMBER_HINT_UNSAID &&
	    at_b->port_hint != MEMBER_HINT_UNSAID && at_a->port_hint != at_b->port_hint)
		say(v,
		    "%s takes a client's port for the broker that it dialled "
		    "(gateway.port_is_hint), %s does not%s",
		    at_a->port_hint == MEMBER_PORT_IS_HINT ? a : b,
		    at_a->port_hint == MEMBER_PORT_IS_HINT ? b : a, p->of);
}

static void compare_places(struct cluster_view *v, const struct pair *p)
{
	const char *a = p->a->node_id, *b = p->b->node_id;
	const struct told_place *at_a = p->at_a, *at_b = p->at_b;

	if (at_a->mode != at_b->mode)
		say(v, "%s advertises in mode %s, %s in mode %s%s", a, mode_text(at_a->mode), b,
		    mode_text(at_b->mode), p->of);
	compare_addresses(v, p);
	if (at_a->port_count != at_b->port_count)
		say(v, "%s has %d ports, %s has %d%s", a, at_a->port_count, b, at_b->port_count,
		    p->of);
	if (at_a->min_broker_id != at_b->min_broker_id)
		say(v, "broker %d is at the first port of %s, broker %d at that of %s%s",
		    at_a->min_broker_id, a, at_b->min_broker_id, b, p->of);
}

/* False: it has not so many. */
static bool nth_place(const struct cluster_member *m, size_t n, struct told_place *place)
{
	if (m->places.count == 0)
		return n == 0 && member_place(m, NULL, place);
	if (n < m->places.count)
		*place = m->places.all[n];
	return n < m->places.count;
}

static bool is_of_other_name(const struct told_place *a, const struct told_place *b)
{
	return (a->name == NULL) != (b->name == NULL) ||
	       (a->name != NULL && strcasecmp(a->name, b->name) != 0);
}

/* Listeners of different names; those of the same are compared with all else. */
static void compare_ports(struct cluster_view *v, const struct cluster_member *a,
			  const struct cluster_member *b)
{
	struct told_place at_a, at_b;

	if (!a->internal || !b->internal || (a->places.count <= 1 && b->places.count <= 1))
		return;
	for (size_t i = 0; nth_place(a, i, &at_a); i++) {
		for (size_t j = 0; nth_place(b, j, &at_b); j++) {
			if (is_of_other_name(&at_a, &at_b) && at_a.mode == ADVERTISE_PORTS &&
			    at_b.mode == ADVERTISE_PORTS && overlap(&at_a, &at_b))
				say(v, "%s and %s advertise the same ports of %s, of two listeners",
				    a->node_id, b->node_id, at_a.host);
		}
	}
}

/* Listeners that one of them has and the other has not. */
static void say_lacking(struct cluster_view *v, const struct cluster_member *has,
			const struct cluster_member *lacks)
{
	struct told_place place;

	for (size_t i = 0; i < has->places.count; i++) {
		const char *name = has->places.all[i].name;

		if (!member_place_beside(has, lacks, name, &place))
			say(v,
			    "%s has a listener %s, %s has none: clients of that are told nothing "
			    "of %s",
			    has->node_id, name, lacks->node_id, lacks->node_id);
	}
	if (has->places.count == 0 && lacks->places.count > 1)
		say(v,
		    "%s has one listener, which has no name, those of %s have: clients of the one "
		    "are told nothing of the other",
		    has->node_id, lacks->node_id);
}

static void compare_listeners(struct cluster_view *v, const struct cluster_member *a,
			      const struct cluster_member *b)
{
	char of[LISTENER_NAME_MOST + 32];
	struct told_place at_a, at_b;

	if (member_place(a, NULL, &at_a) && member_place_beside(a, b, NULL, &at_b))
		compare_places(v, &(struct pair){ a, b, &at_a, &at_b, "" });
	for (size_t i = 0; i < a->places.count; i++) {
		at_a = a->places.all[i];
		if (!member_place_beside(a, b, at_a.name, &at_b))
			continue;
		snprintf(of, sizeof of, ", of the listener %.*s", LISTENER_NAME_MOST, at_a.name);
		compare_places(v, &(struct pair){ a, b, &at_a, &at_b, of });
	}
	compare_ports(v, a, b);
	say_lacking(v, a, b);
	say_lacking(v, b, a);
}

/* Differences by which what clients are told would depend on the node that they ask. */
static void compare_told(struct cluster_view *v, const struct cluster_member *a,
			 const struct cluster_member *b)
{
	if (a->internal != b->internal)
		say(v, "%s is for %s load balancing, %s for %s", a->node_id, flag_text(a),
		    b->node_id, flag_text(b));
	compare_listeners(v, a, b);
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
