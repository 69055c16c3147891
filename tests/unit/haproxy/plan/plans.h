/* plans.h - configurations and plans for the unit tests of haproxy/. */
#ifndef TESTS_UNIT_HAPROXY_PLANS_H
#define TESTS_UNIT_HAPROXY_PLANS_H

#include "config/config.h"
#include "plan/consistency.h"
#include "plan/model.h"
#include "plan/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Gives options values: "key=value key=value", of the section haproxy where a key has no dot. */
static inline void plans_set(struct config *config, const char *settings)
{
	char *copy = strdup(settings), *rest = NULL;

	for (char *word = strtok_r(copy, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(word, '=');
		char key[80], why[CONFIG_WHY_MAX];

		*value++ = '\0';
		snprintf(key, sizeof key, "%s%s", strchr(word, '.') != NULL ? "" : "haproxy.",
			 word);
		if (!config_set(config, key, value, why))
			fail_msg("%s: %s", key, why);
	}
	free(copy);
}

/* Two nodes, five ports from 9092 on, nothing to complain about. */
static inline struct config *plans_config(const char *settings)
{
	struct config *config = config_load_part("", stderr);

	plans_set(config, "kafka.bootstrap_servers=b:9092 gateway.port_start=9092 "
			  "gateway.port_count=5 gateway.advertised_host=kafka.example:9092 "
			  "gateway.internal_load_balancing=false gateway.port_is_hint=true "
			  "gateway.limits.connections=1000 "
			  "gateway.timeouts.idle=10min nodes=n1=10.0.0.1:8888,n2=10.0.0.2:8888");
	plans_set(config, settings);
	return config;
}

/* The section haproxy alone, as flags give it. */
static inline struct config *plans_flags(const char *settings)
{
	struct config *config = config_load_part("haproxy.", stderr);

	plans_set(config, settings);
	return config;
}

/* What consistency_check says; the caller frees it. */
static inline char *plans_findings(const struct config *config, size_t *refused)
{
	struct haproxy_plan *plan = model_new(config, &VERSION_OLDEST);
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	*refused = consistency_check(plan, out);
	fclose(out);
	model_free(plan);
	return text;
}

/* The haproxy.cfg; the caller frees it.  Frees the configuration. */
static inline char *plans_text(struct config *config)
{
	struct haproxy_plan *plan = model_new(config, &VERSION_OLDEST);
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	render_plan(plan, out);
	fclose(out);
	model_free(plan);
	config_free(config);
	return text;
}

#endif
