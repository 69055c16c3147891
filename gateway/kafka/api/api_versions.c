/* ApiVersions (18): what a broker speaks; the gateway says it for all of them. */
#include "kafka/api/list.h"

static const struct kfield request[] = {
	{ STRING, "client_software_name", "3+", .is = SOFTWARE_NAME },
	{ STRING, "client_software_version", "3+", .is = SOFTWARE_VERSION },
	{ STRING, "cluster_id", "5+", .nullable = "5+", .is = CLUSTER_ID, .stub = -1 },
	{ INT32, "node_id", "5+", .is = NODE_ID, .stub = -1 },
	{ END } };

static const struct kfield response[] = {
	{ INT16, "error_code", "0+", .is = ERROR_CODE },
	{ ARRAY, "api_keys", "0+", .of = STRUCT, .is = API_KEYS },
	{   INT16, "api_key", "0+", .is = API_KEY },
	{   INT16, "min_version", "0+", .is = MIN_VERSION },
	{   INT16, "max_version", "0+", .is = MAX_VERSION },
	{   END },
	{ INT32, "throttle_time_ms", "1+", .is = THROTTLE_MS },
	{ ARRAY, "supported_features", "3+", .of = STRUCT, .tag = TAG(0), .is = SUPPORTED_FEATURES },
	{   STRING, "name", "3+", .is = FEATURE_NAME },
	{   INT16, "min_version", "3+", .is = MIN_VERSION },
	{   INT16, "max_version", "3+", .is = MAX_VERSION },
	{   END },
	{ INT64, "finalized_features_epoch", "3+", .tag = TAG(1), .is = FEATURES_EPOCH, .stub = -1 },
	{ ARRAY, "finalized_features", "3+", .of = STRUCT, .tag = TAG(2), .is = FINALIZED_FEATURES },
	{   STRING, "name", "3+", .is = FEATURE_NAME },
	{   INT16, "max_version_level", "3+", .is = MAX_VERSION },
	{   INT16, "min_version_level", "3+", .is = MIN_VERSION },
	{   END },
	{ BOOL, "zk_migration_ready", "3+", .tag = TAG(3) },
	{ END } };

const struct kapi api_api_versions = {
	.key = KEY_API_VERSIONS, .name = "ApiVersions", .versions = "0-5", .flexible = "3+",
	.request = request, .response = response,
	.route = HERE };
