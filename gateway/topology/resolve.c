#include "topology/resolve.h"

#include "loop/mailbox.h"
#include "loop/thread.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/queue.h>

struct entry {
	struct entry *next;
	char *host;
	int64_t until;	  /* clock_ms: then it is looked up again */
	int64_t asked_at; /* clock_ms: by somebody here */
	bool is_pending, is_failing;
	size_t count;
	struct endpoint addresses[RESOLVE_ADDRESSES]; /* without a port */
};

/* A name on its way to the thread and back. */
struct look_up {
	struct letter letter;
	TAILQ_ENTRY(look_up) in_queue;
	char *host;
	int error; /* of getaddrinfo */
	size_t count;
	struct endpoint addresses[RESOLVE_ADDRESSES];
};

/* What the thread shares with its owner, who may be gone before it: the last one frees it. */
struct desk {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	TAILQ_HEAD(, look_up) queue;
	struct mailbox *mailbox; /* NULL: nobody is there to hear */
};

struct resolver {
	struct entry *first;
	size_t failing;
	void (*on_resolved)(void *owner, const char *host);
	void *owner;
	struct mailbox mailbox;
	bool has_thread; /* started by the first name: numbers need none */
	bool is_closed;
	struct desk *desk;
};

/* --- the thread --- */

static int ask_system(const char *host, int flags, struct endpoint *out, size_t *count)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
					.ai_socktype = SOCK_STREAM,
					.ai_flags = flags };
	struct addrinfo *list;
	int error = getaddrinfo(host, NULL, &hints, &list);
	size_t n = 0;

	*count = 0;
	if (error != 0)
		return error;
	for (const struct addrinfo *a = list; a != NULL && n < RESOLVE_ADDRESSES; a = a->ai_next) {
		out[n] = (struct endpoint){ .len = a->ai_addrlen };
		memcpy(&out[n++].storage, a->ai_addr, a->ai_addrlen);
	}
	freeaddrinfo(list);
	*count = n;
	return 0;
}

static void ask_for_name(struct look_up *l)
{
	l->error = ask_system(l->host, AI_ADDRCONFIG, l->addresses, &l->count);
	/* a machine that has but a loopback; a server that is silent is not asked twice */
	if (l->error != 0 && l->error != EAI_AGAIN)
		l->error = ask_system(l->host, 0, l->addresses, &l->count);
}

static void look_up_free(struct look_up *l)
{
	free(l->host);
	free(l);
}

static void desk_free(struct desk *d)
{
	struct look_up *l;

	while ((l = TAILQ_FIRST(&d->queue)) != NULL) {
		TAILQ_REMOVE(&d->queue, l, in_queue);
		look_up_free(l);
	}
	pthread_cond_destroy(&d->wake);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

/* The next name; NULL: there will be none. */
static struct look_up *next_name(struct desk *d)
{
	struct look_up *l = NULL;

	pthread_mutex_lock(&d->lock);
	while (d->mailbox != NULL && (l = TAILQ_FIRST(&d->queue)) == NULL)
		pthread_cond_wait(&d->wake, &d->lock);
	if (d->mailbox == NULL)
		l = NULL;
	else
		TAILQ_REMOVE(&d->queue, l, in_queue);
	pthread_mutex_unlock(&d->lock);
	return l;
}

static void send_back(struct desk *d, struct look_up *l)
{
	pthread_mutex_lock(&d->lock);
	if (d->mailbox != NULL)
		mailbox_post(d->mailbox, &l->letter);
	else
		look_up_free(l);
	pthread_mutex_unlock(&d->lock);
}

static void *run(void *arg)
{
	struct desk *d = arg;
	struct look_up *l;

	while ((l = next_name(d)) != NULL) {
		ask_for_name(l);
		send_back(d, l);
	}
	desk_free(d);
	return NULL;
}

/* --- the loop --- */

static const char *error_text(int error)
{
	switch (error) {
	case EAI_AGAIN:
		return "the name server does not answer";
	case EAI_NONAME:
		return "no such name";
	default:
		return "the system's resolver failed";
	}
}

static void hear_failure(struct resolver *r, struct entry *e, int error)
{
	if (e->is_failing)
		return; /* said once, until it is resolved again */
	e->is_failing = true;
	r->failing++;
	log_warn("who=topology event=not_resolved host=%s err=\"%s\" addresses_kept=%zu", e->host,
		 error_text(error), e->count);
}

static void hear_success(struct resolver *r, struct entry *e, const struct look_up *l)
{
	if (e->is_failing) {
		r->failing--;
		log_info("who=topology event=resolved_again host=%s", e->host);
	}
	e->is_failing = false;
	e->count = l->count;
	memcpy(e->addresses, l->addresses, l->count * sizeof *l->addresses);
}

static struct entry *find(struct resolver *r, const char *host)
{
	struct entry *e = r->first;

	while (e != NULL && strcmp(e->host, host) != 0)
		e = e->next;
	return e;
}

static void deliver(struct letter *letter, void *owner)
{
	struct resolver *r = owner;
	struct look_up *l = CONTAINER_OF(letter, struct look_up, letter);
	struct entry *e = find(r, l->host); /* what is pending is not forgotten */

	e->is_pending = false;
	e->until = clock_ms() + (l->count > 0 ? RESOLVE_KEEP_MS : RESOLVE_RETRY_MS);
	if (l->count > 0)
		hear_success(r, e, l);
	else
		hear_failure(r, e, l->error);
	if (!r->is_closed)
		r->on_resolved(r->owner, l->host);
	look_up_free(l);
}

static void start_thread(struct resolver *r)
{
	pthread_t thread;

	if (r->has_thread)
		return;
	r->has_thread = true;
	thread_start(&thread, "resolver", run, r->desk);
	pthread_detach(thread);
}

static void begin_look_up(struct resolver *r, struct entry *e)
{
	struct look_up *l = mem_zalloc(sizeof *l);

	e->is_pending = true;
	l->letter.deliver = deliver;
	l->host = mem_strdup(e->host);
	start_thread(r);
	pthread_mutex_lock(&r->desk->lock);
	TAILQ_INSERT_TAIL(&r->desk->queue, l, in_queue);
	pthread_cond_signal(&r->desk->wake);
	pthread_mutex_unlock(&r->desk->lock);
}

static void remove_at(struct resolver *r, struct entry **at)
{
	struct entry *e = *at;

	*at = e->next;
	r->failing -= e->is_failing;
	free(e->host);
	free(e);
}

static void forget_old(struct resolver *r, int64_t now)
{
	for (struct entry **at = &r->first; *at != NULL;) {
		if (!(*at)->is_pending && now - (*at)->asked_at >= RESOLVE_FORGET_MS)
			remove_at(r, at);
		else
			at = &(*at)->next;
	}
}

static struct entry *add(struct resolver *r, const char *host, int64_t now)
{
	struct entry *e = mem_zalloc(sizeof *e);

	forget_old(r, now);
	e->host = mem_strdup(host);
	e->until = now;
	e->next = r->first;
	r->first = e;
	return e;
}

static void set_port(struct endpoint *a, int port)
{
	if (a->storage.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&a->storage)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)&a->storage)->sin_port = htons((uint16_t)port);
}

static void resolve_name(struct resolver *r, const char *host, struct resolved *out)
{
	struct entry *e = find(r, host);
	int64_t now = clock_ms();

	if (e == NULL)
		e = add(r, host, now);
	e->asked_at = now;
	if (!e->is_pending && now >= e->until)
		begin_look_up(r, e);
	out->is_pending = e->is_pending;
	out->count = e->count;
	memcpy(out->addresses, e->addresses, e->count * sizeof *e->addresses);
}

void resolve(struct resolver *r, const char *host, int port, struct resolved *out)
{
	out->is_pending = false;
	if (ask_system(host, AI_NUMERICHOST, out->addresses, &out->count) != 0)
		resolve_name(r, host, out);
	for (size_t i = 0; i < out->count; i++)
		set_port(&out->addresses[i], port);
}

size_t resolver_failing(const struct resolver *r)
{
	return r->failing;
}

struct resolver *resolver_new(struct ev_loop *loop,
			      void (*on_resolved)(void *owner, const char *host), void *owner)
{
	struct resolver *r = mem_zalloc(sizeof *r);

	r->on_resolved = on_resolved;
	r->owner = owner;
	mailbox_init(&r->mailbox, loop, r);
	r->desk = mem_zalloc(sizeof *r->desk);
	TAILQ_INIT(&r->desk->queue);
	pthread_mutex_init(&r->desk->lock, NULL);
	pthread_cond_init(&r->desk->wake, NULL);
	r->desk->mailbox = &r->mailbox;
	return r;
}

/* The desk is the thread's from now on, if there is one. */
static void leave_desk(struct resolver *r)
{
	struct desk *d = r->desk;

	if (!r->has_thread) {
		desk_free(d);
		return;
	}
	pthread_mutex_lock(&d->lock);
	d->mailbox = NULL;
	pthread_cond_signal(&d->wake);
	pthread_mutex_unlock(&d->lock);
}

void resolver_free(struct resolver *r)
{
	r->is_closed = true;
	leave_desk(r);
	mailbox_deinit(&r->mailbox);
	while (r->first != NULL)
		remove_at(r, &r->first);
	free(r);
}
