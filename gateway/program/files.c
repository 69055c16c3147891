#include "program/files.h"

enum {
	PROCESS = 64,  /* the log, the HTTP side, the cluster's connections */
	A_WORKER = 136 /* its loop, and the pipes of what moves */
};

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What is not for clients; at most a quarter, or little would be left of a small limit. */
static int64_t own(const struct files_need *n)
{
	int64_t own = PROCESS + 2 * (int64_t)n->brokers +
		      (int64_t)n->workers * ((int64_t)A_WORKER + n->ports);

	return least(own, n->limit / 4);
}

struct files_plan files_plan(const struct files_need *n)
{
	int64_t a_client = 1 + (int64_t)n->brokers * (n->is_single ? 2 : 1);
	int64_t fit = (n->limit - own(n)) / a_client;
	int64_t kept = n->is_given ? n->limit / 4 : own(n);

	if (fit < 1)
		fit = 1;
	return (struct files_plan){
		.a_client = (int)a_client,
		.clients = n->is_given ? n->clients : (int)least(fit, n->clients),
		.fit = (int)least(fit, INT32_MAX),
		.kept_from = (int)least(n->limit - kept, INT32_MAX),
	};
}
