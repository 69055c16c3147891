/* Produce (0): records to append, each partition's at its leader. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "transactional_id", "3+", .nullable = "3+", .is = TRANSACTIONAL_ID, .stub = -1 },
	{ INT16, "acks", "0+", .is = ACKS },
	{ INT32, "timeout_ms", "0+", .is = TIMEOUT_MS },
	{ ARRAY, "topic_data", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0-12", .is = TOPIC_NAME },
	{   UUID, "topic_id", "13+", .is = TOPIC_ID },
	{   ARRAY, "partition_data", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "index", "0+", .is = PARTITION },
	{     RECORDS, "records", "0+", .nullable = "0+", .is = RECORD_BYTES },
	{     END }, { END }, { END } };

static const struct kfield response[] = {
	{ ARRAY, "responses", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0-12", .is = TOPIC_NAME },
	{   UUID, "topic_id", "13+", .is = TOPIC_ID },
	{   ARRAY, "partition_responses", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "index", "0+", .is = PARTITION },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     INT64, "base_offset", "0+", .stub = -1 },
	{     INT64, "log_append_time_ms", "2+", .stub = -1 },
	{     INT64, "log_start_offset", "5+", .stub = -1 },
	{     ARRAY, "record_errors", "8+", .of = STRUCT },
	{       INT32, "batch_index", "8+" },
	{       STRING, "batch_index_error_message", "8+", .nullable = "8+", .is = ERROR_MESSAGE, .stub = -1 },
	{       END },
	{     STRING, "error_message", "8+", .nullable = "8+", .is = ERROR_MESSAGE, .stub = -1 },
	{     STRUCT, "current_leader", "10+", .tag = TAG(0), .is = CURRENT_LEADER },
	{       INT32, "leader_id", "10+", .is = LEADER_ID, .stub = -1 },
	{       INT32, "leader_epoch", "10+", .is = LEADER_EPOCH, .stub = -1 },
	{       END }, { END }, { END },
	{ INT32, "throttle_time_ms", "1+", .is = THROTTLE_MS },
	{ ARRAY, "node_endpoints", "10+", .of = STRUCT, .tag = TAG(0), .is = NODE_ENDPOINTS },
	{   INT32, "node_id", "10+", .is = NODE_ID },
	{   STRING, "host", "10+", .is = HOST },
	{   INT32, "port", "10+", .is = PORT },
	{   STRING, "rack", "10+", .nullable = "10+", .is = RACK, .stub = -1 },
	{   END }, { END } };

const struct kapi api_produce = {
	.key = KEY_PRODUCE, .name = "Produce", .versions = "0-13", .flexible = "9+",
	.request = request, .response = response,
	.route = TO_LEADER, .merge = MERGE_PARTITIONS,
	.answer = ANSWER_WATCH, .lost = LOST_TIMED_OUT, .offered_from_zero = true,
	.gone_below = 3, .gone_at = 12, .binds = BINDS_IF_TRANSACTIONAL };
