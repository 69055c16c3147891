#include "balance/places.h"

#include "route/mapping.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

void places_init(struct places *p, const char *node_id)
{
	p->known = mem_zalloc(sizeof *p->known);
	p->live = live_new();
	p->elsewhere = mem_zalloc(sizeof *p->elsewhere);
	p->tag = mapping_tag(node_id, strlen(node_id));
}

void places_deinit(struct places *p)
{
	free(p->known);
	live_free(p->live);
	free(p->elsewhere);
}

uint16_t places_node(const struct places *p, uint64_t key)
{
	return live_count(p->live, key) > 0 ? p->tag : elsewhere_tag(p->elsewhere, key);
}

static size_t take(void *owner, uint64_t *keys, size_t max)
{
	const struct places *p = owner;

	return live_take(p->live, keys, max);
}

static void asked(void *owner)
{
	const struct places *p = owner;

	live_tell_all(p->live);
}

static void heard(void *owner, const char *node_id, size_t id_len, const uint64_t *keys,
		  size_t count)
{
	const struct places *p = owner;
	uint16_t tag = mapping_tag(node_id, id_len);

	for (size_t i = 0; i < count; i++) {
		if (keys[i] & 1)
			elsewhere_add(p->elsewhere, keys[i], tag);
		else
			elsewhere_remove(p->elsewhere, keys[i] | 1, tag);
	}
}

struct cluster_exchange places_exchange(struct places *p)
{
	return (struct cluster_exchange){
		.take = take, .asked = asked, .heard = heard, .owner = p
	};
}
