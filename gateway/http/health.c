#include "http/health.h"

#include "http/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const phase_names[] = { "starting", "ready", "degraded", "draining", "unable" };

void http_reason(struct http_health *health, const char *fmt, ...)
{
	va_list args;

	if (health->reason_count == HTTP_REASONS_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(health->reasons[health->reason_count++], HTTP_REASON_SIZE, fmt, args);
	va_end(args);
}

static json_t *state(const struct http_health *health)
{
	json_t *o = json_object(), *reasons = json_array();

	json_object_set_new(o, "status", json_string(phase_names[health->phase]));
	for (size_t i = 0; i < health->reason_count; i++)
		json_array_append_new(reasons, json_text(health->reasons[i]));
	json_object_set_new(o, "reasons", reasons);
	return o;
}

char *health_ready(const struct http_health *health)
{
	return json_done(state(health));
}

static json_t *connections(const struct http_metrics *metrics)
{
	struct stats sum;
	json_t *o = json_object();

	metrics_sum(metrics, &sum);
	json_object_set_new(o, "clients",
			    json_integer((json_int_t)stats_open(&sum, STAT_CLIENTS_ACCEPTED,
								STAT_CLIENTS_CLOSED)));
	json_object_set_new(o, "brokers",
			    json_integer((json_int_t)stats_open(&sum, STAT_UPSTREAMS_OPENED,
								STAT_UPSTREAMS_CLOSED)));
	return o;
}

static json_t *memory(const struct http_metrics *metrics)
{
	json_t *o = json_object();

	json_object_set_new(o, "budget_bytes", json_integer(metrics->memory_budget_bytes));
	json_object_set_new(o, "held_bytes", json_integer(metrics->memory_held_bytes));
	json_object_set_new(o, "waiting", json_integer(metrics->memory_waiting));
	return o;
}

static size_t count_lost(const struct http_metrics *metrics)
{
	size_t lost = 0;

	for (size_t i = 0; i < metrics->broker_count; i++)
		lost += metrics->broker_list[i].state == BROKER_LOST;
	return lost;
}

static json_t *cluster(const struct http_metrics *metrics)
{
	json_t *o = json_object();

	json_object_set_new(o, "brokers", json_integer(metrics->brokers));
	json_object_set_new(o, "brokers_lost", json_integer((json_int_t)count_lost(metrics)));
	json_object_set_new(o, "topics", json_integer(metrics->topics));
	json_object_set_new(o, "age_seconds",
			    metrics->topology_age_ms < 0
				    ? json_null()
				    : json_real((double)metrics->topology_age_ms / 1e3));
	return o;
}

char *health_summary(const struct http_health *health, const struct http_metrics *metrics,
		     const struct http_node *node)
{
	json_t *o = state(health);

	json_object_set_new(o, "version", json_text(node->version));
	json_object_set_new(o, "uptime_seconds", json_integer((json_int_t)metrics_uptime(node)));
	json_object_set_new(o, "serves", json_boolean(health->serves));
	json_object_set_new(o, "cluster", cluster(metrics));
	json_object_set_new(o, "connections", connections(metrics));
	json_object_set_new(o, "memory", memory(metrics));
	return json_done(o);
}
