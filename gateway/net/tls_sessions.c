#include "net/tls_sessions.h"

#include "util/mem.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void tls_sessions_init(struct tls_sessions *s)
{
	*s = (struct tls_sessions){ 0 };
	pthread_mutex_init(&s->lock, NULL);
}

void tls_sessions_deinit(struct tls_sessions *s)
{
	while (s->first != NULL) {
		struct tls_tickets *t = s->first;

		s->first = t->next;
		while (t->count > 0)
			SSL_SESSION_free(t->list[--t->count]);
		free(t->server);
		free(t);
	}
	pthread_mutex_destroy(&s->lock);
}

static struct tls_tickets *find(struct tls_sessions *s, const char *server)
{
	struct tls_tickets *t = s->first;

	while (t != NULL && strcmp(t->server, server) != 0)
		t = t->next;
	return t;
}

static struct tls_tickets *add(struct tls_sessions *s, const char *server)
{
	struct tls_tickets *t;

	if (s->servers == TLS_SERVERS_MAX)
		return NULL;
	t = mem_zalloc(sizeof *t);
	t->server = mem_strdup(server);
	t->next = s->first;
	s->first = t;
	s->servers++;
	return t;
}

struct tls_tickets *tls_sessions_of(struct tls_sessions *s, const char *host, int port)
{
	char *server = mem_printf("%s:%d", host, port);
	struct tls_tickets *t;

	pthread_mutex_lock(&s->lock);
	t = find(s, server);
	if (t == NULL)
		t = add(s, server);
	pthread_mutex_unlock(&s->lock);
	free(server);
	return t;
}

static time_t began(const SSL_SESSION *session)
{
#if OPENSSL_VERSION_NUMBER >= 0x30300000L
	return SSL_SESSION_get_time_ex(session);
#else
	return SSL_SESSION_get_time(session);
#endif
}

static bool is_fresh(const SSL_SESSION *session)
{
	return SSL_SESSION_is_resumable(session) &&
	       time(NULL) < began(session) + SSL_SESSION_get_timeout(session);
}

SSL_SESSION *tls_sessions_take(struct tls_sessions *s, struct tls_tickets *of)
{
	SSL_SESSION *found = NULL;

	pthread_mutex_lock(&s->lock);
	while (of->count > 0 && found == NULL) {
		SSL_SESSION *newest = of->list[of->count - 1];

		if (!is_fresh(newest)) {
			SSL_SESSION_free(newest);
			of->count--;
		} else {
			found = newest;
		}
	}
	if (found != NULL && SSL_SESSION_get_protocol_version(found) >= TLS1_3_VERSION)
		of->count--;
	else if (found != NULL)
		SSL_SESSION_up_ref(found);
	pthread_mutex_unlock(&s->lock);
	return found;
}

/* Takes the session. */
static void put(struct tls_sessions *s, struct tls_tickets *of, SSL_SESSION *session)
{
	pthread_mutex_lock(&s->lock);
	if (of->count == TLS_TICKETS_MAX) {
		SSL_SESSION_free(of->list[0]);
		memmove(&of->list[0], &of->list[1], (TLS_TICKETS_MAX - 1) * sizeof of->list[0]);
		of->count--;
	}
	of->list[of->count++] = session;
	pthread_mutex_unlock(&s->lock);
}

static int on_session(SSL *connection, SSL_SESSION *session)
{
	struct tls_tickets *of = SSL_get_app_data(connection);

	if (of == NULL)
		return 0;
	put(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)), of, session);
	return 1; /* it is ours now */
}

void tls_sessions_keep(struct tls_sessions *s, SSL_CTX *context)
{
	SSL_CTX_set_app_data(context, s);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, on_session);
}

void tls_sessions_name(SSL *connection, struct tls_tickets *of)
{
	SSL_set_app_data(connection, of);
}
