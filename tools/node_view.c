#include "node_view.h"

#include "node_ask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Behind the name of the first sample that is called so, or NULL. */
static const char *sample(const char *metrics, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = metrics; line != NULL && *line != '\0';) {
		if (strncmp(line, name, n) == 0 && (line[n] == ' ' || line[n] == '{'))
			return line + n;
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return NULL;
}

bool node_view_sample(const char *metrics, const char *name, double *value)
{
	const char *at = sample(metrics, name);
	char *end;

	if (at == NULL || *at != ' ')
		return false;
	*value = strtod(at + 1, &end);
	return end != at + 1 && isfinite(*value);
}

bool node_view_label(const char *metrics, const char *name, const char *label, char *to,
		     size_t size)
{
	const char *at = sample(metrics, name);
	size_t n = strlen(label), length;

	while (at != NULL && (*at == '{' || *at == ',')) {
		at++;
		if (strncmp(at, label, n) == 0 && strncmp(at + n, "=\"", 2) == 0) {
			at += n + 2;
			length = strcspn(at, "\"\n");
			snprintf(to, size, "%.*s", (int)length, at);
			return at[length] == '"';
		}
		at += strcspn(at, ",}\n");
	}
	return false;
}

static void set_number(json_t *row, const char *key, const char *metrics, const char *name)
{
	double value;

	if (node_view_sample(metrics, name, &value))
		json_object_set_new(row, key, json_integer((json_int_t)value));
}

static void add_metrics(const struct node_way *way, json_t *row, const char *base, long timeout_ms)
{
	struct http_answer answer;
	char url[300], why[HTTP_CLIENT_WHY_MAX], version[64];
	double started;

	snprintf(url, sizeof url, "%s/metrics", base);
	if (!node_ask(way, url, timeout_ms, &answer, why))
		return;
	if (answer.status == 200) {
		set_number(row, "connections", answer.body, "anyport_client_connections");
		set_number(row, "brokers", answer.body, "anyport_broker_connections");
		set_number(row, "memory", answer.body, "anyport_memory_held_bytes");
		if (node_view_label(answer.body, "anyport_build_info", "version", version,
				    sizeof version))
			json_object_set_new(row, "version", json_string(version));
		if (node_view_sample(answer.body, "anyport_start_time_seconds", &started))
			json_object_set_new(
				row, "uptime",
				json_integer((json_int_t)time(NULL) - (json_int_t)started));
	}
	http_answer_free(&answer);
}

/* ["a", "b"] as "a; b" */
static json_t *joined(const json_t *reasons)
{
	char text[400] = "";
	size_t i, at = 0;
	json_t *reason;

	json_array_foreach((json_t *)reasons, i, reason)
	{
		if (at < sizeof text && json_is_string(reason))
			at += (size_t)snprintf(text + at, sizeof text - at, "%s%s",
					       at > 0 ? "; " : "", json_string_value(reason));
	}
	return at > 0 ? json_string(text) : NULL;
}

static bool add_health(json_t *row, const struct http_answer *answer)
{
	json_t *health = json_loads(answer->body, 0, NULL);
	const char *status = json_string_value(json_object_get(health, "status"));
	json_t *reasons = joined(json_object_get(health, "reasons"));

	if (status != NULL) {
		json_object_set_new(row, "status", json_string(status));
		json_object_set_new(row, "ready", json_boolean(answer->status == 200));
		if (reasons != NULL)
			json_object_set(row, "reasons", reasons);
	} else {
		json_object_set_new(
			row, "status",
			json_sprintf("HTTP status %ld, no health report", answer->status));
	}
	json_decref(reasons);
	json_decref(health);
	return status != NULL;
}

json_t *node_view(const struct node_way *way, const char *node, const char *place, long timeout_ms)
{
	struct http_answer answer;
	char base[280], url[300], why[HTTP_CLIENT_WHY_MAX];
	json_t *row;

	node_way_base(way, base, sizeof base, place);
	row = json_pack("{s:s s:s}", "node", node, "url", base);
	snprintf(url, sizeof url, "%s/health/ready", base);
	if (!node_ask(way, url, timeout_ms, &answer, why)) {
		json_object_set_new(row, "status", json_sprintf("no answer from %s", why));
		return row;
	}
	if (add_health(row, &answer))
		add_metrics(way, row, base, timeout_ms);
	http_answer_free(&answer);
	return row;
}
