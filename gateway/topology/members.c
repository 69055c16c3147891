#include "topology/members.h"

#include "util/clock.h"
#include "topology/negotiate.h"
#include "topology/snapshot_build.h"
#include "util/log.h"
#include "util/mem.h"

enum {
	PROBE_ANSWER_MAX = 1024 * 1024,
	PROBE_TIMEOUT_MS = 5000,
	RETRY_FIRST_MS = 250,
	RETRY_MAX_MS = 10000,
};

struct member {
	struct members *all;
	struct broker broker;
	struct resolved addresses[RESOLVE_ADDRESSES];
	size_t address_count, current;
	size_t failed; /* addresses in a row that took no connection */
	bool tried;    /* the first probe is over */
	bool has_versions;
	struct broker_versions versions;
	struct call *call; /* NULL: no probe runs */
	struct negotiate negotiate;
	ev_timer timer; /* the next probe */
	int retry_ms;
};

struct members {
	struct ev_loop *loop;
	struct resolver *resolver;
	int connect_timeout_ms;
	const struct members_events *events;
	void *owner;
	struct member **all; /* sorted by id */
	size_t count;
};

static void probe(struct member *m);

static bool is_same_address(const struct member *m, size_t i)
{
	return m->broker.address_len == m->addresses[i].len &&
	       memcmp(&m->broker.address, &m->addresses[i].storage, m->addresses[i].len) == 0;
}

static void use_address(struct member *m, size_t i)
{
	m->current = i;
	m->broker.address_len = 0;
	memset(&m->broker.address, 0, sizeof m->broker.address);
	if (i >= m->address_count)
		return;
	m->broker.address_len = m->addresses[i].len;
	memcpy(&m->broker.address, &m->addresses[i].storage, m->addresses[i].len);
}

/* Looks the name up (again) and keeps the address in use if it is still one. */
static void look_up(struct member *m)
{
	size_t i = 0;

	m->address_count =
		resolve(m->all->resolver, m->broker.host, m->broker.port, clock_ms(), m->addresses);
	while (i < m->address_count && !is_same_address(m, i))
		i++;
	use_address(m, i < m->address_count ? i : 0);
	if (m->address_count == 0)
		log_warn("who=topology event=not_resolved broker=%d host=%s", m->broker.id,
			 m->broker.host);
}

static void probe_after(struct member *m, int ms)
{
	ev_timer_stop(m->all->loop, &m->timer);
	ev_now_update(m->all->loop);
	ev_timer_set(&m->timer, ms / 1e3, 0.);
	ev_timer_start(m->all->loop, &m->timer);
}

static void end_probe(struct member *m)
{
	call_free(m->call);
	m->call = NULL;
}

static void probe_failed(struct member *m)
{
	end_probe(m);
	if (++m->failed < m->address_count) {
		use_address(m, (m->current + 1) % m->address_count);
		probe(m);
		return;
	}
	m->failed = 0;
	m->tried = true;
	probe_after(m, m->retry_ms);
	m->retry_ms = m->retry_ms * 2 < RETRY_MAX_MS ? m->retry_ms * 2 : RETRY_MAX_MS;
	m->all->events->on_change(m->all->owner, NULL);
}

static void on_closed(void *owner, enum call_end end, int error)
{
	struct member *m = owner;

	if (m->retry_ms == RETRY_FIRST_MS) /* once, until it speaks again */
		log_warn("who=topology event=broker_silent broker=%d address=%s:%d err=\"%s\" "
			 "reason=\"%s\"",
			 m->broker.id, m->broker.host, m->broker.port, call_end_text(end),
			 call_error_text(error));
	probe_failed(m);
}

static void on_versions(void *owner, struct broker_versions *v)
{
	struct member *m = owner;

	if (v == NULL) {
		log_warn("who=topology event=bad_api_versions broker=%d", m->broker.id);
		probe_failed(m);
		return;
	}
	end_probe(m);
	versions_deinit(&m->versions);
	m->versions = *v;
	m->has_versions = m->tried = true;
	m->failed = 0;
	m->retry_ms = RETRY_FIRST_MS;
	probe_after(m, MEMBERS_RENEW_MS);
	m->all->events->on_change(m->all->owner, &m->versions);
}

static void probe(struct member *m)
{
	static const struct call_events call_events = { .on_closed = on_closed };
	const struct call_options options = { .address =
						      (const struct sockaddr *)&m->broker.address,
					      .address_len = m->broker.address_len,
					      .connect_timeout_ms = m->all->connect_timeout_ms,
					      .max_answer = PROBE_ANSWER_MAX };

	ev_timer_stop(m->all->loop, &m->timer);
	m->call = call_new(m->all->loop, &options, &call_events, m);
	negotiate_start(&m->negotiate, m->call, PROBE_TIMEOUT_MS, on_versions, m);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct member *m = CONTAINER_OF(timer, struct member, timer);

	(void)loop;
	(void)events;
	if (m->broker.address_len == 0)
		look_up(m);
	if (m->broker.address_len > 0)
		probe(m);
	else
		probe_failed(m);
}

static struct member *member_new(struct members *all, const struct broker *b)
{
	struct member *m = mem_zalloc(sizeof *m);

	m->all = all;
	m->broker.id = b->id;
	m->broker.host = mem_strdup(b->host);
	m->broker.port = b->port;
	m->retry_ms = RETRY_FIRST_MS;
	ev_timer_init(&m->timer, on_timer, 0., 0.);
	look_up(m);
	probe_after(m, 0);
	return m;
}

static void member_free(struct member *m)
{
	end_probe(m);
	ev_timer_stop(m->all->loop, &m->timer);
	versions_deinit(&m->versions);
	free(m->broker.host);
	free(m->broker.rack);
	free(m);
}

struct members *members_new(struct ev_loop *loop, struct resolver *resolver, int connect_timeout_ms,
			    const struct members_events *events, void *owner)
{
	struct members *m = mem_zalloc(sizeof *m);

	m->loop = loop;
	m->resolver = resolver;
	m->connect_timeout_ms = connect_timeout_ms;
	m->events = events;
	m->owner = owner;
	return m;
}

void members_set_timeout(struct members *m, int connect_timeout_ms)
{
	m->connect_timeout_ms = connect_timeout_ms;
}

void members_free(struct members *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++)
		member_free(m->all[i]);
	free(m->all);
	free(m);
}

static struct member *find(const struct members *m, int32_t id)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->all[middle]->broker.id == id)
			return m->all[middle];
		if (m->all[middle]->broker.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool members_has(const struct members *m, int32_t id)
{
	return find(m, id) != NULL;
}

size_t members_count(const struct members *m)
{
	return m->count;
}

static bool is_at(const struct member *m, const struct broker *b)
{
	return m->broker.port == b->port && strcmp(m->broker.host, b->host) == 0;
}

/* The member that is this broker, or NULL: the one of that id, if it did not move. */
static struct member *same_member(const struct members *m, const struct broker *b)
{
	struct member *known = find(m, b->id);

	return known != NULL && is_at(known, b) ? known : NULL;
}

static void set_rack(struct member *m, const char *rack)
{
	free(m->broker.rack);
	m->broker.rack = rack != NULL ? mem_strdup(rack) : NULL;
}

static const struct broker *find_broker(const struct broker *brokers, size_t count, int32_t id)
{
	for (size_t i = 0; i < count; i++) {
		if (brokers[i].id == id)
			return &brokers[i];
	}
	return NULL;
}

static void free_gone(struct members *m, const struct broker *brokers, size_t count)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct broker *b = find_broker(brokers, count, m->all[i]->broker.id);

		if (b == NULL || !is_at(m->all[i], b))
			member_free(m->all[i]);
	}
}

void members_update(struct members *m, const struct broker *brokers, size_t count)
{
	struct member **now = mem_alloc((count + 1) * sizeof *now);

	for (size_t i = 0; i < count; i++) {
		now[i] = same_member(m, &brokers[i]);
		if (now[i] == NULL)
			now[i] = member_new(m, &brokers[i]);
		else
			look_up(now[i]);
		set_rack(now[i], brokers[i].rack);
	}
	free_gone(m, brokers, count);
	free(m->all);
	m->all = now;
	m->count = count;
}

void members_notice(struct members *m, int32_t id)
{
	struct member *member = find(m, id);

	/* one that runs will tell; one that waits need not wait so long */
	if (member != NULL && member->call == NULL &&
	    ev_timer_remaining(m->loop, &member->timer) > RETRY_FIRST_MS / 1e3)
		probe_after(member, RETRY_FIRST_MS);
}

bool members_all_tried(const struct members *m)
{
	for (size_t i = 0; i < m->count; i++) {
		if (!m->all[i]->tried)
			return false;
	}
	return true;
}

struct broker *members_brokers(const struct members *m, size_t *count)
{
	struct broker *copy = mem_alloc((m->count + 1) * sizeof *copy);

	*count = m->count;
	for (size_t i = 0; i < m->count; i++) {
		copy[i] = m->all[i]->broker;
		copy[i].host = mem_strdup(copy[i].host);
		copy[i].rack = copy[i].rack != NULL ? mem_strdup(copy[i].rack) : NULL;
	}
	return copy;
}

const struct broker_versions **members_versions(const struct members *m, size_t *count)
{
	const struct broker_versions **all = mem_alloc((m->count + 1) * sizeof *all);

	*count = 0;
	for (size_t i = 0; i < m->count; i++) {
		if (m->all[i]->has_versions)
			all[(*count)++] = &m->all[i]->versions;
	}
	return all;
}
