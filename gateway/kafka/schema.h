/* schema.h - what a Kafka message looks like, as rows of data.
 *
 * A message is an array of rows in wire order, in Kafka's own version notation
 * ("3+", "0-12", "7").  STRUCT and ARRAY .of = STRUCT are followed by the rows
 * of their fields and an END of their own; the message ends with END.  A row
 * with .tag is a tagged field of the level it stands in and comes after that
 * level's plain rows; only flexible versions have it.
 *
 * .is says what the value means to the gateway; rows without one are passed
 * over.  Nothing here knows how a message is routed.
 * Tests: tests/unit/kafka/plan_test.c, tests/conformance/
 */
#ifndef KAFKA_SCHEMA_H
#define KAFKA_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

enum ktype {
	END, /* of the rows of a struct, an array's element or the message */
	BOOL,
	INT8,
	INT16,
	UINT16,
	INT32,
	UINT32,
	INT64,
	FLOAT64,
	UUID,
	STRING, /* compact in flexible versions, as BYTES, RECORDS and ARRAY are */
	BYTES,
	RECORDS, /* record batches: bytes that nobody here looks into */
	STRUCT,
	ARRAY, /* .of says of what */
};

/* What a value means to the gateway. */
enum kis {
	NOTHING,
	/* arrays: the levels at which a message is split and merged */
	SECTIONS, /* above TOPICS, where there is such a level: an entry a producer or directory */
	TOPICS,	  /* outer level: one entry a topic */
	PARTITIONS, /* inner level: one entry a partition */
	KEYS,	    /* single level: one entry a group, transaction or resource */
	BROKERS,    /* entries with an address: must be rewritten */
	API_KEYS,   /* ApiVersions */
	/* values */
	SECTION_ID, /* which section: answers have one of each */
	SUM,	    /* of a section: all that answers have together; -1 is not known */
	TOPIC_NAME,
	TOPIC_ID,
	PARTITION,
	GROUP_ID,
	NAMED_GROUP, /* a group that the request names beside the key by which it is routed */
	TRANSACTIONAL_ID,
	COORDINATOR_KEY, /* FindCoordinator: a group, a transaction or a share key */
	COORDINATOR_TYPE,
	RESOURCE_TYPE, /* configs: 2 topic, 4 broker, 8 broker logger, 16, 32 */
	RESOURCE_NAME,
	CONFIG_NAME, /* DescribeConfigs: some values are addresses */
	CONFIG_VALUE,
	HIDDEN, /* not for clients: stars, or zero, in its place */
	ERROR_CODE,
	ERROR_MESSAGE,
	THROTTLE_MS,
	LEADER_ID,
	HINTED_LEADER, /* a leader that an error is told with; without one it says 0 */
	LEADER_EPOCH,
	REPLICA_ID,    /* in a Fetch request: a broker fetches */
	REPLICA_STATE, /* tagged struct: REPLICA_ID inside */
	NODE_ID,       /* with HOST and PORT: the address of a node */
	NODE_IDS,      /* array of INT32: brokers without an address; one value to a walk */
	HOST,
	PORT,
	RACK,
	CONTROLLER_ID,
	CLUSTER_ID,
	CURRENT_LEADER, /* tagged struct: LEADER_ID and LEADER_EPOCH inside */
	NODE_ENDPOINTS, /* tagged array: addresses, must not pass */
	PREFERRED_REPLICA,
	ACKS,
	TIMEOUT_MS, /* how long the broker may take to answer */
	MAX_WAIT_MS,
	MIN_BYTES,
	MAX_BYTES,
	SESSION_ID,
	SESSION_EPOCH,
	FORGOTTEN, /* of a Fetch: array of topics that its session reads no more */
	FORGOTTEN_NAME,
	FORGOTTEN_ID,
	FORGOTTEN_PARTITION,
	RACK_ID, /* of a client */
	RECORD_BYTES,
	/* ApiVersions and control requests */
	API_KEY,
	MIN_VERSION,
	MAX_VERSION,
	SOFTWARE_NAME,
	SOFTWARE_VERSION,
	SUPPORTED_FEATURES,
	FINALIZED_FEATURES,
	FEATURES_EPOCH,
	FEATURE_NAME,
	AUTO_CREATE, /* Metadata: AllowAutoTopicCreation */
	ISOLATION,
	FETCH_OFFSET,
	HIGH_WATERMARK, /* of a Fetch's answer */
	LAST_STABLE,
	IS_INTERNAL,
	/* of a group, for the gateway's own membership */
	GENERATION_ID,
	GROUP_LEADER,
	GROUP_MEMBERS, /* array; one entry a member */
	MEMBER_ID,
	MEMBER_DATA, /* its subscription or assignment */
	OFFSET,
	/* of a login */
	MECHANISM,
	MECHANISMS, /* array of strings */
	AUTH_BYTES,
	SESSION_LIFETIME_MS,
	/* of delegation tokens */
	TOKENS, /* array; one entry a token */
	OWNER_TYPE,
	OWNER_NAME,
	REQUESTER_NAME,
	ISSUED_MS, /* by the broker's wall clock, as the next ones */
	EXPIRES_MS,
	MAX_EXPIRES_MS,
	TOKEN_ID,
	TOKEN_HMAC,
	OPERATIONS, /* that one may do, a bit each of AclOperation */
	RENEWERS,   /* array */
	RENEWER_NAME,
	VALIDATE_ONLY, /* nothing is to be changed */
	NAMED,	       /* something else that an administrative request is about */
	SCRAM_USER,
	MADE_FOR_NAME, /* whom a token is asked for */
	TO_RENEW_NAME,
	LAST_FETCH_MS, /* of a controller's follower, by the leader's wall clock */
	/* What stands behind this one is said by the gateway's own requests alone: a walk
	 * passes it over as it does NOTHING, so that clients' requests are read as fast. */
	ONLY_SAID,
	SESSION_TIMEOUT_MS,
	INSTANCE_ID,
	PROTOCOL_TYPE,
	PROTOCOLS, /* array; one entry a protocol that a member speaks */
	PROTOCOL_NAME,
	TIMESTAMP,
	PARTITION_MAX_BYTES,
	PARTITION_COUNT,
	REPLICAS,
	CONFIGS, /* array; CONFIG_NAME and CONFIG_VALUE inside */
	OWNERS,	 /* array; OWNER_TYPE and OF_OWNER inside */
	OF_OWNER,
	TO_RENEW, /* array; TO_RENEW_TYPE and TO_RENEW_NAME inside */
	TO_RENEW_TYPE,
	MADE_FOR_TYPE,
	WITH_OPERATIONS, /* whether OPERATIONS are asked for */
	TOKEN_LIFETIME_MS,
	TO_EXPIRE,	 /* the HMAC of a token */
	EXPIRE_AFTER_MS, /* -1: at once */
	SCRAM_REMOVALS,	 /* array; SCRAM_USER and SCRAM_MECHANISM inside */
	SCRAM_CHANGES,	 /* array; the same and the next ones inside */
	SCRAM_MECHANISM,
	SCRAM_ITERATIONS,
	SCRAM_SALT,
	SCRAM_SALTED_PASSWORD,
	QUORUM_TOPICS, /* array; QUORUM_TOPIC and QUORUM_PARTITIONS inside */
	QUORUM_TOPIC,
	QUORUM_PARTITIONS, /* array; QUORUM_PARTITION inside */
	QUORUM_PARTITION,
};

/* What a walk makes of the meaning. */
static inline enum kis kis_walked(enum kis is)
{
	return is > ONLY_SAID ? NOTHING : is;
}

struct kfield {
	enum ktype type;
	const char *name;     /* Kafka's, in snake_case */
	const char *versions; /* in which the field is on the wire */
	enum ktype of;	      /* ARRAY: the type of its elements */
	const char *nullable; /* versions in which it may be null */
	int tag;	      /* TAG(n), or 0: not tagged */
	enum kis is;
	enum kis each; /* ARRAY of a primitive type: what each element is */
	/* What a stub written by the gateway says: the number, and for strings,
	 * bytes and arrays 0 = empty, -1 = null. */
	int64_t stub;
};

#define TAG(n) ((n) + 1)

/* Rows of its own follow it, up to an END. */
static inline bool kfield_has_level(const struct kfield *row)
{
	return row->type == STRUCT || (row->type == ARRAY && row->of == STRUCT);
}

/* The row behind this one and what belongs to it. */
const struct kfield *kfield_behind(const struct kfield *row);

/* Inclusive; empty when max < min. */
struct kversions {
	int16_t min, max;
};

/* "3+" is 3 to 32767; "2-5"; "4"; "none" or NULL is empty.  False: malformed. */
bool kversions_parse(const char *text, struct kversions *v);

static inline bool kversions_has(struct kversions v, int version)
{
	return version >= v.min && version <= v.max;
}

#endif
