#include "auth/token.h"

#include "auth/base64.h"
#include "auth/mechanism.h"
#include "auth/secret.h"
#include "kafka/walk.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum { HMAC_MAX = 1024 };

struct slice {
	const uint8_t *bytes;
	uint32_t len;
};

/* One token of an answer; its slices point into it. */
struct entry {
	struct slice owner, requester, id, hmac;
	int64_t issued_ms, expires_ms;
	bool has_requester; /* version 3 and later say it */
	bool has_renewer;   /* the one that is wanted */
};

static bool is_text(struct slice s, const char *text)
{
	return strlen(text) == s.len && memcmp(s.bytes, text, s.len) == 0;
}

static bool is_same(struct slice a, struct slice b)
{
	return a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0;
}

/* Brokers that do not say it know no makers but owners. */
static bool is_made_by(const struct entry *e, const char *maker)
{
	if (maker != NULL)
		return e->has_requester && is_text(e->requester, maker);
	return !e->has_requester || is_same(e->owner, e->requester);
}

static bool is_wanted(const struct entry *e, const struct token_wanted *w)
{
	if (e->owner.len == 0 || e->id.len == 0 || e->hmac.len == 0 || e->hmac.len > HMAC_MAX)
		return false;
	if (!is_made_by(e, w->maker))
		return false; /* somebody else has made it, and has its secret */
	if ((w->owner != NULL && !is_text(e->owner, w->owner)) ||
	    (w->id != NULL && !is_text(e->id, w->id)) ||
	    (w->not_id != NULL && is_text(e->id, w->not_id)) ||
	    (w->renewer != NULL && !e->has_renewer))
		return false;
	return e->expires_ms > w->good_until_ms;
}

static char *text_of(struct slice s)
{
	return mem_strndup((const char *)s.bytes, s.len);
}

/* The password is the base64 text of the HMAC, not its bytes. */
static void take(struct token *t, const struct entry *e, const struct mechanism *mechanism)
{
	struct token made = { .owner = text_of(e->owner),
			      .id = text_of(e->id),
			      .issued_ms = e->issued_ms,
			      .expires_ms = e->expires_ms };
	struct buf password;

	buf_init(&password, 2 * HMAC_MAX);
	buf_reserve(&password, 2 * HMAC_MAX);
	base64_append(&password, e->hmac.bytes, e->hmac.len);
	buf_init(&made.hmac, HMAC_MAX);
	buf_reserve(&made.hmac, e->hmac.len);
	buf_append(&made.hmac, e->hmac.bytes, e->hmac.len);
	buf_append8(&password, 0);
	made.credentials =
		scram_credentials(mechanism, SCRAM_OF_TOKEN, made.id, (const char *)password.data);
	secret_buf_deinit(&password);
	token_deinit(t);
	*t = made;
}

static void look(struct token *best, const struct entry *e, const struct token_wanted *w)
{
	if (is_wanted(e, w) && (best->owner == NULL || e->expires_ms > best->expires_ms))
		take(best, e, w->mechanism);
}

static void note(struct entry *e, const struct walk_event *v, struct slice s,
		 const struct token_wanted *w)
{
	switch (v->is) {
	case OWNER_NAME:
		e->owner = s;
		break;
	case REQUESTER_NAME:
		e->requester = s;
		e->has_requester = true;
		break;
	case TOKEN_ID:
		e->id = s;
		break;
	case TOKEN_HMAC:
		e->hmac = s;
		break;
	case ISSUED_MS:
		e->issued_ms = v->number;
		break;
	case EXPIRES_MS:
		e->expires_ms = v->number;
		break;
	case RENEWER_NAME:
		e->has_renewer |= w->renewer != NULL && is_text(s, w->renewer);
		break;
	default:
		break;
	}
}

bool token_read(const struct kapi *api, int version, const uint8_t *body, uint32_t n,
		const struct token_wanted *wanted, struct token *found, int *error)
{
	/* the answer to CreateDelegationToken does not say who may renew it */
	struct entry e = { .has_renewer = api->key == KEY_CREATE_DELEGATION_TOKEN };
	enum walk_result got;
	struct walk_event v;
	struct walk w;

	*found = (struct token){ 0 };
	*error = 0;
	walk_init(&w, api_plan(api, version, RESPONSE), n);
	walk_input(&w, body, n);
	while ((got = walk_next(&w, &v)) == WALK_EVENT) {
		const struct slice s = { body + v.at + v.size - v.len, v.len };

		if (v.kind == WALK_ELEMENT && v.is == TOKENS) {
			look(found, &e, wanted);
			e = (struct entry){ .expires_ms = 0 };
		} else if (v.is == ERROR_CODE) {
			*error = (int)v.number;
		} else if (v.kind == WALK_VALUE || v.kind == WALK_RUN) {
			note(&e, &v, s, wanted);
		}
	}
	if (got == WALK_DONE && *error == 0) {
		look(found, &e, wanted);
		return true;
	}
	token_deinit(found);
	return got == WALK_DONE;
}

struct token token_copy(const struct token *t)
{
	struct token copy = *t;

	copy.owner = mem_strdup(t->owner);
	copy.id = mem_strdup(t->id);
	buf_init(&copy.hmac, HMAC_MAX);
	buf_reserve(&copy.hmac, t->hmac.len);
	buf_append(&copy.hmac, t->hmac.data, t->hmac.len);
	copy.credentials = credentials_get(t->credentials);
	return copy;
}

void token_deinit(struct token *t)
{
	free(t->owner);
	free(t->id);
	secret_buf_deinit(&t->hmac);
	credentials_put(t->credentials);
	*t = (struct token){ 0 };
}
