/* The stick table. */
#include "advise/inside.h"

#include "util/mem.h"
#include "version/version.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { KIB = 1024, DAY_MS = 86400000, ROOM = 4, FULL = 2 };

static const double mib = 1024 * 1024;

/* As it is by now: it borrows from a line that other advice may have changed. */
static const struct cfg_table *table_of(const struct advisor *a, struct cfg_table *table)
{
	bool is_there = cfg_table(a->file->backend, table);

	assert(is_there);
	(void)is_there;
	return table;
}

static size_t key_bytes(const struct cfg_table *table)
{
	if (strcmp(table->type, "ipv6") == 0)
		return 16;
	if (strcmp(table->type, "ip") == 0 || strcmp(table->type, "integer") == 0)
		return 4;
	return (size_t)table->length;
}

static double memory_of(const struct advisor *a, const struct cfg_table *table, int64_t entries)
{
	return (double)version_entry_bytes(&a->facts->version, key_bytes(table)) * (double)entries /
	       mib;
}

static char *size_text(int64_t entries)
{
	return entries % KIB == 0 ? mem_printf("%" PRId64 "k", entries / KIB)
				  : mem_printf("%" PRId64, entries);
}

/* Room for four times what is there, as thousands that double. */
static int64_t size_for(int64_t used)
{
	int64_t size = KIB;

	while (size < used * ROOM)
		size *= 2;
	return size;
}

void advise_size(struct advisor *a)
{
	struct cfg_table found;
	const struct cfg_table *table = table_of(a, &found);
	int64_t used = a->facts->table_used, size = size_for(used);
	double memory = memory_of(a, table, size);
	char *now = size_text(table->size), *better;

	if (used < 0) {
		advise_say(a, "table size", now, NULL, false,
			   mem_strdup("the running table was not found"));
		return;
	}
	if (used * FULL <= table->size) {
		advise_say(a, "table size", now, NULL, false,
			   mem_printf("%" PRId64 " entries are in it; full it would take %.1f MiB",
				      used, memory_of(a, table, table->size)));
		return;
	}
	better = size_text(size);
	changes_set_word(&a->out->edits, table->line, "size", better);
	advise_say(
		a, "table size", now, better, true,
		mem_printf("%" PRId64 " of %" PRId64 " entries are in use: a full table throws out "
			   "its oldest, whose clients lose their node; %s take %.1f MiB when all "
			   "are used",
			   used, table->size, better, memory));
}

void advise_expiry(struct advisor *a)
{
	struct cfg_table found;
	const struct cfg_table *table = table_of(a, &found);
	int64_t oldest = a->facts->oldest * 1000, wanted = DAY_MS;
	char *now = table->expire_ms < 0 ? mem_strdup("never") : advise_time(table->expire_ms);
	char *better;

	while (wanted < 2 * oldest && wanted < 7LL * DAY_MS)
		wanted += DAY_MS;
	if (table->expire_ms >= wanted) {
		advise_say(
			a, "table expiry", now, NULL, false,
			mem_printf("longer than the sessions live: the oldest is open for %" PRId64
				   " s",
				   a->facts->oldest));
		return;
	}
	better = advise_time(wanted);
	changes_set_word(&a->out->edits, table->line, "expire", better);
	advise_say(
		a, "table expiry", now, better, true,
		table->expire_ms < 0
			? mem_strdup(
				  "entries of clients that are gone for good stay until the table "
				  "is full")
			: mem_printf(
				  "an open connection does not keep its entry: when it goes, the "
				  "client's next connection reaches another node; the oldest "
				  "session is open for %" PRId64 " s",
				  a->facts->oldest));
}

void advise_peers(struct advisor *a)
{
	struct cfg_table found;
	const char *peers = table_of(a, &found)->peers;

	if (peers != NULL) {
		advise_say(
			a, "peers", mem_strdup(peers), NULL, false,
			mem_strdup("the table lives through a reload, and load balancers agree"));
		return;
	}
	advise_say(
		a, "peers", mem_strdup("none"), mem_strdup("a peers section"), false,
		a->facts->balancers > 1
			? mem_printf("%zu load balancers each keep a table of their own: a client "
				     "reaches different nodes through them",
				     a->facts->balancers)
			: mem_strdup("a reload empties the table, unless there is a peers section "
				     "with the local peer in it"));
}
