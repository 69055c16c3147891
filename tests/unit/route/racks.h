/* racks.h - a snapshot of brokers in racks, for tests of who reads where. */
#ifndef UNIT_ROUTE_RACKS_H
#define UNIT_ROUTE_RACKS_H

#include "topology/snapshot_build.h"
#include "util/mem.h"

/* Brokers 0 and up, one a rack (NULL: none), all of them to be reached; broker 0 leads each partition of
 * "orders". */
static inline struct snapshot *snapshot_in_racks(const char *const *racks, size_t count,
						 int32_t partitions)
{
	struct snapshot *s = snapshot_new(NULL);
	struct topic *t = snapshot_add_topic(s, "orders", 6, (uint8_t[16]){ 1 }, partitions);

	s->broker_count = count;
	s->brokers = mem_zalloc(count * sizeof *s->brokers);
	for (size_t i = 0; i < count; i++) {
		s->brokers[i].id = (int32_t)i;
		s->brokers[i].address_len = 16;
		s->brokers[i].rack = racks[i] != NULL ? mem_strdup(racks[i]) : NULL;
	}
	for (int32_t p = 0; p < partitions; p++)
		t->partitions[p].leader = 0;
	return s;
}

#endif
