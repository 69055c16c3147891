/* WriteTxnMarkers (27): ends transactions of producers in partitions, each at its leader.  Brokers say
 * it to each other, and an administrator to end one that hangs.
 */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "markers", "0+", .of = STRUCT, .is = SECTIONS },
	{   INT64, "producer_id", "0+", .is = SECTION_ID },
	{   INT16, "producer_epoch", "0+" },
	{   BOOL, "transaction_result", "0+" },
	{   ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{     STRING, "name", "0+", .is = TOPIC_NAME },
	{     ARRAY, "partition_indexes", "0+", .of = INT32, .is = PARTITIONS, .each = PARTITION },
	{     END },
	{   INT32, "coordinator_epoch", "0+" },
	{   INT8, "transaction_version", "2+" },
	{   END }, { END } };

static const struct kfield response[] = {
	{ ARRAY, "markers", "0+", .of = STRUCT, .is = SECTIONS },
	{   INT64, "producer_id", "0+", .is = SECTION_ID },
	{   ARRAY, "topics", "0+", .of = STRUCT, .is = TOPICS },
	{     STRING, "name", "0+", .is = TOPIC_NAME },
	{     ARRAY, "partitions", "0+", .of = STRUCT, .is = PARTITIONS },
	{       INT32, "partition_index", "0+", .is = PARTITION },
	{       INT16, "error_code", "0+", .is = ERROR_CODE },
	{       END }, { END }, { END }, { END } };

const struct kapi api_write_txn_markers = {
	.key = KEY_WRITE_TXN_MARKERS, .name = "WriteTxnMarkers", .versions = "0-2", .flexible = "1+",
	.request = request, .response = response,
	.route = TO_LEADER, .merge = MERGE_PARTITIONS,
	.answer = ANSWER_WATCH, .lost = LOST_NOT_LEADER,
	.is_administrative = true };
