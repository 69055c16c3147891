#include "loop/stats.h"

static void sum_cells(stat_cell *sum, const stat_cell *from, int n)
{
	for (int i = 0; i < n; i++)
		stat_cell_add(&sum[i], atomic_load_explicit(&from[i], memory_order_relaxed));
}

uint64_t stats_open(const struct stats *sum, enum stats_counter opened, enum stats_counter closed)
{
	uint64_t o = sum->counters[opened], c = sum->counters[closed];

	return o > c ? o - c : 0;
}

void stats_sum(struct stats *sum, const struct stats *from)
{
	sum_cells(sum->counters, from->counters, STAT_COUNT);
	sum_cells(sum->requests, from->requests, STATS_APIS);
	sum_cells(sum->errors, from->errors, STATS_ERRORS);
	sum_cells(sum->latency, from->latency, STATS_BUCKETS + 1);
	sum_cells(&sum->latency_sum_us, &from->latency_sum_us, 1);
	for (int i = 0; i < LISTENERS_MAX; i++)
		sum_cells(sum->by_listener[i], from->by_listener[i], BY_LISTENER_COUNT);
}
