#include "topology/brokers.h"

#include "topology/negotiate.h"
#include "topology/snapshot_build.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <pthread.h>

enum {
	PROBE_ANSWER_MAX = 1024 * 1024,
	PROBE_TIMEOUT_MS = 5000,
	PROBE_CONNECT_MS =
		2000, /* at most: what is lost is to be known before clients have noticed */
	RETRY_FIRST_MS = 250,
	RETRY_MAX_MS = 10000,
};

/* One broker, and the connection that asks for its versions. */
struct probed {
	struct brokers *all;
	struct broker broker;
	struct resolved resolved;
	size_t current; /* of its addresses */
	size_t failed;	/* addresses in a row that took no connection */
	bool has_versions;
	struct broker_versions versions;
	struct call *call; /* NULL: no probe runs */
	struct negotiate negotiate;
	ev_timer timer; /* the next probe */
	int retry_ms;
	struct broker_known known; /* written under the lock, for it is read by any thread */
	int64_t probed_at;	   /* clock_ms, the end of the last one */
	/* who lost a connection to it lately */
	uint64_t witnesses[BROKERS_SEVERAL];
	size_t witness_count;
	int64_t first_witness_at;
};

struct brokers {
	struct ev_loop *loop;
	struct resolver *resolver;
	const struct link_terms *terms;
	int connect_timeout_ms;
	const struct brokers_events *events;
	void *owner;
	pthread_mutex_t lock; /* of what any thread may read: the list and each one's `known` */
	struct probed **list; /* sorted by id */
	size_t count;
};

static void probe(struct probed *p);

static bool is_same_address(const struct probed *p, size_t i)
{
	const struct endpoint *a = &p->resolved.addresses[i];

	return p->broker.address_len == a->len &&
	       memcmp(&p->broker.address, &a->storage, a->len) == 0;
}

static void use_address(struct probed *p, size_t i)
{
	p->current = i;
	p->broker.address_len = 0;
	memset(&p->broker.address, 0, sizeof p->broker.address);
	if (i >= p->resolved.count)
		return;
	p->broker.address_len = p->resolved.addresses[i].len;
	memcpy(&p->broker.address, &p->resolved.addresses[i].storage, p->broker.address_len);
}

/* Looks the name up (again) and keeps the address in use if it is still one. */
static void look_up(struct probed *p)
{
	size_t i = 0;

	resolve(p->all->resolver, p->broker.host, p->broker.port, &p->resolved);
	while (i < p->resolved.count && !is_same_address(p, i))
		i++;
	use_address(p, i < p->resolved.count ? i : 0);
}

static void probe_after(struct probed *p, int ms)
{
	ev_timer_stop(p->all->loop, &p->timer);
	ev_now_update(p->all->loop);
	ev_timer_set(&p->timer, ms / 1e3, 0.);
	ev_timer_start(p->all->loop, &p->timer);
}

static void end_probe(struct probed *p)
{
	call_free(p->call);
	p->call = NULL;
}

static bool is_lost(const struct probed *p)
{
	return p->known.state == BROKER_LOST;
}

/* Whether that is new.  why NULL: as was said. */
static bool set_lost(struct probed *p, const char *why, int64_t now)
{
	bool is_new = !is_lost(p);

	pthread_mutex_lock(&p->all->lock);
	p->known.state = BROKER_LOST;
	if (is_new)
		p->known.lost_at = now;
	if (why != NULL)
		snprintf(p->known.why, sizeof p->known.why, "%s", why);
	pthread_mutex_unlock(&p->all->lock);
	return is_new;
}

static void set_up(struct probed *p)
{
	pthread_mutex_lock(&p->all->lock);
	p->known = (struct broker_known){ .id = p->broker.id, .state = BROKER_UP };
	pthread_mutex_unlock(&p->all->lock);
}

static void believe_lost(struct probed *p, const char *why)
{
	int64_t now = clock_ms();
	bool is_new = set_lost(p, why, now);

	if (is_new)
		log_info("who=topology event=broker_lost broker=%d witnesses=%zu reason=\"%s\"",
			 p->broker.id, p->witness_count, p->known.why);
	if (now - p->known.lost_at < BROKERS_SEARCH_MS)
		p->all->events->on_lost(p->all->owner, p->broker.id, is_new);
}

static void believe_back(struct probed *p)
{
	if (is_lost(p))
		log_info("who=topology event=broker_back broker=%d lost_ms=%lld", p->broker.id,
			 (long long)(clock_ms() - p->known.lost_at));
	set_up(p);
	p->witness_count = 0;
}

static void probe_failed(struct probed *p, const char *why)
{
	end_probe(p);
	p->probed_at = clock_ms();
	if (++p->failed < p->resolved.count) {
		use_address(p, (p->current + 1) % p->resolved.count);
		probe(p);
		return;
	}
	p->failed = 0;
	probe_after(p, p->retry_ms);
	p->retry_ms = p->retry_ms * 2 < RETRY_MAX_MS ? p->retry_ms * 2 : RETRY_MAX_MS;
	p->all->events->on_change(p->all->owner, NULL);
	believe_lost(p, why);
}

static void on_closed(void *owner, enum link_end end, int error)
{
	struct probed *p = owner;
	char why[BROKER_WHY_MAX];

	snprintf(why, sizeof why, "%s: %s", link_end_text(end), call_reason(p->call, error));
	if (p->retry_ms == RETRY_FIRST_MS) /* said once, until the broker speaks again */
		log_warn("who=topology event=broker_silent broker=%d address=%s:%d err=\"%s\" "
			 "reason=\"%s\"",
			 p->broker.id, p->broker.host, p->broker.port, link_end_text(end),
			 call_reason(p->call, error));
	probe_failed(p, why);
}

static int renew_ms(const struct brokers *all)
{
	const size_t turns = all->count * BROKERS_TURN_MS;

	return turns > BROKERS_RENEW_MS ? (int)turns : BROKERS_RENEW_MS;
}

static void on_versions(void *owner, struct broker_versions *v)
{
	struct probed *p = owner;

	if (v == NULL) {
		log_warn("who=topology event=bad_api_versions broker=%d", p->broker.id);
		probe_failed(p, "it does not say which versions it speaks");
		return;
	}
	end_probe(p);
	p->probed_at = clock_ms();
	believe_back(p);
	versions_deinit(&p->versions);
	p->versions = *v;
	p->has_versions = true;
	p->failed = 0;
	p->retry_ms = RETRY_FIRST_MS;
	probe_after(p, renew_ms(p->all));
	p->all->events->on_change(p->all->owner, &p->versions);
}

static int connect_timeout(const struct brokers *all)
{
	return all->connect_timeout_ms < PROBE_CONNECT_MS ? all->connect_timeout_ms
							  : PROBE_CONNECT_MS;
}

static void probe(struct probed *p)
{
	static const struct call_events call_events = { .on_closed = on_closed };
	const struct call_options options = { .address =
						      (const struct sockaddr *)&p->broker.address,
					      .address_len = p->broker.address_len,
					      .connect_timeout_ms = connect_timeout(p->all),
					      .max_answer = PROBE_ANSWER_MAX,
					      .terms = p->all->terms,
					      .host = p->broker.host,
					      .port = p->broker.port };

	ev_timer_stop(p->all->loop, &p->timer);
	p->call = call_new(p->all->loop, &options, &call_events, p);
	negotiate_start(&p->negotiate, p->call, PROBE_TIMEOUT_MS, on_versions, p);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct probed *p = CONTAINER_OF(timer, struct probed, timer);

	(void)loop;
	(void)events;
	if (p->broker.address_len == 0)
		look_up(p);
	if (p->broker.address_len > 0)
		probe(p);
	else if (!p->resolved.is_pending) /* else brokers_resolved follows */
		probe_failed(p, "its name does not resolve");
}

static struct probed *probed_new(struct brokers *all, const struct broker *b)
{
	struct probed *p = mem_zalloc(sizeof *p);

	p->all = all;
	p->broker.id = p->known.id = b->id;
	p->broker.host = mem_strdup(b->host);
	p->broker.port = b->port;
	p->retry_ms = RETRY_FIRST_MS;
	ev_timer_init(&p->timer, on_timer, 0., 0.);
	look_up(p);
	probe_after(p, 0);
	return p;
}

static void probed_free(struct probed *p)
{
	end_probe(p);
	ev_timer_stop(p->all->loop, &p->timer);
	versions_deinit(&p->versions);
	free(p->broker.host);
	free(p->broker.rack);
	free(p);
}

struct brokers *brokers_new(struct ev_loop *loop, struct resolver *resolver,
			    const struct link_terms *terms, int connect_timeout_ms,
			    const struct brokers_events *events, void *owner)
{
	struct brokers *all = mem_zalloc(sizeof *all);

	all->loop = loop;
	all->resolver = resolver;
	all->terms = terms;
	all->connect_timeout_ms = connect_timeout_ms;
	all->events = events;
	all->owner = owner;
	pthread_mutex_init(&all->lock, NULL);
	return all;
}

void brokers_set_timeout(struct brokers *all, int connect_timeout_ms)
{
	all->connect_timeout_ms = connect_timeout_ms;
}

void brokers_free(struct brokers *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->count; i++)
		probed_free(all->list[i]);
	free(all->list);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

static struct probed *find(const struct brokers *all, int32_t id)
{
	size_t low = 0, high = all->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all->list[middle]->broker.id == id)
			return all->list[middle];
		if (all->list[middle]->broker.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool brokers_has(const struct brokers *all, int32_t id)
{
	return find(all, id) != NULL;
}

size_t brokers_count(const struct brokers *all)
{
	return all->count;
}

static bool is_at(const struct probed *p, const struct broker *b)
{
	return p->broker.port == b->port && strcmp(p->broker.host, b->host) == 0;
}

/* The known broker that this one is, or NULL: the one of its id, if it did not move. */
static struct probed *same_place(const struct brokers *all, const struct broker *b)
{
	struct probed *known = find(all, b->id);

	return known != NULL && is_at(known, b) ? known : NULL;
}

static void set_rack(struct probed *p, const char *rack)
{
	free(p->broker.rack);
	p->broker.rack = rack != NULL ? mem_strdup(rack) : NULL;
}

static const struct broker *find_broker(const struct broker *brokers, size_t count, int32_t id)
{
	for (size_t i = 0; i < count; i++) {
		if (brokers[i].id == id)
			return &brokers[i];
	}
	return NULL;
}

/* `before`: the list that was. */
static void free_gone(const struct brokers *all, struct probed **before, size_t before_count,
		      const struct broker *brokers, size_t count)
{
	for (size_t i = 0; i < before_count; i++) {
		const int32_t id = before[i]->broker.id;
		const struct broker *b = find_broker(brokers, count, id);

		if (b == NULL)
			all->events->on_gone(all->owner, id);
		if (b == NULL || !is_at(before[i], b))
			probed_free(before[i]);
	}
}

void brokers_update(struct brokers *all, const struct broker *brokers, size_t count)
{
	struct probed **now = mem_alloc((count + 1) * sizeof *now), **before = all->list;
	size_t before_count = all->count;

	for (size_t i = 0; i < count; i++) {
		now[i] = same_place(all, &brokers[i]);
		if (now[i] == NULL)
			now[i] = probed_new(all, &brokers[i]);
		else
			look_up(now[i]);
		set_rack(now[i], brokers[i].rack);
	}
	pthread_mutex_lock(&all->lock);
	all->list = now;
	all->count = count;
	pthread_mutex_unlock(&all->lock);
	free_gone(all, before, before_count, brokers, count);
	free(before);
}

/* Counts the witness; whether there are several. */
static bool hear_witness(struct probed *p, uint64_t who, int64_t now)
{
	if (now - p->first_witness_at >= BROKERS_WITNESSES_MS)
		p->witness_count = 0;
	for (size_t i = 0; i < p->witness_count; i++) {
		if (p->witnesses[i] == who)
			return false;
	}
	if (p->witness_count == 0)
		p->first_witness_at = now;
	if (p->witness_count < BROKERS_SEVERAL)
		p->witnesses[p->witness_count++] = who;
	return p->witness_count == BROKERS_SEVERAL;
}

/* A probe that runs will tell; one that waits need not wait so long. */
static void probe_soon(struct probed *p, int64_t now)
{
	int64_t left = p->probed_at + BROKERS_PROBES_MS - now;

	if (left < 0)
		left = 0;
	if (p->call == NULL && ev_timer_remaining(p->all->loop, &p->timer) > (double)left / 1e3)
		probe_after(p, (int)left);
}

void brokers_notice(struct brokers *all, int32_t id, uint64_t who)
{
	struct probed *found = find(all, id);
	int64_t now = clock_ms();
	bool are_several;

	if (found == NULL)
		return;
	are_several = hear_witness(found, who, now);
	if (is_lost(found))
		believe_lost(found, NULL);
	else if (are_several)
		believe_lost(found, "clients lost their connections to it");
	probe_soon(found, now);
}

size_t brokers_lost(const struct brokers *all)
{
	size_t n = 0;

	for (size_t i = 0; i < all->count; i++)
		n += is_lost(all->list[i]);
	return n;
}

struct broker_known *brokers_known(struct brokers *all, size_t *count)
{
	struct broker_known *copy;

	pthread_mutex_lock(&all->lock);
	copy = mem_alloc((all->count + 1) * sizeof *copy);
	*count = all->count;
	for (size_t i = 0; i < all->count; i++)
		copy[i] = all->list[i]->known;
	pthread_mutex_unlock(&all->lock);
	return copy;
}

void brokers_probe_all(struct brokers *all)
{
	int64_t now = clock_ms();

	for (size_t i = 0; i < all->count; i++)
		probe_soon(all->list[i], now);
}

static void on_resolved(struct probed *p)
{
	const struct broker before = p->broker;

	look_up(p);
	if (p->broker.address_len != before.address_len ||
	    memcmp(&p->broker.address, &before.address, sizeof before.address) != 0)
		p->all->events->on_address(p->all->owner);
	if (before.address_len == 0 && p->call == NULL)
		probe_after(p, 0);
}

void brokers_resolved(struct brokers *all, const char *host)
{
	for (size_t i = 0; i < all->count; i++) {
		if (strcmp(all->list[i]->broker.host, host) == 0)
			on_resolved(all->list[i]);
	}
}

bool brokers_all_tried(const struct brokers *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i]->known.state == BROKER_UNTRIED)
			return false;
	}
	return true;
}

bool brokers_any_address(const struct brokers *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i]->broker.address_len > 0)
			return true;
	}
	return false;
}

struct broker *brokers_copy(const struct brokers *all, size_t *count)
{
	struct broker *copy = mem_alloc((all->count + 1) * sizeof *copy);

	*count = all->count;
	for (size_t i = 0; i < all->count; i++) {
		copy[i] = all->list[i]->broker;
		copy[i].host = mem_strdup(copy[i].host);
		copy[i].rack = copy[i].rack != NULL ? mem_strdup(copy[i].rack) : NULL;
	}
	return copy;
}

const struct broker_versions **brokers_versions(const struct brokers *all, size_t *count)
{
	const struct broker_versions **found = mem_alloc((all->count + 1) * sizeof *found);

	*count = 0;
	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i]->has_versions)
			found[(*count)++] = &all->list[i]->versions;
	}
	return found;
}
