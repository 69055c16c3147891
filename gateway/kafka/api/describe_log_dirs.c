/* DescribeLogDirs (35): what the disks of the broker that is dialled hold, else those of all brokers. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "topics", "0+", .of = STRUCT, .nullable = "0+" },
	{   STRING, "topic", "0+" },
	{   ARRAY, "partitions", "0+", .of = INT32 },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "3+", .is = ERROR_CODE },
	{ ARRAY, "results", "0+", .of = STRUCT, .is = SECTIONS },
	{   INT16, "error_code", "0+", .is = ERROR_CODE },
	{   STRING, "log_dir", "0+", .is = SECTION_ID },
	{   ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{     STRING, "name", "0+", .is = TOPIC_NAME },
	{     ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{       INT32, "partition_index", "0+", .is = PARTITION },
	{       INT64, "partition_size", "0+" },
	{       INT64, "offset_lag", "0+" },
	{       BOOL, "is_future_key", "0+" },
	{       END }, { END },
	{   INT64, "total_bytes", "4+", .is = SUM, .stub = -1 },
	{   INT64, "usable_bytes", "4+", .is = SUM, .stub = -1 },
	{   BOOL, "is_cordoned", "5+" },
	{   END }, { END } };

const struct kapi api_describe_log_dirs = {
	.key = KEY_DESCRIBE_LOG_DIRS, .name = "DescribeLogDirs", .versions = "0-5", .flexible = "2+",
	.request = request, .response = response,
	.route = TO_ALL, .merge = MERGE_SECTIONS,
	.answer = ANSWER_WATCH, .lost = LOST_TIMED_OUT, .by_dialled = true };
