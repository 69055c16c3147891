#include "cluster/roster.h"

#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>

enum { PUT_RIGHT_FIRST_MS = 500, PUT_RIGHT_MOST_MS = 30000 };

void roster_init(struct roster *r, const struct config *config, const char *version,
		 struct seal *seal)
{
	*r = (struct roster){ .seal = seal };
	self_describe(&r->self, config, version);
	r->self.is_sealed = seal != NULL;
}

static void drop_others(struct roster *r)
{
	for (size_t i = 0; i < r->other_count; i++)
		identity_deinit(&r->others[i]);
	free(r->others);
	r->others = NULL;
	r->other_count = 0;
}

void roster_deinit(struct roster *r)
{
	drop_others(r);
	for (size_t i = 0; i < r->load_count; i++)
		free(r->loads[i].node_id);
	free(r->loads);
	identity_deinit(&r->self);
}

/* --- the map --- */

/* One pass over a map. */
struct reading {
	struct roster *roster;
	bool found_self;
	int64_t newest; /* incarnation that the map has of this node */
};

/* Whether what the map has of this node differs in nothing but when it was said: what the node
 * was before a restart.  Nobody need hear of that again. */
static bool says_the_same(const struct roster *r, struct cluster_member *m)
{
	int64_t said = m->incarnation;
	struct buf ours, theirs;
	bool same;

	buf_init(&ours, IDENTITY_MAX);
	buf_init(&theirs, IDENTITY_MAX);
	m->incarnation = r->self.incarnation;
	identity_write(&ours, &r->self);
	identity_write(&theirs, m);
	m->incarnation = said;
	same = ours.len == theirs.len && memcmp(ours.data, theirs.data, ours.len) == 0;
	buf_deinit(&ours);
	buf_deinit(&theirs);
	return same;
}

/* An entry of this node's name.  False: another node has that name too. */
static bool take_own(struct reading *reading, struct cluster_member *m)
{
	struct cluster_member *self = &reading->roster->self;

	if (m->incarnation < self->incarnation && says_the_same(reading->roster, m))
		self->incarnation = m->incarnation;
	if (m->incarnation > reading->newest)
		reading->newest = m->incarnation;
	if (m->incarnation == self->incarnation) {
		reading->found_self = true;
		return true;
	}
	/* an older entry of its name and address is what this node was before */
	return strcmp(m->http, self->http) == 0;
}

/* The newest of each node is known before any is taken: the map may have an older one besides. */
static bool on_seal(void *ctx, const struct map_entry *entry)
{
	const struct roster *r = ctx;
	struct cluster_member m;

	if (identity_read(&m, entry->bytes, entry->len))
		identity_judge(&m, entry->bytes, entry->len, r->seal);
	identity_deinit(&m);
	return true;
}

static bool on_entry(void *ctx, const struct map_entry *entry)
{
	struct reading *reading = ctx;
	struct roster *r = reading->roster;
	struct cluster_member m;

	if (!identity_read(&m, entry->bytes, entry->len)) {
		log_warn("who=cluster event=bad_identity bytes=%zu", entry->len);
		return true;
	}
	identity_judge(&m, entry->bytes, entry->len, r->seal);
	if (m.trust == MEMBER_BELIEVED && strcmp(m.node_id, r->self.node_id) == 0 &&
	    take_own(reading, &m)) {
		identity_deinit(&m);
		return true;
	}
	r->others = mem_realloc(r->others, (r->other_count + 1) * sizeof *r->others);
	r->others[r->other_count++] = m;
	return true;
}

void roster_take_map(struct roster *r, const uint8_t *map, size_t len)
{
	struct reading reading = { .roster = r };

	if (len > 0) {
		drop_others(r);
		if (r->seal != NULL)
			(void)!map_read(map, len, on_seal, r);
		if (!map_read(map, len, on_entry, &reading))
			log_warn("who=cluster event=bad_map bytes=%zu", len);
	}
	r->is_misrepresented = !reading.found_self;
	r->is_told = reading.found_self;
	if (reading.found_self) {
		r->put_right = 0;
		r->put_right_at = 0;
	} else if (reading.newest > r->self.incarnation) {
		r->self.incarnation = reading.newest;
	}
}

bool roster_put_right(struct roster *r, int64_t now)
{
	int64_t pause = (int64_t)PUT_RIGHT_FIRST_MS << (r->put_right < 8 ? r->put_right : 8);

	if (!r->is_misrepresented || now < r->put_right_at)
		return false;
	r->put_right++;
	r->put_right_at = now + (pause < PUT_RIGHT_MOST_MS ? pause : PUT_RIGHT_MOST_MS);
	r->self.incarnation++;
	return true;
}

void roster_renew(struct roster *r)
{
	r->self.incarnation++;
	r->is_told = false;
}

/* --- loads --- */

static bool is_named(const char *name, const char *node_id, size_t id_len)
{
	return strlen(name) == id_len && memcmp(name, node_id, id_len) == 0;
}

bool roster_is_self(const struct roster *r, const char *node_id, size_t id_len)
{
	return is_named(r->self.node_id, node_id, id_len);
}

static struct roster_load *load_of(const struct roster *r, const char *node_id, size_t id_len)
{
	for (size_t i = 0; i < r->load_count; i++) {
		if (is_named(r->loads[i].node_id, node_id, id_len))
			return &r->loads[i];
	}
	return NULL;
}

void roster_take_load(struct roster *r, const char *node_id, size_t id_len,
		      const struct cluster_load *load, int64_t now)
{
	struct roster_load *heard = load_of(r, node_id, id_len);

	if (heard == NULL && r->load_count == MAP_NODES_MAX)
		return;
	if (heard == NULL) {
		r->loads = mem_realloc(r->loads, (r->load_count + 1) * sizeof *r->loads);
		heard = &r->loads[r->load_count++];
		heard->node_id = mem_strndup(node_id, id_len);
	}
	heard->load = *load;
	heard->at = now;
}

struct cluster_view *roster_view(const struct roster *r, const struct config *config,
				 const char *topic)
{
	struct cluster_view *v = view_new(config, topic);

	view_add(v, &r->self);
	for (size_t i = 0; i < r->other_count; i++) {
		const char *node_id = r->others[i].node_id;
		const struct roster_load *heard = load_of(r, node_id, strlen(node_id));

		view_add(v, &r->others[i]);
		if (heard == NULL || r->others[i].trust != MEMBER_BELIEVED)
			continue;
		v->members[i + 1].load = heard->load;
		v->members[i + 1].load_at = heard->at;
	}
	view_finish(v);
	return v;
}
