/* Whether the gateway's account has the rights that `anyportctl acls` tells, by harmless questions.
 *
 * Each is about something that is not there, so that nothing comes of it; brokers judge the right
 * before they look.  What they say to nobody before it is tried (whether a topic may be made, written
 * to) the node that runs here tells: see doctor_nodes.c.
 */
#include "acl_needs.h"
#include "doctor.h"

#include "kafka/errors.h"
#include "kafka/walk.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

static const char nobodys[] = "anyportctl-doctor-asks-for-nothing";

/* How a broker is asked that shows whether a right is there. */
struct probe_of_right {
	const char *kind; /* of an acl_need */
	bool is_own;	  /* of the nodes' own group or topic, else of all */
	enum api_key key;
	enum kafka_error refusal;
	struct say (*say)(const char *name, struct say *room);
};

static struct say say_topic(const char *name, struct say *room)
{
	*room = say_text(TOPIC_NAME, name);
	return say_list(TOPICS, room, 1, 1);
}

static struct say say_group(const char *name, struct say *room)
{
	*room = say_text(GROUP_ID, name);
	return say_list(KEYS, room, 1, 1);
}

static struct say say_transaction(const char *name, struct say *room)
{
	*room = say_text(TRANSACTIONAL_ID, name);
	return say_list(KEYS, room, 1, 1);
}

static struct say say_member_of(const char *name, struct say *room)
{
	(void)room;
	return say_text(GROUP_ID, name);
}

static const struct probe_of_right probes[] = {
	{ "topic", false, KEY_METADATA, ERROR_TOPIC_AUTHORIZATION_FAILED, say_topic },
	{ "group", false, KEY_DESCRIBE_GROUPS, ERROR_GROUP_AUTHORIZATION_FAILED, say_group },
	{ "transactional-id", false, KEY_DESCRIBE_TRANSACTIONS,
	  ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, say_transaction },
	{ "group", true, KEY_HEARTBEAT, ERROR_GROUP_AUTHORIZATION_FAILED, say_member_of },
	{ "topic", true, KEY_METADATA, ERROR_TOPIC_AUTHORIZATION_FAILED, say_topic },
};

/* Whether some error in the answer is that one. */
static bool has_error(const struct kapi *api, int version, const struct kafka_answer *answer,
		      enum kafka_error wanted)
{
	struct walk_event e;
	struct walk w;
	bool found = false;

	walk_init(&w, api_plan(api, version, RESPONSE), answer->len);
	walk_input(&w, answer->body, answer->len);
	while (walk_next(&w, &e) == WALK_EVENT)
		found = found || (e.kind == WALK_VALUE && e.is == ERROR_CODE && e.number == wanted);
	return found;
}

/* False, and why: there was no answer. */
static bool is_refused(struct kafka_client *c, const struct probe_of_right *p, const char *name,
		       bool *refused, char why[KAFKA_WHY_MAX])
{
	const struct kapi *api = api_of(p->key);
	int version = kafka_version(c, p->key);
	struct say room, says[3];
	size_t count = 0;
	struct kafka_answer answer;

	*refused = false;
	if (version < 0)
		return true; /* an old broker, which has no such right either */
	says[count++] = p->say(name, &room);
	if (p->key == KEY_METADATA)
		says[count++] = say_number(AUTO_CREATE, 0);
	if (p->key == KEY_HEARTBEAT)
		says[count++] = say_text(MEMBER_ID, nobodys);
	if (!kafka_ask(c, api, version, (struct say_pairs){ says, count }, &answer, why))
		return false;
	*refused = has_error(api, version, &answer, p->refusal);
	return true;
}

static const struct probe_of_right *probe_for(const struct acl_need *need)
{
	bool is_own = strcmp(need->name, "*") != 0;

	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		if (probes[i].is_own == is_own && strcmp(probes[i].kind, need->kind) == 0)
			return &probes[i];
	}
	return NULL;
}

static void tell(struct doctor *d, const struct acl_need *need, const char *principal)
{
	char *command = acl_command(d->config, principal, need);

	doctor_find(d, DOCTOR_ERROR, command, "%s has no right to %s %s %s: %s", principal,
		    need->operations, need->kind, need->name, need->why);
}

/* False: the connection is of no use any more, which is told. */
static bool look_right(struct doctor *d, struct kafka_client *c, const struct acl_need *need,
		       const char *principal)
{
	const struct probe_of_right *p = probe_for(need);
	char why[KAFKA_WHY_MAX];
	bool refused;

	if (p == NULL)
		return true;
	if (!is_refused(c, p, p->is_own ? need->name : nobodys, &refused, why)) {
		doctor_pass(d, "%s", why);
		return false;
	}
	if (refused)
		tell(d, need, principal);
	return true;
}

static void look(struct doctor *d, struct kafka_client *c)
{
	struct acl_need needs[ACL_NEEDS_MAX];
	char topic[CONFIG_TOPIC_MAX], *own = acl_principal(d->config);
	const char *principal = own != NULL ? own : "User:NAME";
	size_t count = acl_needs(d->config, topic, needs);

	for (size_t i = 0; i < count && look_right(d, c, &needs[i], principal); i++)
		;
	free(own);
}

void doctor_rights(struct doctor *d)
{
	struct kafka_client c = { 0 };
	char why[KAFKA_WHY_MAX];

	if (d->asked_port == 0)
		doctor_pass(d, "no broker answers");
	else if (!doctor_connect(d, &c, d->asked_host, d->asked_port, why))
		doctor_pass(d, "%s", why);
	else
		look(d, &c);
	kafka_close(&c);
}
