#include "cluster/view_build.h"

#include "util/compiler.h"
#include "util/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

struct full_view {
	struct cluster_view v;
	atomic_uint refs;
};

static struct full_view *full(const struct cluster_view *v)
{
	return CONTAINER_OF(v, struct full_view, v);
}

const struct cluster_view *cluster_view_ref(const struct cluster_view *v)
{
	atomic_fetch_add_explicit(&full(v)->refs, 1, memory_order_relaxed);
	return v;
}

void cluster_view_unref(const struct cluster_view *v)
{
	struct full_view *f;

	if (v == NULL)
		return;
	f = full(v);
	if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < f->v.member_count; i++)
		identity_deinit(&f->v.members[i]);
	for (size_t i = 0; i < f->v.disagreement_count; i++)
		free(f->v.disagreements[i]);
	free(f->v.members);
	free(f->v.disagreements);
	free(f->v.trouble);
	free(f->v.topic_trouble);
	free(f);
}

static const void *ref(const void *value)
{
	return cluster_view_ref(value);
}

static void unref(const void *value)
{
	cluster_view_unref(value);
}

const struct published cluster_view_published = { ref, unref };

const char *cluster_state_text(enum cluster_state state)
{
	static const char *const texts[] = { "off", "joining", "member", "apart" };

	return texts[state];
}

struct cluster_view *view_new(const struct config *config, const char *topic)
{
	struct full_view *f = mem_zalloc(sizeof *f);

	atomic_init(&f->refs, 1);
	f->v.group = config->group_id;
	f->v.topic = topic;
	f->v.generation = -1;
	return &f->v;
}

void view_add(struct cluster_view *v, const struct cluster_member *m)
{
	v->members = mem_realloc(v->members, (v->member_count + 1) * sizeof *v->members);
	identity_copy(&v->members[v->member_count++], m);
}

static int by_id(const void *a, const void *b)
{
	const struct cluster_member *x = a, *y = b;
	int order = strcmp(x->node_id, y->node_id);

	return order != 0 ? order
			  : (x->incarnation > y->incarnation) - (x->incarnation < y->incarnation);
}

void view_finish(struct cluster_view *v)
{
	bool found = false;

	qsort(v->members, v->member_count, sizeof *v->members, by_id);
	for (size_t i = 0; i < v->member_count; i++) {
		v->believed_count += v->members[i].trust == MEMBER_BELIEVED;
		if (!v->members[i].is_self)
			continue;
		v->self = i;
		found = true;
	}
	assert(found);
	(void)found;
	view_disagree(v);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Its answers name the nodes themselves, each with ports of its own. */
static bool names_nodes(const struct cluster_member *m)
{
	bool any = m->mode == ADVERTISE_PORTS;

	for (size_t i = 0; i < m->places.count; i++)
		any |= m->places.all[i].mode == ADVERTISE_PORTS;
	return m->internal && any;
}

bool member_has_same_listeners(const struct cluster_member *a, const struct cluster_member *b)
{
	bool same = a->places.count == b->places.count;

	for (size_t i = 0; same && i < a->places.count; i++)
		same = told_find(&b->places, a->places.all[i].name) != NULL;
	return same;
}

bool member_shares_clients(const struct cluster_member *a, const struct cluster_member *b)
{
	if (a->kafka != NULL && b->kafka != NULL && strcmp(a->kafka, b->kafka) != 0)
		return false;
	if (names_nodes(a) || names_nodes(b))
		return names_nodes(a) && names_nodes(b);
	return a->internal == b->internal && a->mode == b->mode && a->port == b->port &&
	       a->min_broker_id == b->min_broker_id && strcmp(a->host, b->host) == 0;
}

static bool same_member(const struct cluster_member *a, const struct cluster_member *b)
{
	return same_text(a->node_id, b->node_id) && same_text(a->host, b->host) &&
	       a->port == b->port && a->port_count == b->port_count &&
	       a->min_broker_id == b->min_broker_id && a->mode == b->mode &&
	       a->internal == b->internal && a->port_hint == b->port_hint &&
	       told_same(&a->places, &b->places) && same_text(a->rack, b->rack) &&
	       same_text(a->http, b->http) && same_text(a->version, b->version) &&
	       same_text(a->kafka, b->kafka) && a->settings == b->settings &&
	       a->incarnation == b->incarnation && a->is_self == b->is_self &&
	       a->is_draining == b->is_draining && a->is_sealed == b->is_sealed &&
	       a->trust == b->trust;
}

bool view_same_members(const struct cluster_view *a, const struct cluster_view *b)
{
	if (a->member_count != b->member_count)
		return false;
	for (size_t i = 0; i < a->member_count; i++) {
		if (!same_member(&a->members[i], &b->members[i]))
			return false;
	}
	return true;
}
