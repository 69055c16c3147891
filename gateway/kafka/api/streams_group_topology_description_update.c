/* StreamsGroupTopologyDescriptionUpdate (93): a member of a streams group tells what its program
 * does. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "group_id", "0+", .is = GROUP_ID },
	{ STRING, "member_id", "0+" },
	{ INT32, "topology_epoch", "0+" },
	{ STRUCT, "topology_description", "0+" },
	{   ARRAY, "subtopologies", "0+", .of = STRUCT },
	{     STRING, "subtopology_id", "0+" },
	{     ARRAY, "nodes", "0+", .of = STRUCT },
	{       STRING, "name", "0+" },
	{       INT8, "node_type", "0+" },
	{       ARRAY, "source_topics", "0+", .of = STRING },
	{       STRING, "sink_topic", "0+", .nullable = "0+", .stub = -1 },
	{       ARRAY, "stores", "0+", .of = STRING },
	{       ARRAY, "successors", "0+", .of = STRING },
	{       END }, { END },
	{   ARRAY, "global_stores", "0+", .of = STRUCT },
	{     STRUCT, "source", "0+" },
	{       STRING, "name", "0+" },
	{       INT8, "node_type", "0+" },
	{       ARRAY, "source_topics", "0+", .of = STRING },
	{       STRING, "sink_topic", "0+", .nullable = "0+", .stub = -1 },
	{       ARRAY, "stores", "0+", .of = STRING },
	{       ARRAY, "successors", "0+", .of = STRING },
	{       END },
	{     STRUCT, "processor", "0+" },
	{       STRING, "name", "0+" },
	{       INT8, "node_type", "0+" },
	{       ARRAY, "source_topics", "0+", .of = STRING },
	{       STRING, "sink_topic", "0+", .nullable = "0+", .stub = -1 },
	{       ARRAY, "stores", "0+", .of = STRING },
	{       ARRAY, "successors", "0+", .of = STRING },
	{       END }, { END }, { END }, { END } };

static const struct kfield response[] = {
	{ INT32, "throttle_time_ms", "0+", .is = THROTTLE_MS },
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ STRING, "error_message", "0+", .nullable = "0+", .is = ERROR_MESSAGE, .stub = -1 },
	{ END } };

const struct kapi api_streams_group_topology_description_update = {
	.key = KEY_STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE, .name = "StreamsGroupTopologyDescriptionUpdate", .versions = "0", .flexible = "0+",
	.request = request, .response = response,
	.route = TO_GROUP, .answer = ANSWER_WATCH, .lost = LOST_COORDINATOR };
