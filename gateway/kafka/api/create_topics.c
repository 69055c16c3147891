/* CreateTopics (19): any broker forwards it to the controller. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   INT32, "num_partitions", "0+", .is = PARTITION_COUNT },
	{   INT16, "replication_factor", "0+", .is = REPLICAS },
	{   ARRAY, "assignments", "0+", .of = STRUCT },
	{     INT32, "partition_index", "0+" },
	{     ARRAY, "broker_ids", "0+", .of = INT32 },
	{     END },
	{   ARRAY, "configs", "0+", .of = STRUCT, .is = CONFIGS },
	{     STRING, "name", "0+", .is = CONFIG_NAME },
	{     STRING, "value", "0+", .nullable = "0+", .is = CONFIG_VALUE },
	{     END }, { END },
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS, .stub = 60000 },
	{ BOOL, "validate_only", "1+", .is = VALIDATE_ONLY },
	{ END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "2+", .is = THROTTLE_MS },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   UUID, "topic_id", "7+", .is = TOPIC_ID },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "error_message", "1+", .nullable = "1+", .is = ERROR_MESSAGE },
	{   INT32, "num_partitions", "5+", .stub = -1 },
	{   INT16, "replication_factor", "5+", .stub = -1 },
	{   ARRAY, "configs", "5+", .of = STRUCT, .nullable = "5+" },
	{     STRING, "name", "5+" },
	{     STRING, "value", "5+", .nullable = "5+" },
	{     BOOL, "read_only", "5+" },
	{     INT8, "config_source", "5+", .stub = -1 },
	{     BOOL, "is_sensitive", "5+" },
	{     END },
	{   INT16, "topic_config_error_code", "5+", .tag = TAG(0) },
	{   END }, { END } };

const struct kapi api_create_topics = {
	.key = KEY_CREATE_TOPICS, .name = "CreateTopics", .versions = "0-7", .flexible = "5+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .says_time = true,
	.is_administrative = true };
