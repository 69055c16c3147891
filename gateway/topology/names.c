#include "topology/names.h"

#include "util/hash.h"
#include "util/mem.h"

enum { FIRST_SLOTS = 16 };

/* Where the name is, or the free slot where it belongs. */
static uint32_t *slot_of(const struct names *n, uint64_t hash, const void *bytes, size_t len)
{
	size_t i = hash & (n->slot_count - 1);

	for (; n->slots[i] != 0; i = (i + 1) & (n->slot_count - 1)) {
		const struct name *known = &n->all[n->slots[i] - 1];

		if (known->hash == hash && known->len == len && memcmp(known->bytes, bytes, len) == 0)
			break;
	}
	return &n->slots[i];
}

static void grow(struct names *n)
{
	free(n->slots);
	n->slot_count = n->slot_count > 0 ? n->slot_count * 2 : FIRST_SLOTS;
	n->slots = mem_zalloc(n->slot_count * sizeof *n->slots);
	n->all = mem_realloc(n->all, n->slot_count / 2 * sizeof *n->all);
	for (uint32_t i = 0; i < n->count; i++)
		*slot_of(n, n->all[i].hash, n->all[i].bytes, n->all[i].len) = i + 1;
}

bool names_add(struct names *n, const void *bytes, size_t len)
{
	uint64_t hash = hash_bytes(bytes, len);
	uint32_t *slot;

	if ((n->count + 1) * 2 > n->slot_count && n->count < NAMES_MAX)
		grow(n);
	slot = slot_of(n, hash, bytes, len);
	if (*slot != 0)
		return true;
	if (n->count == NAMES_MAX || len > UINT16_MAX)
		return false;
	n->all[n->count] = (struct name){ (uint8_t *)mem_strndup(bytes, len), (uint32_t)len, hash };
	*slot = (uint32_t)++n->count;
	return true;
}

void names_deinit(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->all[i].bytes);
	free(n->all);
	free(n->slots);
	*n = (struct names){ 0 };
}
