/* TxnOffsetCommit (28): offsets within a transaction; for the group's coordinator,
 * not the transaction's.
 */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "transactional_id", "0+" },
	{ STRING, "group_id", "0+", .is = GROUP_ID },
	{ INT64, "producer_id", "0+" },
	{ INT16, "producer_epoch", "0+" },
	{ INT32, "generation_id_or_member_epoch", "3+", .stub = -1 },
	{ STRING, "member_id", "3+" },
	{ STRING, "group_instance_id", "3+", .nullable = "3+", .stub = -1 },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0-5", .is = TOPIC_NAME },
	{   UUID, "topic_id", "6+", .is = TOPIC_ID },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT64, "committed_offset", "0+" },
	{     INT32, "committed_leader_epoch", "2+", .stub = -1 },
	{     STRING, "committed_metadata", "0+", .nullable = "0+" },
	{     END }, { END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0-5", .is = TOPIC_NAME },
	{   UUID, "topic_id", "6+", .is = TOPIC_ID },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     END }, { END }, { END } };

const struct kapi api_txn_offset_commit = {
	.key = KEY_TXN_OFFSET_COMMIT, .name = "TxnOffsetCommit", .versions = "0-6", .flexible = "3+",
	.request = request, .response = response,
	.route = TO_GROUP, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR, .binds = BINDS_TRANSACTION };
