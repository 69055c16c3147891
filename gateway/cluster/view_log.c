/* The news of a view, for whoever reads the log. */
#include "cluster/view_build.h"

#include "util/log.h"

#include <stdio.h>

static void log_members(const struct cluster_view *v)
{
	char names[400] = "";
	size_t at = 0;

	for (size_t i = 0; i < v->member_count && at < sizeof names; i++)
		at += (size_t)snprintf(names + at, sizeof names - at, "%s%s%s", i > 0 ? "," : "",
				       v->members[i].node_id,
				       v->members[i].is_draining ? "(draining)" : "");
	log_info("who=cluster event=members count=%zu generation=%d nodes=\"%s\"", v->member_count,
		 v->generation, names);
}

static bool has_text(const struct cluster_view *v, const char *text)
{
	for (size_t i = 0; v != NULL && i < v->disagreement_count; i++) {
		if (strcmp(v->disagreements[i], text) == 0)
			return true;
	}
	return false;
}

static void log_disagreements(const struct cluster_view *before, const struct cluster_view *v)
{
	for (size_t i = 0; i < v->disagreement_count; i++) {
		if (!has_text(before, v->disagreements[i]))
			log_warn("who=cluster event=disagreement reason=\"%s\"",
				 v->disagreements[i]);
	}
	for (size_t i = 0; before != NULL && i < before->disagreement_count; i++) {
		if (!has_text(v, before->disagreements[i]))
			log_info("who=cluster event=agreement reason=\"no more: %s\"",
				 before->disagreements[i]);
	}
}

void view_log(const struct cluster_view *before, const struct cluster_view *v)
{
	if (before != NULL && before->serial != v->serial && v->state != CLUSTER_OFF)
		log_members(v);
	log_disagreements(before, v);
}
