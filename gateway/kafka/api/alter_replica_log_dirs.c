/* AlterReplicaLogDirs (34): the broker that is dialled is to move replicas of its own to other disks of
 * its; else the broker that alone has the replica.
 */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "dirs", "0+", .of = STRUCT, .is = SECTIONS },
	{   STRING, "path", "0+" },
	{   ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{     STRING, "name", "0+", .is = TOPIC_NAME },
	{     ARRAY, "partitions", "0+", .of = INT32, .is = PARTITIONS, .each = PARTITION },
	{     END }, { END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ ARRAY, "results", "0+", .of = STRUCT, .is = TOPICS },
	{   STRING, "topic_name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     END }, { END }, { END } };

const struct kapi api_alter_replica_log_dirs = {
	.key = KEY_ALTER_REPLICA_LOG_DIRS, .name = "AlterReplicaLogDirs", .versions = "0-2", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_REPLICA, .merge = MERGE_PARTITIONS,
	.answer = ANSWER_WATCH, .lost = LOST_CLOSE, .by_dialled = true,
	.is_administrative = true };
