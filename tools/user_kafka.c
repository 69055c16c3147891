/* A user's credential at the brokers (AlterUserScramCredentials, KIP-554): one a request, for two of one user in the
 * same request are refused. */
#include "user.h"

#include "kafka_error.h"

#include "kafka/errors.h"
#include "kafka/say.h"
#include "kafka/walk.h"
#include "kafka_client.h"
#include "util/mem.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

enum { STEP_MS = 5000, MESSAGE_MAX = 200 };

struct user_kafka {
	struct client_terms terms;
	struct ev_loop *loop;
	struct kafka_client client;
	struct addrinfo *address;
};

/* --- a connection --- */

static bool open_it(struct user_kafka *k, const struct cli *cli, const char *where)
{
	char host[TEXT_HOST_MAX], why[KAFKA_WHY_MAX];
	struct kafka_place place = { .host = host, .terms = &k->terms.terms };

	if (!text_host_port(where, host, &place.port) || place.port == 0) {
		cli_fail("--kafka: \"%s\" is no HOST:PORT", where);
		return false;
	}
	place.to = k->address = kafka_resolve(host, place.port, why);
	if (place.to != NULL &&
	    kafka_connect(&k->client, k->loop, &place, "anyportctl",
			  (int)cli_time(cli, "timeout", STEP_MS), why) &&
	    kafka_greet(&k->client, why))
		return true;
	cli_fail("%s: %s", where, why);
	return false;
}

struct user_kafka *user_kafka_open(const struct cli *cli)
{
	struct user_kafka *k = mem_zalloc(sizeof *k);

	k->loop = ev_loop_new(EVFLAG_AUTO);
	if (client_terms_init(&k->terms, cli) && open_it(k, cli, cli_get(cli, "kafka")))
		return k;
	user_kafka_close(k);
	return NULL;
}

void user_kafka_close(struct user_kafka *k)
{
	if (k == NULL)
		return;
	kafka_close(&k->client);
	if (k->address != NULL)
		freeaddrinfo(k->address);
	ev_loop_destroy(k->loop);
	client_terms_deinit(&k->terms);
	free(k);
}

/* --- a request --- */

struct verdict {
	int error;
	char message[MESSAGE_MAX];
};

/* Of the only result; false: it contradicts its schema. */
static bool read_verdict(const struct kapi *api, int version, const struct kafka_answer *answer,
			 struct verdict *v)
{
	enum walk_result got;
	struct walk_event e;
	struct walk w;

	*v = (struct verdict){ 0 };
	walk_init(&w, api_plan(api, version, RESPONSE), answer->len);
	walk_input(&w, answer->body, answer->len);
	while ((got = walk_next(&w, &e)) == WALK_EVENT) {
		if (e.is == ERROR_CODE)
			v->error = (int)e.number;
		else if (e.is == ERROR_MESSAGE)
			snprintf(v->message, sizeof v->message, "%.*s", (int)e.len,
				 (const char *)answer->body + e.at + e.size - e.len);
	}
	return got == WALK_DONE;
}

/* One change; `fine` is an error that is none. */
static bool change(struct user_kafka *k, const struct say *one, const struct scram_hash *hash,
		   const char *name, int fine)
{
	const struct kapi *api = api_of(KEY_ALTER_USER_SCRAM_CREDENTIALS);
	const struct say says[] = { *one };
	int version = kafka_version(&k->client, KEY_ALTER_USER_SCRAM_CREDENTIALS);
	struct kafka_answer answer;
	char why[KAFKA_WHY_MAX];
	struct verdict v;

	if (version < 0) {
		cli_fail("the brokers have no credentials that can be changed");
		return false;
	}
	if (!kafka_ask(&k->client, api, version, SAY_ALL(says), &answer, why)) {
		cli_fail("%s", why);
		return false;
	}
	if (!read_verdict(api, version, &answer, &v)) {
		cli_fail("%s: a malformed answer", api->name);
		return false;
	}
	if (v.error == 0 || v.error == fine)
		return true;
	cli_fail("the brokers refuse %s of %s: error %d, %s%s%s", hash->mechanism, name, v.error,
		 kafka_error_name(v.error), *v.message != '\0' ? ": " : "", v.message);
	return false;
}

bool user_kafka_set(struct user_kafka *k, const char *name, const struct user_credential *as)
{
	const struct say pairs[] = {
		say_text(SCRAM_USER, name),
		say_number(SCRAM_MECHANISM, as->hash->kafka_id),
		say_number(SCRAM_ITERATIONS, as->salt.iterations),
		say_bytes(SCRAM_SALT, as->salt.bytes, as->salt.len),
		say_bytes(SCRAM_SALTED_PASSWORD, as->salted, as->hash->size),
	};
	const struct say one = SAY_ONE(SCRAM_CHANGES, pairs);

	return change(k, &one, as->hash, name, 0);
}

bool user_kafka_remove(struct user_kafka *k, const char *name, const struct scram_hash *hash)
{
	const struct say pairs[] = { say_text(SCRAM_USER, name),
				     say_number(SCRAM_MECHANISM, hash->kafka_id) };
	const struct say one = SAY_ONE(SCRAM_REMOVALS, pairs);

	return change(k, &one, hash, name, ERROR_RESOURCE_NOT_FOUND);
}
