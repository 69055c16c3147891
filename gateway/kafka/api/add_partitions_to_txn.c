/* AddPartitionsToTxn (24): partitions a transaction writes to.
 * Versions 4 and 5 have rows but are for brokers only: clients stop at 3.
 */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ ARRAY, "transactions", "4+", .of = STRUCT, .is = KEYS },
	{   STRING, "transactional_id", "4+", .is = TRANSACTIONAL_ID },
	{   INT64, "producer_id", "4+" },
	{   INT16, "producer_epoch", "4+" },
	{   BOOL, "verify_only", "4+" },
	{   ARRAY, "topics", "4+", .of = STRUCT },
	{     STRING, "name", "0+" },
	{     ARRAY, "partitions", "0+", .of = INT32 },
	{     END }, { END },
	{ STRING, "v3_and_below_transactional_id", "0-3", .is = TRANSACTIONAL_ID },
	{ INT64, "v3_and_below_producer_id", "0-3" },
	{ INT16, "v3_and_below_producer_epoch", "0-3" },
	{ ARRAY, "v3_and_below_topics", "0-3", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "partitions", "0+", .of = INT32, .is = PARTITIONS, .each = PARTITION },
	{   END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "4+", .is = ERROR_CODE },
	{ ARRAY, "results_by_transaction", "4+", .of = STRUCT, .is = KEYS },
	{   STRING, "transactional_id", "4+", .is = TRANSACTIONAL_ID },
	{   ARRAY, "topic_results", "4+", .of = STRUCT },
	{     STRING, "name", "0+" },
	{     ARRAY, "results_by_partition", "0+", .of = STRUCT },
	{       INT32, "partition_index", "0+" },
	{       INT16, "partition_error_code", "0+", .is = ERROR_CODE },
	{       END }, { END }, { END },
	{ ARRAY, "results_by_topic_v3_and_below", "0-3", .of = STRUCT, .is = TOPICS },
	{   STRING, "name", "0+", .is = TOPIC_NAME },
	{   ARRAY, "results_by_partition", "0+", .of = STRUCT, .is = PARTITIONS },
	{     INT32, "partition_index", "0+", .is = PARTITION },
	{     INT16, "partition_error_code", "0+", .is = ERROR_CODE },
	{     END }, { END }, { END } };

const struct kapi api_add_partitions_to_txn = {
	.key = KEY_ADD_PARTITIONS_TO_TXN, .name = "AddPartitionsToTxn", .versions = "0-3", .flexible = "3+",
	.request = request, .response = response,
	.route = TO_TXN, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR, .binds = BINDS_TRANSACTION };
