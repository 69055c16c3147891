#include "session/uses.h"

#include "route/merge.h"
#include "route/targets.h"
#include "session/inside.h"
#include "session/principal.h"
#include "session/request.h"

#include <string.h>

void uses_init(struct uses_tables *t, uint32_t places)
{
	for (int k = 0; k < USAGE_KINDS; k++)
		t->of[k] = places > 0 ? usage_new(places) : NULL;
}

void uses_deinit(struct uses_tables *t)
{
	for (int k = 0; k < USAGE_KINDS; k++)
		usage_free(t->of[k]);
}

uint32_t uses_places(int names, int workers, int64_t memory)
{
	const int64_t most = budget_aside_most(memory) / workers / USAGE_KINDS;
	uint32_t places = (uint32_t)names;

	while (places > 0 && (int64_t)usage_bytes(places) > most)
		places -= places / 16 + 1;
	return places;
}

static bool is_counted(const struct client *c)
{
	return c->worker->uses.of[0] != NULL;
}

/* --- clients and principals --- */

/* "ADDRESS/CLIENT.ID", without the port: a client's connections are one client. */
static struct usage_ref take_client(const struct client *c)
{
	const char *id = c->client_id != NULL ? c->client_id : "";
	const size_t id_len = strlen(id) < USAGE_NAME_MAX ? strlen(id) : USAGE_NAME_MAX;
	char name[ADDRESS_TEXT + USAGE_NAME_MAX + 1];
	size_t n;

	address_host_text(&c->came.peer, name);
	n = strlen(name);
	name[n++] = '/';
	memcpy(name + n, id, id_len);
	return usage_take(c->worker->uses.of[USAGE_CLIENTS], name, n + id_len, client_now(c));
}

/* "": it has not said so. */
static struct usage_ref take_principal(const struct client *c)
{
	const char *who = principal_told(c);

	return usage_take(c->worker->uses.of[USAGE_PRINCIPALS], who != NULL ? who : "",
			  who != NULL ? strlen(who) : 0, client_now(c));
}

/* What the client has told since it was asked last. */
static void add_told(struct client *c)
{
	struct usage *clients = c->worker->uses.of[USAGE_CLIENTS];
	struct usage *principals = c->worker->uses.of[USAGE_PRINCIPALS];
	struct uses *u = &c->uses;
	struct usage_sum more = u->told;

	more.bytes_in = c->tally.in - u->told.bytes_in;
	more.bytes_out = c->tally.out - u->told.bytes_out;
	u->told = (struct usage_sum){ .bytes_in = c->tally.in, .bytes_out = c->tally.out };
	entrance_count(c->came.entrance, BY_LISTENER_BYTES_IN, more.bytes_in);
	entrance_count(c->came.entrance, BY_LISTENER_BYTES_OUT, more.bytes_out);
	if (!is_counted(c))
		return;
	if (!usage_has(clients, u->client))
		u->client = take_client(c);
	usage_add(clients, u->client, &more);
	if (!usage_has(principals, u->principal))
		u->principal = take_principal(c);
	usage_add(principals, u->principal, &more);
}

static bool has_told(const struct client *c)
{
	const struct usage_sum *told = &c->uses.told;

	return told->requests > 0 || told->bytes_in != c->tally.in ||
	       told->bytes_out != c->tally.out;
}

void uses_change_client(struct client *c)
{
	if (is_counted(c) && has_told(c))
		add_told(c);
	c->uses.client = (struct usage_ref){ 0 };
}

void uses_begin(struct client *c)
{
	c->uses.told.requests++;
}

void uses_end(struct client *c)
{
	if (has_told(c))
		add_told(c);
}

/* --- groups --- */

static struct usage_ref take_group(struct client *c, const uint8_t *name, uint32_t len)
{
	struct usage *groups = c->worker->uses.of[USAGE_GROUPS];

	if (!usage_is(groups, c->uses.group, name, len))
		c->uses.group = usage_take(groups, name, len, client_now(c));
	return c->uses.group;
}

static void several_groups(struct client *c, struct request *r)
{
	const struct usage_sum one = { .requests = 1 };
	const struct layout *l = &r->layout;

	for (const struct layout_item *i = l->items; i < l->items + l->item_count; i++)
		usage_add(c->worker->uses.of[USAGE_GROUPS], take_group(c, i->key, i->key_len),
			  &one);
	r->names_groups = true;
}

static void note_groups(struct client *c, struct request *r)
{
	const struct layout *l = &r->layout;

	if (l->named_group != NULL)
		r->group = take_group(c, l->named_group, l->named_group_len);
	else if (l->key_is != GROUP_ID)
		return;
	else if (l->has_key)
		r->group = take_group(c, l->key, l->key_len);
	else if (l->item_count == 1)
		r->group = take_group(c, l->items[0].key, l->items[0].key_len);
	else
		several_groups(c, r);
}

static void add_group(struct client *c, const struct request *r)
{
	struct usage *groups = c->worker->uses.of[USAGE_GROUPS];
	const struct usage_sum n = {
		.requests = !r->names_groups,
		.bytes_in = request_frame_size(r),
		.bytes_out = c->tally.out - c->uses.told.bytes_out,
		.errors = r->has_error,
		.throttled_ms = (uint64_t)r->throttled_ms,
	};

	if (usage_has(groups, r->group))
		usage_add(groups, r->group, &n);
	else
		usage_add_rest(groups, &n);
}

/* --- topics --- */

static void add_topic(struct client *c, const struct layout_topic *t, const struct usage_sum *n)
{
	struct usage *topics = c->worker->uses.of[USAGE_TOPICS];
	const uint8_t *name = t->name;
	uint32_t len = t->name_len;

	if (name == NULL && t->id != NULL) {
		const struct topic *known = target_topic(c->worker->snapshot, t);

		name = known != NULL ? (const uint8_t *)known->name : NULL;
		len = known != NULL ? known->name_len : 0;
	}
	if (name == NULL) {
		usage_add_rest(topics, n);
		return;
	}
	if (!usage_is(topics, c->uses.topic, name, len))
		c->uses.topic = usage_take(topics, name, len, client_now(c));
	usage_add(topics, c->uses.topic, n);
}

/* Of a request, its items have all that is produced. */
static void note_produced(struct client *c, const struct layout *l)
{
	for (const struct layout_topic *t = l->topics; t < l->topics + l->topic_count; t++) {
		struct usage_sum n = { .requests = 1 };

		for (uint32_t i = t->first; i < t->first + t->count; i++)
			n.bytes_in += l->items[i].records_len;
		add_topic(c, t, &n);
	}
}

void uses_topic_passed(struct client *c, struct request *r)
{
	struct watch *w = &r->watch;
	const struct usage_sum n = { .requests = w->has_records,
				     .bytes_out = w->record_bytes,
				     .errors = w->topic_errors };

	if (is_counted(c) && (w->has_records || (w->topic_errors > 0 && r->layout.record_runs > 0)))
		add_topic(c, &w->topic, &n);
	w->has_records = false;
	w->record_bytes = w->topic_errors = 0;
}

static void add_answer(struct client *c, const struct layout *answer)
{
	for (const struct layout_topic *t = answer->topics;
	     t < answer->topics + answer->topic_count; t++) {
		struct usage_sum n = { 0 };

		for (uint32_t i = t->first; i < t->first + t->count; i++) {
			n.bytes_out += answer->items[i].records_told;
			n.errors += answer->items[i].error != 0;
		}
		if (n.bytes_out + n.errors > 0)
			add_topic(c, t, &n);
	}
}

void uses_merged(struct client *c, const struct request *r, const struct merge_part *parts,
		 uint32_t count)
{
	const struct usage_sum one = { .requests = 1 };
	const struct layout *asked = &r->layout;
	bool has_records = false;

	for (uint32_t p = 0; p < count; p++)
		has_records |= parts[p].layout.record_runs > 0;
	if (!is_counted(c) || (!has_records && asked->record_runs == 0))
		return;
	for (uint32_t p = 0; p < count; p++)
		add_answer(c, &parts[p].layout);
	for (uint32_t t = 0; has_records && t < asked->topic_count; t++)
		add_topic(c, &asked->topics[t], &one);
}

/* --- a request --- */

void uses_routed(struct client *c, struct request *r)
{
	if (!is_counted(c))
		return;
	note_groups(c, r);
	if (r->layout.record_runs > 0)
		note_produced(c, &r->layout);
}

void uses_answered(struct client *c, struct request *r)
{
	if (r->group.taken != 0 || r->names_groups)
		add_group(c, r);
	c->uses.told.errors += r->has_error;
	c->uses.told.throttled_ms += (uint64_t)r->throttled_ms;
	add_told(c);
}
