#include "session/principal.h"

#include "auth/identities.h"
#include "auth/judge.h"
#include "auth/login.h"
#include "auth/mechanism.h"
#include "auth/secret.h"
#include "session/inside.h"
#include "session/request.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

/* The identity map says whom the client is at the brokers, which ask each connection. */
static void be_mapped(struct client *c)
{
	c->claim.account = account_get(c->came.as);
	c->claim.key = mem_printf("identity %s", c->came.name != NULL ? c->came.name : "");
}

void principal_init(struct client *c)
{
	enum security_protocol protocol = c->came.entrance->listener->protocol;

	door_init(&c->door, protocol_has_sasl(protocol));
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

/* Whom brokers take a client for whose login the gateway has judged. */
static const char mapped[] = "mapped", itself[] = "itself", gateway[] = "gateway",
		  anybody[] = "anybody";

/* The identity map names it: from then on for as long as it is connected. */
static bool is_mapped(struct client *c, const char *who)
{
	struct identities *map = c->worker->shared->identities;

	if (c->came.as == NULL && map != NULL)
		c->came.as = identities_get(map, who);
	return c->came.as != NULL;
}

/* The map first, for it is there to say it; then the client itself, where brokers have its credential too. */
static const char *look_up(struct client *c, const char *who)
{
	const struct config *config = c->worker->config;

	credentials_put(c->claim.own);
	c->claim.own = NULL;
	if (!protocol_has_sasl(config->kafka_protocol))
		return config->clients_act_as_gateway ? gateway : anybody;
	if (is_mapped(c, who))
		return mapped;
	c->claim.own = judge_credentials(c->claim.judge);
	if (c->claim.own != NULL)
		return itself;
	return config->clients_act_as_gateway ? gateway : NULL;
}

static bool has_credentials(struct account *a)
{
	struct credentials *now = account_now(a);

	credentials_put(now);
	return now != NULL;
}

static bool is_enabled(const char *list, const char *name)
{
	bool is_there = false;
	char *one;

	while (!is_there && (one = text_next_item(&list)) != NULL) {
		is_there = strcmp(one, name) == 0;
		free(one);
	}
	return is_there;
}

/* As the gateway's own account has heard it; while it has heard nothing they are asked. */
static bool brokers_offer(const struct client *c, const struct mechanism *m)
{
	const struct link_terms *terms = c->worker->shared->terms;
	char *offers = terms != NULL && terms->account != NULL ? account_offers(terms->account)
							       : NULL;
	const bool is_there = offers == NULL || is_enabled(offers, m->name);

	free(offers);
	return is_there;
}

const char *principal_find(struct client *c, const char *who)
{
	const char *found = look_up(c, who);

	if (found == itself && !brokers_offer(c, c->claim.own->mechanism))
		return "the brokers' listener does not have the mechanism of its credential";
	if (found == NULL)
		return "the identity map has no such principal, and the brokers have no credential "
		       "that was set with this one";
	if (door_is_open(&c->door) && found != c->claim.at_brokers)
		return "it is somebody else at the brokers since it has logged in";
	if (found == mapped && !has_credentials(c->came.as))
		return "no token has been made for it yet";
	c->claim.at_brokers = found;
	return NULL;
}

/* From now on it is whom principal_find has found. */
static void carry_judged(struct client *c)
{
	struct claim *claim = &c->claim;

	if (claim->own != NULL && claim->account == NULL)
		claim->account = account_new(claim->own);
	else if (claim->own != NULL)
		account_set(claim->account, claim->own);
	else if (claim->at_brokers == mapped && claim->account == NULL)
		claim->account = account_get(c->came.as);
	claim->own = NULL;
}

void principal_carry(struct client *c)
{
	struct claim *claim = &c->claim;
	const struct carried *by = c->door.mechanism;
	struct credentials *said = NULL;

	if (by->way == CARRIED_AS_SET) {
		carry_judged(c);
		return;
	}
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
	judge_free(c->claim.judge);
	credentials_put(c->claim.own);
	if (c->claim.account != NULL)
		account_free(c->claim.account);
	free(c->claim.named);
	free(c->claim.who);
	free(c->claim.principal);
	free(c->claim.key);
	c->claim.named = c->claim.who = c->claim.principal = c->claim.key = NULL;
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
	uses_forget_principal(&c->uses);
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
	const struct config *config = c->worker->config;
	const struct carried *m;

	if (!config_judges(config))
		return carried_of(name, len);
	m = carried_judged(name, len);
	return m != NULL && is_enabled(config->sasl_enabled, m->name) ? m : NULL;
}

bool principal_can_open(const struct client *c, enum upstream_purpose purpose)
{
	if (c->door.state == DOOR_OFF || purpose == FOR_LOGIN)
		return true;
	if (config_judges(c->worker->config))
		return c->claim.at_brokers != NULL;
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
