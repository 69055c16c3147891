/* Metadata (3): brokers and who leads what; its answer names addresses. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "topics", "0+", .of = STRUCT, .nullable = "1+", .is = TOPICS },
	{   UUID, "topic_id", "10+", .is = TOPIC_ID },
	{   STRING, "name", "0+", .nullable = "10+", .is = TOPIC_NAME },
	{   END },
	{ BOOL, "allow_auto_topic_creation", "4+", .is = AUTO_CREATE, .stub = 1 },
	{ BOOL, "include_cluster_authorized_operations", "8-10" },
	{ BOOL, "include_topic_authorized_operations", "8+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "3+", .is = THROTTLE_MS },
	{ ARRAY, "brokers", "0+", .of = STRUCT, .is = BROKERS },
	{   INT32, "node_id", "0+", .is = NODE_ID },
	{   STRING, "host", "0+", .is = HOST },
	{   INT32, "port", "0+", .is = PORT },
	{   STRING, "rack", "1+", .nullable = "1+", .is = RACK, .stub = -1 },
	{   END },
	{ STRING, "cluster_id", "2+", .nullable = "2+", .is = CLUSTER_ID, .stub = -1 },
	{ INT32, "controller_id", "1+", .is = CONTROLLER_ID, .stub = -1 },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "name", "0+", .nullable = "12+", .is = TOPIC_NAME },
	{   UUID, "topic_id", "10+", .is = TOPIC_ID },
	{   BOOL, "is_internal", "1+", .is = IS_INTERNAL },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT32, "leader_id", "0+", .is = LEADER_ID },
	{     INT32, "leader_epoch", "7+", .is = LEADER_EPOCH, .stub = -1 },
	{     ARRAY, "replica_nodes", "0+", .of = INT32, .is = NODE_IDS },
	{     ARRAY, "isr_nodes", "0+", .of = INT32, .is = NODE_IDS },
	{     ARRAY, "offline_replicas", "5+", .of = INT32, .is = NODE_IDS },
	{     END },
	{   INT32, "topic_authorized_operations", "8+", .stub = INT32_MIN },
	{   END },
	{ INT32, "cluster_authorized_operations", "8-10", .stub = INT32_MIN },
	{ INT16, "error_code", "13+", .is = ERROR_CODE },
	{ END } };

const struct kapi api_metadata = {
	.key = KEY_METADATA, .name = "Metadata", .versions = "0-13", .flexible = "9+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_REWRITE, .lost = LOST_CLOSE, .is_joint = true,
	.maps_anew = true };
