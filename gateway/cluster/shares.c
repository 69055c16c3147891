#include "cluster/shares.h"

#include "cluster/identity.h"
#include "cluster/subscription.h"
#include "util/mem.h"

#include <assert.h>
#include <stdlib.h>

static int by_member(const void *a, const void *b)
{
	const struct share *x = a, *y = b;
	size_t n = x->member_id_len < y->member_id_len ? x->member_id_len : y->member_id_len;
	int order = memcmp(x->member_id, y->member_id, n);

	return order != 0 ? order : (int)x->member_id_len - (int)y->member_id_len;
}

/* The partitions go round; the map goes to everyone. */
static void assign(struct shares *s, const char *topic, int32_t partitions, const struct buf *map)
{
	int32_t mine[SHARES_PARTITIONS_MAX];

	qsort(s->all, s->count, sizeof *s->all, by_member);
	for (size_t i = 0; i < s->count; i++) {
		size_t n = 0;

		for (int32_t p = (int32_t)i; p < partitions; p += (int32_t)s->count)
			mine[n++] = p;
		assignment_write(&s->all[i].assignment, topic, mine, n, map);
	}
}

static void add(struct shares *s, struct reply_bytes member_id)
{
	struct share *share = &s->all[s->count++];

	share->member_id_len = member_id.len;
	share->member_id = (uint8_t *)mem_strndup((const char *)member_id.bytes, member_id.len);
	buf_init(&share->assignment, MAP_MAX);
}

/* False: the subscription has no identity that a map can hold. */
static bool has_identity(struct reply_bytes subscription, struct map_entry *entry)
{
	return subscription_read(subscription.bytes, subscription.len, &entry->bytes,
				 &entry->len) &&
	       entry->len > 0 && entry->len <= IDENTITY_MAX;
}

void shares_make(struct shares *s, const struct reply *joined, const char *topic,
		 int32_t partitions)
{
	const size_t members = joined->member_count;
	struct map_entry *entries = mem_alloc((members + 1) * sizeof *entries);
	size_t count = 0;
	struct buf map;

	assert(s->all == NULL && partitions <= SHARES_PARTITIONS_MAX);
	s->all = mem_zalloc((members + 1) * sizeof *s->all);
	for (size_t i = 0; i < members; i++) {
		add(s, joined->members[i].id);
		if (count < MAP_NODES_MAX && has_identity(joined->members[i].data, &entries[count]))
			count++;
	}
	buf_init(&map, MAP_MAX / 2);
	map_write(&map, entries, count);
	assign(s, topic, partitions, &map);
	buf_deinit(&map);
	free(entries);
}

void shares_deinit(struct shares *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->all[i].member_id);
		buf_deinit(&s->all[i].assignment);
	}
	free(s->all);
	*s = (struct shares){ 0 };
}

struct say *shares_said(const struct shares *s)
{
	struct say *said = mem_alloc((s->count * SHARES_EACH + 1) * sizeof *said);

	for (size_t i = 0; i < s->count; i++) {
		const struct share *share = &s->all[i];

		said[i * SHARES_EACH] =
			say_bytes(MEMBER_ID, share->member_id, share->member_id_len);
		said[i * SHARES_EACH + 1] = say_buf(MEMBER_DATA, &share->assignment);
	}
	return said;
}
