/* How the sections of a listener are called. */
#include "plan/render_parts.h"

const char *render_name(const struct haproxy_plan *plan, const char *what, char to[RENDER_NAME_MAX])
{
	snprintf(to, RENDER_NAME_MAX, "%s%s%s", what, plan->name != NULL ? "_" : "",
		 plan->name != NULL ? plan->name : "");
	return to;
}
