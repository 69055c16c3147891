/* api.h - one API: what it looks like, where it goes, how it splits and merges.
 *
 * One file an API under api/ and one line in api_keys.h, where the APIs without
 * rows are one line too.  The rows are compiled by apis_compile at start-up.  KAFKA-ROUTING's classes:
 * L, A, K, P, G, T, ALL, B by resource, X.
 * Tests: tests/unit/kafka/apis_test.c, tests/conformance/
 */
#ifndef KAFKA_API_H
#define KAFKA_API_H

#include "kafka/api_keys.h"
#include "kafka/plan.h"
#include "util/compiler.h"

enum kroute {
	NOT_FOR_CLIENTS, /* brokers talk it among themselves: hidden, and closed on */
	HERE,		 /* the gateway answers itself */
	TO_ANY,		 /* any live broker */
	TO_CONTROLLER,	 /* KRaft: any live broker forwards it */
	TO_LOGIN,	 /* the broker at which the client has logged in; without logins any */
	TO_LEADER,	 /* the leader of each of its PARTITIONS */
	TO_REPLICA,	 /* the broker that was dialled, else the only one that has the PARTITION */
	TO_GROUP,	 /* the coordinator of its GROUP_ID, or of each in its KEYS */
	TO_TXN,		 /* the same with TRANSACTIONAL_ID; a null one: any broker */
	TO_RESOURCE,	 /* each of its KEYS: a named broker's own, else any */
	TO_ALL,		 /* every broker, merged */
};

/* How the answers to the parts become one. */
enum kmerge {
	MERGE_NEVER,	  /* it is never split */
	MERGE_PARTITIONS, /* TOPICS and PARTITIONS, in the request's order */
	MERGE_KEYS,	  /* KEYS, in the request's order */
	MERGE_CONCAT,	  /* KEYS of all, each key once */
	MERGE_SECTIONS,	  /* SECTIONS of all, each once, with the PARTITIONS of all */
};

/* What happens to an answer of one part on its way. */
enum kanswer {
	ANSWER_PASS,	/* bytes move on unseen */
	ANSWER_WATCH,	/* the walk goes along: errors are noticed, hints blanked in place */
	ANSWER_REWRITE, /* held whole, within the budget: it names addresses */
};

/* What the client hears when a broker was lost after it got the whole request
 * (KAFKA-ROUTING 3.1). */
enum klost {
	LOST_CLOSE,	  /* the client's connection is closed, as if its broker died */
	LOST_NOT_LEADER,  /* 6 in each partition */
	LOST_TIMED_OUT,	  /* 7 in each partition */
	LOST_COORDINATOR, /* 15; 14 where any broker would do */
	LOST_LOADING,	  /* 14: a list of all brokers, never given in part */
};

/* What a request makes the client's connection stay for: who closes connections without need,
 * for the sake of balance or of age, leaves a bound one alone. */
enum kbinds {
	BINDS_NOTHING,
	BINDS_TRANSACTION,	/* the client is in a transaction from now on */
	BINDS_IF_TRANSACTIONAL, /* the same, when the request has a TRANSACTIONAL_ID */
	ENDS_TRANSACTION,	/* once it was answered without an error */
	BINDS_CONNECTION,	/* the broker keeps something that ends with the connection */
};

/* Why a broker may be silent for long; a drain does not wait for the answer then. */
enum kwaits {
	WAITS_NOT,
	WAITS_FOR_DATA,	 /* as long as its MAX_WAIT_MS */
	WAITS_FOR_GROUP, /* its TIMEOUT_MS is the time of the group's rebalance; without one, as long
			  * as who joined the group last said, at any connection, or long */
};

/* What the session does with the request, beside what its route says. */
enum kcourse {
	COURSE_USUAL,
	COURSE_FETCH, /* is changed on its way, so it is held whole; several brokers are polled */
	COURSE_SHARE, /* of a session at one broker, which ends with the connection; not in `single` */
};

enum kdirection { REQUEST, RESPONSE };

struct kapi {
	int16_t key;
	const char *name;
	const char *versions; /* that the rows describe and the gateway routes right */
	const char *flexible; /* versions; the headers follow: request 2, answer 1 */
	const struct kfield *request, *response; /* NULL: nobody looks inside */
	enum kroute route;
	enum kmerge merge;
	enum kanswer answer;
	enum klost lost;
	enum kbinds binds;
	enum kwaits waits;
	enum kcourse course;
	bool missing_is_fine; /* an item that no answer has: no error */
	/* the broker remembers what the client asked before: one broker gets all of its connection */
	bool at_one;
	/* A broker that is dialled tells what it has itself: where something says which one that is
	 * (route/hint.h), it alone is asked. */
	bool by_dialled;
	/* how long the broker may take is read before the request leaves (TIMEOUT_MS, where the
	 * version has it) */
	bool says_time;
	bool names_group; /* NAMED_GROUP, which is read before the request leaves */
	/* any broker answers alike, whoever asks: clients of one principal that ask the same at the
	 * same time get one answer */
	bool is_joint;
	/* What it reads changes under the coordinator's hand: one that was stopped while another took its
	 * place tells what was, and is believed.  So its place must be sure (TOPOLOGY_SURE_MS). */
	bool wants_sure;
	bool is_administrative; /* it changes the cluster: the audit log tells of it */
	bool maps_anew;		/* its answer tells a client where its brokers are from now on */
	/* ApiVersions says min 0 whatever is served (KAFKA-18659): brokers whose
	 * maximum is gone_at or more close on versions below gone_below. */
	bool offered_from_zero;
	int16_t gone_below, gone_at;
};

/* Compiles the rows of every API.  False: a bad row, said to `why`. */
MUST_CHECK bool apis_compile(FILE *why);
void apis_free(void);

/* NULL: no such key. */
const struct kapi *api_of(int key);
/* All APIs in the order of their keys; none before apis_compile. */
const struct kapi *const *apis_all(size_t *count);
struct kversions api_versions(const struct kapi *api);
bool api_is_flexible(const struct kapi *api, int version);
/* Whether its requests name topics or keys one by one. */
bool api_has_list(const struct kapi *api);
/* Length of the answer's header behind the correlation id can vary (tagged
 * fields); this says whether there are any: version 1 of the header.
 * ApiVersions never has them. */
bool api_answer_has_tags(const struct kapi *api, int version);
/* NULL when the API has no rows.  The version must be one of api_versions. */
const struct plan *api_plan(const struct kapi *api, int version, enum kdirection direction);

#endif
