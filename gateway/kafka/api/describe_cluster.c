/* DescribeCluster (60): the brokers; its answer names addresses. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ BOOL, "include_cluster_authorized_operations", "0+", .is = WITH_OPERATIONS },
	{ INT8, "endpoint_type", "1+", .stub = 1 },
	{ BOOL, "include_fenced_brokers", "2+" },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{ INT8, "endpoint_type", "1+", .stub = 1 },
	{ STRING, "cluster_id", "0+", .is = CLUSTER_ID },
	{ INT32, "controller_id", "0+", .is = CONTROLLER_ID, .stub = -1 },
	{ ARRAY, "brokers", "0+", .of = STRUCT, .is = BROKERS },
	{   INT32, "broker_id", "0+", .is = NODE_ID },
	{   STRING, "host", "0+", .is = HOST },
	{   INT32, "port", "0+", .is = PORT },
	{   STRING, "rack", "0+", .nullable = "0+", .is = RACK, .stub = -1 },
	{   BOOL, "is_fenced", "2+" },
	{   END },
	{ INT32, "cluster_authorized_operations", "0+", .is = OPERATIONS, .stub = INT32_MIN },
	{ END } };

const struct kapi api_describe_cluster = {
	.key = KEY_DESCRIBE_CLUSTER, .name = "DescribeCluster", .versions = "0-2", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_ANY, .answer = ANSWER_REWRITE, .lost = LOST_CLOSE };
