#include "session/principal.h"

#include "auth/login.h"
#include "auth/secret.h"
#include "session/inside.h"
#include "session/request.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

/* The identity map says whom the client is at the brokers, which ask each connection. */
static void be_mapped(struct client *c)
{
	c->claim.account = account_new(credentials_get(c->came.as));
	c->claim.key = mem_printf("identity %s", c->came.name != NULL ? c->came.name : "");
}

void principal_init(struct client *c)
{
	enum security_protocol protocol = c->worker->config->gateway_protocol;

	door_init(&c->door, protocol == OVER_SASL_PLAINTEXT || protocol == OVER_SASL_SSL);
	c->claim = (struct claim){ .broker = NO_BROKER, .wanted = NO_BROKER };
	if (c->came.name != NULL)
		principal_is(c, c->came.name);
	if (c->came.as != NULL)
		be_mapped(c);
	buf_init(&c->claim.first, DOOR_FRAME_MAX);
}

void principal_forget(struct client *c)
{
	struct buf *first = &c->claim.first;

	secret_buf_deinit(first);
}

void principal_carry(struct client *c)
{
	struct claim *claim = &c->claim;
	const struct carried *by = c->door.mechanism;
	struct credentials *said = NULL;

	if (by->way == CARRIED_REPLAYED)
		said = said_credentials(mechanism_by_name(by->name, strlen(by->name)),
					claim->first.data, claim->first.len);
	principal_forget(c);
	if (claim->account == NULL)
		claim->account = account_new(said);
	else if (said != NULL)
		account_set(claim->account, said);
}

void principal_deinit(struct client *c)
{
	principal_forget(c);
	if (c->claim.account != NULL)
		account_free(c->claim.account);
	free(c->claim.who);
	free(c->claim.principal);
	free(c->claim.key);
	c->claim.who = c->claim.principal = c->claim.key = NULL;
}

char *principal_printable(const char *name)
{
	char *text = mem_strdup(name);

	for (char *p = text; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~' || *p == '"' || *p == '\\')
			*p = '?';
	}
	return text;
}

char *principal_text(const char *who)
{
	char *name = principal_printable(who), *text = mem_printf("User:%s", name);

	free(name);
	return text;
}

void principal_is(struct client *c, const char *who)
{
	free(c->claim.principal);
	c->claim.principal = principal_text(who);
}

/* KafkaPrincipal.ANONYMOUS: a broker's name for whoever comes by PLAINTEXT, or without a certificate. */
const char *principal_told(const struct client *c)
{
	if (c->door.state == DOOR_OFF && c->claim.principal == NULL)
		return "User:ANONYMOUS";
	return c->claim.principal;
}

const struct carried *principal_offers(const struct client *c, const uint8_t *name, size_t len)
{
	(void)c;
	return carried_of(name, len);
}

bool principal_can_open(const struct client *c, enum upstream_purpose purpose)
{
	if (c->door.state == DOOR_OFF || purpose == FOR_LOGIN)
		return true;
	return c->claim.account != NULL && !c->claim.by_visits;
}

struct login *principal_login(const struct client *c, enum upstream_purpose purpose)
{
	return purpose != FOR_LOGIN && c->claim.account != NULL ? login_new(c->claim.account)
								: NULL;
}

/* Before the login one frame at a time: a broker with TLS takes 300 ms for each that comes together
 * with its predecessor.  While a login is renewed a broker closes on any other request. */
bool principal_holds(const struct client *c, const struct upstream *u, const struct part *p)
{
	if (u->purpose != FOR_LOGIN)
		return false;
	if (p->purpose == FOR_LOGIN)
		return u->link.login_began_at == 0 && u->ring_count > 0;
	return c->door.state != DOOR_OPEN || door_is_waiting(&c->door);
}
