#include "net/admission.h"

#include "util/mem.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

/* An address as it is counted: all of an IPv4 one, the network of an IPv6 one. */
struct key {
	uint64_t bits;
	bool is_v6;
};

struct entry {
	struct entry *next;
	struct key key;
	int count; /* 1 or more */
};

struct admission {
	atomic_int total_max, address_max; /* address_max 0: none */
	atomic_int total; /* 0 to total_max, but for a while after that became less */
	atomic_int files_kept_from;

	pthread_mutex_t lock; /* over what follows */
	uint64_t seed;	      /* nobody can choose addresses that share a bucket */
	size_t mask;
	struct entry **buckets;
};

static size_t buckets_for(int total)
{
	size_t n = 64;

	while (n < (size_t)total && n < (1 << 20))
		n *= 2;
	return n;
}

struct admission *admission_new(int total, int per_address)
{
	struct admission *a = mem_zalloc(sizeof *a);

	admission_limit(a, total, per_address);
	atomic_store(&a->files_kept_from, INT_MAX);
	pthread_mutex_init(&a->lock, NULL);
	if (getrandom(&a->seed, sizeof a->seed, 0) != (ssize_t)sizeof a->seed)
		a->seed = (uint64_t)(uintptr_t)a;
	a->mask = buckets_for(total) - 1;
	a->buckets = mem_zalloc((a->mask + 1) * sizeof *a->buckets);
	return a;
}

void admission_limit(struct admission *a, int total, int per_address)
{
	atomic_store(&a->total_max, total);
	atomic_store(&a->address_max, per_address);
}

int admission_max(const struct admission *a)
{
	return atomic_load(&a->total_max);
}

void admission_keep_files(struct admission *a, int first)
{
	atomic_store(&a->files_kept_from, first);
}

bool admission_may_have_file(const struct admission *a, int fd)
{
	return fd >= 0 && fd < atomic_load_explicit(&a->files_kept_from, memory_order_relaxed);
}

void admission_free(struct admission *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i <= a->mask; i++) {
		struct entry *next;

		for (struct entry *e = a->buckets[i]; e != NULL; e = next) {
			next = e->next;
			free(e);
		}
	}
	free(a->buckets);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

bool admission_is_full(const struct admission *a)
{
	return atomic_load(&a->total) >= atomic_load(&a->total_max);
}

bool admission_enter(struct admission *a)
{
	int n = atomic_load(&a->total);

	do {
		if (n >= atomic_load(&a->total_max))
			return false;
	} while (!atomic_compare_exchange_weak(&a->total, &n, n + 1));
	return true;
}

void admission_leave(struct admission *a)
{
	int before = atomic_fetch_sub(&a->total, 1);

	assert(before > 0);
	(void)before;
}

static uint64_t first_bytes(const uint8_t *bytes, size_t n)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++)
		bits = bits << 8 | bytes[i];
	return bits;
}

/* False: no address that is counted (a UNIX socket). */
static bool key_of(const struct sockaddr *address, struct key *key)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof v4);
		*key = (struct key){ .bits = ntohl(v4.sin_addr.s_addr) };
		return true;
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&v6, address, sizeof v6);
	if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
		*key = (struct key){ .bits = first_bytes(v6.sin6_addr.s6_addr + 12, 4) };
	else
		*key = (struct key){ .bits = first_bytes(v6.sin6_addr.s6_addr, 8), .is_v6 = true };
	return true;
}

/* The link that points to the key's entry, or to the NULL at its place. */
static struct entry **find(struct admission *a, struct key key)
{
	uint64_t h = key.bits ^ a->seed;
	struct entry **link;

	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	link = &a->buckets[(h ^ h >> 33) & a->mask];
	while (*link != NULL && ((*link)->key.bits != key.bits || (*link)->key.is_v6 != key.is_v6))
		link = &(*link)->next;
	return link;
}

static bool count_up(struct admission *a, struct key key)
{
	struct entry **link = find(a, key);
	int max = atomic_load(&a->address_max);

	if (max > 0 && *link != NULL && (*link)->count >= max)
		return false;
	if (*link == NULL) {
		*link = mem_zalloc(sizeof **link);
		(*link)->key = key;
	}
	(*link)->count++;
	return true;
}

static void count_down(struct admission *a, struct key key)
{
	struct entry **link = find(a, key), *e = *link;

	assert(e != NULL && e->count > 0);
	if (--e->count > 0)
		return;
	*link = e->next;
	free(e);
}

bool admission_enter_address(struct admission *a, const struct sockaddr *address)
{
	struct key key;
	bool may;

	if (!key_of(address, &key))
		return true;
	pthread_mutex_lock(&a->lock);
	may = count_up(a, key);
	pthread_mutex_unlock(&a->lock);
	return may;
}

void admission_leave_address(struct admission *a, const struct sockaddr *address)
{
	struct key key;

	if (!key_of(address, &key))
		return;
	pthread_mutex_lock(&a->lock);
	count_down(a, key);
	pthread_mutex_unlock(&a->lock);
}
