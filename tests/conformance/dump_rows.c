/* Prints every API and row as JSON lines, for rows.py to compare with Kafka's schemas, and for the manual's table. */
#include "kafka/api.h"

#include <stdio.h>

static const char *const type_names[] = {
	[BOOL] = "bool",     [INT8] = "int8",	  [INT16] = "int16", [UINT16] = "uint16",
	[INT32] = "int32",   [UINT32] = "uint32", [INT64] = "int64", [FLOAT64] = "float64",
	[UUID] = "uuid",     [STRING] = "string", [BYTES] = "bytes", [RECORDS] = "records",
	[STRUCT] = "struct",
};

static const char *const route_names[] = {
	[NOT_FOR_CLIENTS] = "none",	[HERE] = "here",      [TO_ANY] = "any",
	[TO_CONTROLLER] = "controller", [TO_LOGIN] = "login", [TO_LEADER] = "leader",
	[TO_REPLICA] = "replica",	[TO_GROUP] = "group", [TO_TXN] = "transaction",
	[TO_RESOURCE] = "resource",	[TO_ALL] = "all",
};

static void print_row(const struct kfield *r)
{
	bool is_array = r->type == ARRAY;

	printf("{\"name\": \"%s\", \"array\": %s, \"type\": \"%s\", \"versions\": \"%s\", "
	       "\"nullable\": \"%s\", \"tag\": %d, \"is\": %d, \"each\": %d, \"fields\": [",
	       r->name, is_array ? "true" : "false", type_names[is_array ? r->of : r->type],
	       r->versions, r->nullable != NULL ? r->nullable : "none", r->tag - 1,
	       (int)kis_walked(r->is), (int)kis_walked(r->each));
}

/* The rows up to and with END; returns what is behind it. */
static const struct kfield *print_level(const struct kfield *r)
{
	const char *comma = "";

	while (r->type != END) {
		const struct kfield *row = r++;

		fputs(comma, stdout);
		print_row(row);
		if (row->type == STRUCT || (row->type == ARRAY && row->of == STRUCT))
			r = print_level(r);
		fputs("]}", stdout);
		comma = ", ";
	}
	return r + 1;
}

static void print_message(const char *direction, const struct kfield *rows)
{
	printf(", \"%s\": ", direction);
	if (rows == NULL) {
		fputs("null", stdout);
		return;
	}
	fputs("[", stdout);
	print_level(rows);
	fputs("]", stdout);
}

int main(void)
{
	size_t n;

	if (!apis_compile(stderr))
		return 1;
	for (size_t i = 0; i < (apis_all(&n), n); i++) {
		const struct kapi *a = apis_all(&n)[i];

		printf("{\"key\": %d, \"name\": \"%s\", \"versions\": \"%s\", \"flexible\": \"%s\"",
		       a->key, a->name, a->versions, a->flexible);
		printf(", \"route\": \"%s\", \"split\": %s, \"hint\": %s, \"session\": %s",
		       route_names[a->route], a->merge != MERGE_NEVER ? "true" : "false",
		       a->by_dialled ? "true" : "false",
		       a->course == COURSE_SHARE ? "true" : "false");
		print_message("request", a->request);
		print_message("response", a->response);
		puts("}");
	}
	apis_free();
	return 0;
}
