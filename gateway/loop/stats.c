#include "loop/stats.h"

static void sum_cells(stat_cell *sum, const stat_cell *from, int n)
{
	for (int i = 0; i < n; i++)
		stat_cell_add(&sum[i], atomic_load_explicit(&from[i], memory_order_relaxed));
}

void stats_sum(struct stats *sum, const struct stats *from)
{
	sum_cells(sum->counters, from->counters, STAT_COUNT);
	sum_cells(sum->requests, from->requests, STATS_APIS);
	sum_cells(sum->errors, from->errors, STATS_ERRORS);
	sum_cells(sum->latency, from->latency, STATS_BUCKETS + 1);
	sum_cells(&sum->latency_sum_us, &from->latency_sum_us, 1);
}
