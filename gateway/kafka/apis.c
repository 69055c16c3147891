#include "kafka/api.h"

#include "kafka/api/list.h"
#include "util/mem.h"

#include <stdlib.h>

/* APIs that nobody here looks into, or that are not served. */
static const struct kapi plain[] = {
#define ROWS(key_, constant, api)
#define PLAIN(key_, constant, name_, versions_, flexible_, route_) \
	{ .key = (key_),                                           \
	  .name = (name_),                                         \
	  .versions = (versions_),                                 \
	  .flexible = (flexible_),                                 \
	  .route = (route_) },
	KAFKA_APIS(ROWS, PLAIN)
#undef PLAIN
#undef ROWS
};

static const struct kapi *const with_rows[] = {
#define ROWS(key_, constant, api) &(api),
#define PLAIN(key_, constant, name_, versions_, flexible_, route_)
	KAFKA_APIS(ROWS, PLAIN)
#undef PLAIN
#undef ROWS
};

/* What is made of an API's text at start-up. */
static struct compiled {
	const struct kapi *api;
	struct kversions versions, flexible;
	struct plan **plans[2]; /* by direction, then version - versions.min */
} table[KEYS_END];

/* In the order of their keys. */
static const struct kapi *all[KEYS_END];
static size_t all_count;

static bool compile_direction(struct compiled *c, enum kdirection d, FILE *why)
{
	const struct kfield *rows = d == REQUEST ? c->api->request : c->api->response;
	size_t n = (size_t)(c->versions.max - c->versions.min + 1);

	if (rows == NULL)
		return true;
	c->plans[d] = mem_zalloc(n * sizeof(struct plan *));
	for (size_t i = 0; i < n; i++) {
		int version = c->versions.min + (int)i;

		c->plans[d][i] =
			plan_compile(rows, version, kversions_has(c->flexible, version), why);
		if (c->plans[d][i] == NULL) {
			fprintf(why, "in the %s of %s\n", d == REQUEST ? "request" : "answer",
				c->api->name);
			return false;
		}
	}
	return true;
}

static bool compile_api(const struct kapi *api, FILE *why)
{
	struct compiled *c;

	if (api->key < 0 || api->key >= KEYS_END || table[api->key].api != NULL) {
		fprintf(why, "%s: key %d is out of range or taken\n", api->name, api->key);
		return false;
	}
	c = &table[api->key];
	c->api = api;
	if (!kversions_parse(api->versions, &c->versions) ||
	    !kversions_parse(api->flexible, &c->flexible) || c->versions.max == INT16_MAX) {
		fprintf(why, "%s: malformed versions\n", api->name);
		return false;
	}
	return compile_direction(c, REQUEST, why) && compile_direction(c, RESPONSE, why);
}

bool apis_compile(FILE *why)
{
	for (size_t i = 0; i < ARRAY_LEN(with_rows); i++) {
		if (!compile_api(with_rows[i], why))
			return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (!compile_api(&plain[i], why))
			return false;
	}
	all_count = 0;
	for (int key = 0; key < KEYS_END; key++) {
		if (table[key].api != NULL)
			all[all_count++] = table[key].api;
	}
	return true;
}

void apis_free(void)
{
	for (struct compiled *c = table; c < table + KEYS_END; c++) {
		for (int d = REQUEST; d <= RESPONSE; d++) {
			for (int v = c->versions.min; c->plans[d] != NULL && v <= c->versions.max;
			     v++)
				plan_free(c->plans[d][v - c->versions.min]);
			free(c->plans[d]);
		}
		*c = (struct compiled){ 0 };
	}
	all_count = 0;
}

const struct kapi *api_of(int key)
{
	return key >= 0 && key < KEYS_END ? table[key].api : NULL;
}

const struct kapi *const *apis_all(size_t *count)
{
	*count = all_count;
	return all;
}

struct kversions api_versions(const struct kapi *api)
{
	return table[api->key].versions;
}

bool api_is_flexible(const struct kapi *api, int version)
{
	return kversions_has(table[api->key].flexible, version);
}

bool api_has_list(const struct kapi *api)
{
	for (const struct kfield *row = api->request; row != NULL && row->type != END;
	     row = kfield_behind(row)) {
		if (row->is == TOPICS || row->is == KEYS)
			return true;
	}
	return false;
}

bool api_answer_has_tags(const struct kapi *api, int version)
{
	return api->key != KEY_API_VERSIONS && api_is_flexible(api, version);
}

const struct plan *api_plan(const struct kapi *api, int version, enum kdirection direction)
{
	const struct compiled *c = &table[api->key];

	if (c->plans[direction] == NULL || !kversions_has(c->versions, version))
		return NULL;
	return c->plans[direction][version - c->versions.min];
}
