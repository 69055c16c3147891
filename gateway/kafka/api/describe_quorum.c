/* DescribeQuorum (55): any broker forwards it to the controller.  Its answer has the controllers' own
 * addresses, with which clients can do nothing.
 */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "topics", "0+", .of = STRUCT, .is = QUORUM_TOPICS },
	{   STRING, "topic_name", "0+", .is = QUORUM_TOPIC },
	{   ARRAY, "partitions", "0+", .of = STRUCT, .is = QUORUM_PARTITIONS },
	{     INT32, "partition_index", "0+", .is = QUORUM_PARTITION },
	{     END }, { END }, { END } };

static const struct kfield response[] = {
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "2+", .nullable = "2+", .is = ERROR_MESSAGE },
	{ ARRAY, "topics", "0+", .of = STRUCT },
	{   STRING, "topic_name", "0+" },
	{   ARRAY, "partitions", "0+", .of = STRUCT },
	{     INT32, "partition_index", "0+" },
	{     INT16, "error_code", "0+", .is = ERROR_CODE },
	{     STRING, "error_message", "2+", .nullable = "2+", .is = ERROR_MESSAGE },
	{     INT32, "leader_id", "0+" },
	{     INT32, "leader_epoch", "0+" },
	{     INT64, "high_watermark", "0+" },
	{     ARRAY, "current_voters", "0+", .of = STRUCT },
	{       INT32, "replica_id", "0+" },
	{       UUID, "replica_directory_id", "2+" },
	{       INT64, "log_end_offset", "0+" },
	{       INT64, "last_fetch_timestamp", "1+", .is = LAST_FETCH_MS, .stub = -1 },
	{       INT64, "last_caught_up_timestamp", "1+", .stub = -1 },
	{       END },
	{     ARRAY, "observers", "0+", .of = STRUCT },
	{       INT32, "replica_id", "0+" },
	{       UUID, "replica_directory_id", "2+" },
	{       INT64, "log_end_offset", "0+" },
	{       INT64, "last_fetch_timestamp", "1+", .is = LAST_FETCH_MS, .stub = -1 },
	{       INT64, "last_caught_up_timestamp", "1+", .stub = -1 },
	{       END }, { END }, { END },
	{ ARRAY, "nodes", "2+", .of = STRUCT },
	{   INT32, "node_id", "2+" },
	{   ARRAY, "listeners", "2+", .of = STRUCT },
	{     STRING, "name", "2+" },
	{     STRING, "host", "2+", .is = HIDDEN },
	{     UINT16, "port", "2+", .is = HIDDEN },
	{     END }, { END }, { END } };

const struct kapi api_describe_quorum = {
	.key = KEY_DESCRIBE_QUORUM, .name = "DescribeQuorum", .versions = "0-2", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_CONTROLLER, .answer = ANSWER_WATCH, .lost = LOST_CLOSE, .by_dialled = true };
