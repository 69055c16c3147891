/* ShareAcknowledge (79, KIP-932): what became of records of a share session. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "group_id", "0+", .nullable = "0+", .is = GROUP_ID, .stub = -1 },
	{ STRING, "member_id", "0+", .nullable = "0+", .is = MEMBER_ID },
	{ INT32, "share_session_epoch", "0+", .is = SESSION_EPOCH },
	{ BOOL, "is_renew_ack", "2+" },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   UUID, "topic_id", "0+", .is = TOPIC_ID },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     ARRAY, "acknowledgement_batches", "0+", .of = STRUCT },
	{       INT64, "first_offset", "0+" },
	{       INT64, "last_offset", "0+" },
	{       ARRAY, "acknowledge_types", "0+", .of = INT8 },
	{       END }, { END }, { END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{ INT32, "acquisition_lock_timeout_ms", "2+" },
	{ ARRAY, "responses", "0+", .of = STRUCT, .is = TOPICS },
	{   UUID, "topic_id", "0+", .is = TOPIC_ID },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{     STRUCT, "current_leader", "0+" },
	{       INT32, "leader_id", "0+", .is = HINTED_LEADER },
	{       INT32, "leader_epoch", "0+" },
	{       END }, { END }, { END },
	{ ARRAY, "node_endpoints", "0+", .of = STRUCT, .is = NODE_ENDPOINTS },
	{   INT32, "node_id", "0+", .is = NODE_ID },
	{   STRING, "host", "0+", .is = HOST },
	{   INT32, "port", "0+", .is = PORT },
	{   STRING, "rack", "0+", .nullable = "0+", .is = RACK, .stub = -1 },
	{   END }, { END } };

const struct kapi api_share_acknowledge = {
	.key = KEY_SHARE_ACKNOWLEDGE, .name = "ShareAcknowledge", .versions = "1-2", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_LEADER, .answer = ANSWER_REWRITE, .lost = LOST_CLOSE, .binds = BINDS_CONNECTION,
	.course = COURSE_SHARE, .by_dialled = true };
