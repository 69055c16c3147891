/* ShareFetch (78, KIP-932): reads records of a share group, in a session that ends with the connection. */
#include "kafka/api/list.h"

const struct kapi api_share_fetch = {
	.key = KEY_SHARE_FETCH, .name = "ShareFetch", .versions = "1-2", .flexible = "0+",
	.route = NOT_YET, .binds = BINDS_CONNECTION };
