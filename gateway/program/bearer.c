#include "program/bearer.h"

#include "auth/jwt.h"
#include "auth/mechanism.h"
#include "auth/secret.h"
#include "http/client.h"
#include "loop/thread.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILE_LOOK_MS = 1000,
	FILE_MAX = 65536, /* bytes of a token */
	ANSWER_MS = 10000,
	RENEW_PERCENT = 80,
	RENEW_LEAST_MS = 1000,
	UNKNOWN_LIFE_MS = 5 * 60 * 1000, /* of a token that does not say */
	RETRY_FIRST_MS = 1000,
	RETRY_MAX_MS = 30000,
};

static const char file_scheme[] = "file://";

struct bearer {
	const struct config *config;
	struct account *account;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_ending;
	char *token; /* the last one */
	int retry_ms;
};

/* --- a token is there, or is not --- */

static void tell_trouble(struct bearer *b, const char *why)
{
	char *before = account_trouble(b->account);

	if (before == NULL || strcmp(before, why) != 0)
		log_warn("who=main event=no_token reason=\"%s\"", why);
	free(before);
	account_set_trouble(b->account, why);
}

static void take_token(struct bearer *b, const char *token)
{
	struct credentials *next;

	if (b->token != NULL && strcmp(b->token, token) == 0) {
		account_set_trouble(b->account, NULL);
		return;
	}
	next = oauthbearer_credentials(token, b->config->oauth_extensions);
	if (next == NULL) {
		tell_trouble(b, "what is there is no token, or its extensions are none");
		return;
	}
	secret_text_free(b->token);
	b->token = mem_strdup(token);
	account_set(b->account, next);
	account_set_trouble(b->account, NULL);
	log_info("who=main event=token");
}

/* --- out of a file --- */

static void read_file(struct bearer *b)
{
	const char *path = b->config->oauth_url + strlen(file_scheme);
	FILE *in = fopen(path, "re");
	char why[HTTP_CLIENT_WHY_MAX], *text;
	size_t n;

	if (in == NULL) {
		snprintf(why, sizeof why, "%.200s: %s", path, strerror(errno));
		tell_trouble(b, why);
		return;
	}
	text = mem_zalloc(FILE_MAX + 1);
	n = fread(text, 1, FILE_MAX, in);
	fclose(in);
	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		text[--n] = '\0';
	take_token(b, text);
	OPENSSL_cleanse(text, FILE_MAX);
	free(text);
}

/* --- of a token endpoint --- */

/* As a form says it: application/x-www-form-urlencoded.  Caller frees. */
static char *form(const char *scope)
{
	char *escaped, *text;

	if (scope == NULL || *scope == '\0')
		return mem_strdup("grant_type=client_credentials");
	escaped = curl_easy_escape(NULL, scope, 0);
	text = mem_printf("grant_type=client_credentials&scope=%s", escaped);
	curl_free(escaped);
	return text;
}

/* How long the token lasts, in ms. */
static int64_t life_of(const json_t *answer, const char *token)
{
	const json_t *seconds = json_object_get(answer, "expires_in");
	int64_t at = jwt_expires_at(token), left;

	if (json_is_number(seconds) && json_number_value(seconds) > 0 &&
	    json_number_value(seconds) < 1e9)
		return (int64_t)(json_number_value(seconds) * 1e3);
	left = at * 1000 - clock_wall_ms();
	return at > 0 ? left : UNKNOWN_LIFE_MS;
}

/* For how long it is good; -1: there is none. */
static int64_t take_answer(struct bearer *b, const struct http_answer *answer)
{
	json_t *all = json_loads(answer->body, 0, NULL);
	const char *token = json_string_value(json_object_get(all, "access_token"));
	const char *error = json_string_value(json_object_get(all, "error"));
	char why[HTTP_CLIENT_WHY_MAX];
	int64_t life = -1;

	if (answer->status == 200 && token != NULL) {
		take_token(b, token);
		life = life_of(all, token);
	} else {
		snprintf(why, sizeof why, "%.200s: status %ld, no access_token%s%.100s",
			 b->config->oauth_url, answer->status, error != NULL ? ": " : "",
			 error != NULL ? error : "");
		tell_trouble(b, why);
	}
	json_decref(all);
	return life;
}

static int64_t ask_endpoint(struct bearer *b)
{
	const struct config *c = b->config;
	char *body = form(c->oauth_scope), why[HTTP_CLIENT_WHY_MAX];
	const struct http_extra extra = { .body = body,
					  .type = "application/x-www-form-urlencoded",
					  .header = "Accept: application/json",
					  .user = c->oauth_client_id,
					  .password = c->oauth_client_secret,
					  .ca = c->https_ca };
	struct http_answer answer;
	int64_t life = -1;

	if (http_ask("POST", c->oauth_url, &extra, ANSWER_MS, &answer, why)) {
		life = take_answer(b, &answer);
		OPENSSL_cleanse(answer.body, answer.size);
		http_answer_free(&answer);
	} else {
		tell_trouble(b, why);
	}
	free(body);
	return life;
}

/* --- in turns --- */

/* When to look again, in ms. */
static int64_t look(struct bearer *b)
{
	int64_t life;

	if (strncmp(b->config->oauth_url, file_scheme, strlen(file_scheme)) == 0) {
		read_file(b);
		return FILE_LOOK_MS;
	}
	life = ask_endpoint(b);
	if (life < 0) {
		int now = b->retry_ms;

		b->retry_ms = 2 * now < RETRY_MAX_MS ? 2 * now : RETRY_MAX_MS;
		return now;
	}
	b->retry_ms = RETRY_FIRST_MS;
	life = life * RENEW_PERCENT / 100;
	return life > RENEW_LEAST_MS ? life : RENEW_LEAST_MS;
}

/* False: it ends. */
static bool rest(struct bearer *b, int64_t ms)
{
	struct timespec until = clock_after(ms);
	bool goes_on;
	int error = 0;

	pthread_mutex_lock(&b->lock);
	while (!b->is_ending && error == 0)
		error = pthread_cond_clockwait(&b->wake, &b->lock, CLOCK_MONOTONIC, &until);
	goes_on = !b->is_ending;
	pthread_mutex_unlock(&b->lock);
	return goes_on;
}

static void *run(void *arg)
{
	struct bearer *b = arg;

	while (rest(b, look(b)))
		;
	return NULL;
}

struct bearer *bearer_new(const struct config *config, struct account *account)
{
	struct bearer *b = mem_zalloc(sizeof *b);

	b->config = config;
	b->account = account;
	b->retry_ms = RETRY_FIRST_MS;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->wake, NULL);
	thread_start(&b->thread, "token", run, b);
	return b;
}

void bearer_free(struct bearer *b)
{
	if (b == NULL)
		return;
	pthread_mutex_lock(&b->lock);
	b->is_ending = true;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->thread, NULL);
	pthread_cond_destroy(&b->wake);
	pthread_mutex_destroy(&b->lock);
	secret_text_free(b->token);
	free(b);
}
