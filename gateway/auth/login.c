#include "auth/login.h"

#include "kafka/errors.h"
#include "util/mem.h"

#include <string.h>

/* The kind that says an account's own. */
struct own_login {
	struct login login;
	struct account *account;
	struct credentials *first; /* of the first login; NULL: it has begun, or there were none */
	struct credentials *as;	   /* of this login; NULL: none has begun */
	struct mechanism_run *run;
};

enum login_next login_fails(struct login *l, const void *words, size_t len)
{
	const char *from = words;
	size_t n = len < LOGIN_WHY_MAX ? len : LOGIN_WHY_MAX - 1;

	for (size_t i = 0; i < n; i++) {
		bool is_odd = (unsigned char)from[i] < ' ' || from[i] == 0x7f || from[i] == '"' ||
			      from[i] == '\\';

		l->why[i] = is_odd ? '\'' : from[i];
	}
	l->why[n] = '\0';
	return LOGIN_FAILED;
}

static enum login_next fails_text(struct login *l, const char *text)
{
	return login_fails(l, text, strlen(text));
}

enum login_next login_refused(struct login *l, const struct login_heard *heard)
{
	char text[LOGIN_WHY_MAX];

	if (heard->message_len > 0)
		return login_fails(l, heard->message, heard->message_len);
	if (heard->error == ERROR_ILLEGAL_SASL_STATE)
		return fails_text(
			l, "the broker wants no SASL here: its listener is PLAINTEXT or SSL");
	snprintf(text, sizeof text, "error %d", heard->error);
	return fails_text(l, text);
}

static struct own_login *own(struct login *l)
{
	return CONTAINER_OF(l, struct own_login, login);
}

static void end_run(struct own_login *o)
{
	if (o->run != NULL)
		o->as->mechanism->end(o->run);
	credentials_put(o->as);
	o->run = NULL;
	o->as = NULL;
}

static void tell_none(struct own_login *o)
{
	char *why = account_trouble(o->account);

	fails_text(&o->login, why != NULL ? why : "there are no credentials now");
	free(why);
}

static const char *own_begin(struct login *l)
{
	struct own_login *o = own(l);

	end_run(o);
	o->as = o->first != NULL ? o->first : account_now(o->account);
	o->first = NULL;
	if (o->as == NULL) {
		tell_none(o);
		return NULL;
	}
	o->run = o->as->mechanism->begin(o->as);
	return o->as->mechanism->name;
}

static void own_offered(struct login *l, const struct login_heard *heard)
{
	struct own_login *o = own(l);
	char text[LOGIN_WHY_MAX];

	if (heard->error == 0 || heard->error == ERROR_UNSUPPORTED_SASL_MECHANISM)
		account_note_offers(o->account, heard->mechanisms);
	if (heard->error != 0 && heard->error != ERROR_UNSUPPORTED_SASL_MECHANISM)
		login_refused(l, heard);
	if (heard->error != ERROR_UNSUPPORTED_SASL_MECHANISM)
		return;
	snprintf(text, sizeof text, "the broker does not take %s; it has %s",
		 o->as->mechanism->name, heard->mechanisms);
	fails_text(l, text);
}

static enum login_next own_next(struct login *l, const struct login_heard *heard, struct buf *say)
{
	struct own_login *o = own(l);
	char why[MECHANISM_WHY_MAX] = "";

	if (heard != NULL && heard->error != 0)
		return login_refused(l, heard);
	switch (o->as->mechanism->next(o->run, heard != NULL ? heard->bytes : NULL,
				       heard != NULL ? heard->len : 0, say, why)) {
	case MECHANISM_SAYS:
		return LOGIN_SAYS;
	case MECHANISM_FAILED:
		return fails_text(l, why);
	case MECHANISM_IS_DONE:
		break;
	}
	/* a broker takes a token that has run out until it sweeps it away, and closes then */
	if (o->as->is_token && heard != NULL && heard->lifetime_ms == 0)
		return fails_text(l, "the token has run out");
	end_run(o);
	return LOGIN_IS_DONE;
}

static void own_free(struct login *l)
{
	end_run(own(l));
	credentials_put(own(l)->first);
	free(own(l));
}

static const struct login_kind own_kind = { .renews = true,
					    .begin = own_begin,
					    .offered = own_offered,
					    .next = own_next,
					    .free = own_free };

struct login *login_new(struct account *account)
{
	struct own_login *o = mem_zalloc(sizeof *o);

	o->login.kind = &own_kind;
	o->account = account;
	o->first = account_now(account);
	return &o->login;
}

void login_free(struct login *l)
{
	if (l != NULL)
		l->kind->free(l);
}
