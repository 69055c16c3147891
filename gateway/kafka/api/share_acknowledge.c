/* ShareAcknowledge (79, KIP-932): says what became of records of a share session. */
#include "kafka/api/list.h"

const struct kapi api_share_acknowledge = {
	.key = KEY_SHARE_ACKNOWLEDGE, .name = "ShareAcknowledge", .versions = "1-2", .flexible = "0+",
	.route = NOT_YET, .binds = BINDS_CONNECTION };
