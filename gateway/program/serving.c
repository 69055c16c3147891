#include "program/serving.h"

#include <stddef.h>

enum {
	DOUBTS_MS = 2000, /* two beats */
	CANNOT_MS = 3500, /* load balancers are told within five seconds, whenever they ask */
};

static enum serving by_time(int64_t ms)
{
	return ms >= CANNOT_MS ? CANNOT : ms >= DOUBTS_MS ? DOUBTS : SERVES;
}

enum serving serving_of(const struct serving_facts *f, const char **why)
{
	enum serving silent = by_time(f->silent_ms), cut_off = by_time(f->cut_off_ms);

	*why = NULL;
	if (silent > SERVES && silent >= cut_off) {
		*why = "no broker answers";
		return silent;
	}
	if (f->no_files) {
		*why = "no file descriptors are left for new clients: raise the limit (LimitNOFILE, "
		       "ulimit -n) or set gateway.limits.connections";
		return CANNOT;
	}
	if (cut_off > SERVES)
		*why = "clients' connections to the brokers fail";
	return cut_off;
}
