#include "plan/sizing.h"

#include <limits.h>

enum {
	FDS_A_CONNECTION = 2,
	FDS_A_PIPE = 2,
	CONNECTIONS_A_PIPE = 4,
	/* What an unprivileged user gets at full size: 16,384 pages
	 * (fs.pipe-user-pages-soft) of 16 a pipe. */
	PIPES_MOST = 1024,
	/* Connections that are being refused, and the statistics page. */
	SPARE = 100,
	/* HAProxy has at most 64 threads with 3 descriptors each; the rest is
	 * for its standard streams, logs and the administration socket. */
	FDS_AT_REST = 64 * 3 + 32,
	CONNECTIONS_UNKNOWN = 10000,
};

static int pipes_for(const struct sizing_input *in, int connections)
{
	int pipes = (connections + SPARE) / CONNECTIONS_A_PIPE;

	if (!in->splice)
		return 0;
	return pipes < PIPES_MOST ? pipes : PIPES_MOST;
}

static long descriptors_for(const struct sizing_input *in, int connections)
{
	return FDS_A_CONNECTION * ((long)connections + SPARE) +
	       FDS_A_PIPE * (long)pipes_for(in, connections) + FDS_AT_REST + in->listeners +
	       in->nodes * (in->agents ? 2 : 1) + 2 * in->peers;
}

/* The most connections that fit, by halving: descriptors only grow with them. */
static int most_that_fit(const struct sizing_input *in, int most)
{
	int fits = 0;

	while (fits < most) {
		int middle = most - (most - fits) / 2;

		if (descriptors_for(in, middle) <= in->fd_limit)
			fits = middle;
		else
			most = middle - 1;
	}
	return fits;
}

struct sizing sizing_of(const struct sizing_input *in)
{
	struct sizing s = { .spare = SPARE };
	long descriptors;

	if (in->wanted > 0) {
		s.connections = in->wanted;
	} else {
		int goal = in->nodes_take > 0 ? in->nodes_take : CONNECTIONS_UNKNOWN;

		s.connections = most_that_fit(in, goal);
		s.is_capped = s.connections < goal;
	}
	s.pipes = pipes_for(in, s.connections);
	descriptors = descriptors_for(in, s.connections);
	s.descriptors = descriptors < INT_MAX ? (int)descriptors : INT_MAX;
	return s;
}

int sizing_source_ports(int node_ports, int ports_here)
{
	if (node_ports > INT_MAX / ports_here)
		return INT_MAX;
	return node_ports * ports_here;
}
